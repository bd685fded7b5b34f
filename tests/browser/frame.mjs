// The isolated form inside its frame, for the tests of it.

import { Form } from './form.mjs';

/** The form inside the frame, as a person meets it. */
export const inFrame = (page) => new Form(page.frameLocator('doorstep-signup iframe'));
export const frameOf = (page) => page.frames().find((frame) => new URL(frame.url()).pathname === '/v1/frame');
export const told = (page) => page.evaluate(() => notes.events.map(({ name }) => name));
/** Notes, in the page and in its frame, whatever their policies had to stop. */
export const watchViolations = (context) =>
  context.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) =>
      violations.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`),
    );
  });

export async function open(page, world, options = {}) {
  await page.goto(world.hosts.page('element', { customer: world.customer(), mode: 'frame', ...options }));
  const form = inFrame(page);
  await form.ready();
  return form;
}

/** Waits until what was posted has been passed over. */
export const settle = (page) => frameOf(page).evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
