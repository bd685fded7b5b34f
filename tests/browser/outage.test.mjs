// The server goes away while a person fills the form in.

import assert from 'node:assert/strict';

import { ADA, Form } from './form.mjs';
import { UNREACHABLE, status } from './guard.mjs';
import { world } from './harness.mjs';

const { scenario } = world();
const TROUBLE = 'What you typed is still here';

scenario('server down, then up: nothing typed is lost, and there is one user', { allow: [UNREACHABLE] }, async ({ world, page, watch }) => {
  const customer = world.customer();
  await page.goto(`${world.panel}/?customer=${customer}`);
  const form = new Form(page);
  await form.ready();
  const answers = { ...ADA, company_name: 'Analytical Engines', country: 'GB' };
  await form.fill(answers);

  await world.killServer();
  for (const button of [form.send, form.retry]) {
    await button.click();
    await page.getByText(TROUBLE).waitFor();
    assert.deepEqual(await form.answers(Object.keys(answers)), answers, 'what was typed is gone');
  }

  await world.startServer();
  await form.retry.click();
  const credential = await form.credential();
  assert.equal((await world.account(credential)).company_name, 'Analytical Engines');
  assert.equal(await created(watch), 1, 'signed up more than once');
  assert.equal(await world.signUpAgain(customer), 409);
});

scenario('an answer that is lost on its way makes no second user', { allow: [UNREACHABLE, status(409)] }, async ({ world, page, watch }) => {
  const customer = world.customer();
  await page.goto(`${world.panel}/?customer=${customer}`);
  const form = new Form(page);
  await form.ready();
  await form.fill(ADA);

  let kept;
  const users = (url) => url.pathname === '/api/users';
  await page.route(users, async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const answer = await route.fetch();
    kept = { status: answer.status(), user: (await answer.json()).user };
    return route.abort('connectionreset');
  });
  await form.send.click();
  await page.getByText(TROUBLE).waitFor();
  assert.equal(kept.status, 201);
  await page.unroute(users);

  // The server may show the first answer again, or say that there is one
  // already; it may not make another.
  await form.retry.click();
  const again = page.getByText('You already have an account here');
  await form.password.or(again).first().waitFor();
  const keys = watch
    .requests(/^\/api\/users$/)
    .filter(({ method }) => method === 'POST')
    .map(({ request }) => request.headers()['idempotency-key']);
  assert.equal(keys.length, 2);
  assert.ok(keys[0], 'the widget sends no Idempotency-Key');
  assert.equal(keys[0], keys[1], 'a retry is not recognisable');
  assert.equal((await world.account({ username: kept.user.api.username, password: kept.user.api.password })).id, kept.user.id);
  if (await form.password.count()) assert.equal(await form.username.inputValue(), kept.user.api.username);
});

scenario('the panel says when it cannot get a token', { allow: [] }, async ({ world, page }) => {
  await world.killServer();
  await page.goto(`${world.panel}/?customer=${world.customer()}`);
  await page.getByText('Cloud apps cannot be reached right now').waitFor();
  await world.startServer();
  await page.getByRole('link', { name: 'Try again' }).click();
  await new Form(page).ready();
});

async function created(watch) {
  const answers = await Promise.all(
    watch.requests(/^\/api\/users$/).map(async ({ request }) => (await request.response())?.status()),
  );
  return answers.filter((code) => code === 201).length;
}
