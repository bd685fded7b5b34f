// `/signup` with scripts switched off: the form as a page of the server's own.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isAccessible as axeFindsNothing } from './accessible.mjs';
import { status } from './guard.mjs';
import { ROOT, world } from './harness.mjs';

const { scenario } = world({
  DOORSTEP_BRANDING__NAME: 'Example Cloud',
  DOORSTEP_FORM__FIELDS: 'phone company_name country c_sftp_pass',
});
/** Faults are answered with a page and the status that they have. */
const allowed = { allow: [status(422)] };
const PICTURES = join(ROOT, 'target/screenshots');

/** Switches the scripts of pages off, and on for a look by axe, which is one. */
const scripts = new WeakMap();
const allow = (page, value) => scripts.get(page).send('Emulation.setScriptExecutionDisabled', { value: !value });
const isAccessible = async (page, state) => {
  await allow(page, true);
  await axeFindsNothing(page, state);
  await allow(page, false);
};

const open = async (world, page, customer, options = {}) => {
  scripts.set(page, await page.context().newCDPSession(page));
  await allow(page, false);
  await page.goto(world.hosts.page('hosted', { customer, ...options }));
  assert.equal(await page.evaluate(() => typeof notes), 'undefined', "the page's own script has run");
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.locator('doorstep-signup').waitFor();
  assert.equal(new URL(page.url()).pathname, '/signup');
};

const picture = async (page, name) => {
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `signup-page-${name}.png`), fullPage: true });
};

const fitsThe = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

scenario('somebody without scripts signs up, and the credential works', allowed, async ({ world, page }) => {
  const customer = world.customer();
  const person = JSON.stringify({ prefill: { email: 'ada@example.com' }, locked: { country: 'GB' } });
  await open(world, page, customer, { person });
  assert.equal(page.url(), `${world.server}/signup`);
  assert.equal(await page.title(), 'Create your account – Example Cloud');
  assert.equal(await page.getByLabel('E-mail').inputValue(), 'ada@example.com');
  assert.equal(await page.getByLabel('Country').isDisabled(), true);
  await isAccessible(page, 'empty');
  await page.getByRole('button', { name: 'Create account' }).click();
  // Every fault at once, and the way to each.
  await page.getByText('Please check the marked fields.').waitFor();
  assert.match(await page.title(), /^Please check/);
  await isAccessible(page, 'with faults');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'doorstep-summary');
  await page.getByRole('link', { name: 'Last name is required' }).click();
  await page.keyboard.press('Tab');
  assert.equal(await page.getByRole('textbox', { name: 'First name' }).getAttribute('aria-invalid'), 'true');
  await page.getByLabel('First name').fill('Ada');
  await page.getByLabel('Last name').fill('Lovelace');
  await page.getByLabel('Phone').fill('none');
  await page.getByLabel('Allow SFTP').check();
  await page.getByLabel('Last name').press('Enter');
  await page.getByText('Please check the marked field.').waitFor();
  assert.equal(await page.getByLabel('First name').inputValue(), 'Ada');
  assert.equal(await page.getByLabel('Allow SFTP').isChecked(), true);
  await page.getByLabel('Phone').fill('+44 20 7946 0958');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('Your account is ready').waitFor();
  await isAccessible(page, 'done');
  const username = await page.getByLabel('API username').inputValue();
  const password = await page.getByLabel('API password').inputValue();
  // As a file, without a script.
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('Download .env').click()]);
  assert.equal(download.suggestedFilename(), 'doorstep.env');
  assert.ok((await readFile(await download.path(), 'utf8')).includes(`DOORSTEP_API_PASSWORD='${password}'`));
  // Loaded again, the page is sent again: the same account and the same password.
  await page.reload();
  assert.equal(await page.getByLabel('API password').inputValue(), password);
  const user = await world.account({ username, password });
  assert.equal(user.country, 'GB');
  assert.equal(await world.signUpAgain(customer), 409);
});

scenario('with claim delivery the panel gets the code by a form of its own', async ({ world, page }) => {
  const person = JSON.stringify({
    credential_delivery: 'claim',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  });
  await open(world, page, world.customer(), { person, back: world.hosts.page('element') });
  await page.getByLabel('First name').fill('Ada');
  await page.getByLabel('Last name').fill('Lovelace');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('Your provider needs this code').waitFor();
  await isAccessible(page, 'the code is handed over');
  const sent = page.waitForRequest((request) => request.url().startsWith(world.hosts.origin));
  await page.getByRole('button', { name: 'Back to 127.0.0.1' }).click();
  const body = new URLSearchParams((await sent).postData());
  world.secrets.set(body.get('claim_code'), 'a claim code');
  assert.match(body.get('claim_code'), /^clm_/);
  assert.ok(!(await sent).url().includes('clm_'));
});

for (const [name, options, query] of [
  ['light', {}, ''],
  ['dark', { colorScheme: 'dark' }, ''],
  ['phone', { viewport: { width: 360, height: 740 } }, '?locale=de'],
  ['rtl', { viewport: { width: 768, height: 900 } }, '?locale=ar'],
  ['rtl-dark-phone', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }, '?locale=he'],
]) {
  scenario(`the page can be read and used: ${name}`, { ...allowed, ...options }, async ({ world, page }) => {
    await open(world, page, world.customer(), { query });
    await isAccessible(page, name);
    assert.ok(await fitsThe(page));
    await picture(page, name);
    await page.locator('button').click();
    await page.locator('.doorstep-summary').waitFor();
    await isAccessible(page, `${name}, with faults`);
    assert.ok(await fitsThe(page));
    await picture(page, `${name}-faults`);
    await page.locator('#doorstep-fname').fill('Ada');
    await page.locator('#doorstep-lname').fill('Lovelace');
    await page.locator('button').click();
    await page.locator('.doorstep-done').waitFor();
    await isAccessible(page, `${name}, done`);
    assert.ok(await fitsThe(page));
    await picture(page, `${name}-done`);
  });
}
