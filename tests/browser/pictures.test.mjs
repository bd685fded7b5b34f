// Pictures for the eye, under target/screenshots. With DOORSTEP_README_PICTURE=1
// the one of the README is written to widget/signup.png as well.

import assert from 'node:assert/strict';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { ADA, Form } from './form.mjs';
import { ROOT, world } from './harness.mjs';

const { scenario } = world();
const FOLDER = join(ROOT, 'target/screenshots');
/** A picture that everybody clones should load at once. */
const LARGEST_PICTURE = 60_000;

const SIGHTS = {
  desktop: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};

for (const [name, browsing] of Object.entries(SIGHTS)) {
  scenario(`pictures: ${name}`, browsing, async ({ world, page }) => {
    await mkdir(FOLDER, { recursive: true });
    const picture = async (state) => {
      // A bar that stays on top would else stand in the middle of the picture.
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: join(FOLDER, `${name}-${state}.png`), fullPage: true, caret: 'hide' });
    };
    await page.goto(`${world.panel}/?customer=${world.customer()}`);
    const form = new Form(page);
    await form.ready();
    await picture('editing');
    await form.field('email').fill('ada@');
    await form.send.click();
    await form.isFaulty('fname', /is required/);
    await picture('refused');
    await form.fill({ ...ADA, email: `ada@${name}.example.com`, country: 'GB' });
    await form.send.click();
    await form.credential();
    await page.getByText('Connected as').waitFor();
    await picture('done');
  });
}

for (const [name, browsing] of Object.entries(SIGHTS)) {
  scenario(`pictures: claimed, ${name}`, browsing, async ({ world, page }) => {
    await mkdir(FOLDER, { recursive: true });
    await page.goto(`${world.panel}/?customer=${world.customer()}&delivery=claim`);
    const form = new Form(page);
    await form.ready();
    await form.fill({ ...ADA, email: `claimed@${name}.example.com` });
    await form.send.click();
    await page.getByText('Connected as').waitFor();
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: join(FOLDER, `${name}-claimed.png`), fullPage: true, caret: 'hide' });
  });
}

scenario('pictures: right to left', async ({ world, page }) => {
  await mkdir(FOLDER, { recursive: true });
  await page.goto(world.hosts.page('styled', { customer: world.customer(), dir: 'rtl', lang: 'ar' }));
  const form = new Form(page);
  await form.ready();
  const { direction, label, form: whole } = await form.field('fname').evaluate((input) => ({
    direction: getComputedStyle(input.form).direction,
    label: input.labels[0].getBoundingClientRect().right,
    form: input.form.getBoundingClientRect().right,
  }));
  assert.equal(direction, 'rtl');
  assert.ok(Math.abs(whole - label) < 2, 'the first field does not begin on the right');
  await form.field('email').fill('ada@');
  await page.getByRole('button', { name: 'إنشاء الحساب' }).click();
  await form.isFaulty('fname', /الاسم الأول.*هذا الحقل مطلوب/);
  await page.screenshot({ path: join(FOLDER, 'rtl.png'), fullPage: true });
});

scenario('the picture of the README', { viewport: { width: 1120, height: 900 } }, async ({ world, page }) => {
  const isKept = Boolean(process.env.DOORSTEP_README_PICTURE);
  const path = isKept ? join(ROOT, 'widget/signup.png') : join(FOLDER, 'readme.png');
  await mkdir(FOLDER, { recursive: true });
  await page.goto(`${world.panel}/?customer=ada`);
  const form = new Form(page);
  await form.ready();
  await form.fill({ ...ADA, company_name: 'Analytical Engines', country: 'GB' });
  await page.locator('#cloud').screenshot({ path, caret: 'hide' });
  // Fonts differ from machine to machine, and sizes with them; only the kept one counts.
  const { size } = await stat(path);
  assert.ok(!isKept || size < LARGEST_PICTURE, `${path} has ${size} bytes`);
});
