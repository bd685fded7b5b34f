// How long it takes until a person can type, beside two forms of others: `cargo xtask speed`.
//
//   node measure.mjs --dist FOLDER --peers FOLDER --esbuild FOLDER [--rounds N] [--page FILE]
//
// Each round opens each form twice, with an empty profile and with the same profile again; medians count.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { chromium } from 'playwright-core';

import { BROWSER, FLAGS } from '../harness.mjs';
import { FORMS, serveForms } from './forms.mjs';
import { handbookPage, table } from './report.mjs';
import { Server } from './server.mjs';
import { PHONE, visit } from './visit.mjs';

const { values: asked } = parseArgs({
  options: { dist: { type: 'string' }, peers: { type: 'string' }, esbuild: { type: 'string' }, rounds: { type: 'string', default: '5' }, page: { type: 'string' } },
});
const rounds = Number(asked.rounds);
assert.ok(rounds >= 1 && rounds <= 20, '--rounds is 1 to 20');

/** As the build of a page would put a library into it. */
async function bundle(entry) {
  const { build } = await import(pathToFileURL(resolve(asked.esbuild, 'lib/main.js')));
  // Its own `require` gets a file that esbuild takes for a module, with nothing in it.
  const whole = { name: 'whole', setup: ({ onResolve }) => onResolve({ filter: /^auth0-js$/ }, () => ({ path: join(dirname(entry), 'node_modules/auth0-js/dist/auth0.min.esm.js') })) };
  const define = { 'process.env.NODE_ENV': '"production"', global: 'globalThis' };
  const made = await build({ entryPoints: [entry], bundle: true, minify: true, target: 'es2020', define, plugins: [whole], write: false, logLevel: 'error' });
  return Buffer.from(made.outputFiles[0].contents);
}

const middle = (list) => list.toSorted((one, other) => one - other)[Math.floor(list.length / 2)];
/** The middle of each figure. */
const middles = (visits) => Object.fromEntries(Object.keys(visits[0]).map((name) => [name, visits[0][name] === undefined ? undefined : middle(visits.map((it) => it[name]))]));

const server = await Server.listen();
const browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS });
try {
  await serveForms(server, { dist: asked.dist, peers: resolve(asked.peers), bundle });
  const seen = new Map(FORMS.map(({ path }) => [path, { first: [], again: [] }]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { path } of FORMS) {
      const context = await browser.newContext(PHONE);
      for (const when of ['first', 'again']) seen.get(path)[when].push(await visit(context, server.origin + path));
      await context.close();
    }
  }
  const rows = FORMS.map(({ name, path }) => ({ name, first: middles(seen.get(path).first), again: middles(seen.get(path).again) }));
  console.log(table(rows));
  if (asked.page) {
    await writeFile(asked.page, handbookPage(rows, { rounds, browser: browser.version() }));
    console.log(`\nwrote ${asked.page}`);
  }
} finally {
  await browser.close();
  await server.close();
}
