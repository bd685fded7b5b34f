// The page around the form is not pushed about, whatever arrives when: loader, form, module, what the token says.

import assert from 'node:assert/strict';

import { Form } from './form.mjs';
import { frameOf, inFrame } from './frame.mjs';
import { world } from './harness.mjs';
import { expectSoon } from './soon.mjs';
import { shiftsOf, watchShifts } from './steady.mjs';

const LOGO = 'https://logo.example/logo.svg';
const { scenario } = world({
  DOORSTEP_BRANDING__NAME: 'Cumulus Cloud',
  DOORSTEP_BRANDING__LOGO: LOGO,
  DOORSTEP_BRANDING__COLOR: '#0b7a5b',
  DOORSTEP_FORM__FIELDS: 'company_name country',
});

const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40"><rect width="120" height="40" fill="#0b7a5b"/></svg>';
const SESSION = '**/api/widget/session';
const EARLY = '**/assets/early-*.js';
const MODULE = '**/assets/doorstep-*.wasm';
/** As the widget's README says it to hosts: two lines more, and a brand. */
const reserved = (fields) => `doorstep-signup { display: block; min-height: ${fields + 6 * 2 + 3}rem }`;
const [WIDE, NARROW] = [reserved(23), reserved(27)];
/** A telephone that nobody asks for, and it and the address are locked. */
const LOCKED = reserved(23 + 9 + 2 * 2);
const person = JSON.stringify({ prefill: { fname: 'Ada', lname: 'Lovelace', company_name: 'Engines', country: 'GB' } });

/** Holds requests back until they are let through. */
async function hold(page, pattern, answer = (route) => route.continue()) {
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  await page.route(pattern, async (route) => {
    await gate;
    await answer(route);
  });
  return () => release();
}

const holdLogo = (page, watch) => {
  watch.expect(new URL(LOGO).origin);
  return hold(page, LOGO, (route) => route.fulfill({ contentType: 'image/svg+xml', body: PICTURE }));
};

const below = (page) => page.locator('#after').evaluate((it) => it.getBoundingClientRect().top);
const logo = (page) => page.locator('.doorstep-logo').evaluate((it) => it.naturalWidth);

/** One thing after the other, each drawn before the next comes. */
async function arrive({ page, watch, address, company = 'Engines' }) {
  const gates = { form: await hold(page, EARLY), module: await hold(page, MODULE), token: await hold(page, SESSION), logo: await holdLogo(page, watch) };
  const form = new Form(page);
  await (address ? page.goto(address) : page.reload());
  await page.locator('.doorstep-wait').waitFor();
  const tops = [await below(page)];
  gates.form();
  await form.early();
  await page.getByText('Cumulus Cloud', { exact: true }).waitFor();
  await form.field('company_name').waitFor();
  tops.push(await below(page));
  gates.module();
  await form.ready();
  tops.push(await below(page));
  gates.logo();
  await expectSoon('the logo is there', () => logo(page), 120);
  tops.push(await below(page));
  gates.token();
  await expectSoon('the token says the rest', () => form.field('company_name').inputValue(), company);
  await page.getByText('demo.panel.example', { exact: true }).waitFor();
  tops.push(await below(page));
  await page.unrouteAll();
  return tops;
}

for (const [name, browsing] of Object.entries({ wide: {}, phone: { viewport: { width: 360, height: 740 } } })) {
  scenario(`where the host keeps the place nothing moves, at the first visit and at the next (${name})`, browsing, async ({ world, page, context, watch }) => {
    await watchShifts(context);
    const address = world.hosts.page('element', { customer: world.customer(), person, style: name === 'phone' ? NARROW : WIDE });
    for (const visit of [address, undefined]) {
      const tops = await arrive({ page, watch, address: visit });
      assert.equal(new Set(tops).size, 1, tops.join());
      assert.deepEqual(await shiftsOf(page), []);
    }
  });
}

scenario('what the token says moves nothing where the host keeps no place', async ({ world, page, watch }) => {
  const [, form, ...later] = await arrive({ page, watch, address: world.hosts.page('element', { customer: world.customer(), person }) });
  for (const top of later) assert.equal(top, form);
});

scenario('a tab keeps the place of the form that it had', async ({ world, page, watch }) => {
  const address = world.hosts.page('element', { customer: world.customer(), person });
  const [first, form] = await arrive({ page, watch, address });
  assert.notEqual(first, form, 'there is nothing to see here');
  await new Form(page).fill({ company_name: 'Analytical Engines' });
  await page.keyboard.press('Tab');
  const tops = await arrive({ page, watch, company: 'Analytical Engines' });
  for (const top of tops) assert.ok(Math.abs(top - form) <= 1, `${tops} after ${form}`);
});

scenario('nor does it matter which of the two was there first, the early form or the module', async ({ world, page, watch }) => {
  await (await holdLogo(page, watch))();
  const early = await hold(page, EARLY);
  await page.goto(world.hosts.page('element', { customer: world.customer(), person }));
  const form = new Form(page);
  await form.ready();
  early();
  await expectSoon('the logo is there', () => logo(page), 120);
  await form.fill({ company_name: 'Analytical Engines' });
  await page.keyboard.press('Tab');
  const { height } = await form.element.boundingBox();
  const gates = [await hold(page, EARLY), await hold(page, MODULE)];
  await page.reload();
  await page.locator('.doorstep-wait').waitFor();
  const kept = await form.element.boundingBox();
  assert.ok(Math.abs(kept.height - height) <= 1, `${kept.height} in place of ${height}`);
  for (const release of gates) release();
});

scenario('a page with a fixed place is not moved by what the provider set, either', async ({ world, page, context, watch }) => {
  await (await holdLogo(page, watch))();
  const token = await hold(page, SESSION);
  const locked = JSON.stringify({ locked: { email: 'ada@example.com', phone: '+442079460958' } });
  await page.goto(world.hosts.page('element', { customer: world.customer(), person: locked, style: LOCKED }));
  const form = new Form(page);
  await form.ready();
  const before = await below(page);
  token();
  await form.field('phone').waitFor();
  assert.equal(await below(page), before);
});

// A frame shows no pictures of other hosts.
scenario('a frame keeps to the place as well', { allow: [/img-src/] }, async ({ world, page, context, watch }) => {
  await (await holdLogo(page, watch))();
  await watchShifts(context);
  await page.goto(world.hosts.page('element', { customer: world.customer(), person, mode: 'frame', style: WIDE }));
  const form = inFrame(page);
  await expectSoon('the token says the rest', () => form.field('company_name').inputValue(), 'Engines');
  assert.ok(frameOf(page));
  assert.deepEqual(await shiftsOf(page), []);
});
