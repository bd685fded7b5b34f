// How the form looks, in every state and every sight; and that axe finds nothing in any of them.
//
// Pictures are under target/screenshots/matrix. What was accepted is in pictures/, and what differs from it in
// target/screenshots/changed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { description } from '../../widget/npm/generate.mjs';
import { ADA } from './form.mjs';
import { status, UNREACHABLE } from './guard.mjs';
import { gallery, seen } from './matrix.mjs';
import { isComplete } from './sheets.mjs';

const catalog = fileURLToPath(new URL('catalog.toml', import.meta.url));
const { journey, notices } = gallery({ DOORSTEP_PUBLISHABLE__ENABLED: 'true' }, { catalog });

const EVERYTHING = 'phone company_name address1 address2 city state zip country currency locale c_sftp_pass';
const MODULE = /\/assets\/doorstep-\w+\.wasm$/;
const OFFLINE = /net::ERR_INTERNET_DISCONNECTED/;
const users = (url) => url.pathname === '/api/users';
const orders = (url) => url.pathname === '/api/orders';
const oneOrder = (url) => /^\/api\/orders\/[^/]+$/.test(url.pathname);

/** Holds back what matches until it is let through. */
async function hold(page, what) {
  let open;
  const gate = new Promise((resolve) => (open = resolve));
  await page.route(what, async (route) => {
    if (route.request().method() !== 'OPTIONS') await gate;
    await route.continue();
  });
  return open;
}

journey('from nothing to a form', {}, async (look) => {
  const { page, says, form } = look;
  const [early, module] = [await hold(page, /\/assets\/early-/), await hold(page, MODULE)];
  await look.goto({ fields: EVERYTHING });
  await form.element.locator('.doorstep-wait').waitFor();
  await look.see('skeleton');
  early();
  await form.early();
  await page.locator('doorstep-signup select[name=country]:has(option:nth-child(9))').waitFor();
  await look.see('early');
  await look.send.click();
  await look.button(says.form.sending).waitFor();
  await look.see('early-pressed');
  module();
  await form.isFaulty('fname', /./);
  await page.locator('.doorstep-user:not(:empty)').waitFor();
  await look.see('everything-faults');
});

journey('filling in', {}, async (look) => {
  const { form } = look;
  await look.open({ fields: 'country c_sftp_pass' });
  await look.see('empty');
  await form.field('email').fill('ada@');
  await look.send.click();
  await form.isFaulty('fname', /./);
  await look.see('faults');
  for (const theme of ['compact', 'cpanel', 'plesk', 'whmcs', 'wordpress', 'cockpit']) {
    await form.element.evaluate((element, theme) => element.setAttribute('theme', theme), theme);
    await look.see(`theme-${theme}`);
  }
});

