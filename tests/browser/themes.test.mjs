// The looks: presets that fit where a form stands, dense or not, and any accent readable.

import assert from 'node:assert/strict';

import { Form } from './form.mjs';
import { world } from './harness.mjs';

const { scenario } = world();
const PRESETS = ['cpanel', 'plesk', 'whmcs', 'wordpress', 'cockpit'];

async function open(page, world, options) {
  await page.goto(world.hosts.page('element', { customer: world.customer(), fields: 'country c_sftp_pass', ...options }));
  const form = new Form(page);
  await form.ready();
  return form;
}

/** WCAG's ratio of two colours, as the page paints them. */
const contrast = (page, one, other) =>
  page.evaluate(
    (colors) => {
      const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
      const [light, dark] = colors
        .map((color) => {
          context.fillStyle = color;
          context.fillRect(0, 0, 1, 1);
          const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        })
        .sort((a, b) => b - a);
      return (light + 0.05) / (dark + 0.05);
    },
    [one, other],
  );

const style = (locator, ...names) =>
  locator.evaluate((element, names) => names.map((name) => getComputedStyle(element)[name]), names);

// Whether they are whole and accessible, and how they look, is matrix.test.mjs's.
for (const preset of PRESETS) {
  scenario(`${preset} has an accent of its own in both schemes, dense and comfortable`, async ({ world, page }) => {
    const seen = new Set();
    const accent = async (theme) => {
      // The scheme of the place, so that what surrounds the form is not the other.
      const form = await open(page, world, { theme, style: `:root{color-scheme:${theme.includes('dark') ? 'dark' : 'light'}}` });
      return (await style(form.send, 'fontFamily', 'backgroundColor')).join(' ');
    };
    for (const theme of ['light', 'dark', 'light compact', 'dark compact']) seen.add(await accent(`${preset} ${theme}`));
    assert.equal(seen.size, 2, 'the accent of a scheme is its own, and no other changes it');
    assert.ok(!seen.has(await accent('light')), `${preset} changes nothing`);
  });
}

scenario('compact is smaller, and what is pressed stays large enough', async ({ world, page }) => {
  const height = async (theme) => {
    const form = await open(page, world, { theme });
    const boxes = await Promise.all([form.send, form.field('fname'), form.field('country'), form.field('c_sftp_pass')].map((it) => it.boundingBox()));
    for (const { height } of boxes.slice(0, 3)) assert.ok(height >= 24, `${theme}: ${height} px`);
    return (await form.element.boundingBox()).height;
  };
  const [comfortable, compact] = [await height('light'), await height('light compact')];
  assert.ok(compact < 0.8 * comfortable, `${compact} of ${comfortable} px`);
});

// Yellow, white, black, and greys on both sides of the middle.
for (const accent of ['#ffe600', '#ffffff', '#000000', '#777777', '#757575', '#ff4d00', '#00a86b']) {
  scenario(`an accent of ${accent} can be read on and seen`, async ({ world, page }) => {
    for (const scheme of ['light', 'dark']) {
      const form = await open(page, world, { theme: scheme, style: `doorstep-signup{--doorstep-accent:${accent}}` });
      const [background, color] = await style(form.send, 'backgroundColor', 'color');
      const ratio = await contrast(page, background, color);
      assert.ok(ratio >= 4.5, `${scheme}: text on it has ${ratio}`);
      await form.send.hover();
      const [hovered] = await style(form.send, 'backgroundColor');
      const still = await contrast(page, hovered, color);
      assert.ok(still >= 4.5, `${scheme}: under the pointer it has ${still}`);
      await form.field('fname').focus();
      await page.keyboard.press('Tab');
      const [ring] = await style(form.field('lname'), 'outlineColor');
      const [surface] = await style(page.locator('.doorstep-root'), 'backgroundColor');
      const seen = await contrast(page, ring, surface);
      assert.ok(seen >= 3, `${scheme}: the ring has ${seen}`);
    }
  });
}

scenario('what a page says of the text on its accent goes before', async ({ world, page }) => {
  const form = await open(page, world, { theme: 'light', style: 'doorstep-signup{--doorstep-accent:#ffe600;--doorstep-on-accent:#3b2f00}' });
  assert.deepEqual(await style(form.send, 'color'), ['rgb(59, 47, 0)']);
});

scenario('a preset reaches into the frame', async ({ world, page }) => {
  await page.goto(world.hosts.page('element', { customer: world.customer(), mode: 'frame', theme: 'wordpress dark compact' }));
  const form = new Form(page.frameLocator('doorstep-signup iframe'));
  await form.ready();
  const [background] = await style(form.send, 'backgroundColor');
  assert.ok(Math.abs((await contrast(page, background, '#72aee6')) - 1) < 0.02, background);
});
