// Fields that the operator declared, on the server's own page, with scripts switched off.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { isAccessible as axeFindsNothing } from './accessible.mjs';
import { status } from './guard.mjs';
import { ROOT, world } from './harness.mjs';

const PICTURES = join(ROOT, 'target/screenshots');
const allowed = { allow: [status(422)] };
const file = `
[[form.custom]]
name = "vat_id"
kind = "text"
label = "VAT <number>"
hint = "As on your invoices"
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
  const person = JSON.stringify({ locked: { staff: 40 }, prefill: { vat_id: 'GB 9' } });
  await open(world, page, { person });
  assert.equal(await page.getByLabel('VAT <number>').inputValue(), 'GB 9');
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
  const expected = { vat_id: 'GB 9', size: '10+', staff: 40, since: '2024-02-29', terms: true };
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
