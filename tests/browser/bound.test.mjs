// A page whose tag carries a sign-up token and nothing else: the token says for
// whom the form is, and what the provider knows.

import assert from 'node:assert/strict';

import { ADA, Form } from './form.mjs';
import { UNREACHABLE, status } from './guard.mjs';
import { PROVIDER_SERVER, world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const { scenario } = world();

const SESSION = '**/api/widget/session';
const EMAIL = 'ada@kestrel.example';

const person = JSON.stringify({
  locked: { email: EMAIL, phone: '+442079460958', country: 'GB', c_sftp_pass: true },
  prefill: { fname: 'Ada', lname: 'Byron' },
});

scenario('the token alone fills the form in, and what it locks stays', async ({ world, page, watch }) => {
  const customer = world.customer();
  await page.goto(world.hosts.page('bound', { customer, person }));
  const form = new Form(page);
  await form.ready();
  assert.ok(!(await page.content()).includes(customer), 'the page names the customer itself');

  await page.getByText(customer, { exact: true }).waitFor();
  await page.getByText(PROVIDER_SERVER, { exact: true }).waitFor();
  await form.field('phone').waitFor();
  const names = ['fname', 'lname', 'email', 'phone', 'country'];
  assert.deepEqual(await form.answers(names), {
    fname: 'Ada',
    lname: 'Byron',
    email: EMAIL,
    phone: '+442079460958',
    country: 'GB',
  });
  assert.ok(await form.field('c_sftp_pass').isChecked());
  assert.equal(watch.requests(/^\/api\/widget\/session$/).length, 1, 'the token was asked more than once');

  // By hand and by keyboard, as a person tries.
  assert.match(await form.describedBy('email'), /Set by your provider/);
  await form.field('email').click();
  await page.keyboard.type('eve@example.com');
  assert.equal(await form.field('email').inputValue(), EMAIL);
  for (const name of ['email', 'phone', 'country']) assert.ok(!(await form.field(name).isEditable()), name);
  assert.ok(await form.field('c_sftp_pass').isDisabled());
  assert.ok(await form.field('lname').isEditable(), 'a suggestion can be changed');

  await form.fill({ lname: 'Lovelace' });
  await form.send.click();
  const account = await world.account(await form.credential());
  assert.deepEqual([account.fname, account.lname, account.email], ['Ada', 'Lovelace', EMAIL]);
  assert.equal(account.country, 'GB');
});

scenario('what a person typed meanwhile stays, and so does the caret', async ({ world, page }) => {
  let answer;
  const asked = new Promise((resolve) => (answer = resolve));
  let isAsked;
  const waits = new Promise((resolve) => (isAsked = resolve));
  await page.route(SESSION, async (route) => {
    isAsked();
    await asked;
    await route.continue();
  });
  await page.goto(world.hosts.page('bound', { customer: world.customer(), person }));
  const form = new Form(page);
  await form.ready();
  await waits;
  await form.field('email').fill('eve@example.com');
  await form.field('fname').click();
  await page.keyboard.type('Augu');
  answer();
  // It comes with the locked telephone number, for which the form is drawn anew.
  await form.field('phone').waitFor();
  await page.keyboard.type('sta');
  assert.deepEqual(await form.answers(['fname', 'lname', 'email']), {
    fname: 'Augusta',
    lname: 'Byron',
    email: EMAIL,
  });
});

scenario('without an answer about the token the form works all the same', { allow: [UNREACHABLE] }, async ({ world, page }) => {
  await page.route(SESSION, (route) => route.abort());
  await page.goto(world.hosts.page('bound', { customer: world.customer() }));
  const form = new Form(page);
  await form.ready();
  await form.fill(ADA);
  await form.send.click();
  await world.account(await form.credential());
  const events = await page.evaluate(() => notes.events.map(({ name }) => name));
  assert.deepEqual(events, ['doorstep:ready', 'doorstep:submit', 'doorstep:success']);
});

scenario('a token that is no good is told before anybody typed', { allow: [status(401)] }, async ({ world, page }) => {
  const customer = world.customer();
  await page.goto(world.hosts.page('bound', { customer }));
  const form = new Form(page);
  await form.ready();
  const token = await form.element.getAttribute('token');
  const put = (value) => form.element.evaluate((element, token) => element.setAttribute('token', token), value);
  // A letter in the middle: the checksum does not fit any more.
  await put(token.slice(0, 10) + (token[10] === 'x' ? 'y' : 'x') + token.slice(11));
  await page.getByText('no longer allowed to create the account').waitFor();
  await page.waitForFunction(() => notes.events.some(({ name }) => name === 'doorstep:token-needed'));
  const [error] = await page.evaluate(() => notes.events.filter(({ name }) => name === 'doorstep:error'));
  assert.equal(error.detail.code, 'invalid_token');

  // Of nobody else: an address that has an account is not taken twice.
  const email = 'augusta@kestrel.example';
  await put(await world.signUpToken(customer, { locked: { email } }));
  await expectSoon('the new token is asked', () => form.field('email').inputValue(), email);
  assert.equal(await page.getByText('no longer allowed').count(), 0);
  await form.fill({ fname: 'Ada', lname: 'Lovelace' });
  await form.send.click();
  assert.equal((await world.account(await form.credential())).email, email);
});
