// One world per test file: the real server on a new database, the demo panel,
// a server of plain host pages, and a browser. `scenario` is a test in it.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { guard } from './guard.mjs';
import { Hosts } from './hosts.mjs';
import { freePort, run, start, stop } from './processes.mjs';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const program = (name, fallback) => resolve(ROOT, process.env[name] || fallback);
const DOORSTEP = program('DOORSTEP_BIN', 'target/debug/doorstep');
const PANEL = program('DOORSTEP_PANEL_BIN', 'target/debug/doorstep-demo-panel');
export const BROWSER = process.env.DOORSTEP_BROWSER || '/usr/bin/chromium';
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  // Names resolve to nothing, so that not even a preconnect leaves the machine.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];
/** What a page may wait for anything: wasm of a debug build on a busy machine. */
const PATIENCE_MS = 15_000;
/** A whole test. */
const TEST_MS = 90_000;

export const PROVIDER_SERVER = 'demo.panel.example';

class World {
  customers = 0;
  /** What the server may not log, by kind; and its processes, the killed ones as well. */
  secrets = new Map();
  servers = [];

  /**
   * `settings` are the server's, as environment variables; with a `catalog` there is something to order; `file` is a
   * settings file; `browser` has more `args` and `env` for the browser.
   */
  static async create(settings, { catalog, file, browser }) {
    const world = new World();
    world.settings = settings;
    world.catalog = catalog;
    world.file = file;
    world.launch = browser ?? {};
    try {
      await world.#start();
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  async #start() {
    this.folder = await mkdtemp(join(tmpdir(), 'doorstep-browser-'));
    if (this.file) await writeFile(join(this.folder, 'doorstep.toml'), this.file);
    this.hosts = await Hosts.listen();
    this.panelPort = await freePort();
    this.panel = `http://127.0.0.1:${this.panelPort}`;
    this.projects = join(this.folder, 'projects');
    if (this.catalog) {
      await mkdir(this.projects, { mode: 0o700 });
      await run(DOORSTEP, ['catalog', 'import', this.catalog, '--json'], this.#doorstep());
    }
    await this.startServer('127.0.0.1:0');
    this.client = await run(
      DOORSTEP,
      [
        ...['client', 'create', '--name', 'browser tests', '--scope', 'public register'],
        ...['--provider-server', PROVIDER_SERVER],
        ...['--origin', this.panel, '--origin', this.hosts.origin, '--json'],
      ],
      this.#doorstep(),
    );
    this.secrets.set(this.client.client_secret, 'the client secret');
    this.hosts.serve({
      server: this.server,
      signUpToken: (customer, more) => this.signUpToken(customer, more),
    });
    await this.#startPanel();
    const { args = [], env = {} } = this.launch;
    this.browser = await chromium.launch({ executablePath: BROWSER, args: [...FLAGS, ...args], env: { ...process.env, ...env } });
  }

  #doorstep(listen) {
    const env = {
      ...this.settings,
      ...(this.catalog && {
        DOORSTEP_PROVISIONING__DRIVER: 'directory',
        DOORSTEP_PROVISIONING__DIRECTORY: this.projects,
        DOORSTEP_PROVISIONING__LINK: `${this.hosts.origin}/projects/{id}`,
      }),
      DOORSTEP_DATABASE_URL: `sqlite://${this.folder}/doorstep.db`,
      DOORSTEP_KEYS__FILE: `${this.folder}/doorstep.keys`,
      DOORSTEP_LOG__FILTER: 'trace',
      // One address signs up for everybody here.
      DOORSTEP_LIMITS__SCALE: '1000',
      ...(listen && { DOORSTEP_LISTEN: listen, DOORSTEP_OPS_LISTEN: '127.0.0.1:0' }),
    };
    return { env, cwd: this.folder };
  }

  async startServer(listen = new URL(this.server).host) {
    const { child, ready } = await start(DOORSTEP, ['serve', '--json'], this.#doorstep(listen));
    this.serverProcess = child;
    this.servers.push(child);
    this.server = ready.listening;
  }

  /** Ends the server at once, as a crash does. */
  async killServer() {
    await stop(this.serverProcess, 'SIGKILL');
  }

  async #startPanel() {
    const file = join(this.folder, 'client.json');
    await writeFile(file, JSON.stringify(this.client), { mode: 0o600 });
    const env = {
      DOORSTEP_PANEL_LISTEN: `127.0.0.1:${this.panelPort}`,
      DOORSTEP_PANEL_SERVER: this.server,
      DOORSTEP_PANEL_CLIENT_FILE: file,
      DOORSTEP_PANEL_PROVIDER_SERVER: PROVIDER_SERVER,
    };
    const { child } = await start(PANEL, [], { env, cwd: this.folder });
    this.panelProcess = child;
  }

  /** A customer's name that no test has used. */
  customer() {
    this.customers += 1;
    return `customer-${this.customers}`;
  }

  /** A register token, as a panel's back end gets it. */
  async registerToken() {
    return this.#token({});
  }

  /** A sign-up token of one person, with the `locked` and `prefill` answers of `more`. */
  async signUpToken(customer, more = {}, client = this.client) {
    const person = {
      type: 'user_registration',
      provider_server: PROVIDER_SERVER,
      provider_username: customer,
      ...more,
    };
    return this.#token({ authorization_details: JSON.stringify([person]) }, client);
  }

  /** A client of another server, whose pages are on another origin. */
  async anotherClient(providerServer, origin) {
    const create = ['client', 'create', '--name', 'another', '--scope', 'public register', '--json'];
    const client = await run(DOORSTEP, [...create, '--provider-server', providerServer, '--origin', origin], this.#doorstep());
    this.secrets.set(client.client_secret, 'the client secret');
    return client;
  }

  async #token(more, { client_id, client_secret } = this.client) {
    const answer = await fetch(`${this.server}/api/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'register',
        client_id,
        client_secret,
        ...more,
      }),
    });
    assert.equal(answer.status, 200, 'the token endpoint refuses the test client');
    const token = (await answer.json()).access_token;
    this.secrets.set(token, 'an access token');
    return token;
  }

  /** A client of a host of another kind, for its own pages and the users of its own server. */
  async clientOf(origin, server) {
    const create = ['client', 'create', '--name', server, '--scope', 'register', '--json'];
    const made = await run(DOORSTEP, [...create, '--provider-server', server, '--origin', origin], this.#doorstep());
    this.secrets.set(made.client_secret, 'the client secret');
    return made;
  }

  /** What `doorstep embed` says. */
  async embed(...more) {
    const { env, cwd } = this.#doorstep();
    return run(DOORSTEP, ['embed', '--json', ...more], { cwd, env: { ...env, DOORSTEP_PUBLIC_URL: this.server } });
  }

  /** A client for host pages that have no back end. */
  async publishable() {
    const create = ['client', 'create', '--name', 'pages', '--publishable', '--json'];
    const of = ['--provider-server', PROVIDER_SERVER, '--origin', this.hosts.origin];
    return (await run(DOORSTEP, [...create, ...of], this.#doorstep())).client_id;
  }

  /** What waits for the back end's yes. */
  async pendingSignUps() {
    const answer = await fetch(`${this.server}/api/signups`, {
      headers: { authorization: `Bearer ${await this.registerToken()}` },
    });
    assert.equal(answer.status, 200);
    return (await answer.json()).sign_ups;
  }

  /** `GET /api/users` by Basic. */
  async account({ username, password }) {
    this.secrets.set(password, 'an API password');
    const answer = await fetch(`${this.server}/api/users`, {
      headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
    });
    assert.equal(answer.status, 200, 'the credential from the page does not work');
    return (await answer.json()).user;
  }

  /** What the user has ordered, newest first. */
  async orders({ username, password }) {
    const answer = await fetch(`${this.server}/api/orders`, {
      headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
    });
    assert.equal(answer.status, 200);
    return (await answer.json()).orders;
  }

  /** What the server says to another sign-up of the same customer. */
  async signUpAgain(customer) {
    const answer = await fetch(`${this.server}/api/users`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await this.registerToken()}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        user: { fname: 'A', lname: 'B', provider_server: PROVIDER_SERVER, provider_username: customer },
      }),
    });
    return answer.status;
  }

  async stop() {
    await this.browser?.close();
    await this.hosts?.close();
    for (const child of [this.panelProcess, this.serverProcess]) if (child) await stop(child);
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
    this.#checkLogs();
  }

  /** Everything was logged that can be: no secret may be in it. */
  #checkLogs() {
    for (const { log } of this.servers) {
      assert.ok(log.length > 0, 'the server logged nothing');
      for (const [secret, kind] of this.secrets) {
        assert.ok(!log.includes(secret), `${kind} stands in the server's log`);
      }
    }
  }
}

