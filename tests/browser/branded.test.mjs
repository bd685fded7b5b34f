// A form with the operator's brand and fields, which the page says nothing of.

import assert from 'node:assert/strict';

import { Form } from './form.mjs';
import { world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const { scenario } = world({
  DOORSTEP_BRANDING__NAME: 'Cumulus Cloud',
  DOORSTEP_BRANDING__COLOR: '#ffcc00',
  DOORSTEP_FORM__FIELDS: 'company_name country',
});

scenario('the token alone brings the operator\'s name, colour and fields', async ({ world, page }) => {
  await page.goto(world.hosts.page('bound', { customer: world.customer() }));
  const form = new Form(page);
  await form.ready();
  await page.getByText('Cumulus Cloud', { exact: true }).waitFor();
  await form.field('company_name').waitFor();
  await form.field('country').waitFor();
  const look = () =>
    form.send.evaluate((button) => {
      const { backgroundColor, color } = getComputedStyle(button);
      // As they are painted: a colour that is worked out has another spelling.
      const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
      return [backgroundColor, color].map((paint) => {
        context.fillStyle = paint;
        context.fillRect(0, 0, 1, 1);
        return `rgb(${[...context.getImageData(0, 0, 1, 1).data].slice(0, 3).join(', ')})`;
      });
    });
  // Black on yellow: what can be read is chosen with the colour.
  await expectSoon('the button has the brand\'s colour', async () => (await look()).join(), 'rgb(255, 204, 0),rgb(0, 0, 0)');
});

scenario('what the page says goes before what the operator says', async ({ world, page }) => {
  await page.goto(world.hosts.page('tag', { customer: world.customer() }));
  const form = new Form(page);
  await form.ready();
  await page.getByText('Cumulus Cloud', { exact: true }).waitFor();
  await form.field('phone').waitFor();
  const style = await form.element.getAttribute('style');
  assert.match(style, /--doorstep-brand/);
});
