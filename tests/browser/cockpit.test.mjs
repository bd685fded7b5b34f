// A real host: Debian's Cockpit, with our plugin in it and its strict policy around it.

import assert from 'node:assert/strict';
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

import { isAccessible } from './accessible.mjs';
import { ADA, Form } from './form.mjs';
import { ROOT, world } from './harness.mjs';
import { freePort, startListening, stop } from './processes.mjs';

const { scenario } = world();
const PLUGIN = join(ROOT, 'crates/panel/plugins/cockpit');
const INSTALLED = '/usr/local/libexec/doorstep-cockpit-token';

/** Starts Cockpit for whoever runs the tests, with the plugin as its README installs it, but in a folder of its own. */
const cockpit = async (world, { manifest = (text) => text } = {}) => {
  const folder = await mkdtemp(join(tmpdir(), 'doorstep-cockpit-'));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const plugin = join(folder, 'share/cockpit/doorstep');
  const helper = join(plugin, 'doorstep-cockpit-token');
  await cp(PLUGIN, plugin, { recursive: true });
  const edit = async (name, change) => writeFile(join(plugin, name), change(await readFile(join(plugin, name), 'utf8')));
  await edit('manifest.json', (text) => manifest(text.replaceAll('https://signup.example', world.server)));
  await edit('index.js', (text) => {
    assert.ok(text.includes(INSTALLED));
    return text.replace(INSTALLED, helper);
  });
  const client = await world.clientOf(origin, `cockpit-${port}.example`);
  const settings = join(folder, 'cockpit.conf');
  const lines = [
    `server=${world.server}`,
    `client_id=${client.client_id}`,
    `client_secret=${client.client_secret}`,
    `provider_server=cockpit-${port}.example`,
    `origin=${origin}`,
  ];
  await writeFile(settings, `${lines.join('\n')}\n`, { mode: 0o600 });
  await chmod(helper, 0o755);
  const child = await startListening(
    '/usr/lib/cockpit/cockpit-ws',
    ['--no-tls', '--local-session=/usr/bin/cockpit-bridge', `--port=${port}`, '--address=127.0.0.1'],
    { cwd: folder, env: { XDG_DATA_DIRS: `${join(folder, 'share')}:/usr/share`, DOORSTEP_COCKPIT_SETTINGS: settings } },
    port,
  );
  const end = async () => {
    await stop(child);
    await rm(folder, { recursive: true, force: true });
  };
  return { origin, client, end, page: `${origin}/cockpit/@localhost/doorstep/index.html` };
};

scenario('the user of a machine signs up in its Cockpit', async ({ world, page, watch }) => {
  const host = await cockpit(world);
  try {
    watch.expect(host.origin);
    const answer = await page.goto(host.page);
    const policy = answer.headers()['content-security-policy'];
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'/);
    const form = new Form(page);
    await form.ready();
    await page.getByText(userInfo().username, { exact: true }).waitFor();
    await isAccessible(page, 'in Cockpit');
    assert.ok(!(await page.content()).includes(host.client.client_secret), 'the secret is in the page');
    await form.fill(ADA);
    await form.send.click();
    const user = await world.account(await form.credential());
    assert.equal(user.fname, ADA.fname);
  } finally {
    await host.end();
  }
});

const FORBIDDEN = { allow: [/Content.Security.Policy|WebAssembly|could not be loaded/] };

scenario('a Cockpit that allows no wasm shows the way to the server', FORBIDDEN, async ({ world, page, watch }) => {
  const host = await cockpit(world, { manifest: (text) => text.replace(" 'wasm-unsafe-eval'", '') });
  try {
    watch.expect(host.origin);
    await page.goto(host.page);
    await page.getByRole('button', { name: `Continue on ${new URL(world.server).host}` }).waitFor();
  } finally {
    await host.end();
  }
});
