// What is measured: each form on the same page, in the place that is kept for it, with as much of an API as it asks for
// before a person can type.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const page = (body) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>A host's page</title><style>body { margin: 16px } #place { min-height: 900px }</style>
<h1>Create your account</h1>
<script>var began = performance.now();</script>
<div id="place">${body}</div><p>Text of the host, below the form.</p>
</html>`;

/** `dist` is the widget as it is packed, `peers` a folder with the modules of the others, `bundle` makes one file of a page's script. */
export async function serveForms(server, { dist, peers, bundle }) {
  const { api } = server;
  await server.folder('/v1/', dist);
  server.answers([
    [
      ...['GET', '/api/widget/session'],
      {
        ...{ provider: 'Example', provider_server: 'panel.example.com', provider_username: 'ada' },
        ...{ prefill: {}, locked: {}, expires_in: 900, credential_delivery: 'inline', fields: [] },
        branding: { name: null, logo: null, color: null, on_color: null },
      },
    ],
  ]);
  server.page('/doorstep', page(`<script async src="${api}/v1/doorstep.js" data-token="sgn_speed"></script>`));

  const elements = 'node_modules/@teamhanko/hanko-elements/dist/elements.js';
  server.file('/elements.js', await readFile(join(peers, elements)));
  server.answers([
    ['POST', '/registration', state('preflight', { register_client_capabilities: {} })],
    ['POST', '/registration/next', state('registration_init', { register_login_identifier: { email: EMAIL }, thirdparty_oauth: null })],
  ]);
  const register = `import { register } from "${api}/elements.js"; await register("${api}");`;
  server.page('/hanko', page(`<hanko-registration></hanko-registration><script type="module" async>${register}</script>`));

  server.file('/lock.js', await bundle(join(peers, 'lock.js')));
  const { default: english } = await import(pathToFileURL(join(peers, 'node_modules/auth0-lock/lib/i18n/en.js')));
  server.file('/js/lock/14.3.0/en.js', `Auth0.registerLanguageDictionary("en", ${JSON.stringify(english.default)});`);
  server.file('/client/peer.js', `Auth0.setClient(${JSON.stringify(CLIENT)});`);
  const lock = `<div id="lock"></div><script>var lockPage = { origin: "${api}", container: "lock" };</script>`;
  server.page('/lock', page(`${lock}<script async src="${api}/lock.js"></script>`));
}

/** In the order of the table; the first is ours. */
export const FORMS = [
  { path: '/doorstep', name: 'Doorstep' },
  { path: '/hanko', name: 'Hanko elements 2.7.0' },
  { path: '/lock', name: 'Auth0 Lock 14.3.0' },
];

const EMAIL = { name: 'email', type: 'email', required: true, max_length: 120 };

/** A step of Hanko's flow API. */
const state = (name, actions) => ({
  ...{ name, status: 200, payload: {}, csrf_token: 'csrf', links: [] },
  actions: Object.fromEntries(
    Object.entries(actions)
      .filter(([, inputs]) => inputs)
      .map(([action, inputs]) => [action, { action, href: `/registration/next?action=${action}`, inputs, description: '' }]),
  ),
});

/** The settings that Auth0 has of a tenant with one database of users. */
const CLIENT = {
  ...{ id: 'peer', tenant: 'peer', tenant_id: 'peer', subscription: 'free', authorize: '/authorize', callback: '/', hasAllowedOrigins: true },
  strategies: [
    {
      name: 'auth0',
      connections: [
        {
          name: 'Username-Password-Authentication',
          ...{ forgot_password_url: '/forgot', signup_url: '/signup', passwordPolicy: 'low', showSignup: true, showForgot: true },
        },
      ],
    },
  ],
};
