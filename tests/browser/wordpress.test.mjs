// A real host: Debian's WordPress, on PHP's own server and a MariaDB of its own, with our plugin in it.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

import { Form } from './form.mjs';
import { ROOT, world } from './harness.mjs';
import { freePort, print, startListening, stop } from './processes.mjs';

const { scenario } = world();
const WORDPRESS = join(ROOT, 'target/xtask/wordpress/usr/share/wordpress');
const PASSWORD = 'correct horse battery staple';

const php = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** Puts up a site with one page, which has the shortcode, and one user beside its administrator. */
const wordpress = async (world) => {
  const folder = await mkdtemp(join(tmpdir(), 'doorstep-wordpress-'));
  const running = [];
  const end = async () => {
    for (const child of running.reverse()) await stop(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const user = userInfo().username;
    const [data, port, dbPort] = [join(folder, 'data'), await freePort(), await freePort()];
    const origin = `http://127.0.0.1:${port}`;
    const options = { cwd: folder, env: {} };
    await print('mariadb-install-db', ['--no-defaults', `--datadir=${data}`, `--user=${user}`, '--auth-root-authentication-method=normal', '--skip-test-db'], options);
    const database = ['--no-defaults', `--datadir=${data}`, `--user=${user}`, `--port=${dbPort}`, '--bind-address=127.0.0.1'];
    running.push(
      await startListening('mariadbd', [...database, `--socket=${join(folder, 'sql')}`, '--skip-log-bin', '--innodb-flush-log-at-trx-commit=0'], options, dbPort),
    );
    const site = join(folder, 'site');
    // Links into packages that are not there are for pictures and sounds.
    await cp(WORDPRESS, site, { recursive: true, dereference: true, filter: (path) => existsSync(path) && !/wp-config|\/languages(\/|$)/.test(path) });
    await mkdir(join(site, 'wp-content/plugins'), { recursive: true });
    await cp(join(ROOT, 'crates/panel/plugins/wordpress/doorstep'), join(site, 'wp-content/plugins/doorstep'), { recursive: true });
    const client = await world.clientOf(origin, 'wordpress.example');
    const settings = {
      DB_NAME: 'wordpress',
      DB_USER: 'root',
      DB_PASSWORD: '',
      DB_HOST: `localhost:${join(folder, 'sql')}`,
      WP_HOME: origin,
      WP_SITEURL: origin,
      AUTH_KEY: 'a', SECURE_AUTH_KEY: 'b', LOGGED_IN_KEY: 'c', NONCE_KEY: 'd',
      AUTH_SALT: 'e', SECURE_AUTH_SALT: 'f', LOGGED_IN_SALT: 'g', NONCE_SALT: 'h',
      WP_ACCESSIBLE_HOSTS: '127.0.0.1',
      DOORSTEP_SERVER: world.server,
      DOORSTEP_CLIENT_ID: client.client_id,
      DOORSTEP_CLIENT_SECRET: client.client_secret,
      DOORSTEP_PROVIDER_SERVER: 'wordpress.example',
    };
    const defined = Object.entries(settings).map(([name, value]) => `define( ${php(name)}, ${php(value)} );`);
    const switches = ['DISABLE_WP_CRON', 'WP_HTTP_BLOCK_EXTERNAL', 'AUTOMATIC_UPDATER_DISABLED'].map((name) => `define( '${name}', true );`);
    await writeFile(
      join(site, 'wp-config.php'),
      `<?php\n${[...defined, ...switches].join('\n')}\n$table_prefix = 'wp_';\nrequire_once ABSPATH . 'wp-settings.php';\n`.replace('<?php', "<?php\ndefined( 'ABSPATH' ) || define( 'ABSPATH', __DIR__ . '/' );"),
    );
    await print('mariadb', ['--no-defaults', `--socket=${join(folder, 'sql')}`, '--user=root', '--execute=CREATE DATABASE wordpress'], options);
    const install = join(folder, 'install.php');
    await writeFile(
      install,
      `<?php
define( 'WP_INSTALLING', true );
function wp_mail() { return true; }
$_SERVER['HTTP_HOST'] = '127.0.0.1:${port}';
require '${site}/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';
wp_install( 'Site', 'admin', 'admin@example.com', false, '', ${php(PASSWORD)} );
// The pictures of people come from another site.
update_option( 'show_avatars', 0 );
wp_insert_user( array( 'user_login' => 'ada', 'user_pass' => ${php(PASSWORD)}, 'user_email' => 'ada@example.com', 'first_name' => 'Ada', 'last_name' => 'Lovelace', 'role' => 'subscriber' ) );
$failed = activate_plugin( 'doorstep/doorstep.php' );
if ( is_wp_error( $failed ) ) { fwrite( STDERR, $failed->get_error_message() ); exit( 1 ); }
echo wp_insert_post( array( 'post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'Sign up', 'post_content' => '[doorstep fields="company_name"]' ) );
`,
    );
    const page = Number(await print('php', [install], options));
    assert.ok(page > 0, 'WordPress made no page');
    running.push(await startListening('php', ['-S', `127.0.0.1:${port}`, '-t', site], options, port));
    return { origin, client, end, page: `${origin}/?page_id=${page}` };
  } catch (error) {
    await end();
    throw error;
  }
};

// The site has no picture of its own, which browsers ask for.
scenario('the user of a WordPress site signs up on its page', { allow: [/favicon\.ico/] }, async ({ world, page, watch }) => {
  const host = await wordpress(world);
  try {
    watch.expect(host.origin);
    // Nobody is logged in: no token is made, and the page says what to do.
    await page.goto(host.page);
    await page.getByRole('link', { name: 'Log in to sign up.' }).click();
    await page.getByLabel('Username or Email Address').fill('ada');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    // PHP's own server compiles all of WordPress at the first visit, which a busy machine takes its time for.
    const answered = page.waitForResponse((response) => response.url() === host.page, { timeout: 60_000 });
    await page.getByRole('button', { name: 'Log In' }).click();
    assert.equal((await answered).headers()['cache-control'], 'no-store, private');
    const form = new Form(page);
    await form.ready();
    await page.locator('.doorstep-user').getByText('ada', { exact: true }).waitFor();
    await page.waitForFunction(() => document.querySelector('doorstep-signup').shadowRoot.querySelector('[name=lname]').value);
    assert.deepEqual(await form.answers(['fname', 'lname', 'email']), { fname: 'Ada', lname: 'Lovelace', email: 'ada@example.com' });
    assert.equal(await form.field('company_name').count(), 1);
    assert.ok(!(await page.content()).includes(host.client.client_secret), 'the secret is in the page');
    await form.send.click();
    const user = await world.account(await form.credential());
    assert.equal(user.fname, 'Ada');
  } finally {
    await host.end();
  }
});
