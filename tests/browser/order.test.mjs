// From an empty form to a running project.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { focused } from './form.mjs';
import { inFrame } from './frame.mjs';
import { status, UNREACHABLE } from './guard.mjs';
import { world } from './harness.mjs';
import { comeBack, signUp } from './ordering.mjs';
import { expectSoon } from './soon.mjs';

const catalog = fileURLToPath(new URL('catalog.toml', import.meta.url));
const { scenario } = world({}, { catalog });

/** A secret of the image, as a person makes one up. */
const SECRET = 'correct-horse-battery';
const orders = (url) => url.pathname === '/api/orders';
const statuses = (page) =>
  page.evaluate(() => notes.events.filter(({ name }) => name === 'doorstep:order').map(({ detail }) => detail.order.status));
const open = (world, options = {}) => world.hosts.page('element', { customer: world.customer(), order: '', ...options });

/** Keeps every order of the page in the works, until what it gives is called. */
async function hold(page) {
  let isHeld = true;
  await page.route(/\/api\/orders\/[^/]+\/events$/, (route) => route.abort('connectionrefused'));
  await page.route((url) => /^\/api\/orders\/[^/]+$/.test(url.pathname), async (route) => {
    const response = await route.fetch();
    if (!isHeld || route.request().method() !== 'GET') return route.fulfill({ response });
    const json = await response.json();
    Object.assign(json.order, { status: 'processing', project: null });
    return route.fulfill({ response, json });
  });
  return () => (isHeld = false);
}

scenario('from an empty form to a running project', async ({ world, page, watch }) => {
  await page.goto(open(world));
  const { credential, ordering } = await signUp(page);
  await ordering.start.click();

  await expectSoon('focus goes to the step', () => focused(page), 'Choose a size');
  assert.ok(await ordering.product('Nano').isChecked(), 'the first is chosen at the start');
  const small = page.locator('label', { has: ordering.product('Small') });
  assert.equal(await small.innerText().then((text) => text.replaceAll(/\s+/g, ' ')), 'Small €4.50 per month 1 CPU 512 MB memory 20 GB storage');
  await page.getByText('Free').waitFor();
  await page.getByText('€1,290.00 per year').waitFor();
  await page.getByText('2 TB storage').waitFor();
  await ordering.product('Small').check();
  await ordering.continue.click();

  await ordering.name.fill("Ada's \"first\" <site>");
  await page.getByLabel('What runs in it').selectOption({ label: 'WordPress' });
  await ordering.continue.click();

  await ordering.title('Settings of WordPress').waitFor();
  assert.equal(await page.getByLabel('Title of the site').inputValue(), 'My site');
  assert.equal(await ordering.password.getAttribute('type'), 'password');
  await page.getByLabel('Title of the site').fill('Notes');
  await ordering.password.fill(SECRET);
  world.secrets.set(SECRET, 'a setting of an image');
  await ordering.place.click();

  await ordering.title("Ada's \"first\" <site> is ready").waitFor();
  const [order] = await world.orders(credential);
  assert.equal(order.status, 'completed');
  assert.equal(await ordering.link.getAttribute('href'), `${world.hosts.origin}/projects/${order.project.id}`);
  const folder = join(world.projects, order.id);
  assert.deepEqual((await readdir(folder)).sort(), ['manifest.json', 'secrets.json']);
  const manifest = await readFile(join(folder, 'manifest.json'), 'utf8');
  assert.match(manifest, /Notes/);
  assert.match(await readFile(join(folder, 'secrets.json'), 'utf8'), new RegExp(SECRET));

  // Of the secret the page has nothing but what was sent.
  const kept = await page.evaluate(() => JSON.stringify([notes.events, { ...sessionStorage }, { ...localStorage }]));
  assert.ok(!kept.includes(SECRET), 'the secret is kept or told');
  assert.ok(!kept.includes(credential.password), 'the password is kept or told');
  const told = await statuses(page);
  assert.equal(told.at(-1), 'completed');
  assert.equal(new Set(told).size, told.length, `told more than once: ${told}`);
  assert.equal(watch.requests(/^\/api\/orders\/[^/]+\/events$/).filter(({ method }) => method === 'GET').length, 1);
});

