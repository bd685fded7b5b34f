// The smallest page of Auth0 Lock that can sign somebody up; bundled as a page's own build would do it.
import { Auth0Lock } from "auth0-lock";

const { origin, container } = globalThis.lockPage;
new Auth0Lock("peer", new URL(origin).host, {
  container,
  initialScreen: "signUp",
  rememberLastLogin: false,
  autofocus: false,
  configurationBaseUrl: origin,
  languageBaseUrl: origin,
  auth: { redirectUrl: location.href },
  // Its own is on another host.
  theme: { logo: "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=" },
}).show();
