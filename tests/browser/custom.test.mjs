// Fields that the operator declared: in the form on a page, and on the server's own page with scripts switched off.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { isAccessible as axeFindsNothing } from './accessible.mjs';
import { drawn, hold, MODULE } from './early.mjs';
import { ADA, focused, Form } from './form.mjs';
import { inFrame } from './frame.mjs';
import { status, UNREACHABLE } from './guard.mjs';
import { ROOT, world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const PICTURES = join(ROOT, 'target/screenshots');
const allowed = { allow: [status(422)] };
const file = `
[[form.custom]]
name = "vat_id"
kind = "text"
label = "VAT <number>"
hint = "As on your invoices"
min_length = 4
max_length = 20
texts.ar = { label = "الرقم الضريبي", hint = "كما يظهر في فواتيركم" }

[[form.custom]]
name = "size"
kind = "choice"
label = "Company size"
required = true
options = ["1-9", { value = "10+", label = "10 or more" }]
texts.ar = { label = "حجم الشركة", options = { "10+" = "10 أو أكثر" } }

[[form.custom]]
name = "staff"
kind = "number"
label = "Employees"
min = 1
texts.ar = { label = "عدد الموظفين" }

[[form.custom]]
name = "since"
kind = "date"
label = "Customer since"
min = "1990-01-01"
texts.ar = { label = "عميل منذ" }

[[form.custom]]
name = "terms"
kind = "consent"
label = "I accept the [terms of service]"
link = "https://host.example/terms"
required = true
texts.ar = { label = "أوافق على [شروط الخدمة]" }
`;
const { scenario } = world({}, { file });

/** Switches the scripts of pages off, and on for a look by axe, which is one. */
const scripts = new WeakMap();
const allow = (page, value) => scripts.get(page).send('Emulation.setScriptExecutionDisabled', { value: !value });
const isAccessible = async (page, state) => {
  await allow(page, true);
  await axeFindsNothing(page, state);
  await allow(page, false);
};

const open = async (world, page, options) => {
  scripts.set(page, await page.context().newCDPSession(page));
  await allow(page, false);
  await page.goto(world.hosts.page('hosted', { customer: world.customer(), ...options }));
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.locator('doorstep-signup').waitFor();
};

const picture = async (page, name) => {
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `custom-${name}.png`), fullPage: true });
};

scenario('a person answers each kind, and every fault has its row and its link', allowed, async ({ world, page }) => {
  const person = JSON.stringify({ locked: { staff: 40 }, prefill: { vat_id: 'GB 99' } });
  await open(world, page, { person });
  assert.equal(await page.getByLabel('VAT <number>').inputValue(), 'GB 99');
  assert.equal(await page.getByLabel('Employees').inputValue(), '40');
  assert.equal(await page.getByLabel('Employees').isEditable(), false);
  const options = page.getByLabel('Company size').locator('option');
  assert.deepEqual(await options.allTextContents(), ['Choose…', '1-9', '10 or more']);
  const link = page.getByRole('link', { name: 'terms of service' });
  assert.equal(await link.getAttribute('href'), 'https://host.example/terms');
  const terms = page.getByRole('checkbox', { name: 'I accept the terms of service' });
  assert.equal(await terms.isChecked(), false);

  await page.getByLabel('First name').fill('Ada');
  await page.getByLabel('Last name').fill('Lovelace');
  await page.getByLabel('Customer since').fill('1989-12-31');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('Please check the marked fields.').waitFor();
  await page.getByRole('link', { name: 'Company size is required' }).waitFor();
  await page.getByRole('link', { name: 'Customer since: the minimum is 1990-01-01' }).waitFor();
  await page.getByRole('link', { name: 'Please tick this box to go on' }).click();
  assert.equal(new URL(page.url()).hash, '#doorstep-terms');
  assert.equal(await terms.getAttribute('aria-invalid'), 'true');
  assert.equal(await page.getByLabel('Customer since').inputValue(), '1989-12-31');
  await page.getByLabel('Company size').selectOption('10+');
  await page.getByLabel('Customer since').fill('2024-02-29');
  await terms.check();
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('Your account is ready').waitFor();
  const username = await page.getByLabel('API username').inputValue();
  const password = await page.getByLabel('API password').inputValue();
  const user = await world.account({ username, password });
  const expected = { vat_id: 'GB 99', size: '10+', staff: 40, since: '2024-02-29', terms: true };
  assert.deepEqual(user.custom, expected);
});

