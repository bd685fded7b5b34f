// Pages that make it hard: by their style, their policy, their structure, and by never letting go.

import assert from 'node:assert/strict';

import { isAccessible } from './accessible.mjs';
import { ADA, Form } from './form.mjs';
import { inFrame, watchViolations } from './frame.mjs';
import { world } from './harness.mjs';

const { scenario } = world();

const signsUp = async (world, form) => {
  await form.ready();
  await form.fill(ADA);
  await form.send.click();
  await world.account(await form.credential());
};

scenario('a page that unsets all style of everything leaves the form as it is', async ({ world, page }) => {
  const look = async () =>
    page.locator('doorstep-signup').evaluate((element) => {
      const inner = (name) => getComputedStyle(element.shadowRoot.querySelector(name));
      const of = (style, names) => names.map((name) => style[name]);
      return [
        of(inner('.doorstep-root'), ['display', 'color', 'fontSize', 'padding', 'backgroundColor', 'borderTopWidth']),
        of(inner('.doorstep-input'), ['display', 'width', 'padding', 'borderTopWidth', 'backgroundColor', 'fontSize']),
        of(inner('.doorstep-button'), ['display', 'color', 'backgroundColor', 'cursor']),
      ];
    });
  await page.goto(world.hosts.page('styled', { customer: world.customer() }));
  await new Form(page).ready();
  const plain = await look();
  await page.goto(world.hosts.page('styled', { customer: world.customer(), hostile: 'unset' }));
  const form = new Form(page);
  await form.ready();
  // The page may say how wide the place is, and has: as wide as its text.
  const width = await page.locator('doorstep-signup').evaluate((element) => element.getBoundingClientRect().width);
  assert.ok(width > 200, `the form is ${width} pixels wide`);
  const unset = await look();
  for (const part of [plain, unset]) part[1].splice(1, 1);
  assert.deepEqual(unset, plain);
  await signsUp(world, form);
});

scenario('a mirrored page with a root font of 62.5 % has a form of the usual size', async ({ world, page }) => {
  await page.goto(world.hosts.page('element', { customer: world.customer(), dir: 'rtl', lang: 'ar', style: 'html { font-size: 62.5% }' }));
  const form = new Form(page);
  await form.ready();
  const { size, direction, label, input } = await page.locator('doorstep-signup').evaluate((element) => {
    const root = element.shadowRoot.querySelector('.doorstep-root');
    const edge = (name) => element.shadowRoot.querySelector(name).getBoundingClientRect().right;
    return {
      size: getComputedStyle(root).fontSize,
      direction: getComputedStyle(root).direction,
      label: edge('.doorstep-label'),
      input: edge('.doorstep-input'),
    };
  });
  assert.deepEqual([size, direction], ['16px', 'rtl']);
  assert.ok(Math.abs(label - input) < 1, 'label and input begin at the same edge');
  await isAccessible(page, 'mirrored, on a page of small type');
});

scenario('a form around the form is neither sent nor filled by it', async ({ world, page }) => {
  await page.goto(world.hosts.page('wrapped', { customer: world.customer() }));
  const form = new Form(page);
  await form.ready();
  await page.evaluate(() => {
    window.sent = 0;
    document.getElementById('outer').addEventListener('submit', (event) => {
      event.preventDefault();
      sent += 1;
    });
  });
  await form.fill(ADA);
  await form.field('email').press('Enter');
  await world.account(await form.credential());
  assert.equal(await page.evaluate(() => sent), 0);
  await page.getByRole('button', { name: "The page's own" }).click();
  const [sent, members] = await page.evaluate(() => [window.sent, [...new FormData(document.getElementById('outer')).keys()]]);
  assert.deepEqual([sent, members], [1, ['own']]);
});

// The page's own script notes events; it stands in the page, and a strict page would give it a nonce.
const OWN = "'nonce-notes'";
for (const [name, mode, csp] of [
  ['the documented policy', 'inline', (server) => `default-src 'none'; script-src ${server} ${OWN} 'wasm-unsafe-eval'; connect-src ${server}`],
  ['Trusted Types required and no policy allowed', 'inline', (server) => `default-src 'none'; script-src ${server} ${OWN} 'wasm-unsafe-eval'; connect-src ${server}; require-trusted-types-for 'script'; trusted-types 'none'`],
  ['scripts by nonce alone', 'inline', (server) => `default-src 'none'; script-src ${OWN} 'strict-dynamic' 'wasm-unsafe-eval'; connect-src ${server}; base-uri 'none'; object-src 'none'`],
  ['a sandbox that allows what a form needs', 'inline', (server) => `sandbox allow-scripts allow-same-origin allow-forms; script-src ${server} ${OWN} 'wasm-unsafe-eval'; connect-src ${server}`],
  ['the documented policy', 'frame', (server) => `default-src 'none'; script-src ${server} ${OWN}; frame-src ${server}`],
  ['Trusted Types required and no policy allowed', 'frame', (server) => `default-src 'none'; script-src ${server} ${OWN}; frame-src ${server}; require-trusted-types-for 'script'; trusted-types 'none'`],
]) {
  scenario(`a strict page, mode ${mode}: ${name}`, async ({ world, page, context }) => {
    await watchViolations(context);
    await page.goto(world.hosts.page('element', { customer: world.customer(), mode, csp: csp(world.server) }));
    await signsUp(world, mode === 'frame' ? inFrame(page) : new Form(page));
    assert.deepEqual(await page.evaluate(() => violations), []);
  });
}

