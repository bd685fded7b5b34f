// The demo panel on its own: what its pages hold and whom it listens to.

import assert from 'node:assert/strict';

import { ADA, Form } from './form.mjs';
import { world } from './harness.mjs';

const { scenario } = world();

scenario('the page holds a token and no client secret, under a strict policy', async ({ world }) => {
  const answer = await fetch(world.panel);
  const html = await answer.text();
  assert.equal(answer.status, 200);
  assert.ok(!html.includes(world.client.client_secret), 'the client secret is in the page');
  assert.match(html, /data-token="[^"]{20,}"/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /default-src 'none'/);
  assert.ok(policy.includes(`script-src 'self' ${world.server} 'wasm-unsafe-eval';`), policy);
  assert.ok(policy.includes(`connect-src 'self' ${world.server};`), policy);
  assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|\*/);
});

scenario('each page view has a token of its own', async ({ world }) => {
  const token = async () => (await (await fetch(world.panel)).text()).match(/data-token="([^"]+)"/)[1];
  assert.notEqual(await token(), await token());
});

scenario('a customer is a plain name, and no other gets onto the page', async ({ world }) => {
  const name = encodeURIComponent('"><script>alert(1)</script>');
  const asked = await fetch(`${world.panel}/?customer=${name}`, { redirect: 'manual' });
  assert.equal(asked.status, 400);
  const cookie = await fetch(world.panel, { headers: { cookie: `demo_panel_customer=${name}` } });
  assert.ok(!(await cookie.text()).includes('alert(1)'));
});

scenario('only the panel\'s own page may hand it a credential, and only one that works', async ({ world }) => {
  const hand = async (headers, body = { username: 'u', password: 'p' }) => {
    const answer = await fetch(`${world.panel}/panel/credential`, { method: 'POST', headers, body: JSON.stringify(body) });
    return answer.status;
  };
  const json = { 'content-type': 'application/json' };
  assert.equal(await hand({ 'content-type': 'text/plain' }), 403);
  assert.equal(await hand({ ...json, 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await hand({ ...json, 'sec-fetch-site': 'same-site' }), 403);
  assert.equal(await hand(json, { username: 'u' }), 400);
  assert.equal(await hand(json), 422);
  assert.equal(await hand(json, { username: 'u', password: 'p'.repeat(10_000) }), 413);
});

scenario('with claim delivery the panel gets the password and its page never does', async ({ world, page, watch }) => {
  const customer = world.customer();
  await page.goto(`${world.panel}/?customer=${customer}&delivery=claim`);
  const form = new Form(page);
  await form.ready();
  await form.fill(ADA);
  await form.send.click();
  await page.getByText('Your provider has set it up for you').waitFor();
  await page.getByText('Connected as Ada Lovelace').waitFor();
  assert.equal(await form.password.isVisible(), false);
  assert.equal(watch.requests(/\/assets\/order-/).length, 0, 'without a password there is nothing to order with');
  for (const { request } of watch.requests(/./)) {
    const answer = await (await request.response())?.text().catch(() => '');
    assert.ok(!`${answer}${request.postData() ?? ''}`.includes('dsp_'), `a password in ${request.url()}`);
  }
  // The panel can use it.
  await page.reload();
  await page.getByText('API user').waitFor();
  assert.equal(await world.signUpAgain(customer), 409);
});

scenario('the page of trunk serve gets its session from the panel', async ({ world }) => {
  const session = async () => (await fetch(`${world.panel}/panel/dev-session`)).json();
  const [first, second] = [await session(), await session()];
  assert.equal(first.provider_server, 'demo.panel.example');
  assert.notEqual(first.provider_username, second.provider_username);
  assert.ok(first.token);
});
