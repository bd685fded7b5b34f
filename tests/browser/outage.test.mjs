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

scenario('an answer that is lost on its way makes no second user', { allow: [UNREACHABLE] }, async ({ world, page, watch }) => {
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

  // The first answer again, to the letter.
  await form.retry.click();
  const shown = await form.credential();
  assert.deepEqual(shown, kept.user.api);
  const keys = watch
    .requests(/^\/api\/users$/)
    .filter(({ method }) => method === 'POST')
    .map(({ request }) => request.headers()['idempotency-key']);
  assert.equal(keys.length, 2);
  assert.ok(keys[0], 'the widget sends no Idempotency-Key');
  assert.equal(keys[0], keys[1], 'a retry is not recognisable');
  assert.equal((await world.account(shown)).id, kept.user.id);
});

scenario('an answer that is lost with the page is there after a reload', { allow: [UNREACHABLE, status(422)] }, async ({ world, page }) => {
  const customer = world.customer();
  const open = async () => {
    await page.goto(world.hosts.page('bound', { customer }));
    const form = new Form(page);
    await form.ready();
    await form.fill(ADA);
    return form;
  };
  let form = await open();
  let kept;
  const users = (url) => url.pathname === '/api/users';
  await page.route(users, async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    kept = (await (await route.fetch()).json()).user;
    return route.abort('connectionreset');
  });
  await form.send.click();
  await page.getByText(TROUBLE).waitFor();
  await page.unroute(users);

  // The page has a new token for the same person; the key is the tab's.
  form = await open();
  await form.send.click();
  assert.deepEqual(await form.credential(), kept.api);
  const stored = await page.evaluate(() => Object.entries(sessionStorage));
  const names = stored.map(([name]) => name.replace(/\d+/g, '#')).sort();
  assert.deepEqual(names, ['doorstep-#-attempt', 'doorstep-place#/bound'], 'the key of the attempt, and how high the form was');
  assert.doesNotMatch(JSON.stringify(stored), /Ada|Lovelace|example|dsp_|sgn_/);

  // Somebody else on the same tab with the same answers is somebody else.
  const other = world.customer();
  await page.goto(world.hosts.page('bound', { customer: other }));
  form = new Form(page);
  await form.ready();
  await form.fill(ADA);
  await form.send.click();
  const theirs = await form.credential();
  assert.notEqual(theirs.username, kept.api.username);
  assert.equal(await world.signUpAgain(other), 409);
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
