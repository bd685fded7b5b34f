// Nothing that was typed is lost: reload, back, no connection, a server that sends people away.

import assert from 'node:assert/strict';

import { isAccessible } from './accessible.mjs';
import { ADA, Form, focused } from './form.mjs';
import { UNREACHABLE, status } from './guard.mjs';
import { world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const { scenario } = world();
const NAMES = Object.keys(ADA);
const users = (url) => url.pathname === '/api/users';

async function open(page, world, customer, options = {}) {
  await page.goto(world.hosts.page('element', { customer, ...options }));
  const form = new Form(page);
  await form.ready();
  return form;
}

const stored = (page) => page.evaluate(() => JSON.stringify(Object.entries(sessionStorage)));

/** Answers the next sign-ups itself; `answer` gets how many there were before. */
async function answerSignUps(page, answer) {
  let count = 0;
  await page.route(users, (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const reply = answer(count++);
    return reply ? route.fulfill(reply) : route.continue();
  });
  return () => count;
}

const refusal = (code, wait) => ({
  status: code,
  contentType: 'application/problem+json',
  headers: { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after', 'retry-after': `${wait}` },
  body: JSON.stringify({ status: code, code: code === 429 ? 'rate_limited' : 'unavailable', detail: 'Later.', faults: [] }),
});

scenario('what was typed is there after a reload and on the way back, and gone with the account', { allow: [] }, async ({ world, page }) => {
  const customer = world.customer();
  const options = { person: JSON.stringify({ prefill: { company_name: 'Prefilled' } }), fields: 'company_name country c_sftp_pass' };
  let form = await open(page, world, customer, options);
  await expectSoon('the prefilled company', () => form.field('company_name').inputValue(), 'Prefilled');
  await form.fill({ ...ADA, company_name: 'Typed & "quoted" = ', country: 'GB' });
  await form.field('c_sftp_pass').check();
  const answers = await form.answers([...NAMES, 'company_name', 'country']);

  await page.reload();
  form = new Form(page);
  await expectSoon('the name after the reload', () => form.field('fname').inputValue(), 'Ada');
  assert.deepEqual(await form.answers(Object.keys(answers)), answers);
  assert.ok(await form.field('c_sftp_pass').isChecked());

  await page.goto('about:blank');
  await page.goBack();
  form = new Form(page);
  await expectSoon('the name on the way back', () => form.field('fname').inputValue(), 'Ada');
  assert.deepEqual(await form.answers(Object.keys(answers)), answers);
  assert.doesNotMatch(await stored(page), /sgn_|dsp_/);

  await form.send.click();
  await form.credential();
  assert.doesNotMatch(await stored(page), /Ada|Lovelace|ada@|Typed|sgn_|dsp_/);
});

scenario('nobody sees what another person typed on the same tab', { allow: [] }, async ({ world, page }) => {
  const form = await open(page, world, world.customer());
  await form.fill({ fname: 'Somebody', email: 'somebody@example.com' });
  await expectSoon('a draft', async () => (await stored(page)).includes('Somebody'), true);
  const session = page.waitForResponse((response) => response.url().endsWith('/api/widget/session'));
  const theirs = world.customer();
  const other = await open(page, world, theirs);
  await (await session).finished();
  await page.getByText(theirs, { exact: true }).waitFor();
  assert.equal(await other.field('fname').inputValue(), '');
  assert.equal(await other.field('email').inputValue(), '');
});

scenario('a server that names a time is asked again then, with the same key, once', { allow: [status(429)] }, async ({ world, page, watch }) => {
  const customer = world.customer();
  const form = await open(page, world, customer);
  await form.fill(ADA);
  const asked = await answerSignUps(page, (before) => before === 0 && refusal(429, 2));
  await form.send.click();
  await page.getByRole('timer').getByText(/^Next try in \d seconds?$/).waitFor();
  assert.deepEqual(await form.answers(NAMES), ADA);
  await isAccessible(page, 'waiting');
  await form.credential();
  assert.equal(asked(), 2);
  const keys = watch
    .requests(/^\/api\/users$/)
    .filter(({ method }) => method === 'POST')
    .map(({ request }) => request.headers()['idempotency-key']);
  assert.equal(new Set(keys).size, 1);
  assert.equal(await world.signUpAgain(customer), 409);
});

scenario('who types while the form waits is not cut short', { allow: [status(503)] }, async ({ world, page }) => {
  const form = await open(page, world, world.customer());
  await form.fill(ADA);
  const asked = await answerSignUps(page, (before) => before === 0 && refusal(503, 2));
  await form.send.click();
  const timer = page.getByRole('timer').getByText('Next try');
  await timer.waitFor();
  await form.field('fname').pressSequentially('line');
  await timer.waitFor({ state: 'hidden' });
  // Longer than the wait was.
  await page.waitForTimeout(2_500);
  assert.equal(asked(), 1, 'it was sent under the hands of the person');
  assert.equal(await focused(page), 'fname');
  await form.retry.click();
  await form.credential();
});

scenario('minutes are said as minutes, in the language of the form', { allow: [status(429)] }, async ({ world, page }) => {
  await page.goto(world.hosts.page('element', { customer: world.customer(), lang: 'de' }));
  const form = new Form(page);
  await form.ready();
  await form.fill(ADA);
  await answerSignUps(page, () => refusal(429, 600));
  await page.getByRole('button', { name: 'Konto anlegen' }).or(page.locator('doorstep-signup button[type=submit]')).first().click();
  await page.getByRole('timer').getByText('Nächster Versuch in 10 Minuten').waitFor();
});

scenario('what could not go out goes out when the connection is back', { allow: [UNREACHABLE, /net::ERR_INTERNET_DISCONNECTED/] }, async ({ world, page, context }) => {
  const customer = world.customer();
  const form = await open(page, world, customer);
  await form.fill(ADA);
  await context.setOffline(true);
  await form.send.click();
  await page.getByText('You are offline').waitFor();
  assert.deepEqual(await form.answers(NAMES), ADA);
  await context.setOffline(false);
  await form.credential();
  assert.equal(await world.signUpAgain(customer), 409);
});

scenario('the summary leads to each fault, and each goes when it is mended', { allow: [] }, async ({ world, page }) => {
  const form = await open(page, world, world.customer());
  await form.fill({ lname: 'Lovelace', email: 'no address' });
  await form.send.click();
  const links = page.getByRole('link');
  await expectSoon('two links', () => links.count(), 2);
  assert.deepEqual(await links.allInnerTexts(), ['First name is required', 'E-mail is not an e-mail address like name@example.com']);
  await isAccessible(page, 'faults are listed');
  await links.nth(1).click();
  assert.equal(await focused(page), 'email');
  await form.fill({ email: 'ada@example.com' });
  await expectSoon('one link', () => links.count(), 1);
  await links.first().focus();
  await page.keyboard.press('Enter');
  assert.equal(await focused(page), 'fname');
  await page.keyboard.type('Ada');
  await expectSoon('no link', () => links.count(), 0);
});

scenario('the browser is asked to keep the credential', { allow: [] }, async ({ world, page }) => {
  await page.addInitScript(() => {
    globalThis.kept = [];
    navigator.credentials.store = async (it) => void globalThis.kept.push({ type: it.type, id: it.id, password: it.password });
  });
  const form = await open(page, world, world.customer());
  await form.fill(ADA);
  await form.send.click();
  const { username, password } = await form.credential();
  await page.getByRole('button', { name: 'Save in browser' }).click();
  assert.deepEqual(await page.evaluate(() => globalThis.kept), [{ type: 'password', id: username, password }]);
});