scenario('the same in the isolated frame', async ({ world, page }) => {
  await page.goto(open(world, { mode: 'frame', 'order-name': 'Framed', 'order-image': '1' }));
  const form = inFrame(page);
  const { credential, ordering } = await signUp(form.scope);
  await ordering.start.click();
  await ordering.product('Large').check();
  await ordering.press(ordering.continue, 'Name your project');
  assert.equal(await ordering.name.inputValue(), 'Framed');
  await ordering.press(ordering.place, 'Framed is ready');
  assert.equal((await world.orders(credential))[0].status, 'completed');
  assert.equal((await statuses(page)).at(-1), 'completed');
});

scenario('what is missing is said where it is missing', async ({ world, page }) => {
  await page.goto(open(world, { 'order-image': '2', 'order-product': '2' }));
  const { credential, ordering } = await signUp(page);
  await ordering.start.click();
  await ordering.continue.click();
  await ordering.continue.click();
  await page.getByText('Project name is required').waitFor();
  await expectSoon('focus on the name', () => focused(page), 'project_name');
  await ordering.name.fill('Named');
  assert.equal(await page.getByText('Project name is required').count(), 0);
  await page.keyboard.press('Enter');
  await ordering.place.click();
  await page.getByText('Password of the administrator is required').waitFor();
  await expectSoon('focus on the setting', () => focused(page), 'wp_password');

  // Back, and nothing is lost.
  await page.getByLabel('Title of the site').fill('Kept');
  await ordering.back.click();
  assert.equal(await ordering.name.inputValue(), 'Named');
  await ordering.continue.click();
  assert.equal(await page.getByLabel('Title of the site').inputValue(), 'Kept');

  // The credential is aside, and not gone.
  await page.getByRole('button', { name: 'Show credential' }).click();
  assert.equal(await page.getByLabel('API password', { exact: true }).inputValue(), credential.password);
  assert.deepEqual(await world.orders(credential), []);
});

scenario('a fault that only the server finds is said at its field', { allow: [status(422)] }, async ({ world, page }) => {
  await page.goto(open(world, { 'order-image': '1' }));
  const { ordering } = await signUp(page);
  await ordering.start.click();
  await ordering.continue.click();
  await ordering.name.fill('bad\u202ename');
  await ordering.place.click();
  await page.getByText(/Project name has an invisible control character/).waitFor();
  await expectSoon('focus on the name', () => focused(page), 'project_name');
  await ordering.name.fill('good name');
  await ordering.place.click();
  await ordering.title('good name is ready').waitFor();
});

scenario('sizes follow the place, and what runs follows the size', async ({ world, page }) => {
  await page.goto(open(world));
  const { ordering } = await signUp(page);
  await ordering.start.click();
  await page.getByLabel('Location').focus();
  await page.getByLabel('Location').selectOption({ label: 'Helsinki' });
  await page.getByText('€0.0125 per hour').waitFor();
  assert.ok(await ordering.product('Nordic').isChecked());
  assert.equal(await ordering.product('Small').count(), 0);
  await expectSoon('the list keeps the focus', () => focused(page), 'location_id');
  await page.getByLabel('Location').selectOption({ label: 'Amsterdam' });
  await ordering.product('Nano').check();
  await ordering.continue.click();
  await ordering.title('Name your project').waitFor();
  // 128 MB are too little for WordPress, so there is nothing to choose.
  assert.ok(!(await page.getByLabel('What runs in it').isVisible()));
});

scenario('a page leaves steps out', async ({ world, page }) => {
  await page.goto(open(world, { order: 'progress', 'order-product': '2', 'order-image': '1', 'order-name': 'By the page' }));
  const { credential, ordering } = await signUp(page);
  await ordering.start.click();
  await ordering.title('Place your order').waitFor();
  await page.getByText('€4.50 per month').waitFor();
  assert.deepEqual(await world.orders(credential), [], 'ordered without a press');
  await ordering.place.click();
  await ordering.title('By the page is ready').waitFor();
  const [{ order_data: data }] = await world.orders(credential);
  assert.equal(data.project_name, 'By the page');
});

