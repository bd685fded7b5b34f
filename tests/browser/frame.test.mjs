// The isolated form: an ordinary form to the page and to the person, and
// nothing that the page's scripts can reach.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import axe from 'axe-core';

import { ADA, Form } from './form.mjs';
import { status } from './guard.mjs';
import { Hosts } from './hosts.mjs';
import { ROOT, world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const { scenario } = world();
const FOLDER = join(ROOT, 'target/screenshots');
/** The browser's own lines for a frame that it does not show. */
const BLOCKED = [/frame-ancestors|frame-src/, /could not be loaded/, /target origin provided/, /chrome-error/];

/** The form inside the frame, as a person meets it. */
const inFrame = (page) => new Form(page.frameLocator('doorstep-signup iframe'));
const frameOf = (page) => page.frames().find((frame) => new URL(frame.url()).pathname === '/v1/frame');
const told = (page) => page.evaluate(() => notes.events.map(({ name }) => name));
/** What every test of this file wants to know at its end: nothing that the frame's policy had to stop. */
const watchViolations = (context) =>
  context.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) =>
      violations.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`),
    );
  });

async function open(page, world, options = {}) {
  await page.goto(world.hosts.page('element', { customer: world.customer(), mode: 'frame', ...options }));
  const form = inFrame(page);
  await form.ready();
  return form;
}

scenario('the same sign-up and the same events as inline, with no policy broken', async ({ world, page, context }) => {
  await watchViolations(context);
  const accounts = [];
  const seen = [];
  for (const mode of ['inline', 'frame']) {
    const person = JSON.stringify({ prefill: { fname: 'Ada' }, locked: { email: `ada@${mode}.example` } });
    await page.goto(world.hosts.page('element', { customer: world.customer(), mode, person }));
    await page.evaluate(() => {
      document.querySelector('doorstep-signup').onCredential = (credential) => {
        notes.events.push({ name: 'credential' });
        notes.credentials.push(credential);
      };
    });
    const form = mode === 'frame' ? inFrame(page) : new Form(page);
    await expectSoon('the token is asked', () => form.field('fname').inputValue(), 'Ada');
    await form.send.click();
    await form.isFaulty('lname', /is required/);
    await form.fill({ lname: 'Lovelace' });
    await form.send.click();
    const shown = await form.credential();
    await page.waitForFunction(() => notes.events.some(({ name }) => name === 'doorstep:success'));
    const { events, credentials } = await page.evaluate(() => notes);
    assert.deepEqual(credentials, [shown], `${mode}: the credential is handed over exactly once`);
    assert.ok(!JSON.stringify(events).includes(shown.password), `${mode}: an event carries the password`);
    accounts.push(await world.account(shown));
    const success = events.at(-1);
    assert.equal(success.detail.user.api.username, shown.username);
    success.detail.user = Object.keys(success.detail.user).sort();
    seen.push(events);
    if (mode === 'frame') {
      assert.deepEqual(await frameOf(page).evaluate(() => violations), []);
      const address = frameOf(page).url();
      assert.ok(!address.includes('sgn_'), 'the token stands in an address');
    }
    assert.deepEqual(await page.evaluate(() => violations), []);
  }
  assert.deepEqual(seen[1], seen[0]);
  assert.deepEqual(
    seen[1].map(({ name }) => name),
    ['doorstep:ready', 'doorstep:error', 'doorstep:submit', 'credential', 'doorstep:success'],
  );
  assert.deepEqual(
    accounts.map(({ fname, lname, email }) => [fname, lname, email]),
    ['inline', 'frame'].map((mode) => ['Ada', 'Lovelace', `ada@${mode}.example`]),
  );
});

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

scenario('preventDefault on submit and on token-needed works as inline', { allow: [status(401)] }, async ({ world, page }) => {
  const customer = world.customer();
  const form = await open(page, world, { customer });
  await page.evaluate(() => {
    notes.hold = (event) => event.preventDefault();
    addEventListener('doorstep:submit', notes.hold);
  });
  await form.fill(ADA);
  await form.send.click();
  await page.waitForFunction(() => notes.events.some(({ name }) => name === 'doorstep:submit'));
  assert.equal(await form.send.isEnabled(), true);
  assert.deepEqual(await told(page), ['doorstep:ready', 'doorstep:submit']);
  await page.evaluate(() => removeEventListener('doorstep:submit', notes.hold));

  // Nobody brings another token: the person is told at once.
  const element = page.locator('doorstep-signup');
  const token = await element.getAttribute('token');
  const broken = token.slice(0, 10) + (token[10] === 'x' ? 'y' : 'x') + token.slice(11);
  await element.evaluate((element, token) => element.update({ token }), broken);
  await form.scope.getByText('no longer allowed to create the account').waitFor();
  await page.waitForFunction(() => notes.events.at(-1).name === 'doorstep:error');
  assert.deepEqual((await told(page)).slice(2), ['doorstep:token-needed', 'doorstep:error']);
  assert.equal((await page.evaluate(() => notes.events.at(-1))).detail.code, 'invalid_token');

  // The host brings one when it is asked, and the answers go out by themselves.
  const fresh = await world.signUpToken(customer);
  await page.evaluate((fresh) => {
    addEventListener('doorstep:token-needed', (event) => {
      event.preventDefault();
      event.target.update({ token: fresh });
    });
  }, fresh);
  await form.send.click();
  await world.account(await form.credential());
});

scenario('a host that promised a token can say that none comes', { allow: [status(401)] }, async ({ world, page }) => {
  for (const mode of ['inline', 'frame']) {
    await page.goto(world.hosts.page('element', { customer: world.customer(), mode }));
    const form = mode === 'frame' ? inFrame(page) : new Form(page);
    await form.ready();
    await page.evaluate(() => addEventListener('doorstep:token-needed', (event) => event.preventDefault()));
    const element = page.locator('doorstep-signup');
    await element.evaluate((element) => element.update({ token: 'expired' }));
    await form.fill(ADA);
    await form.send.click();
    await page.waitForFunction(() => notes.events.some(({ name }) => name === 'doorstep:token-needed'));
    await element.evaluate((element) => element.decline());
    await form.scope.getByText('no longer allowed to create the account').waitFor();
    await page.waitForFunction(() => notes.events.at(-1).name === 'doorstep:error');
    assert.equal((await page.evaluate(() => notes.events.at(-1))).detail.code, 'invalid_token', mode);
  }
});

scenario('Doorstep.mount: fields, theme, values and token change; unmount leaves nothing', async ({ world, page }) => {
  const customer = world.customer();
  const [first, second] = [await world.signUpToken('somebody-else'), await world.signUpToken(customer)];
  await page.goto(world.hosts.page('mount', { customer }));
  await page.waitForFunction(() => window.Doorstep);
  await page.evaluate((token) => {
    window.handle = Doorstep.mount('#place', {
      mode: 'frame',
      token,
      fields: 'phone',
      values: { lname: 'Lovelace' },
      onCredential: (credential) => notes.credentials.push(credential),
    });
  }, first);
  const form = inFrame(page);
  await form.field('phone').waitFor();
  assert.equal(await form.field('lname').inputValue(), 'Lovelace');
  await form.scope.getByText('somebody-else', { exact: true }).waitFor();
  await form.fill({ fname: 'Ada' });
  await page.evaluate((token) => handle.update({ fields: 'company_name', theme: 'dark', token }), second);
  await form.field('company_name').waitFor();
  await form.scope.getByText(customer, { exact: true }).waitFor();
  assert.equal(await form.field('fname').inputValue(), 'Ada', 'an update loses what was typed');
  assert.equal(await frameOf(page).evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark');
  await form.fill(ADA);
  await form.send.click();
  assert.deepEqual([await form.credential()], await page.evaluate(() => notes.credentials));
  await page.evaluate(() => handle.unmount());
  await expectSoon('the frame is gone', async () => page.frames().length, 1);
  assert.equal(await page.locator('doorstep-signup, iframe').count(), 0);
  // What the page does now reaches nobody, and breaks nothing.
  await page.evaluate(() => {
    handle.update({ theme: 'light' });
    document.documentElement.lang = 'fr';
  });
});

scenario('the script tag alone, under a policy that allows no wasm and no request', async ({ world, page, context, watch }) => {
  await watchViolations(context);
  const customer = world.customer();
  const loader = `${world.server}/v1/doorstep.js`;
  const token = await world.signUpToken(customer);
  const csp = `default-src 'none'; script-src ${world.server} 'unsafe-inline'; frame-src ${world.server}; require-trusted-types-for 'script'`;
  await page.goto(world.hosts.page('element', { customer, mode: 'frame', csp }));
  await page.evaluate(() => document.querySelector('doorstep-signup').remove());
  await page.evaluate(
    ([src, token]) => {
      const tag = document.createElement('script');
      tag.src = trustedTypes.createPolicy('host', { createScriptURL: (url) => url }).createScriptURL(src);
      tag.dataset.token = token;
      tag.dataset.mode = 'frame';
      document.getElementById('place').append(tag);
    },
    [loader, token],
  );
  const form = inFrame(page);
  await form.ready();
  await form.fill(ADA);
  await form.send.click();
  await world.account(await form.credential());
  assert.deepEqual(await page.evaluate(() => violations), []);
  const own = watch.requests(/^\/api\//).map(({ request }) => new URL(request.frame().url()).origin);
  assert.deepEqual([...new Set(own)], [world.server], 'the page itself called the API');
});

scenario('a page of the client that names it is let in', async ({ world, page }) => {
  const form = await open(page, world, { client: world.client.client_id });
  assert.equal(new URL(frameOf(page).url()).search, `?client=${world.client.client_id}`);
  await form.fill(ADA);
  await form.send.click();
  await world.account(await form.credential());
});

scenario('an unlisted site shows no form, and says so', { allow: BLOCKED }, async ({ world, page, watch }) => {
  // The same pages on an origin that nobody registered.
  const stranger = await Hosts.listen();
  try {
    stranger.serve({ server: world.server, token: () => world.registerToken(), signUpToken: (who) => world.signUpToken(who) });
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

/** Waits until what was posted has been passed over. */
const settle = (page) => frameOf(page).evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));

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

scenario('the frame is as tall as its content, whatever happens in it', { viewport: { width: 390, height: 844 } }, async ({ world, page }) => {
  const form = await open(page, world, { fields: 'company_name country phone' });
  const heights = async () => {
    const outer = await page.locator('doorstep-signup iframe').evaluate((frame) => frame.getBoundingClientRect().height);
    const inner = await frameOf(page).evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return { height: Math.ceil(document.querySelector('doorstep-signup').getBoundingClientRect().height), wide: scrollWidth > clientWidth };
    });
    assert.equal(inner.wide, false, 'the form is wider than the frame');
    return [outer, inner.height];
  };
  const fits = (state) => expectSoon(`it fits ${state}`, async () => new Set(await heights()).size, 1);
  await fits('editing');
  const [editing] = await heights();
  await form.send.click();
  await form.isFaulty('fname', /is required/);
  await fits('refused');
  assert.ok((await heights())[0] > editing, 'the faults add no height');
  await page.locator('doorstep-signup').evaluate((element) => element.update({ fields: '' }));
  await expectSoon('a field less', () => form.field('country').count(), 0);
  await fits('with fewer fields');
  await page.setViewportSize({ width: 320, height: 700 });
  await fits('on a narrow phone');
  await form.fill(ADA);
  await form.send.click();
  await form.credential();
  await fits('done');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
});

scenario('the keyboard goes through the frame and out of it', async ({ world, page }) => {
  const form = await open(page, world);
  await expectSoon('it takes presses', () => form.send.isEnabled(), true);
  const at = () =>
    frameOf(page).evaluate(() => document.hasFocus() && document.activeElement?.shadowRoot?.activeElement?.getAttribute('name'));
  await form.field('fname').focus();
  await page.keyboard.type('Ada');
  for (const name of ['lname', 'email']) {
    await page.keyboard.press('Tab');
    assert.equal(await at(), name);
  }
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'after');
  for (let press = 0; press < 4; press += 1) await page.keyboard.press('Shift+Tab');
  assert.equal(await at(), 'fname');
  assert.equal(await form.field('fname').inputValue(), 'Ada');
});

scenario('language, direction and every word of the theme pass into the frame', async ({ world, page }) => {
  const tokens = await readFile(join(ROOT, 'widget/style/tokens.css'), 'utf8');
  const names = [...new Set(tokens.match(/--doorstep-[a-z-]+(?=:)/g))];
  const values = Object.fromEntries(names.map((name, at) => [name, `${at + 1}px`]));
  const style = `doorstep-signup{${Object.entries(values).map(([name, value]) => `${name}:${value}`).join(';')}}`;
  await open(page, world, { style, dir: 'rtl', lang: 'ar' });
  const inside = await frameOf(page).evaluate((names) => {
    const form = document.querySelector('doorstep-signup');
    const style = getComputedStyle(form);
    return {
      values: Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name)])),
      lang: document.documentElement.lang,
      dir: style.direction,
    };
  }, names);
  assert.deepEqual(inside, { values, lang: 'ar', dir: 'rtl' });
  await page.evaluate(() => {
    document.documentElement.lang = 'fr';
    document.documentElement.dir = 'ltr';
  });
  await expectSoon('a page that changes its language is followed', () => frameOf(page).evaluate(() => document.documentElement.lang), 'fr');
  await expectSoon('and its direction', () => frameOf(page).evaluate(() => document.documentElement.dir), 'ltr');
});

scenario('the form is light or dark as the place where it stands', async ({ world, page }) => {
  await open(page, world);
  const surface = () =>
    frameOf(page).evaluate(() => {
      const root = document.querySelector('doorstep-signup').shadowRoot.querySelector('.doorstep-root');
      return getComputedStyle(root).backgroundColor === 'rgb(255, 255, 255)' ? 'light' : 'dark';
    });
  await expectSoon('as the page at first', surface, 'light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await expectSoon('the reader turned the light off', surface, 'dark');
  await page.evaluate(() => (document.documentElement.style.colorScheme = 'light'));
  await expectSoon('the page is light in any case', surface, 'light');
  await page.locator('doorstep-signup').evaluate((element) => element.update({ theme: 'dark' }));
  await expectSoon('the host wants it dark', surface, 'dark');
});

scenario('a page that moves the element has a form again', async ({ world, page }) => {
  await open(page, world);
  await page.evaluate(() => document.querySelector('main').prepend(document.querySelector('doorstep-signup')));
  await page.waitForFunction(() => notes.events.filter(({ name }) => name === 'doorstep:ready').length === 2);
  const form = inFrame(page);
  await form.fill(ADA);
  await form.send.click();
  await world.account(await form.credential());
});

const SIGHTS = {
  desktop: {},
  dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  rtl: { page: { dir: 'rtl', lang: 'ar' } },
};

for (const [name, { page: options, ...browsing }] of Object.entries(SIGHTS)) {
  scenario(`the frame is accessible in every state (${name})`, browsing, async ({ world, page }) => {
    await mkdir(FOLDER, { recursive: true });
    const form = await open(page, world, { fields: 'company_name country phone', ...options });
    const check = async (state) => {
      for (const frame of page.frames()) {
        await frame.evaluate(axe.source);
        const { violations } = await frame.evaluate(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.flat()).join(', ')}`);
        assert.deepEqual(found, [], `while ${state}`);
      }
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: join(FOLDER, `frame-${name}-${state}.png`), fullPage: true, caret: 'hide' });
    };
    await expectSoon('it takes presses', () => form.send.isEnabled(), true);
    assert.ok(await page.locator('doorstep-signup iframe').getAttribute('title'));
    await check('editing');
    await form.send.click();
    await form.isFaulty('fname', /is required/);
    await check('refused');
    await form.fill(ADA);
    await form.send.click();
    await form.credential();
    await check('done');
  });
}
