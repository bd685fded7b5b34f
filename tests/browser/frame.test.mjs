// The isolated form: an ordinary form to the page and to the person.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import axe from 'axe-core';

import { ADA, Form } from './form.mjs';
import { frameOf, inFrame, open, told, watchViolations } from './frame.mjs';
import { status } from './guard.mjs';
import { ROOT, world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const { scenario } = world();
const FOLDER = join(ROOT, 'target/screenshots');

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

scenario('a cross-origin isolated page shows the frame', async ({ world, page }) => {
  // An `async` classic script without `crossorigin` is what the snippet is; its files say that any page may have them.
  const form = await open(page, world, { isolated: '1' });
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  await form.fill(ADA);
  await form.send.click();
  await world.account(await form.credential());
});

scenario('without a shadow root the page\'s rules leave the frame as it is', async ({ world, page }) => {
  const style = 'iframe { display: none !important; position: fixed !important; height: 9px !important; opacity: 0 !important; border: 9px solid red }';
  const form = await open(page, world, { shadow: 'none', style });
  const look = await page.locator('#place iframe').evaluate((frame) => {
    const { display, position, opacity, borderTopWidth, height } = getComputedStyle(frame);
    return { display, position, opacity, borderTopWidth, isTall: parseFloat(height) > 200 };
  });
  assert.deepEqual(look, { display: 'block', position: 'static', opacity: '1', borderTopWidth: '0px', isTall: true });
  await form.fill(ADA);
  await form.send.click();
  await world.account(await form.credential());
});

scenario('a page of the client that names it is let in', async ({ world, page }) => {
  const form = await open(page, world, { client: world.client.client_id });
  assert.equal(new URL(frameOf(page).url()).search, `?client=${world.client.client_id}`);
  await form.fill(ADA);
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
  rtl: { page: { dir: 'rtl', lang: 'ar', locale: 'en', mirrored: 'yes' } },
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