scenario('what nobody else can know is asked in any case, and nothing is watched', async ({ world, page, watch }) => {
  await page.goto(open(world, { order: 'product', 'order-product': '2', 'order-image': '2' }));
  const { credential, ordering } = await signUp(page);
  await ordering.start.click();
  await ordering.continue.click();
  await ordering.password.fill(SECRET);
  assert.equal(await page.getByLabel('Title of the site').count(), 0);
  await ordering.place.click();
  await ordering.title('My project is ordered').waitFor();
  assert.equal(watch.requests(/\/events$/).length, 0);
  assert.equal((await world.orders(credential)).length, 1);
});

scenario('without the attribute nothing of it is loaded', async ({ world, page, watch }) => {
  await page.goto(world.hosts.page('element', { customer: world.customer() }));
  const { ordering } = await signUp(page);
  assert.equal(await ordering.start.count(), 0);
  assert.equal(watch.requests(/\/order-|\/api\/products/).length, 0);
});

scenario('events that do not get through are made up for by asking', { allow: [UNREACHABLE] }, async ({ world, page }) => {
  await page.goto(open(world, { 'order-image': '1', 'order-name': 'Polled' }));
  const { ordering } = await signUp(page);
  await page.route(/\/api\/orders\/[^/]+\/events$/, (route) => route.abort('connectionrefused'));
  await ordering.start.click();
  await ordering.continue.click();
  await ordering.place.click();
  await ordering.title('Polled is ready').waitFor();
});

scenario('an answer that is lost on its way makes no second order, also over a reload', { allow: [UNREACHABLE] }, async ({ world, page }) => {
  await page.goto(open(world, { 'order-image': '2', 'order-product': '2', 'order-name': 'Once' }));
  let { credential, ordering } = await signUp(page);
  await ordering.start.click();
  const lose = async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    assert.equal((await route.fetch()).status(), 201);
    return route.abort('connectionreset');
  };
  const order = async () => {
    await ordering.continue.click();
    await ordering.continue.click();
    await ordering.password.fill(SECRET);
    await ordering.place.click();
  };
  await page.route(orders, lose);
  await order();
  await page.getByText('trying again will not order twice').waitFor();
  const kept = (name) => page.evaluate((name) => sessionStorage[name], `doorstep-order-${credential.username}${name}`);
  const key = await kept('');
  assert.match(key, /^[0-9a-f-]{36} /);
  assert.ok(!key.includes(SECRET));
  await ordering.retry.click();
  await page.getByText('trying again will not order twice').waitFor();

  await page.reload();
  ({ ordering } = await comeBack(page, credential));
  assert.equal(await kept(''), key);
  await page.unroute(orders);
  await ordering.unlock(credential);
  await order();
  await ordering.title('Once is ready').waitFor();
  assert.equal((await world.orders(credential)).length, 1);
  assert.deepEqual([await kept(''), await kept('-at')], ['', 'begun'], 'the next order is another one');
});

scenario('another secret after a reload makes no second order', { allow: [UNREACHABLE, status(422)] }, async ({ world, page }) => {
  await page.goto(open(world, { order: 'progress', 'order-image': '2', 'order-product': '2', 'order-name': 'Once' }));
  let { credential, ordering } = await signUp(page);
  await page.route(orders, async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    await route.fetch();
    return route.abort('connectionreset');
  });
  await ordering.start.click();
  await ordering.password.fill(SECRET);
  await ordering.place.click();
  await page.getByText('trying again will not order twice').waitFor();

  await page.reload();
  await page.unroute(orders);
  ({ ordering } = await comeBack(page, credential));
  await ordering.unlock(credential);
  await ordering.password.fill(`not-${SECRET}`);
  await ordering.place.click();
  await ordering.title('Once is ready').waitFor();
  await page.getByText('the settings that you gave it then').waitFor();
  assert.equal((await world.orders(credential)).length, 1);
});