for (const [name, options, query] of [
  ['desktop', {}, ''],
  ['phone-dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }, ''],
  ['rtl', { viewport: { width: 768, height: 900 } }, '?locale=ar'],
]) {
  scenario(`they can be read and used: ${name}`, { ...allowed, ...options }, async ({ world, page }) => {
    await open(world, page, { query });
    await isAccessible(page, name);
    await picture(page, name);
    await page.locator('button').click();
    await page.locator('.doorstep-summary').waitFor();
    await isAccessible(page, `${name}, with faults`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await picture(page, `${name}-faults`);
  });
}

const inline = async (world, page, options) => {
  await page.goto(world.hosts.page('element', options));
  const form = new Form(page);
  await form.ready();
  return form;
};

scenario('the inline form draws them, checks them by the rule, keeps them over a reload, and sends them', {}, async ({ world, page }) => {
  const customer = world.customer();
  let form = await inline(world, page, { customer });
  assert.equal(await page.getByLabel('VAT <number>').getAttribute('autocomplete'), 'off');
  assert.match(await form.describedBy('vat_id'), /As on your invoices/);
  assert.deepEqual(await form.field('size').locator('option').allTextContents(), ['Choose…', '1-9', '10 or more']);
  assert.equal(await form.field('since').getAttribute('min'), '1990-01-01');
  const link = page.getByRole('link', { name: 'terms of service' });
  assert.equal(await link.getAttribute('href'), 'https://host.example/terms');
  await axeFindsNothing(page, 'the form asks them');
  await picture(page, 'inline');

  await form.fill({ ...ADA, vat_id: 'GB', staff: '0', since: '2024-02-29' });
  await form.send.click();
  await form.isFaulty('vat_id', /VAT <number> is too short: use at least .*4.* characters/);
  await form.isFaulty('size', /Company size is required/);
  await form.isFaulty('staff', /Employees: the minimum is .*1/);
  await form.isFaulty('terms', /Please tick this box to go on/);
  await axeFindsNothing(page, 'they are answered wrongly');
  await picture(page, 'inline-faults');
  await page.getByRole('link', { name: /Employees: the minimum/ }).click();
  assert.equal(await focused(page), 'staff');
  await page.getByRole('link', { name: 'Please tick this box to go on' }).click();
  assert.equal(await focused(page), 'terms');
  await form.fill({ vat_id: 'GB 123', staff: '1e999' });
  await form.isFaulty('staff', /Employees must look like .*12/);
  await form.fill({ staff: '12', size: '10+' });
  await form.field('terms').check();
  await expectSoon('nothing is wrong', () => page.locator('[aria-invalid]').count(), 0);

  await page.reload();
  form = new Form(page);
  await form.ready();
  await expectSoon('what was typed', () => form.field('vat_id').inputValue(), 'GB 123');
  const kept = { vat_id: 'GB 123', size: '10+', staff: '12', since: '2024-02-29' };
  assert.deepEqual(await form.answers(Object.keys(kept)), kept);
  // A consent is given anew.
  assert.equal(await form.field('terms').isChecked(), false);
  await form.field('terms').check();
  const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/users'));
  await form.send.click();
  assert.deepEqual((await sent).postDataJSON().user.custom, { ...kept, terms: true });
  const user = await world.account(await form.credential());
  assert.deepEqual(user.custom, { ...kept, staff: 12, terms: true });
});

scenario('before the module is there they look as after it, and nothing that was answered is lost', {}, async ({ world, page }) => {
  const gate = await hold(page);
  await page.goto(world.hosts.page('element', { customer: world.customer(), 'value-size': '1-9', 'value-terms': 'true' }));
  const form = new Form(page);
  await form.early();
  await form.field('vat_id').fill('GB 77');
  await form.field('size').selectOption('10+');
  await form.field('since').fill('2020-01-31');
  assert.equal(await form.field('terms').isChecked(), false);
  await form.field('terms').check();
  await form.field('staff').click();
  await page.keyboard.type('4');
  gate.release();
  await form.ready();
  await page.keyboard.type('2');
  assert.equal(await focused(page), 'staff');
  const kept = { vat_id: 'GB 77', size: '10+', staff: '42', since: '2020-01-31' };
  assert.deepEqual(await form.answers(Object.keys(kept)), kept);
  assert.equal(await form.field('terms').isChecked(), true);
});

scenario('the form draws them as it did before its module was there', { allow: [UNREACHABLE] }, async ({ world, page }) => {
  const gate = await hold(page);
  // What the token says is not known before.
  await page.route(/session$/, (route) => route.abort());
  await page.goto(world.hosts.page('element', { customer: world.customer(), 'value-size': '1-9' }));
  const form = new Form(page);
  await form.early();
  const early = await drawn(form);
  assert.ok(JSON.stringify(early).includes('https://host.example/terms'));
  gate.release();
  await form.ready();
  assert.deepEqual(await drawn(form), early);
});

scenario('half a date is no answer, and is not passed over', {}, async ({ world, page }) => {
  const gate = await hold(page);
  await page.goto(world.hosts.page('element', { customer: world.customer() }));
  const form = new Form(page);
  await form.early();
  await form.fill({ ...ADA, size: '10+' });
  await form.field('terms').check();
  await form.field('since').focus();
  await page.keyboard.type('02');
  gate.release();
  await page.waitForResponse((response) => MODULE.test(response.url()));
  // The module waits for the rest of it.
  await page.keyboard.type('282024');
  await page.keyboard.press('Tab');
  await form.ready();
  assert.equal(await form.field('since').inputValue(), '2024-02-28');
  await form.field('since').fill('');
  await form.field('since').focus();
  await page.keyboard.type('0228');
  await form.send.click();
  await form.isFaulty('since', /Customer since must look like .*2026-02-28/);
  await form.field('since').fill('2024-02-28');
  await form.send.click();
  const user = await world.account(await form.credential());
  assert.equal(user.custom.since, '2024-02-28');
});

scenario('a panel answers some for the person, and consents to nothing', {}, async ({ world, page }) => {
  const person = JSON.stringify({ locked: { staff: 40, size: '1-9' }, prefill: { vat_id: 'GB 99' } });
  const form = await inline(world, page, { customer: world.customer(), person, 'value-terms': 'true' });
  await expectSoon('what the panel knows', () => form.field('vat_id').inputValue(), 'GB 99');
  await expectSoon('what it fixed', () => form.field('staff').inputValue(), '40');
  await expectSoon('the choice is fixed', () => form.field('size').isDisabled(), true);
  assert.equal(await form.field('size').inputValue(), '1-9');
  assert.equal(await form.field('terms').isChecked(), false);
  await form.fill(ADA);
  await form.field('terms').check();
  await form.send.click();
  await form.credential();
});

scenario('in a frame they are asked as anywhere', {}, async ({ world, page }) => {
  await page.goto(world.hosts.page('element', { customer: world.customer(), mode: 'frame' }));
  const form = inFrame(page);
  await form.ready();
  await form.fill({ ...ADA, size: '10+' });
  await form.field('terms').check();
  await form.send.click();
  await form.credential();
});

scenario("they speak the form's language, from the right", { viewport: { width: 360, height: 800 }, colorScheme: 'dark' }, async ({ world, page }) => {
  const form = await inline(world, page, { customer: world.customer(), locale: 'ar' });
  await page.getByLabel('حجم الشركة').waitFor();
  assert.deepEqual((await form.field('size').locator('option').allTextContents()).slice(1), ['1-9', '10 أو أكثر']);
  await form.scope.locator('button[type=submit]').click();
  await form.isFaulty('terms', /للمتابعة/);
  await axeFindsNothing(page, 'the form is in Arabic');
  await picture(page, 'inline-ar-360-dark');
});
