// Waiting for a value without sleeping a fixed time.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 15_000;
const STEP_MS = 25;

/** Reads until the value is `expected`, or fails with the last one. */
export async function expectSoon(what, read, expected) {
  const until = Date.now() + PATIENCE_MS;
  let last = await read();
  while (last !== expected && Date.now() < until) {
    await sleep(STEP_MS);
    last = await read();
  }
  assert.deepEqual(last, expected, what);
}
