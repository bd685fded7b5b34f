// Starts programs, waits for the one line that says they listen, and stops
// them whatever happens to the test.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** As long as a debug build on a busy machine may take to open a database. */
const START_MS = 30_000;
/** Longer than a graceful shutdown without open requests. */
const STOP_MS = 5_000;
/** Of what a program wrote to standard error, as much as a failure shows. */
const TAIL = 4_000;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(1));
}

/** The environment without our own settings, so that a developer's do not count. */
const clean = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DOORSTEP_')));

export function launch(program, args, { env, cwd }) {
  const child = spawn(program, args, {
    cwd,
    env: { ...clean(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (child.log += text));
  child.once('close', () => running.delete(child));
  return child;
}

const named = (program, args) => [program, ...args].join(' ');

/** Runs a program to its end and returns what it printed, as JSON. */
export const run = async (program, args, options) => JSON.parse(await print(program, args, options));

/** The same as text. */
export async function print(program, args, options) {
  const child = launch(program, args, options);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
  const [code] = await Promise.race([
    once(child, 'close'),
    once(child, 'error').then(([error]) => Promise.reject(error)),
  ]);
  if (code !== 0) throw new Error(`${named(program, args)} ended with ${code}:\n${child.log.slice(-TAIL)}`);
  return printed;
}

/** Starts a program and returns it with the JSON line that it printed first. */
export async function start(program, args, options) {
  const child = launch(program, args, options);
  const lines = createInterface({ input: child.stdout });
  let timer;
  const ready = await Promise.race([
    once(lines, 'line').then(([line]) => JSON.parse(line)),
    once(child, 'error').then(([error]) => Promise.reject(error)),
    once(child, 'close').then(([code]) =>
      Promise.reject(new Error(`${named(program, args)} ended with ${code}:\n${child.log.slice(-TAIL)}`)),
    ),
    new Promise((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${named(program, args)} did not say that it listens:\n${child.log.slice(-TAIL)}`)),
        START_MS,
      );
    }),
  ]).finally(() => clearTimeout(timer));
  return { child, ready };
}

/** Starts a program that says nothing when it listens, and returns it when it does. */
export async function startListening(program, args, options, port) {
  const child = launch(program, args, options);
  let failed;
  child.once('error', (error) => (failed = error));
  for (const end = Date.now() + START_MS; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const ended = failed || child.exitCode !== null || child.signalCode !== null;
    if (ended || Date.now() > end) {
      child.kill('SIGKILL');
      throw new Error(`${named(program, args)} does not listen on ${port}: ${failed ?? ''}\n${child.log.slice(-TAIL)}`);
    }
    const socket = connect(port, '127.0.0.1');
    const isThere = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false);
    socket.destroy();
    if (isThere) return child;
  }
}

/** Stops a program: by request, and by force if it takes too long. */
export async function stop(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await closed;
  clearTimeout(timer);
}

/**
 * A port that nobody uses. The panel's origin has to be known when its OAuth
 * client is made, and the client when the panel starts.
 */
export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
