// axe finds nothing serious, whatever state the form is in; it fits its place.

import assert from 'node:assert/strict';

import { fits, isAccessible } from './accessible.mjs';
import { ADA, Form } from './form.mjs';
import { UNREACHABLE } from './guard.mjs';
import { world } from './harness.mjs';

const { scenario } = world();

for (const colorScheme of ['light', 'dark']) {
  scenario(`every state is accessible (${colorScheme})`, { colorScheme, allow: [UNREACHABLE] }, async ({ world, page }) => {
    let letThrough;
    const gate = new Promise((resolve) => (letThrough = resolve));
    await page.route('**/*.wasm', async (route) => {
      await gate;
      await route.continue();
    });
    await page.goto(`${world.panel}/?customer=${world.customer()}`);
    const form = new Form(page);
    await form.element.waitFor({ state: 'attached' });
    await isAccessible(page, 'loading');
    letThrough();
    await form.ready();
    await isAccessible(page, 'editing');

    await form.field('email').fill('ada@');
    await form.send.click();
    await form.isFaulty('fname', /is required/);
    await isAccessible(page, 'refused');

    await form.fill({ ...ADA, country: 'GB' });
    const users = (url) => url.pathname === '/api/users';
    await page.route(users, (route) => route.abort('connectionrefused'));
    await form.send.click();
    await page.getByText('What you typed is still here').waitFor();
    await isAccessible(page, 'unreachable');
    await page.unroute(users);

    let answer;
    const answered = new Promise((resolve) => (answer = resolve));
    await page.route(users, async (route) => {
      if (route.request().method() === 'POST') await answered;
      await route.continue();
    });
    await form.retry.click();
    await page.getByText('Creating your account').first().waitFor();
    await isAccessible(page, 'sending');
    answer();
    await form.credential();
    await page.getByText('Connected as Ada Lovelace').waitFor();
    await isAccessible(page, 'done');

    await page.reload();
    await page.getByText('API user').waitFor();
    await isAccessible(page, 'connected');
  });
}

for (const width of [320, 390, 768, 1280]) {
  scenario(`nothing is cut off at ${width} px`, { viewport: { width, height: 800 } }, async ({ world, page }) => {
    await page.goto(`${world.panel}/?customer=${world.customer()}`);
    const form = new Form(page);
    await form.ready();
    assert.deepEqual(await fits(page), { page: true, form: true });
    await form.fill(ADA);
    await form.send.click();
    await form.credential();
    assert.deepEqual(await fits(page), { page: true, form: true });
  });
}
