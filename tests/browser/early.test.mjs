// The form before its module is there: typed into at once, and taken over without a loss.

import assert from 'node:assert/strict';

import { drawn, hold, MODULE } from './early.mjs';
import { ADA, focused, Form } from './form.mjs';
import { frameOf, inFrame } from './frame.mjs';
import { UNREACHABLE } from './guard.mjs';
import { world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const { scenario } = world();

const EVERYTHING = 'phone company_name address1 address2 city state zip country currency locale c_sftp_pass';

const signUps = (watch) => watch.requests(/^\/api\/users$/).filter(({ method }) => method === 'POST');

/** The input under the caret, and what is selected in it. */
const caret = (page) =>
  page.evaluate(() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return { name: at.name, selection: [at.selectionStart, at.selectionEnd], scrolled: at.scrollLeft };
  });

scenario('what is typed before the module is there is kept, and so are caret, focus and the press', async ({ world, page, watch }) => {
  const gate = await hold(page);
  const fields = 'phone country c_sftp_pass';
  await page.goto(world.hosts.page('element', { customer: world.customer(), fields, 'value-country': 'GB' }));
  const form = new Form(page);
  await form.early();
  await form.field('fname').click();
  await page.keyboard.type('Ada Augusta');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Lovelace');
  await page.keyboard.press('Tab');
  await page.keyboard.type('ada@example.com');
  await form.field('c_sftp_pass').check();
  await form.field('country').selectOption('FR');
  await form.field('country').selectOption('GB');
  // In the middle of a word.
  await form.field('fname').evaluate((input) => {
    input.focus();
    input.setSelectionRange(4, 11, 'backward');
  });
  const before = await caret(page);
  gate.release();
  await form.ready();
  assert.deepEqual(await caret(page), before);
  assert.deepEqual(before.selection, [4, 11]);
  await page.keyboard.type('King');
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'lname');
  assert.equal(await form.field('c_sftp_pass').isChecked(), true);
  await form.send.click();
  const account = await world.account(await form.credential());
  const { fname, lname, email, country } = account;
  assert.deepEqual({ fname, lname, email, country }, { ...ADA, fname: 'Ada King', country: 'GB' });
  assert.equal(account.c_sftp_pass, true);
  assert.equal(signUps(watch).length, 1);
});

scenario('the caret stays in the middle of an address, where inputs do not say where it is', async ({ world, page }) => {
  const gate = await hold(page);
  await page.goto(world.hosts.page('element', { customer: world.customer() }));
  const form = new Form(page);
  await form.early();
  await form.field('email').click();
  await page.keyboard.type('ada@com');
  for (let step = 0; step < 3; step += 1) await page.keyboard.press('ArrowLeft');
  gate.release();
  await form.ready();
  await page.keyboard.type('example.');
  assert.equal(await form.field('email').inputValue(), 'ada@example.com');
  assert.equal(await form.field('email').getAttribute('type'), 'email');
});

scenario('a press before the module is there is done when it comes, once', async ({ world, page, watch }) => {
  const gate = await hold(page);
  await page.goto(world.hosts.page('element', { customer: world.customer() }));
  const form = new Form(page);
  await form.early();
  await form.fill(ADA);
  await form.send.click();
  const button = form.scope.locator('button[type=submit]');
  await expectSoon('the person sees it', () => button.textContent(), 'Creating your account…');
  assert.equal(await button.getAttribute('aria-disabled'), 'true');
  await button.click({ force: true });
  await page.keyboard.press('Enter');
  assert.equal(signUps(watch).length, 0);
  gate.release();
  assert.equal((await world.account(await form.credential())).fname, 'Ada');
  assert.equal(signUps(watch).length, 1);
  assert.deepEqual(
    await page.evaluate(() => notes.events.map(({ name }) => name)),
    ['doorstep:ready', 'doorstep:submit', 'doorstep:success'],
  );
});

scenario('a press with something missing leads to it when the module comes', async ({ world, page, watch }) => {
  const gate = await hold(page);
  await page.goto(world.hosts.page('element', { customer: world.customer() }));
  const form = new Form(page);
  await form.early();
  await form.field('fname').click();
  await page.keyboard.type('Ada');
  await page.keyboard.press('Enter');
  gate.release();
  await form.isFaulty('lname', /is required/);
  await expectSoon('focus on the first fault', () => focused(page), 'lname');
  assert.deepEqual(await form.answers(['fname', 'lname']), { fname: 'Ada', lname: '' });
  assert.equal(signUps(watch).length, 0);
});

scenario('no key is lost while the module comes in', async ({ world, page }) => {
  const gate = await hold(page);
  await page.goto(world.hosts.page('element', { customer: world.customer() }));
  const form = new Form(page);
  await form.early();
  await form.field('lname').click();
  const isThere = () => page.locator('[name=lname]:not([id^="doorstep-early"])').count();
  let typed = '';
  const key = async () => {
    const letter = String.fromCharCode(97 + (typed.length % 26));
    typed += letter;
    await page.keyboard.press(letter);
  };
  for (let count = 0; count < 20; count += 1) await key();
  gate.release();
  while (!(await isThere())) await key();
  const across = typed.length;
  for (let count = 0; count < 20; count += 1) await key();
  assert.ok(across > 20, 'nothing was typed while it came');
  assert.equal(await form.field('lname').inputValue(), typed);
});

