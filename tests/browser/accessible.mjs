// What axe and the eye say of a page, for every state that a person can meet.

import assert from 'node:assert/strict';

import axe from 'axe-core';

/** Fails on what axe calls serious, in the page or in a frame. */
export async function isAccessible(page, state) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    // Best practices of whole pages are the host's business; the rules of WCAG are ours.
    axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }),
  );
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.flat()).join(', ')}`);
  assert.deepEqual(serious, [], `while ${state}`);
}

/** Whether the page and the form stay within their widths. */
export const fits = (page) =>
  page.evaluate(() => ({
    page: document.documentElement.scrollWidth <= innerWidth,
    form: (() => {
      const element = document.querySelector('doorstep-signup');
      return element.scrollWidth <= element.clientWidth + 1 && element.getBoundingClientRect().right <= innerWidth;
    })(),
  }));
