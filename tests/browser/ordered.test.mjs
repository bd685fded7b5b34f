// Each step after a sign-up: accessible, in its place, by the keyboard alone; and pictures for the eye under
// target/screenshots.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { fits, isAccessible } from './accessible.mjs';
import { ADA, focused, Form } from './form.mjs';
import { status, UNREACHABLE } from './guard.mjs';
import { ROOT, world } from './harness.mjs';
import { comeBack, Ordering, signUp } from './ordering.mjs';
import { expectSoon } from './soon.mjs';

const catalog = fileURLToPath(new URL('catalog.toml', import.meta.url));
const { scenario } = world({}, { catalog });
const FOLDER = join(ROOT, 'target/screenshots');

const SIGHTS = {
  desktop: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  narrow: { viewport: { width: 320, height: 700 } },
  rtl: { viewport: { width: 1280, height: 900 } },
};

for (const [name, browsing] of Object.entries(SIGHTS)) {
  scenario(`every step is accessible: ${name}`, { ...browsing, allow: [UNREACHABLE, status(401)] }, async ({ world, page }) => {
    await mkdir(FOLDER, { recursive: true });
    const look = async (state) => {
      await isAccessible(page, state);
      assert.deepEqual(await fits(page), { page: true, form: true }, `while ${state}`);
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: join(FOLDER, `order-${name}-${state}.png`), fullPage: true, caret: 'hide' });
    };
    // In English, which this reads, and mirrored all the same.
    const options = name === 'rtl' ? { dir: 'rtl', lang: 'ar', locale: 'en', mirrored: 'yes' } : {};
    await page.goto(world.hosts.page('element', { customer: world.customer(), order: '', 'order-product': '2', ...options }));
    const { credential, ordering } = await signUp(page);
    await ordering.start.waitFor();
    await look('start');
    await ordering.start.click();
    await ordering.title('Choose a size').waitFor();
    await look('product');
    await ordering.continue.click();
    await ordering.title('Name your project').waitFor();
    await page.getByLabel('What runs in it').selectOption({ label: 'WordPress' });
    await ordering.continue.click();
    await page.getByText('Project name is required').waitFor();
    await look('project-refused');
    await ordering.name.fill('Analytical Engine');
    await ordering.continue.click();
    await ordering.title('Settings of WordPress').waitFor();
    await look('settings');
    await ordering.place.click();
    await page.getByText('Password of the administrator is required').waitFor();
    await look('settings-refused');
    await ordering.password.fill('correct-horse-battery');

    const orders = (url) => url.pathname === '/api/orders';
    await page.route(orders, (route) => route.abort('connectionrefused'));
    await ordering.place.click();
    await page.getByText('trying again will not order twice').waitFor();
    await look('unreachable');
    await page.unroute(orders);

    const waits = [];
    await page.route(orders, async (route) => {
      if (route.request().method() === 'POST') await new Promise((go) => waits.push(go));
      await route.continue();
    });
    await page.route(/\/api\/orders\/[^/]+\/events$/, (route) => route.abort('connectionrefused'));
    let becomes = { status: 'processing', project: null };
    await page.route((url) => /^\/api\/orders\/[^/]+$/.test(url.pathname), async (route) => {
      const response = await route.fetch();
      if (route.request().method() !== 'GET') return route.fulfill({ response });
      const json = await response.json();
      Object.assign(json.order, becomes);
      return route.fulfill({ response, json });
    });
    await ordering.retry.click();
    await page.getByText('Placing order').first().waitFor();
    await look('sending');
    await expectSoon('it is sent', () => waits.length, 1);
    waits.forEach((go) => go());

    await ordering.title('Setting up Analytical Engine').waitFor();
    await page.getByText('Your project is being set up').waitFor();
    await look('progress');
    const failure = { code: 'provisioner_refused', message: 'There is no room left in Amsterdam. Please try again tomorrow.' };
    becomes = { status: 'failed', project: null, can_retry: true, failure };
    await ordering.title('Analytical Engine could not be set up').waitFor();
    await look('failed');

    becomes = {};
    await ordering.change.click();
    await ordering.continue.click();
    await ordering.continue.click();
    await page.unroute(orders);
    await ordering.place.click();
    await ordering.title('Analytical Engine is ready').waitFor();
    await look('ready');
    await page.getByRole('button', { name: 'Show credential' }).click();
    await look('ready-credential');

    await page.reload();
    const back = await comeBack(page, credential);
    await look('unlock');
    await back.ordering.unlock({ password: 'another' });
    await page.getByText('This is not the password of').waitFor();
    await look('unlock-refused');
  });
}

scenario('all of it by the keyboard', async ({ world, page }) => {
  const press = (...keys) => keys.reduce((last, key) => last.then(() => page.keyboard.press(key)), Promise.resolve());
  /** Goes on by Tab until the control of that name has the focus. */
  const tabTo = async (name) => {
    for (let at = 0; at < 20; at += 1) {
      if ((await focused(page)) === name) return;
      await press('Tab');
    }
    assert.fail(`Tab does not lead to ${name}, but to ${await focused(page)}`);
  };
  const leadsTo = (title) => expectSoon('focus goes to the step', () => focused(page), title);
  await page.goto(world.hosts.page('element', { customer: world.customer(), order: '' }));
  const form = new Form(page);
  await form.ready();
  await form.fill(ADA);
  await form.field('email').press('Enter');
  const credential = await form.credential();
  const ordering = new Ordering(page);
  await ordering.start.waitFor();
  await tabTo('Set up a project');
  await press('Enter');

  await leadsTo('Choose a size');
  await tabTo('product_id');
  await press('ArrowDown');
  assert.ok(await ordering.product('Small').isChecked());
  await press('Enter');
  await leadsTo('Name your project');
  await tabTo('project_name');
  await page.keyboard.type('By hand');
  await tabTo('image_id');
  await page.keyboard.type('Word');
  await expectSoon('another image asks for more', () => page.getByText('Step 2 of 3').isVisible(), true);
  await expectSoon('the list keeps the focus', () => focused(page), 'image_id');
  await tabTo('Continue');
  await press('Space');
  await leadsTo('Settings of WordPress');
  await tabTo('wp_password');
  await page.keyboard.type('correct-horse-battery');
  await tabTo('Show');
  await press('Space');
  assert.equal(await ordering.password.getAttribute('type'), 'text');
  await tabTo('Back');
  await press('Enter');
  await leadsTo('Name your project');
  await tabTo('Continue');
  await press('Enter');
  await leadsTo('Settings of WordPress');
  assert.equal(await ordering.password.inputValue(), 'correct-horse-battery');
  await tabTo('wp_password');
  await press('Enter');
  await leadsTo('By hand is ready');
  await press('Tab');
  assert.equal(await focused(page), 'Open the project');
  assert.equal((await world.orders(credential)).length, 1);
});
