// The demo panel's page with the form in it: axe finds nothing serious, and nothing is cut off. The form alone, in all its
// states, is matrix.test.mjs's.

import assert from 'node:assert/strict';

import { fits, isAccessible } from './accessible.mjs';
import { ADA, Form } from './form.mjs';
import { world } from './harness.mjs';

const { scenario } = world();

for (const [width, colorScheme] of [[320, 'light'], [1280, 'dark']]) {
  scenario(`the panel at ${width} px is accessible, and nothing is cut off`, { colorScheme, viewport: { width, height: 800 } }, async ({ world, page }) => {
    const look = async (state) => {
      await isAccessible(page, state);
      assert.deepEqual(await fits(page), { page: true, form: true }, `while ${state}`);
    };
    await page.goto(`${world.panel}/?customer=${world.customer()}`);
    const form = new Form(page);
    await form.ready();
    await look('editing');
    await form.fill(ADA);
    await form.send.click();
    await form.credential();
    await page.getByText('Connected as Ada Lovelace').waitFor();
    await look('done');
    await page.reload();
    await page.getByText('API user').waitFor();
    await isAccessible(page, 'connected');
  });
}
