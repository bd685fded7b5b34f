// node oidc-provider: opaque tokens for client_credentials, kept in its memory. It says the port on which it listens.
import Provider from "oidc-provider";

const [id, secret] = process.argv.slice(2);
const provider = new Provider("http://127.0.0.1", {
  clients: [{
    client_id: id,
    client_secret: secret,
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
    scope: "register",
  }],
  scopes: ["register"],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => "urn:bench",
      getResourceServerInfo: () => ({ scope: "register", audience: "urn:bench", accessTokenFormat: "opaque" }),
    },
  },
});
const server = provider.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