scenario('a reload while a project comes up loses nothing and orders nothing', { allow: [UNREACHABLE, status(401)] }, async ({ world, page }) => {
  await page.goto(open(world, { order: 'project progress', 'order-image': '1' }));
  const isUp = await hold(page);
  let { credential, ordering } = await signUp(page);
  await ordering.start.click();
  await ordering.name.fill('Slow');
  await ordering.place.click();
  await ordering.title('Setting up Slow').waitFor();

  await page.reload();
  ({ ordering } = await comeBack(page, credential));
  await ordering.continue.click();
  await page.getByText('Your API password is required').waitFor();
  await expectSoon('focus on the password', () => focused(page), 'api_password');
  await ordering.unlock({ password: 'päßword' });
  await page.getByText(`This is not the password of ${credential.username}`).waitFor();
  await ordering.unlock(credential);
  await ordering.title('Setting up Slow').waitFor();
  await page.getByText('You ordered this before').waitFor();
  isUp();
  await ordering.title('Slow is ready').waitFor();
  assert.equal((await world.orders(credential)).length, 1);

  // It is over, and what comes next is another one.
  await page.reload();
  ({ ordering } = await comeBack(page, credential));
  await ordering.unlock(credential);
  await ordering.name.waitFor();
  assert.equal(await ordering.name.inputValue(), '');
});

scenario('a reload before anything was begun shows the password once more', async ({ world, page }) => {
  await page.goto(open(world));
  const { credential, ordering } = await signUp(page);
  await ordering.start.waitFor();
  await page.reload();
  const again = await signUp(page);
  assert.deepEqual(again.credential, credential);
  await again.ordering.start.click();
  await again.ordering.title('Choose a size').waitFor();
});

scenario('an order that failed says why, and is tried again', async ({ world, page }) => {
  await page.goto(open(world, { 'order-image': '1', 'order-name': 'Second time' }));
  const { ordering } = await signUp(page);
  let hasFailed = true;
  const one = (url) => /^\/api\/orders\/[^/]+$/.test(url.pathname);
  await page.route(one, async (route) => {
    const answer = await route.fetch();
    if (!hasFailed || route.request().method() !== 'GET') return route.fulfill({ response: answer });
    const body = await answer.json();
    Object.assign(body.order, {
      status: 'failed', project: null, can_retry: true, failure: { code: 'provisioner_refused', message: 'There is no room left.' },
    });
    return route.fulfill({ response: answer, json: body });
  });
  await page.route(/\/retry$/, async (route) => {
    hasFailed = false;
    const id = new URL(route.request().url()).pathname.split('/').at(-2);
    await route.fulfill({ status: 202, headers: { 'access-control-allow-origin': '*' }, json: { order: { id, status: 'pending' } } });
  });
  await ordering.start.click();
  await ordering.continue.click();
  await ordering.place.click();
  await ordering.title('Second time could not be set up').waitFor();
  await page.getByText('There is no room left.').waitFor();
  await expectSoon('focus goes to what happened', () => focused(page), 'Second time could not be set up');
  await ordering.retry.click();
  await ordering.title('Second time is ready').waitFor();
  const told = await statuses(page);
  const since = told.slice(told.indexOf('failed'));
  assert.deepEqual([since[0], since[1], since.at(-1)], ['failed', 'pending', 'completed']);
  assert.equal(new Set(since).size, since.length, `what was before the retry is told again: ${since}`);
});

scenario('prices and sizes are written as the person writes them', async ({ world, page }) => {
  await page.goto(open(world, { lang: 'en-AT' }));
  const { ordering } = await signUp(page);
  await ordering.start.click();
  await page.getByText('€\u00a04,50').waitFor();
  await page.getByText('€\u00a01.290,00').waitFor();
  await page.getByText('0,5 CPUs').waitFor();
});

scenario('an element that is taken away while it goes on leaves nothing behind', async ({ world, page }) => {
  await page.goto(open(world, { 'order-image': '1', 'order-name': 'Left' }));
  const { credential, ordering } = await signUp(page);
  await page.route(/\/events$/, () => {});
  await ordering.start.click();
  await ordering.continue.click();
  await ordering.place.click();
  await ordering.title('Setting up Left').waitFor();
  await page.evaluate(() => document.querySelector('doorstep-signup').remove());
  await expectSoon('the order goes its way', async () => (await world.orders(credential))[0].status, 'completed');
});
