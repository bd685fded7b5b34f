// Other people's solvers solve our puzzles: here ALTCHA's own library.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';

import { extractParams, solveChallenge } from 'altcha-lib/v1';

import { ROOT } from './harness.mjs';
import { run, start, stop } from './processes.mjs';

const DOORSTEP = resolve(ROOT, process.env.DOORSTEP_BIN || 'target/debug/doorstep');
const ORIGIN = 'https://blog.example';
let folder, child, server, client;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doorstep-interop-'));
  const env = {
    DOORSTEP_DATABASE_URL: `sqlite://${folder}/doorstep.db`,
    DOORSTEP_KEYS__FILE: `${folder}/doorstep.keys`,
    DOORSTEP_LISTEN: '127.0.0.1:0',
    DOORSTEP_OPS_LISTEN: '127.0.0.1:0',
    DOORSTEP_PUBLISHABLE__ENABLED: 'true',
    // What is tested is that it works, and not how long it takes.
    DOORSTEP_PUBLISHABLE__BASE_NUMBER: '2000',
  };
  const create = ['client', 'create', '--name', 'Blog', '--publishable', '--json'];
  const of = ['--provider-server', 'srv.example', '--origin', ORIGIN];
  client = (await run(DOORSTEP, [...create, ...of], { env, cwd: folder })).client_id;
  const started = await start(DOORSTEP, ['serve', '--json'], { env, cwd: folder });
  child = started.child;
  server = started.ready.listening;
});

after(async () => {
  if (child) await stop(child);
  if (folder) await rm(folder, { recursive: true, force: true });
});

const post = async (path, body, headers) => {
  const reply = await fetch(server + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: ORIGIN, ...headers },
    body: JSON.stringify(body),
  });
  return { status: reply.status, body: await reply.json() };
};

test("ALTCHA's library solves a challenge, and its solution signs somebody up", async () => {
  const { status, body: puzzle } = await post('/api/widget/challenge', { client_id: client });
  assert.equal(status, 200, JSON.stringify(puzzle));
  // The library reads what the challenge is bound to, as any integration would.
  const bound = extractParams(puzzle);
  assert.equal(bound.client, client);
  assert.equal(bound.origin, ORIGIN);
  assert.ok(Number(bound.expires) * 1000 > Date.now());

  const solving = solveChallenge(puzzle.challenge, puzzle.salt, puzzle.algorithm, puzzle.maxnumber);
  const { number, took } = await solving.promise;
  const { algorithm, challenge, salt, signature } = puzzle;
  const payload = { algorithm, challenge, number, salt, signature, took };
  const altcha = Buffer.from(JSON.stringify(payload)).toString('base64');
  const exchange = {
    grant_type: 'urn:doorstep:grant:widget',
    client_id: client,
    altcha,
    provider_username: 'ada',
  };
  const issued = await post('/api/widget/token', exchange);
  assert.equal(issued.status, 200, JSON.stringify(issued.body));
  assert.equal(issued.body.assurance, 'anonymous');

  const headers = {
    authorization: `Bearer ${issued.body.access_token}`,
    'idempotency-key': 'a-key-for-the-filled-form',
  };
  const names = { user: { fname: 'Ada', lname: 'Lovelace' } };
  const held = await post('/api/users', names, headers);
  assert.equal(held.status, 202, JSON.stringify(held.body));
  assert.equal(held.body.sign_up.status, 'pending');
  assert.equal((await post('/api/widget/token', exchange)).body.code, 'puzzle_unsolved');
});
