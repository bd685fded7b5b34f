// The isolated form: who can show it, what the page's scripts can reach, and
// what either side believes.

import assert from 'node:assert/strict';

import { ADA } from './form.mjs';
import { frameOf, open, settle, told } from './frame.mjs';
import { status } from './guard.mjs';
import { Hosts } from './hosts.mjs';
import { world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const { scenario } = world();
/** The browser's own lines for a frame that it does not show. */
const BLOCKED = [/frame-ancestors|frame-src/, /could not be loaded/, /target origin provided/, /chrome-error/];

scenario('a page that asks for no credential gets none over the channel', async ({ world, page, context }) => {
  await context.addInitScript(() => {
    window.heard = [];
    const { set } = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage');
    Object.defineProperty(MessagePort.prototype, 'onmessage', {
      set(listener) {
        set.call(this, (event) => {
          heard.push(event.data);
          listener(event);
        });
      },
    });
  });
  const form = await open(page, world);
  await form.fill(ADA);
  await form.send.click();
  const { password } = await form.credential();
  await page.waitForFunction(() => notes.events.some(({ name }) => name === 'doorstep:success'));
  const heard = await page.evaluate(() => heard);
  assert.ok(heard.some(({ kind }) => kind === 'offer'));
  assert.ok(!JSON.stringify(heard).includes(password), 'the password crossed');
});

scenario('an unlisted site shows no form, and says so', { allow: BLOCKED }, async ({ world, page, watch }) => {
  // The same pages on an origin that nobody registered.
  const stranger = await Hosts.listen();
  try {
    stranger.serve({ server: world.server, signUpToken: (who) => world.signUpToken(who) });
    watch.expect(stranger.origin);
    for (const more of [{}, { client: world.client.client_id }]) {
      await page.goto(stranger.page('element', { customer: world.customer(), mode: 'frame', ...more }));
      await page.getByText('The form could not be loaded.').waitFor();
      const [error, ...rest] = await page.evaluate(() => notes.events);
      assert.deepEqual([error.name, error.detail, rest], ['doorstep:error', { code: 'frame_unavailable', fields: [] }, []]);
      assert.equal(await page.locator('iframe').count(), 0);
    }
  } finally {
    await stranger.close();
  }
});

scenario('a page whose policy forbids the frame says so at once, and can try again', { allow: BLOCKED }, async ({ world, page }) => {
  const csp = `frame-src 'none'`;
  await page.goto(world.hosts.page('element', { customer: world.customer(), mode: 'frame', csp }));
  const again = page.getByRole('button', { name: 'Try again' });
  await again.waitFor();
  await page.waitForFunction(() => notes.events.length === 1);
  await again.click();
  await page.waitForFunction(() => notes.events.length === 2);
  assert.deepEqual(await page.evaluate(() => notes.events.map(({ detail }) => detail.code)), ['frame_unavailable', 'frame_unavailable']);
});

scenario('a token for another page of the client is refused', { allow: [status(403)] }, async ({ world, page }) => {
  const person = JSON.stringify({ origins: [world.panel] });
  const form = await open(page, world, { person });
  await form.fill(ADA);
  await form.send.click();
  await page.waitForFunction(() => notes.events.some(({ name }) => name === 'doorstep:error'));
  const error = await page.evaluate(() => notes.events.find(({ name }) => name === 'doorstep:error'));
  assert.equal(error.detail.code, 'origin_not_allowed');
});

scenario('scripts of the page reach neither what is typed nor the form', async ({ world, page }) => {
  const form = await open(page, world);
  await form.fill({ fname: 'Ada' });
  const reached = await page.evaluate(() => {
    const frame = document.querySelector('doorstep-signup').shadowRoot.querySelector('iframe');
    const attempts = {
      document: () => frame.contentDocument.body,
      window: () => frame.contentWindow.document,
      form: () => frame.contentWindow.Doorstep,
      location: () => frame.contentWindow.location.href,
    };
    return Object.fromEntries(
      Object.entries(attempts).map(([name, attempt]) => {
        try {
          return [name, String(attempt())];
        } catch (error) {
          return [name, error.name];
        }
      }),
    );
  });
  assert.deepEqual(reached, {
    document: 'TypeError',
    window: 'SecurityError',
    form: 'SecurityError',
    location: 'SecurityError',
  });
  const fields = await page.evaluate(
    () => [document, document.querySelector('doorstep-signup').shadowRoot].flatMap((root) => [...root.querySelectorAll('input')]).length,
  );
  assert.equal(fields, 0);
});

scenario('messages that are not the one from the page are passed over', async ({ world, page }) => {
  await page.goto(world.hosts.page('mount', { customer: world.customer() }));
  const src = `${world.server}/v1/frame?${new URLSearchParams({ origin: world.hosts.origin })}`;
  await page.evaluate(async (src) => {
    window.frame = document.createElement('iframe');
    frame.src = src;
    document.body.append(frame);
    await new Promise((resolve) => (frame.onload = resolve));
    window.answers = [];
    window.init = (more) => ({
      doorstep: 1,
      kind: 'init',
      nonce: 'n',
      options: { token: 't', fields: 'phone', onclick: 'alert(1)', style: 'color:red', api: 'https://evil.example' },
      page: { lang: 'en', dir: 'ltr', scheme: 'light', theme: { '--doorstep-accent': '#123456', color: 'red' } },
      ...more,
    });
    window.post = (message, from = window, ports = 1) => {
      const channels = Array.from({ length: ports }, () => new MessageChannel());
      for (const { port1 } of channels) port1.onmessage = ({ data }) => answers.push({ to: message?.nonce, data });
      from.target = frame.contentWindow;
      from.message = [message, new URL(src).origin, channels.map(({ port2 }) => port2)];
      from.eval('target.postMessage(...message)');
      return channels[0]?.port1;
    };
  }, src);
  const drawn = () => frameOf(page).locator('doorstep-signup').count();
  await page.evaluate(() => {
    // A window of the page's own origin that is not its parent.
    const sibling = document.createElement('iframe');
    document.body.append(sibling);
    post(init(), sibling.contentWindow);
    for (const bad of [null, 'init', 7, [], {}, { kind: 'init' }, { kind: '__proto__' }, { kind: 'toString' }]) post(bad);
    post(init({ doorstep: 2 }));
    post(init({ nonce: 7 }));
    post(init({ options: null }));
    post(init({ page: null }));
    post(init({ page: { ...init().page, theme: 'x' } }));
    post(init(), window, 0);
    post(init(), window, 2);
  });
  await settle(page);
  assert.equal(await drawn(), 0, 'something else was taken for the message');
  assert.deepEqual(await page.evaluate(() => answers), []);

  await page.evaluate(() => (window.port = post(init({ nonce: 'right' }))));
  await frameOf(page).locator('[name=phone]').waitFor();
  const inside = await frameOf(page).evaluate(() => {
    const form = document.querySelector('doorstep-signup');
    return { names: form.getAttributeNames().sort(), style: form.getAttribute('style') };
  });
  assert.deepEqual(inside, { names: ['embedder', 'fields', 'style'], style: '--doorstep-accent: #123456;' });

  await page.evaluate(() => {
    post(init({ nonce: 'second', options: { fields: 'company_name' } }));
    for (const bad of [null, 'x', {}, { kind: 'init' }, { kind: 'update' }, { kind: 'constructor' }, { kind: 'answer', ask: 1 }, { kind: 'answer', ask: 99, yes: true }])
      port.postMessage(bad);
  });
  await settle(page);
  assert.equal(await frameOf(page).locator('[name=company_name]').count(), 0, 'a second init was taken');
  const answers = await page.evaluate(() => window.answers);
  assert.deepEqual([...new Set(answers.map(({ to }) => to))], ['right']);
  assert.equal(answers[0].data.kind, 'hello');
  assert.equal(answers[0].data.nonce, 'right');
});

scenario('the page passes over what is not of the frame or of the protocol', async ({ world, page, context }) => {
  await context.addInitScript(() => {
    // The page's end of the channel, to speak as the frame does.
    const { set } = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage');
    Object.defineProperty(MessagePort.prototype, 'onmessage', {
      set(listener) {
        window.say = (data) => listener({ data });
        set.call(this, listener);
      },
    });
  });
  await open(page, world);
  const changed = await page.evaluate(() => {
    const element = document.querySelector('doorstep-signup');
    const frame = element.shadowRoot.querySelector('iframe');
    element.onCredential = (credential) => notes.credentials.push(credential);
    const before = frame.style.height;
    notes.events.length = 0;
    for (const data of [
      ...[null, 'size', 7, {}, { kind: 'nothing' }, { kind: '__proto__' }, { kind: 'constructor' }],
      ...[{ kind: 'size' }, { kind: 'size', height: '9px' }, { kind: 'size', height: 1e9 }, { kind: 'size', height: -1 }],
      ...[{ kind: 'event', name: 'x y', detail: null }, { kind: 'event', name: 7, detail: null }, { kind: 'event', name: 'x', detail: 'text' }],
      // Not asked for, so not taken; and a second greeting.
      ...[{ kind: 'credential', credential: { username: 'u', password: 'p' } }, { kind: 'hello', nonce: 'x', height: 1 }],
    ])
      say(data);
    window.postMessage({ kind: 'event', name: 'success', detail: {} }, '*');
    return { height: frame.style.height === before, events: notes.events, credentials: notes.credentials };
  });
  assert.deepEqual(changed, { height: true, events: [], credentials: [] });
});

scenario('a press that comes before a person could have seen the button does nothing', async ({ world, page }) => {
  const form = await open(page, world);
  await form.fill(ADA);
  const frame = frameOf(page);
  await expectSoon('it takes presses', () => form.send.isEnabled(), true);
  // Out of sight, for longer than a form that grows takes, and back: as a page does that slides it under the pointer.
  await page.evaluate(() => {
    document.querySelector('main').style.display = 'none';
    return new Promise((resolve) => setTimeout(resolve, 600));
  });
  await page.evaluate(() => (document.querySelector('main').style.display = ''));
  await frame.waitForFunction(() => document.querySelector('doorstep-signup').shadowRoot.querySelector('[type=submit]').disabled);
  await frame.evaluate(() => document.querySelector('doorstep-signup').shadowRoot.querySelector('form').requestSubmit());
  await settle(page);
  assert.deepEqual(await told(page), ['doorstep:ready'], 'it was sent');
  // Waits until it is enabled, as a person does.
  await form.send.click();
  await world.account(await form.credential());
});