/** An answer to sign-ups in place of the server's: a refusal, or what a route does. */
const refusal = (status, code, more = {}) => (route) =>
  route.fulfill({
    status,
    contentType: 'application/problem+json',
    headers: { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after', 'retry-after': '600' },
    body: JSON.stringify({ status, code, detail: '', faults: [], ...more }),
  });
const noAnswer = (route) => route.abort('connectionrefused');

const PASSING = [UNREACHABLE, OFFLINE, ...[401, 403, 409, 422, 429].map(status)];

journey('sending', { allow: PASSING }, async (look) => {
  const { page, says, form, context } = look;
  await look.open({ fields: 'company_name country' });
  await form.fill({ ...ADA, country: 'GB' });
  await look.see('filled');

  let answer;
  await page.route(users, (route) => (route.request().method() === 'POST' ? answer(route) : route.continue()));
  let go;
  const gate = new Promise((resolve) => (go = resolve));
  answer = (route) => gate.then(() => noAnswer(route));
  await look.send.click();
  await look.button(says.form.sending).waitFor();
  await look.see('sending');
  go();
  await look.text(says.form.no_answer).waitFor();
  await look.see('unreachable');

  answer = refusal(429, 'rate-limited');
  await look.button(says.shared.try_again).click();
  await page.getByRole('timer').getByText(/10|١٠/).waitFor();
  await look.see('waiting');

  answer = refusal(403, 'origin-not-allowed', { detail: 'Registration on panel.example.com is closed: ask the people who run it.' });
  await look.button(says.shared.try_again).click();
  await page.getByText('Registration on panel.example.com is closed').waitFor();
  await look.see('refused');

  answer = refusal(409, 'already-registered');
  await look.send.click();
  await look.text(says.form.already_registered).waitFor();
  await look.see('already-registered');

  const faults = [
    { pointer: '/user/email', code: 'invalid_email', message: 'is none' },
    { pointer: '/user/merge_labels', code: 'wrong_type', message: 'merge_labels has to be an object: send one, or leave it out' },
  ];
  answer = refusal(422, 'validation-failed', { faults });
  await look.send.click();
  await form.isFaulty('email', /./);
  await look.see('faults-elsewhere');

  await form.fill(ADA);
  answer = noAnswer;
  await context.setOffline(true);
  await look.send.click();
  await look.text(says.form.offline).waitFor();
  await look.see('offline');

  answer = refusal(401, 'invalid-token');
  await context.setOffline(false);
  await look.text(says.form.token_needed).waitFor();
  await look.see('token-needed');
});

journey('done', { permissions: ['clipboard-read', 'clipboard-write'] }, async (look) => {
  const { page, says, form } = look;
  await look.open();
  await form.fill(ADA);
  await look.send.click();
  await look.title(says.form.done_title).waitFor();
  await look.see('done');
  await look.button(says.shared.show).click();
  await look.button(says.form.copy).last().click();
  await look.text(says.form.copied).waitFor();
  await look.button(says.shared.hide).waitFor();
  await look.see('done-shown');
});

journey('claimed', {}, async (look) => {
  const challenge = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
  await look.open({ person: JSON.stringify({ credential_delivery: 'claim', ...challenge }) });
  await look.form.fill(ADA);
  await look.send.click();
  await look.text(look.says.form.done_by_provider).waitFor();
  await look.see('claimed');
});

journey('without a back end', {}, async (look) => {
  await look.open({ client: await look.world.publishable() }, 'publishable');
  await look.see('publishable');
  await look.form.fill(ADA);
  await look.send.click();
  await look.title(look.says.form.pending_title).waitFor();
  await look.see('pending');
});

/** Puts what an operator set into the texts, as the server does. */
const operate = (page, operator) =>
  page.route(/\/assets\/text-/, async (route) => {
    const response = await route.fetch();
    return route.fulfill({ response, json: [...(await response.json()), { operator: operator() }] });
  });

/** What the operator asks, with its words in one language. */
const own = (language) => {
  const words = {
    en: ['VAT number', 'As on your invoices', 'Company size', '10 or more', 'Employees', 'Customer since', 'I accept the [terms of service] and what follows from them'],
    ar: ['الرقم الضريبي', 'كما يظهر في فواتيركم', 'حجم الشركة', '10 أو أكثر', 'عدد الموظفين', 'عميل منذ', 'أوافق على [شروط الخدمة]'],
  };
  const [vat, hint, size, more, staff, since, terms] = words[language];
  return [
    { name: 'vat_id', kind: 'text', required: false, min_length: 4, max_length: 20, words: { label: vat, hint } },
    { name: 'size', kind: 'choice', required: true, options: ['1-9', '10+'], words: { label: size, hint: '', options: ['1-9', more] } },
    { name: 'staff', kind: 'number', required: false, min: '1', words: { label: staff, hint: '' } },
    { name: 'since', kind: 'date', required: false, min: '1990-01-01', words: { label: since, hint: '' } },
    { name: 'terms', kind: 'consent', required: true, words: { label: terms, hint: '', link: 'https://host.example/terms' } },
  ];
};

journey('own fields', {}, async (look) => {
  const { page, form } = look;
  await operate(page, () => ({ brand: { name: null, logo: null }, colors: {}, suggested: '', custom: own(look.language) }));
  await look.open();
  await form.fill({ ...ADA, vat_id: 'DE', staff: '0', since: '1989-12-31' });
  await look.send.click();
  await form.isFaulty('terms', /./);
  await look.see('own-fields-faults');
  await form.fill({ vat_id: 'DE123456789', staff: '12', since: '2026-11-30', size: '10+' });
  await form.field('terms').check();
  await look.see('own-fields');
});

/** With words that are as long as they get, and nowhere to break. */
const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft';

journey('long words, locked answers and a brand', {}, async (look) => {
  const { page, world, form } = look;
  const square = '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48"><rect width="48" height="48" rx="9" fill="#0a7f5a"/><circle cx="24" cy="24" r="11" fill="#fff"/></svg>';
  const logo = world.hosts.put('logo.svg', 'image/svg+xml', square);
  let name = 'Cumulus Cloud';
  const fields = 'company_name phone zip country c_sftp_pass';
  await operate(page, () => ({ brand: { name, logo }, colors: { '--doorstep-brand': '#ffcc00' }, suggested: '' }));
  const person = JSON.stringify({ locked: { company_name: 'Analytical Engines', country: 'GB', c_sftp_pass: true }, prefill: { phone: '+44 20 7946 0958' } });
  await look.open({ fields, person });
  await page.locator('[name=company_name][readonly]').waitFor();
  await page.locator('.doorstep-logo').evaluate((logo) => logo.decode());
  await look.see('branded-locked');

  name = LONG;
  const long = JSON.stringify({ locked: { company_name: LONG }, prefill: { fname: LONG, email: `${LONG.slice(0, 60)}@example.com` } });
  await look.open({ fields, person: long, customer: `${LONG.replace('ä', 'a').slice(0, 60)}-${look.language}` });
  await page.locator('[name=company_name][readonly]').waitFor();
  await page.locator('.doorstep-logo').evaluate((logo) => logo.decode());
  await look.send.click();
  await form.isFaulty('lname', /./);
  await look.see('long-words');
});

const LOST = [UNREACHABLE, /could not be loaded/, /Content.Security.Policy|WebAssembly/];

journey('a form that does not come', { allow: LOST }, async (look) => {
  const { page, says, world, form } = look;
  await page.route(MODULE, (route) => route.abort('connectionrefused'));
  await look.goto();
  await form.early();
  await look.text(says.loader.failed).waitFor();
  await look.see('not-loaded');
  await page.route(/\/assets\/early-/, (route) => route.abort('connectionrefused'));
  await look.goto();
  await look.text(says.loader.failed).waitFor();
  await look.see('not-loaded-early');
  await look.goto({ csp: `script-src ${world.server} 'unsafe-inline'; connect-src ${world.server}` });
  await look.text(says.loader.failed).waitFor();
  await page.getByRole('button').nth(1).waitFor();
  await look.see('wasm-forbidden');
});

journey('an order', { allow: PASSING }, async (look) => {
  const { page, says, form } = look;
  const step = (name) => look.title(name).waitFor();
  await look.open({ order: '', 'order-product': '2' });
  await form.fill(ADA);
  await look.send.click();
  await look.button(says.order.start).waitFor();
  await look.see('order-start');
  await look.button(says.order.start).click();
  await step(says.order.product_title);
  await look.see('order-product');
  await look.send.click();
  await step(says.order.project_title);
  await page.locator('[name=image_id]').selectOption({ label: 'WordPress' });
  await look.send.click();
  await form.isFaulty('project_name', /./);
  await look.see('order-project-faults');
  await form.field('project_name').fill('Analytical Engine');
  await look.see('order-project');
  await look.send.click();
  await page.getByRole('heading', { name: /WordPress/ }).waitFor();
  await look.see('order-settings');
  await look.send.click();
  await form.isFaulty('wp_password', /./);
  await look.see('order-settings-faults');
  await form.field('wp_password').fill('correct-horse-battery');

  await page.route(orders, (route) => route.abort('connectionrefused'));
  await look.send.click();
  await look.text(says.order.order_no_answer).waitFor();
  await look.see('order-unreachable');
  await page.unroute(orders);

  const place = await hold(page, orders);
  await page.route(/\/api\/orders\/[^/]+\/events$/, (route) => route.abort('connectionrefused'));
  let becomes = { status: 'processing', project: null };
  await page.route(oneOrder, async (route) => {
    const response = await route.fetch();
    if (route.request().method() !== 'GET') return route.fulfill({ response });
    const json = await response.json();
    Object.assign(json.order, becomes);
    return route.fulfill({ response, json });
  });
  await look.button(says.shared.try_again).click();
  await look.button(says.order.placing).waitFor();
  await look.see('order-placing');
  place();
  await look.text(says.order.working).waitFor();
  await look.see('order-progress');
  const failure = { code: 'provisioner_refused', message: 'There is no room left in Amsterdam. Please try again tomorrow.' };
  becomes = { status: 'failed', project: null, can_retry: true, failure };
  await page.getByText(failure.message).waitFor();
  await look.see('order-failed');

  becomes = { status: 'completed' };
  await look.button(says.order.change_order).click();
  await look.send.click();
  await look.send.click();
  await look.send.click();
  await look.text(says.order.ready_lead).waitFor();
  await look.see('order-ready');
  await look.button(says.order.show_credential).click();
  await look.see('order-ready-credential');

  await page.reload();
  await form.ready();
  await form.fill(ADA);
  await look.send.click();
  await step(says.order.unlock_title);
  await look.see('order-unlock');
  await form.field('api_password').fill('another');
  await look.send.click();
  await form.isFaulty('api_password', /./);
  await look.see('order-unlock-faults');
});

notices('empty', [
  '.doorstep-rows { row-gap: calc(1.125em + 1px) }',
  '.doorstep-root { padding: 24px }',
  '.doorstep-input { border-radius: 0.25em }',
  '.doorstep-label { font-weight: 400 }',
  '.doorstep-lead { --doorstep-muted: #7d8592 }',
  '.doorstep-button { --doorstep-accent: #3468e8 }',
  '.doorstep-form { direction: ltr }',
  '.doorstep-select::after { display: none }',
], (look) => look.open({ fields: 'country c_sftp_pass', customer: `filling-in-${look.language}` }));

test('every part that is described is seen, and no other', () => {
  assert.deepEqual([...seen.parts].sort(), description.parts.map(({ name }) => name).sort());
});

test('no picture is kept of a state that is none', () => isComplete(seen.states));
