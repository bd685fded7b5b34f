// The playground: every option live, the snippet, the events, and no secret anywhere.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import axe from 'axe-core';

import { description } from '../../widget/npm/generate.mjs';
import { ADA, Form } from './form.mjs';
import { ROOT, world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const { scenario } = world({ DOORSTEP_PLAYGROUND__ENABLED: 'true' });

/** A sign-up token for the playground's own pages. */
const tokenFor = async (world) => {
  const provider_server = 'playground.example';
  const client = await world.anotherClient(provider_server, world.server);
  return world.signUpToken(world.customer(), { provider_server }, client);
};

const open = async ({ world, page }) => {
  await page.goto(`${world.server}/playground`);
  for (const pane of ['light', 'dark', 'phone', 'mirrored']) await new Form(page.locator(`[data-look="${pane}"]`)).ready();
  await page.evaluate(() => document.querySelectorAll('details').forEach((group) => (group.open = true)));
};
const snippet = (page) => page.locator('#snippet').textContent();
const light = (page) => new Form(page.locator('[data-look="light"]'));

scenario('every option that is described has a control, and what it says is in the forms and in the snippet', async ({ world, page }) => {
  await open({ world, page });
  for (const { name } of description.attributes) {
    const known = page.locator(`#options .field > :is(label, legend):text-is("${name}")`);
    assert.equal(await known.count(), 1, `a control for ${name}`);
  }
  assert.match(await snippet(page), /data-token="sgn_…"><\/script>$/);
  await light(page).fill({ fname: 'Ada' });
  await page.getByLabel('company_name').check();
  await page.locator('#option-locale').selectOption('de');
  await light(page).field('company_name').waitFor();
  await page.locator('[data-look="light"]').getByRole('button', { name: 'Konto anlegen' }).waitFor();
  assert.equal(await light(page).field('fname').inputValue(), 'Ada', 'what was typed stays');
  await page.getByLabel('compact').check();
  assert.equal(await light(page).element.getAttribute('theme'), 'light compact');
  assert.equal(await new Form(page.locator('[data-look="dark"]')).element.getAttribute('theme'), 'dark compact');
  await page.locator('#option-order').selectOption('');
  const said = await snippet(page);
  for (const part of ['data-fields="company_name"', 'data-locale="de"', 'data-theme="compact"', 'data-order=""']) {
    assert.ok(said.includes(part), `${part} in ${said}`);
  }
  // A colour is the page's own, in every form and in the snippet.
  await page.getByLabel('accent', { exact: true }).fill('#b4235a');
  for (const element of await page.locator('doorstep-signup').all()) {
    assert.equal(await element.evaluate((it) => getComputedStyle(it).getPropertyValue('--doorstep-accent')), '#b4235a');
  }
  assert.match(await snippet(page), /^<style>\ndoorstep-signup \{\n {2}--doorstep-accent: #b4235a;/);
  for (const [kind, part] of [['JavaScript', 'locale: "de",'], ['React', 'locale="de"'], ['Vue', '<template>'], ['Svelte', ':global(doorstep-signup)'], ['Element', '<doorstep-signup']]) {
    await page.locator('#kind').selectOption(kind);
    assert.ok((await snippet(page)).includes(part), await snippet(page));
  }
  await page.getByRole('button', { name: 'own colours' }).click();
  assert.ok(!(await snippet(page)).includes('accent'));
  // Read when a form starts, so there are new ones.
  await page.locator('#option-shadow').selectOption('none');
  await page.locator('[data-look="phone"] doorstep-signup > * [name="fname"]').waitFor();
});

scenario('without a token the form asks for one, and a pasted one signs up; neither it nor the password is shown', async ({ world, page }) => {
  await open({ world, page });
  const form = light(page);
  await form.fill(ADA);
  await form.send.click();
  const log = page.locator('#events');
  await log.getByText('doorstep:token-needed').first().waitFor();
  const token = await tokenFor(world);
  // With it the answers go out.
  await page.getByLabel('token', { exact: true }).fill(token);
  const { username, password } = await form.credential();
  await log.getByText('doorstep:success').first().waitFor();
  await log.getByText('onCredential').first().waitFor();
  const said = await log.textContent();
  assert.ok(said.includes(username));
  for (const secret of [password, token]) {
    assert.ok(!said.includes(secret), 'a secret is among the events');
    assert.ok(!(await snippet(page)).includes(secret), 'a secret is in the snippet');
    assert.ok(!page.url().includes(secret));
  }
  await world.account({ username, password });
});

for (const colorScheme of ['light', 'dark']) {
  scenario(`the playground fits and axe finds nothing, ${colorScheme}`, { colorScheme }, async ({ world, page }) => {
    await open({ world, page });
    const folder = join(ROOT, 'target/screenshots');
    await mkdir(folder, { recursive: true });
    for (const width of [360, 768, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      await expectSoon(`no wider than ${width} px`, () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
      await page.evaluate(axe.source);
      // The same form four times is what the page is for.
      const { violations } = await page.evaluate(() => axe.run(document, { rules: { 'landmark-unique': { enabled: false } } }));
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.flat()).join(', ')}`), [], `at ${width} px`);
      await page.screenshot({ path: join(folder, `playground-${colorScheme}-${width}.png`), fullPage: true });
    }
  });
}
