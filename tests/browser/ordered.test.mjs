// The steps after a sign-up by the keyboard alone. How each looks, and that axe finds nothing, is matrix.test.mjs's.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { ADA, focused, Form } from './form.mjs';
import { world } from './harness.mjs';
import { Ordering } from './ordering.mjs';
import { expectSoon } from './soon.mjs';

const catalog = fileURLToPath(new URL('catalog.toml', import.meta.url));
const { scenario } = world({}, { catalog });

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
