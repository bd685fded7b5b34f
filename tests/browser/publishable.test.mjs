// Pages without a back end: a puzzle is solved while the person types, and the sign-up waits.

import assert from 'node:assert/strict';

import { ADA, Form } from './form.mjs';
import { world } from './harness.mjs';

const { scenario } = world({ DOORSTEP_PUBLISHABLE__ENABLED: 'true' });

/** A cheap phone beside this machine. */
const SLOWDOWN = 4;

const open = async ({ world, page }, more = {}) => {
  const client = await world.publishable();
  const customer = world.customer();
  await page.goto(world.hosts.page('publishable', { client, customer, ...more }));
  const form = new Form(page);
  await form.ready();
  return { client, customer, form };
};

const waits = async (page) => {
  await page.getByText('We will let you know').waitFor();
  const { events } = await page.evaluate(() => notes);
  const success = events.find((event) => event.name === 'doorstep:success');
  assert.deepEqual(success.detail, { status: 'pending' });
  assert.equal(await page.getByLabel('API username').isVisible(), false);
};

scenario('a person signs up without a back end, and is told to wait', async ({ world, page }) => {
  const workers = [];
  page.on('worker', (worker) => workers.push(worker.url()));
  const { client, customer, form } = await open({ world, page });
  await form.fill(ADA);
  await form.send.click();
  await waits(page);
  assert.equal(workers.length, 1, 'the puzzle was solved somewhere else');
  const [entry] = await world.pendingSignUps();
  assert.deepEqual([entry.client_id, entry.provider_username, entry.user.fname], [client, customer, 'Ada']);
});

scenario('typing goes on while the puzzle is solved on a slow machine', async ({ world, page }) => {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN });
  const { form } = await open({ world, page });
  for (const [name, answer] of Object.entries(ADA)) {
    await form.field(name).click();
    await page.keyboard.type(answer);
  }
  assert.deepEqual(await form.answers(Object.keys(ADA)), ADA, 'something that was typed is lost');
  await form.send.click();
  await waits(page);
});

scenario(
  'where the policy forbids workers the page solves the puzzle itself',
  { allow: [/worker|blob:/i] },
  async ({ world, page }) => {
    const csp = `script-src 'unsafe-inline' ${world.server} 'wasm-unsafe-eval'; worker-src 'none'`;
    const { form } = await open({ world, page }, { csp });
    await form.fill(ADA);
    await form.send.click();
    await waits(page);
  },
);

scenario('a page that needs no puzzle loads no solver', async ({ world, page }) => {
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(world.hosts.page('bound', { customer: world.customer() }));
  await new Form(page).ready();
  assert.deepEqual(asked.filter((url) => /prover|challenge/.test(url)), []);
});
