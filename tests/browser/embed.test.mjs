// The form on pages of all kinds.

import assert from 'node:assert/strict';

import { ADA, Form } from './form.mjs';
import { world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const { scenario } = world();

scenario('the script tag puts the form where it stands', async ({ world, page }) => {
  await page.goto(world.hosts.page('tag', { customer: world.customer() }));
  const form = new Form(page.locator('#place'));
  await form.ready();
  assert.equal(await form.field('company_name').count(), 1);
  assert.equal(await form.field('city').count(), 0, 'a field that nobody asked for');
  await form.fill({ ...ADA, phone: '+44 20 7946 0958' });
  await form.send.click();
  assert.match((await world.account(await form.credential())).phone, /7946/);
});

scenario('two forms on one page work side by side, and share their code', async ({ world, page, watch }) => {
  const customers = [world.customer(), world.customer()];
  await page.goto(world.hosts.page('two', { customer1: customers[0], customer2: customers[1] }));
  const forms = ['#left', '#right'].map((place) => new Form(page.locator(place)));
  for (const form of forms) await form.ready();

  const ids = await page.evaluate(() =>
    [document, ...[...document.querySelectorAll('doorstep-signup')].map((element) => element.shadowRoot)].flatMap(
      (root) => [...root.querySelectorAll('[id]')].map((element) => element.id),
    ),
  );
  assert.equal(new Set(ids).size, ids.length, `ids repeat: ${ids}`);
  for (const path of [/\/v1\/doorstep\.js$/, /^\/v1\/assets\/.*\.js$/, /^\/v1\/assets\/.*\.wasm$/]) {
    const paths = watch.requests(path).map(({ url }) => url.pathname);
    assert.ok(paths.length > 0, `${path} is not what the code's addresses are like`);
    assert.equal(new Set(paths).size, paths.length, `requested more than once: ${paths}`);
  }

  await forms[0].fill({ ...ADA, fname: 'Left' });
  await forms[1].fill({ ...ADA, fname: 'Right' });
  await forms[1].send.click();
  const right = await forms[1].credential();
  assert.equal((await forms[0].answers(['fname'])).fname, 'Left', 'one form disturbs the other');
  await forms[0].send.click();
  const left = await forms[0].credential();
  assert.equal((await world.account(left)).fname, 'Left');
  assert.equal((await world.account(right)).fname, 'Right');
});

scenario('Doorstep.mount: options, update, credential, unmount', async ({ world, page }) => {
  await page.goto(world.hosts.page('mount', { customer: world.customer() }));
  await page.waitForFunction(() => window.Doorstep);
  assert.equal(await page.locator('doorstep-signup').count(), 0, 'loading alone draws a form');
  await page.evaluate(async () => {
    const place = document.getElementById('place');
    window.handle = await Doorstep.mount(place, {
      token: place.dataset.token,
      providerServer: 'demo.panel.example',
      providerUsername: place.dataset.customer,
      fields: 'phone',
      onCredential: (credential) => notes.credentials.push(credential),
    });
  });
  const form = new Form(page.locator('#place'));
  await form.ready();
  await form.field('phone').waitFor();
  await form.fill({ fname: 'Ada' });
  await page.evaluate(() => handle.update({ fields: 'company_name' }));
  await form.field('company_name').waitFor();
  assert.equal((await form.answers(['fname'])).fname, 'Ada', 'an update loses what was typed');

  await form.fill(ADA);
  await form.send.click();
  const shown = await form.credential();
  const handed = await page.evaluate(() => notes.credentials);
  assert.deepEqual(handed, [shown], 'the credential is handed over exactly once');
  await world.account(handed[0]);

  await page.evaluate(() => handle.unmount());
  await expectSoon('unmount takes the form away', () => form.password.count(), 0);
});

scenario('onCredential set on the element before its code is there', async ({ world, page }) => {
  await page.addInitScript(() =>
    document.addEventListener('DOMContentLoaded', () => {
      document.querySelector('doorstep-signup').onCredential = (credential) => notes.credentials.push(credential);
    }),
  );
  await page.goto(world.hosts.page('styled', { customer: world.customer() }));
  const form = new Form(page.locator('#place'));
  await form.ready();
  await form.fill(ADA);
  await form.send.click();
  assert.deepEqual([await form.credential()], await page.evaluate(() => notes.credentials));
});

scenario('removing the element unmounts and frees; putting it back works', async ({ world, page }) => {
  const customer = world.customer();
  await page.goto(world.hosts.page('mount', { customer }));
  await page.waitForFunction(() => window.Doorstep);
  const cycle = (times) =>
    page.evaluate(async (times) => {
      const place = document.getElementById('place');
      for (let time = 0; time < times; time += 1) {
        const ready = new Promise((resolve) => place.addEventListener('doorstep:ready', resolve, { once: true }));
        const element = document.createElement('doorstep-signup');
        element.setAttribute('token', place.dataset.token);
        element.setAttribute('provider-server', 'demo.panel.example');
        element.setAttribute('provider-username', place.dataset.customer);
        place.append(element);
        await ready;
        element.remove();
        await new Promise((resolve) => setTimeout(resolve));
      }
      notes.events.length = 0;
    }, times);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  const counts = async () => {
    for (let pass = 0; pass < 3; pass += 1) await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.getMetrics');
    const read = (name) => metrics.find((metric) => metric.name === name).value;
    return { nodes: read('Nodes'), listeners: read('JSEventListeners') };
  };

  await cycle(5);
  const early = await counts();
  await cycle(30);
  const late = await counts();
  // Less than one node or listener per form: none of them keeps anything.
  assert.ok(late.nodes - early.nodes < 30, `nodes stay: ${early.nodes} to ${late.nodes}`);
  assert.ok(late.listeners - early.listeners < 30, `listeners stay: ${early.listeners} to ${late.listeners}`);

  await page.evaluate(() => {
    const place = document.getElementById('place');
    const element = document.createElement('doorstep-signup');
    for (const [name, value] of Object.entries({
      token: place.dataset.token,
      'provider-server': 'demo.panel.example',
      'provider-username': place.dataset.customer,
    })) element.setAttribute(name, value);
    place.append(element);
    // Moved while it loads, as panels do that build their page by script.
    document.querySelector('main').prepend(element);
    place.append(element);
  });
  const form = new Form(page.locator('#place'));
  await form.ready();
  await form.fill(ADA);
  await form.send.click();
  await world.account(await form.credential());
});

scenario('a second copy of the loader does no harm', async ({ world, page }) => {
  await page.goto(world.hosts.page('twice', { customer: world.customer() }));
  const form = new Form(page.locator('#place'));
  await form.ready();
  await page.waitForLoadState('networkidle');
  assert.equal(await page.locator('doorstep-signup').count(), 1);
  assert.equal(await form.field('fname').count(), 1, 'the form is drawn twice');
  await form.fill(ADA);
  await form.send.click();
  await world.account(await form.credential());
});