const FORBIDDEN = { allow: [/Content.Security.Policy|WebAssembly|could not be loaded/] };

scenario('where wasm is forbidden the form is one press away, on a page of the server', FORBIDDEN, async ({ world, page, context }) => {
  const csp = `default-src 'none'; script-src ${world.server} ${OWN}; connect-src ${world.server}; form-action ${world.server}`;
  const customer = world.customer();
  await page.goto(world.hosts.page('element', { customer, csp, lang: 'de', fields: 'company_name' }));
  const go = page.getByRole('button', { name: `Weiter auf ${new URL(world.server).host}` });
  await go.waitFor();
  assert.deepEqual(
    await page.evaluate(() => notes.events.map(({ name, detail }) => [name, detail?.code])),
    [['doorstep:error', 'wasm_forbidden']],
  );
  await isAccessible(page, 'the way to the hosted page');
  // A token that the page brings meanwhile is the one that goes.
  const token = await world.signUpToken(customer);
  await page.evaluate((token) => document.querySelector('doorstep-signup').update({ token }), token);
  const [hosted] = await Promise.all([context.waitForEvent('page'), go.click()]);
  await hosted.getByRole('button', { name: 'Konto anlegen' }).waitFor();
  assert.equal(hosted.url(), `${world.server}/signup?locale=de&fields=company_name`);
  assert.equal(await hosted.locator('input[name=token]').inputValue(), token);
  assert.equal(await hosted.evaluate(() => window.opener), null);
  assert.equal(await hosted.locator('#doorstep-company_name').count(), 1);
  await hosted.locator('#doorstep-fname').fill('Ada');
  await hosted.locator('#doorstep-lname').fill('Lovelace');
  await hosted.getByRole('button', { name: 'Konto anlegen' }).click();
  const password = await hosted.locator('#doorstep-password').inputValue();
  await world.account({ username: await hosted.locator('#doorstep-username').inputValue(), password });
});

for (const mode of ['inline', 'frame']) {
  scenario(`the printed tag works under the printed policy, mode ${mode}`, async ({ world, page, context, watch }) => {
    await watchViolations(context);
    const { tag, content_security_policy: policy } = await world.embed('--mode', mode);
    const csp = policy.replace('script-src', `default-src 'none'; script-src ${OWN}`);
    await page.goto(world.hosts.page('pinned', { customer: world.customer(), tag, csp }));
    await signsUp(world, mode === 'frame' ? inFrame(page) : new Form(page));
    assert.deepEqual(await page.evaluate(() => violations), []);
    assert.equal(watch.requests(/^\/v1\/[0-9a-f]{16}\/doorstep\.js$/).length, 1);
  });
}

scenario('a pinned loader takes no wasm but its own', { allow: [/integrity|could not be loaded|ERR_FAILED/] }, async ({ world, page }) => {
  const { tag } = await world.embed();
  await page.route(/\.wasm$/, async (route) => {
    const answer = await route.fetch();
    const body = Buffer.concat([await answer.body(), Buffer.from([0, 2, 1, 120])]);
    await route.fulfill({ response: answer, body, headers: { ...answer.headers(), 'content-encoding': 'identity' } });
  });
  await page.goto(world.hosts.page('pinned', { customer: world.customer(), tag }));
  await page.getByText('The form could not be loaded.').waitFor();
});

scenario('two versions on one page: the first is the one, and both tags have a form', async ({ world, page }) => {
  const { tag } = await world.embed();
  await page.goto(world.hosts.page('pinned', { customer: world.customer(), tag, moving: 1 }));
  await signsUp(world, new Form(page));
  assert.equal(await page.locator('doorstep-signup').count(), 1);
  await page.evaluate(() => Doorstep.mount('main', { providerServer: 'demo.panel.example', providerUsername: 'second' }));
  await page.locator('doorstep-signup').nth(1).locator('[name=fname]').waitFor();
});

scenario('a thousand forms that came and went leave nothing behind', async ({ world, page, context }) => {
  await page.goto(world.hosts.page('mount', { customer: world.customer() }));
  await page.waitForFunction(() => window.Doorstep);
  const devtools = await context.newCDPSession(page);
  const come = (times) =>
    page.evaluate(async (times) => {
      // What the page notes of events would count as left behind.
      notes.events.length = 0;
      for (let time = 0; time < times; time += 1) {
        const ready = new Promise((resolve) => addEventListener('doorstep:ready', resolve, { once: true }));
        const handle = Doorstep.mount('#place', { providerServer: 'demo.panel.example', providerUsername: 'nobody' });
        await ready;
        handle.unmount();
        // A form that is taken out is over with the next task, for it may have been moved.
        await new Promise((resolve) => setTimeout(resolve));
      }
      notes.events.length = 0;
    }, times);
  const left = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters');
    const { usedSize } = await devtools.send('Runtime.getHeapUsage');
    return { nodes, jsEventListeners, usedSize };
  };
  await come(100);
  const before = await left();
  await come(1_000);
  const after = await left();
  const grown = Object.fromEntries(Object.keys(before).map((name) => [name, after[name] - before[name]]));
  // One form is some hundred nodes, twenty listeners and 20 kB: a leak of each would be a thousand times that. The engine keeps a
  // few of its own.
  assert.ok(grown.nodes < 500 && grown.jsEventListeners < 50 && grown.usedSize < 1_000_000, JSON.stringify({ before, after, grown }));
  console.error(`after 1,000 forms: ${JSON.stringify(grown)}`);
});
