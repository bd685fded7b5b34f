// The picture of the README, under target/screenshots. With DOORSTEP_README_PICTURE=1 it is written to widget/signup.png.
// Those of every state are matrix.test.mjs's.

import assert from 'node:assert/strict';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { ADA, Form } from './form.mjs';
import { ROOT, world } from './harness.mjs';

const { scenario } = world();
const FOLDER = join(ROOT, 'target/screenshots');
/** A picture that everybody clones should load at once. */
const LARGEST_PICTURE = 60_000;

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