/** The world of a test file; call once at its top. `made()` is the world itself, inside tests. */
export function world(settings = {}, more = {}) {
  let made;
  before(async () => (made = await World.create(settings, more)), { timeout: TEST_MS });
  after(() => made?.stop(), { timeout: TEST_MS });

  /** A test with a page of its own, as `visit` has it. */
  const scenario = (name, options, body) => {
    if (!body) [options, body] = [{}, options];
    test(name, { timeout: TEST_MS }, () => visit(made, name, options, body));
  };
  return { scenario, made: () => made };
}

/**
 * Calls `body` with a page of its own, in a browser profile of its own. Afterwards
 * the page must have kept to the two servers, and have logged no error but
 * those of `allow`.
 */
export async function visit(world, name, options, body) {
  const { allow = [], ...browsing } = options;
  const context = await world.browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
    ...browsing,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const watch = guard(context, { origins: [world.panel, world.server, world.hosts.origin], allow });
  const page = await context.newPage();
  try {
    await body({ world, page, context, watch });
    watch.check();
  } catch (error) {
    await keepPicture(page, name);
    throw error;
  } finally {
    await context.close();
  }
}

/** What the page looked like when its test failed. */
async function keepPicture(page, name) {
  const folder = join(ROOT, 'target/browser-failures');
  const path = join(folder, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.png`);
  try {
    await mkdir(folder, { recursive: true });
    await page.screenshot({ path, fullPage: true, timeout: 5_000 });
    console.error(`picture of the failure: ${path}`);
  } catch {
    // The failure itself says more than the lack of its picture.
  }
}
