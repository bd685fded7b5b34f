// The npm package's components for React, Vue and Svelte, packed and bundled as a host's developer does it, against
// the real server.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { bundle } from '../npm/bundle.mjs';
import { install } from '../npm/packed.mjs';
import { ADA, Form } from './form.mjs';
import { status } from './guard.mjs';
import { world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const PAGES = { React: 'react.jsx', Vue: 'vue.js', Svelte: 'svelte.js' };

const { scenario } = world();
const scripts = {};
before(async () => {
  install();
  for (const [name, page] of Object.entries(PAGES)) scripts[name] = await bundle(page);
});

/** A page with no script but the bundle, no style of its own, and a policy that allows what the README says. */
async function open({ world, page }, name) {
  const { hosts, server } = world;
  const script = hosts.put(`${name}.js`, 'text/javascript; charset=utf-8', scripts[name]);
  const policy = `default-src 'none'; img-src 'self'; script-src 'self' ${server} 'wasm-unsafe-eval'; connect-src ${server}; require-trusted-types-for 'script'; trusted-types doorstep-loader svelte-trusted-html vue`;
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title><main><h1>A page</h1><div id="app"></div></main><script src="${script}"></script></html>`;
  await page.goto(hosts.put(name, 'text/html; charset=utf-8', body, { 'content-security-policy': policy }));
}

/** Shows the component; what it tells is kept in the page. */
const show = (page, options) =>
  page.evaluate((options) => {
    globalThis.notes ??= { events: [], credentials: [] };
    globalThis.last = {
      ...options,
      onCredential: (credential) => notes.credentials.push(credential),
      ...Object.fromEntries(
        ['Ready', 'Submit', 'Success', 'Error', 'Order', 'TokenNeeded'].map((name) => [
          'on' + name,
          (event) => {
            notes.events.push({ name, detail: event.detail ?? null, isOurs: event.currentTarget.localName === 'doorstep-signup' });
            if (name === 'TokenNeeded') event.preventDefault();
          },
        ]),
      ),
    };
    globalThis.page.show(last);
  }, options);
const hide = (page) => page.evaluate(() => globalThis.page.hide());
const told = (page, name) => page.evaluate((name) => notes.events.filter((event) => event.name === name), name);
const tags = (page) => page.locator('script[src$="/v1/doorstep.js"]').count();

for (const name of Object.keys(PAGES)) {
  scenario(`${name}: a person signs up through the component, whose options change while they type`, async ({ world, page }) => {
    await open({ world, page }, name);
    const { server } = world;
    await show(page, { server, fields: 'phone', theme: 'light' });
    const form = new Form(page);
    await form.ready();
    await form.fill({ ...ADA, phone: '+44 20 7946 0958' });
    // An option changes, one goes away, and one comes.
    await show(page, { server, fields: 'phone company_name', locale: 'de' });
    await form.field('company_name').waitFor();
    assert.deepEqual(await form.answers(['fname', 'phone']), { fname: 'Ada', phone: '+44 20 7946 0958' });
    assert.equal(await form.element.getAttribute('theme'), null);
    await show(page, { server, fields: 'phone company_name' });
    await form.send.waitFor();
    // Sent without a token: the page brings one, and what was typed goes out.
    await form.send.click();
    await expectSoon('the page is asked for a token', async () => (await told(page, 'TokenNeeded')).length, 1);
    const customer = world.customer();
    await show(page, { server, fields: 'phone company_name', token: await world.signUpToken(customer) });
    const credential = await form.credential();
    assert.deepEqual(await page.evaluate(() => notes.credentials), [credential]);
    const [{ detail, isOurs }] = await told(page, 'Success');
    assert.equal(isOurs, true);
    assert.equal(detail.user.api.username, credential.username);
    assert.ok(!JSON.stringify(await page.evaluate(() => notes.events)).includes(credential.password));
    assert.equal((await world.account(credential)).phone, '+44 20 7946 0958');
  });

  scenario(`${name}: a component that was taken away is gone, and comes again`, async ({ world, page }) => {
    await open({ world, page }, name);
    const { server } = world;
    const customer = world.customer();
    const token = await world.signUpToken(customer);
    const form = new Form(page);
    // Away again before its script is there.
    await show(page, { server, token });
    await hide(page);
    await expectSoon('nothing is left', () => form.element.count(), 0);
    await show(page, { server, token, values: { fname: 'Grace' } });
    await form.ready();
    assert.equal(await form.field('fname').inputValue(), 'Grace');
    // Read when a form starts, so there is a new one.
    await show(page, { server, token, shadow: 'none' });
    await page.locator('doorstep-signup > * [name="email"]').waitFor();
    assert.equal(await form.element.count(), 1);
    await hide(page);
    await expectSoon('nothing is left', () => form.element.count(), 0);
    await show(page, { server, token });
    await form.ready();
    await form.fill(ADA);
    await form.send.click();
    await world.account(await form.credential());
    assert.equal(await tags(page), 1);
  });

  scenario(`${name}: a script that did not come is said, and tried again`, { allow: [status(503), /Doorstep: .* could not be loaded/] }, async ({ world, page }) => {
    await open({ world, page }, name);
    const { server } = world;
    const loader = `${server}/v1/doorstep.js`;
    await page.route(loader, (route) => route.fulfill({ status: 503 }));
    const said = page.waitForEvent('console', (message) => /^Error: Doorstep/.test(message.text()));
    await show(page, { server });
    assert.match((await said).text(), /\/v1\/doorstep\.js could not be loaded\. Is the server there, does the page's Content-Security-Policy allow it in script-src\?/);
    await expectSoon('the page is told', async () => (await told(page, 'Error')).at(-1)?.detail.code, 'asset_unavailable');
    assert.equal(await tags(page), 0);
    await page.unroute(loader);
    await hide(page);
    await show(page, { server });
    await new Form(page).ready();
    assert.equal(await tags(page), 1);
  });
}

test('each component was tried', () => assert.deepEqual(Object.keys(scripts), Object.keys(PAGES)));
