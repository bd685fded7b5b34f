// What the widget leaves alone: the host's page, and everybody's secrets.

import assert from 'node:assert/strict';

import { ADA, Form } from './form.mjs';
import { UNREACHABLE, status } from './guard.mjs';
import { world } from './harness.mjs';

const { scenario } = world();

scenario('events are as documented, and none carries a secret', async ({ world, page }) => {
  await page.goto(world.hosts.page('styled', { customer: world.customer() }));
  const form = new Form(page);
  await form.ready();
  const token = await form.element.getAttribute('token');
  await form.fill(ADA);
  await form.send.click();
  const { username, password } = await form.credential();

  const events = await page.evaluate(() => notes.events);
  assert.deepEqual(events.map(({ name }) => name), ['doorstep:ready', 'doorstep:submit', 'doorstep:success']);
  for (const { name, bubbles, composed, target, id } of events) {
    assert.deepEqual({ name, bubbles, composed, target, id }, { name, bubbles: true, composed: true, target: 'doorstep-signup', id: 'element-1' });
  }
  assert.equal(events[2].detail.user.api.username, username);
  const said = JSON.stringify(events);
  assert.ok(!said.includes(password), 'an event carries the password');
  assert.ok(token && !said.includes(token), 'an event carries the token');
});

scenario('a refusal is an event with its code and fields', { allow: [status(409)] }, async ({ world, page }) => {
  const customer = world.customer();
  assert.equal(await world.signUpAgain(customer), 201);
  await page.goto(world.hosts.page('styled', { customer }));
  const form = new Form(page);
  await form.ready();
  await form.fill(ADA);
  await form.send.click();
  await page.getByText('You already have an account here').waitFor();
  const [error] = await page.evaluate(() => notes.events.filter(({ name }) => name === 'doorstep:error'));
  assert.equal(error.detail.code, 'already-registered');
  assert.deepEqual([...error.detail.fields], []);
});

scenario('a token that no longer works asks the host for another', { allow: [status(401)] }, async ({ world, page }) => {
  const customer = world.customer();
  await page.goto(world.hosts.page('styled', { customer }));
  const form = new Form(page);
  await form.ready();
  await form.element.evaluate((element) => element.setAttribute('token', 'expired'));
  await form.fill(ADA);
  await form.send.click();
  await page.waitForFunction(() => notes.events.some(({ name }) => name === 'doorstep:token-needed'));
  await page.getByText('no longer allowed to create the account').waitFor();
  assert.deepEqual(await form.answers(Object.keys(ADA)), ADA);
  // The next token is used at once: the person has pressed the button already.
  const fresh = await world.signUpToken(customer);
  await form.element.evaluate((element, token) => element.setAttribute('token', token), fresh);
  await world.account(await form.credential());
});

scenario('one new global; fetch and history are the page\'s own', async ({ world, page }) => {
  await page.goto(world.hosts.page('styled', { customer: world.customer() }));
  const form = new Form(page);
  await form.ready();
  const before = { url: page.url(), entries: await page.evaluate(() => history.length) };
  const width = await page.evaluate(() => innerWidth);
  await form.fill(ADA);
  await form.send.click();
  await form.credential();
  const after = await page.evaluate(() => ({
    globals: Object.getOwnPropertyNames(window).filter((name) => !notes.before.includes(name)),
    fetch: fetch === notes.fetch,
    pushState: history.pushState === notes.pushState,
    replaceState: history.replaceState === notes.replaceState,
    cookies: document.cookie,
    stored: [localStorage.length, Object.keys(sessionStorage).sort()],
    entries: history.length,
    url: location.href,
  }));
  assert.deepEqual(after, {
    globals: ['Doorstep'],
    fetch: true,
    pushState: true,
    replaceState: true,
    cookies: '',
    // The key of the last attempt and the form's height, for a reload.
    stored: [0, ['doorstep-0-attempt', `doorstep-place${width}/styled`]],
    ...before,
  });
});

/** What a person would see change. Sizes stay out: a host's font may rightly count. */
const LOOK = [
  ...['display', 'position', 'float', 'visibility', 'cursor', 'white-space', 'text-align', 'text-indent'],
  ...['text-transform', 'letter-spacing', 'word-spacing', 'font-style', 'font-weight', 'color'],
  ...['background-color', 'margin-top', 'padding-top', 'border-top-width', 'border-top-style', 'border-top-color'],
];
const look = (elements, names) =>
  elements.map((element) => {
    const style = getComputedStyle(element);
    return [element.localName, element.getAttribute('name'), ...names.map((name) => style.getPropertyValue(name))].join(' | ');
  });

scenario('no style of the host reaches the form', async ({ world, page }) => {
  const looks = [];
  for (const options of [{}, { hostile: '1' }]) {
    await page.goto(world.hosts.page('styled', { ...options, customer: world.customer() }));
    const form = new Form(page);
    await form.ready();
    looks.push(
      await form.element.evaluate(
        (element, [look, names]) => new Function(`return (${look})`)()([...element.shadowRoot.querySelectorAll('form, form *')], names),
        [look.toString(), LOOK],
      ),
    );
    if (options.hostile) {
      await form.fill(ADA);
      await form.send.click();
      await world.account(await form.credential());
    }
  }
  assert.ok(looks[0].length > 10, 'there is nothing to compare');
  assert.deepEqual(looks[1], looks[0]);
});

scenario('no style of the form reaches the host', { allow: [UNREACHABLE] }, async ({ world, page }) => {
  const read = () =>
    page.evaluate(
      ([look, names]) => ({
        looks: new Function(`return (${look})`)()([...document.querySelectorAll('html, body, #own, .own')], names),
        sheets: document.styleSheets.length + document.adoptedStyleSheets.length,
        head: document.head.querySelectorAll('style, link[rel=stylesheet]').length,
        classes: document.documentElement.className + document.body.className,
      }),
      [look.toString(), LOOK],
    );
  await page.route('**/v1/doorstep.js', (route) => route.abort());
  const address = world.hosts.page('styled', { customer: world.customer() });
  await page.goto(address);
  const without = await read();
  await page.unroute('**/v1/doorstep.js');
  await page.goto(address);
  await new Form(page).ready();
  assert.deepEqual(await read(), without);
});
