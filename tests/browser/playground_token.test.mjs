// The playground where the operator has said who gives it tokens.

import assert from 'node:assert/strict';

import { ADA, Form } from './form.mjs';
import { UNREACHABLE, status } from './guard.mjs';
import { world } from './harness.mjs';

const FROM = 'http://127.0.0.1:9';
const { scenario } = world({
  DOORSTEP_PLAYGROUND__ENABLED: 'true',
  DOORSTEP_PLAYGROUND__TOKEN_URL: `${FROM}/token`,
});

/** The operator's back end, as the page meets it. */
const answer = (page, reply) =>
  page.route(`${FROM}/token`, (route) => route.fulfill({ headers: { 'access-control-allow-origin': '*' }, ...reply }));

const ALLOW = [status(503), UNREACHABLE, /Doorstep playground: no token came\..*playground\.token_url/];

scenario('the form gets its token there, and says so where none comes', { allow: ALLOW }, async ({ world, page, watch }) => {
  watch.expect(FROM);
  const provider_server = 'playground.example';
  const client = await world.anotherClient(provider_server, world.server);
  const token = await world.signUpToken(world.customer(), { provider_server }, client);
  await page.goto(`${world.server}/playground`);
  const form = new Form(page.locator('[data-look="light"]'));
  await form.ready();
  await answer(page, { status: 503, body: '' });
  await form.fill(ADA);
  await form.send.click();
  await page.locator('#said').getByText('No token came').waitFor();
  await page.locator('[data-look="light"]').getByRole('alert').first().waitFor();
  await page.unroute(`${FROM}/token`);
  await answer(page, { json: { token } });
  await page.getByRole('button', { name: 'Get one' }).click();
  const credential = await form.credential();
  const said = await page.locator('#events').textContent();
  assert.ok(said.includes('doorstep:success') && !said.includes(token) && !said.includes(credential.password));
  await world.account(credential);
});
