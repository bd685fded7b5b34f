// One visit of one form by a phone on a slow line, and what was seen of it.

/** Lighthouse's "slow 4G" and its middling phone: 150 ms there and back, 1.6 Mbit/s, a quarter of this machine. */
export const LINE = { latency: 150, downloadThroughput: (1.6 * 1024 * 1024) / 8, uploadThroughput: (750 * 1024) / 8, offline: false };
export const SLOWER = 4;
export const PHONE = { viewport: { width: 412, height: 823 }, deviceScaleFactor: 1.75, isMobile: true, hasTouch: true, locale: 'en-GB' };
/** For what still happens when a person could type. */
const AFTERWARDS_MS = 2_500;

/** In the page, before everything else: when there is something to type into, what blocks it, and what moves. */
function watch() {
  window.seen = { tasks: [], shift: 0 };
  const observe = (type, note) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
  observe('longtask', ({ startTime, duration }) => seen.tasks.push({ startTime, duration }));
  observe('layout-shift', ({ value }) => (seen.shift += value));
  addEventListener('doorstep:ready', () => (seen.whole = performance.now()));
  const roots = () => [document, ...[...document.querySelectorAll('doorstep-signup, hanko-registration')].map((it) => it.shadowRoot).filter(Boolean)];
  const isEditable = (input) => !input.disabled && !input.readOnly && input.type !== 'hidden' && input.checkVisibility();
  const look = () => {
    if (!roots().some((root) => [...root.querySelectorAll('input')].some(isEditable))) requestAnimationFrame(look);
    // After it is painted.
    else setTimeout(() => (seen.editable = performance.now()));
  };
  requestAnimationFrame(look);
}

/** Opens a page in a profile, which may have been there before. */
export async function visit(context, address) {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', LINE);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  const loads = [];
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => loads.push(encodedDataLength));
  await page.addInitScript(watch);
  await page.goto(address, { waitUntil: 'commit' });
  await page.waitForFunction(() => seen.editable, undefined, { timeout: 60_000 });
  const beforehand = [...loads];
  // Ours can be typed into before its module is there.
  await page.waitForFunction(() => seen.whole || !document.querySelector('doorstep-signup'), undefined, { timeout: 60_000 });
  await page.waitForTimeout(AFTERWARDS_MS);
  const { began, editable, whole, tasks, shift } = await page.evaluate(() => ({ began, ...seen }));
  await page.close();
  const after = tasks.filter(({ startTime }) => startTime >= editable);
  const sum = (list) => list.reduce((all, one) => all + one, 0);
  return {
    editable: editable - began,
    whole: whole ? whole - began : undefined,
    bytesToType: sum(beforehand),
    bytes: sum(loads),
    longest: Math.max(0, ...after.map(({ duration }) => duration)),
    longestBefore: Math.max(0, ...tasks.filter(({ startTime }) => startTime < editable).map(({ duration }) => duration)),
    shift,
  };
}
