// openid-client as a panel's back end: finds the server, gets a token, uses it,
// asks about it, revokes it.
//
// The job comes as JSON on standard input; the answer on standard output names the
// tokens that were issued. The first thing that is not as the RFCs have it ends the
// program with its error.

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { text } from 'node:stream/consumers';

import * as oauth from 'openid-client';

const job = JSON.parse(await text(process.stdin));
const users = new URL('/api/users', job.issuer);
const tokens = [];

/** What the client knows after discovery (RFC 8414). */
const discover = (id, authentication) =>
  oauth.discovery(new URL(job.issuer), id, {}, authentication, {
    algorithm: 'oauth2',
    // Loopback without TLS.
    execute: [oauth.allowInsecureRequests],
  });

/** A sign-up under a token, as the library sends it. */
async function signUp(config, token, username, options) {
  const person = { fname: 'Ada', lname: 'Lovelace', provider_server: 'srv', provider_username: username };
  const headers = new Headers({ 'content-type': 'application/json' });
  const body = JSON.stringify({ user: person });
  return oauth.fetchProtectedResource(config, token, users, 'POST', body, headers, options);
}

/** A refusal by a challenge reaches the caller as the library's own error. */
async function assertRefused(config, token, username, scheme, options) {
  await assert.rejects(signUp(config, token, username, options), (error) => {
    assert.equal(error.status, 401);
    const challenge = error.cause.find((challenge) => challenge.scheme === scheme);
    assert.equal(challenge?.parameters.error, 'invalid_token');
    return true;
  });
}

async function goThrough(id, authentication, username, { withKey = false } = {}) {
  const config = await discover(id, authentication);
  assert.equal(config.serverMetadata().issuer, job.issuer);
  const DPoP = withKey ? oauth.getDPoPHandle(config, await oauth.randomDPoPKeyPair()) : undefined;
  const issued = await oauth.clientCredentialsGrant(config, { scope: 'register' }, { DPoP });
  const token = issued.access_token;
  tokens.push(token);
  assert.equal(issued.token_type, withKey ? 'dpop' : 'bearer');
  assert.equal(issued.scope, 'register');
  assert.ok(issued.expiresIn() > 0);

  if (withKey) await assertRefused(config, token, `${username}-without-key`, 'bearer');
  const answer = await signUp(config, token, username, { DPoP });
  assert.equal(answer.status, 201, await answer.text());

  const known = await oauth.tokenIntrospection(config, token);
  assert.deepEqual(
    { active: known.active, client_id: known.client_id, scope: known.scope, iss: known.iss },
    { active: true, client_id: id, scope: 'register', iss: job.issuer },
  );
  assert.equal(typeof known.cnf?.jkt, withKey ? 'string' : 'undefined');

  await oauth.tokenRevocation(config, token);
  assert.deepEqual(await oauth.tokenIntrospection(config, token), { active: false });
  await assertRefused(config, token, `${username}-again`, withKey ? 'dpop' : 'bearer', { DPoP });
}

const pkcs8 = Buffer.from(job.keyed.pkcs8, 'base64');
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
const key = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
const { id, secret } = job.client;

await goThrough(id, oauth.ClientSecretBasic(secret), 'basic');
await goThrough(id, oauth.ClientSecretPost(secret), 'post');
await goThrough(job.keyed.id, oauth.PrivateKeyJwt(key), 'keyed');
await goThrough(id, oauth.ClientSecretBasic(secret), 'bound', { withKey: true });

const refused = async (authentication, scope, refusal) => {
  const config = await discover(id, authentication);
  await assert.rejects(oauth.clientCredentialsGrant(config, { scope }), refusal);
};
// The library reads the challenge of a 401, and the body of what has none.
const challenged = { code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', status: 401 };
await refused(oauth.ClientSecretBasic('not-the-secret'), 'register', challenged);
await refused(oauth.ClientSecretPost('not-the-secret'), 'register', challenged);
await refused(oauth.ClientSecretBasic(secret), 'admin', { error: 'invalid_scope', status: 400 });

process.stdout.write(JSON.stringify({ tokens }));
