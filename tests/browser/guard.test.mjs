// The guard itself: a watch that never barks proves nothing.

import assert from 'node:assert/strict';

import { guard } from './guard.mjs';
import { world } from './harness.mjs';

const { scenario } = world();

const OFFENCES = [
  [/a request to a third party: http:\/\/tracker\.example/, () => fetch('http://tracker.example/').catch(() => {})],
  [/an error on the console: on purpose/, () => console.error('on purpose')],
  [/an uncaught exception: .*on purpose/, () => setTimeout(() => { throw new Error('on purpose'); })],
];

for (const [complaint, offend] of OFFENCES) {
  scenario(`the guard notices ${complaint.source.slice(0, 24)}`, async ({ world }) => {
    const context = await world.browser.newContext();
    const watch = guard(context, { origins: [world.hosts.origin, world.server], allow: [] });
    const page = await context.newPage();
    await page.goto(world.hosts.page('mount'));
    watch.check();
    await page.evaluate(offend);
    await page.waitForTimeout(200);
    assert.throws(watch.check, complaint);
    await context.close();
  });
}