scenario('a composition is not broken off', async ({ world, page }) => {
  const gate = await hold(page);
  await page.goto(world.hosts.page('two', { customer1: world.customer(), customer2: world.customer() }));
  const [form, other] = ['#left', '#right'].map((place) => new Form(page.locator(place)));
  await form.early();
  await other.early();
  await form.field('lname').click();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Input.imeSetComposition', { text: 'に', selectionStart: 1, selectionEnd: 1 });
  gate.release();
  // The module is there, as the other form shows.
  await other.ready();
  await devtools.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 });
  assert.match(await form.field('lname').getAttribute('id'), /early/);
  await devtools.send('Input.insertText', { text: '日本' });
  await form.ready();
  await page.keyboard.type('!');
  assert.equal(await form.field('lname').inputValue(), '日本!');
});

scenario('a press that is under way is not broken off', async ({ world, page }) => {
  const gate = await hold(page);
  await page.goto(world.hosts.page('two', { customer1: world.customer(), customer2: world.customer() }));
  const [form, other] = ['#left', '#right'].map((place) => new Form(page.locator(place)));
  await form.early();
  await other.early();
  await form.fill(ADA);
  const { x, y, width, height } = await form.send.boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  gate.release();
  await other.ready();
  assert.match(await form.field('lname').getAttribute('id'), /early/);
  await page.mouse.up();
  await world.account(await form.credential());
});

const SIGHTS = [
  { fields: EVERYTHING },
  { fields: 'zip country' },
  { fields: 'city zip country, currency', lang: 'de' },
  { fields: 'phone\tstate locale', lang: 'ja' },
  { fields: 'company_name', lang: 'ar' },
  { fields: EVERYTHING, lang: 'hu', theme: 'dark', width: 360 },
  { fields: 'pets currency locale', shadow: 'none' },
];

for (const { width, ...sight } of SIGHTS) {
  const name = Object.values(sight).join(', ');
  scenario(`it is the same form in the same place: ${name}`, { viewport: { width: width ?? 1280, height: 900 }, allow: [UNREACHABLE] }, async ({ world, page }) => {
    const gate = await hold(page);
    // What the token says is not known before.
    await page.route(/session$/, (route) => route.abort());
    const values = { 'value-fname': 'Ada', 'value-country': 'GB', 'value-c_sftp_pass': 'true' };
    await page.goto(world.hosts.page('element', { customer: world.customer(), ...sight, ...values }));
    const form = new Form(page);
    await form.early();
    const lists = sight.fields.match(/country|currency|locale/g)?.length ?? 0;
    await expectSoon('the lists are filled', () => page.locator('doorstep-signup select:has(option:nth-child(9))').count(), lists);
    const early = await drawn(form);
    gate.release();
    await form.ready();
    assert.deepEqual(await drawn(form), early);
  });
}

scenario('a module that does not come takes nothing of what was typed', { allow: [UNREACHABLE, /could not be loaded/] }, async ({ world, page, watch }) => {
  await page.route(MODULE, (route) => route.abort('connectionrefused'));
  await page.goto(world.hosts.page('element', { customer: world.customer() }));
  const form = new Form(page);
  await page.getByRole('alert').getByText('The form could not be loaded.').waitFor();
  await form.fill(ADA);
  await form.send.click();
  await page.unroute(MODULE);
  await form.retry.click();
  assert.equal((await world.account(await form.credential())).lname, 'Lovelace');
  assert.equal(signUps(watch).length, 1);
});

scenario('a frame is typed into early as well', async ({ world, page, watch }) => {
  const gate = await hold(page);
  await page.goto(world.hosts.page('element', { customer: world.customer(), mode: 'frame' }));
  const form = inFrame(page);
  await form.early();
  await form.fill(ADA);
  await expectSoon('it takes presses', () => form.send.isEnabled(), true);
  gate.release();
  await form.ready();
  assert.deepEqual(await form.answers(Object.keys(ADA)), ADA);
  assert.ok(frameOf(page));
  await form.send.click();
  await world.account(await form.credential());
  assert.equal(signUps(watch).length, 1);
});

scenario('a page that takes the form away before its module is there is left alone', async ({ world, page }) => {
  const gate = await hold(page);
  await page.goto(world.hosts.page('element', { customer: world.customer() }));
  const form = new Form(page);
  await form.early();
  await form.fill(ADA);
  await form.element.evaluate((element) => element.remove());
  gate.release();
  await page.waitForLoadState('networkidle');
  assert.deepEqual(await page.evaluate(() => notes.events), []);
});

scenario('a form that is taken away while the module waits for a composition leaves nothing', async ({ world, page, context }) => {
  await page.addInitScript(() => {
    window.forms = [];
    const { cloneNode } = Element.prototype;
    Element.prototype.cloneNode = function (...depth) {
      const made = cloneNode.apply(this, depth);
      if (this.className === 'doorstep-root') forms.push(new WeakRef(made));
      return made;
    };
  });
  const gate = await hold(page);
  await page.goto(world.hosts.page('two', { customer1: world.customer(), customer2: world.customer() }));
  const [form, other] = ['#left', '#right'].map((place) => new Form(page.locator(place)));
  await form.early();
  await other.early();
  await form.field('lname').click();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Input.imeSetComposition', { text: 'に', selectionStart: 1, selectionEnd: 1 });
  gate.release();
  await other.ready();
  const forms = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    return page.evaluate(() => forms.filter((form) => form.deref()).length);
  };
  await expectSoon('the module waits with one form and has placed the other', forms, 2);
  await form.element.evaluate((element) => element.remove());
  await expectSoon('the one that nobody waits for is gone', forms, 1);
});
