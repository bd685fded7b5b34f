// Every language: which one is chosen, what it says, how it counts, and that it fits.

import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { fits, isAccessible } from './accessible.mjs';
import { ADA, focused, Form } from './form.mjs';
import { frameOf, inFrame } from './frame.mjs';
import { UNREACHABLE } from './guard.mjs';
import { ROOT, world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const catalog = fileURLToPath(new URL('catalog.toml', import.meta.url));
const { scenario } = world({}, { catalog });
const FOLDER = join(ROOT, 'target/screenshots');
const LOCALES = join(ROOT, 'widget/locales');

const catalogues = {};
for (const file of await readdir(LOCALES)) catalogues[file.replace('.json', '')] = JSON.parse(await readFile(join(LOCALES, file), 'utf8'));
const LANGUAGES = Object.keys(catalogues);
const MIRRORED = ['ar', 'fa', 'he'];

const open = (world, options) => world.hosts.page('element', { customer: world.customer(), ...options });
const title = (scope) => scope.locator('h2').first();
const submit = (scope) => scope.locator('button[type=submit]').first();
/** What the form says of itself. */
const spoken = (page) =>
  page.locator('doorstep-signup').evaluate((element) => {
    const box = element.shadowRoot.firstElementChild;
    return { lang: box.lang, dir: getComputedStyle(box).direction, title: box.querySelector('h2').textContent };
  });
const speaks = (language) => ({
  lang: language,
  dir: MIRRORED.includes(language) ? 'rtl' : 'ltr',
  title: catalogues[language].form.title,
});

const CHOICES = [
  ['the attribute goes first', { locale: 'de', lang: 'fr' }, 'ar', 'de'],
  ['then the page', { lang: 'fr' }, 'ar', 'fr'],
  ['then the browser', { lang: '' }, 'ar-EG', 'ar'],
  ['an attribute that nobody speaks is passed over', { locale: 'tlh', lang: 'fr' }, 'ar', 'fr'],
  ['and one that is no tag', { locale: 'no tag', lang: 'de-AT' }, 'ar', 'de'],
  ['and a page', { lang: 'tlh' }, 'de-CH', 'de'],
  ['a region is as good as another', { locale: 'fr_CA', lang: 'de' }, 'ar', 'fr'],
  ['English where nobody is understood', { lang: 'tlh' }, 'tlh', 'en'],
];

for (const [name, options, locale, language] of CHOICES) {
  scenario(`the language: ${name}`, { locale }, async ({ world, page, watch }) => {
    await page.goto(open(world, options));
    await new Form(page).ready();
    assert.deepEqual(await spoken(page), speaks(language));
    const loaded = watch.requests(/\/assets\/(text|order)-/).map(({ url }) => url.pathname);
    assert.equal(loaded.length, 1, `${loaded}`);
    assert.match(loaded[0], new RegExp(`/text-${language}-`));
  });
}

scenario('a language that does not come gives way to English', { allow: [UNREACHABLE] }, async ({ world, page }) => {
  await page.route(/\/text-ar-/, (route) => route.abort('connectionrefused'));
  await page.goto(open(world, { locale: 'ar' }));
  await new Form(page).ready();
  assert.deepEqual(await spoken(page), speaks('en'));
});

scenario('a form that does not come says so in the language', { allow: [/Content.Security.Policy|WebAssembly|could not be loaded/] }, async ({ world, page }) => {
  const csp = `script-src ${world.server} 'unsafe-inline'; connect-src ${world.server}`;
  await page.goto(open(world, { lang: 'de', csp }));
  await page.getByRole('alert').getByText(catalogues.de.loader.failed).waitFor();
  await page.getByRole('button', { name: catalogues.de.shared.try_again }).waitFor();
  const elsewhere = catalogues.de.loader.continue.replace('{host}', new URL(world.server).host);
  await page.getByRole('button', { name: elsewhere }).waitFor();
});

scenario('another language takes nothing of what was typed', async ({ world, page }) => {
  await page.goto(open(world, { lang: 'en', fields: 'country c_sftp_pass' }));
  const form = new Form(page);
  await form.ready();
  await form.fill({ fname: 'Ada', country: 'GB' });
  await form.field('c_sftp_pass').check();
  await form.send.click();
  await form.isFaulty('lname', /Last name is required/);
  await form.field('email').fill('ada@');
  const change = (locale) => page.locator('doorstep-signup').evaluate((element, locale) => element.setAttribute('locale', locale), locale);

  await change('de');
  await expectSoon('the title is German', async () => (await spoken(page)).title, catalogues.de.form.title);
  await form.isFaulty('lname', /^Nachname fehlt/);
  await page.getByText(catalogues.de.shared.check_fields.one).waitFor();
  assert.equal(await focused(page), 'email');
  assert.deepEqual(await form.answers(['fname', 'email', 'country']), { fname: 'Ada', email: 'ada@', country: 'GB' });
  assert.ok(await form.field('c_sftp_pass').isChecked());
  assert.equal(await form.field('country').evaluate((list) => list.selectedOptions[0].textContent), 'Vereinigtes Königreich');

  await page.locator('doorstep-signup').evaluate((element) => element.update({ locale: 'ar' }));
  await expectSoon('the form is mirrored', async () => (await spoken(page)).dir, 'rtl');
  await page.evaluate(() => {
    document.querySelector('doorstep-signup').update({ locale: null });
    document.documentElement.lang = 'fr';
  });
  await expectSoon('the page’s own language is followed', () => spoken(page), speaks('fr'));
  await page.keyboard.type('example.com');
  await form.fill({ lname: 'Lovelace' });
  await submit(page).click();
  await title(page).getByText(catalogues.fr.form.done_title).waitFor();
  await change('de');
  await title(page).getByText(catalogues.de.form.done_title).waitFor();
  await page.getByLabel(catalogues.de.form.password, { exact: true }).waitFor();
});

scenario('the frame speaks the page’s language, and is called by it', async ({ world, page }) => {
  await page.goto(open(world, { lang: 'fr', mode: 'frame' }));
  await inFrame(page).ready();
  const called = (language) => [page.locator('doorstep-signup iframe').getAttribute('title'), frameOf(page).title()];
  const own = async (language) => assert.deepEqual(await Promise.all(called(language)), Array(2).fill(catalogues[language].form.title));
  await expectSoon('it has a name', () => called()[0], catalogues.fr.form.title);
  await own('fr');
  await page.evaluate(() => (document.documentElement.lang = 'ar'));
  await expectSoon('the name follows', () => called()[0], catalogues.ar.form.title);
  await own('ar');
  await page.locator('doorstep-signup').evaluate((element) => element.update({ locale: 'de' }));
  await expectSoon('and the attribute', () => called()[0], catalogues.de.form.title);
});

scenario('what is counted is counted as the language does', async ({ world, page }) => {
  await page.goto(open(world, { lang: 'en' }));
  const form = new Form(page);
  await form.ready();
  await form.fill({ ...ADA, lname: '' });
  await form.send.click();
  await page.getByText('Please check the marked field.').waitFor();
  await form.fill({ fname: 'a'.repeat(101) });
  await form.send.click();
  await page.getByText('Please check the marked fields.').waitFor();
  await form.isFaulty('fname', /^First name is too long: use at most 100 characters/);
  await page.evaluate(() => (document.documentElement.lang = 'ar'));
  // Two are of their own form, a hundred of the last. The first to come says that the form was drawn anew.
  await page.getByText(catalogues.ar.shared.check_fields.two).waitFor();
  await form.isFaulty('fname', /حرف على الأكثر/);
});

scenario('the steps after a sign-up go on in another language', async ({ world, page }) => {
  await page.goto(open(world, { lang: 'de', order: '' }));
  const form = new Form(page);
  const { de, ar } = catalogues;
  await form.ready();
  await form.fill(ADA);
  await submit(page).click();
  await page.getByRole('button', { name: de.order.start }).click();
  await page.getByText('4,50\u00a0€ pro Monat').waitFor();
  await page.getByText('1 CPU', { exact: true }).waitFor();
  await page.getByText('Schritt 1 von 2').waitFor();
  await page.getByRole('button', { name: de.order.continue }).click();
  await page.getByLabel(de.order.project_name).fill('Analytical Engine');
  await page.evaluate(() => (document.documentElement.lang = 'ar'));
  await page.getByRole('heading', { name: ar.order.project_title }).waitFor();
  assert.equal(await page.getByLabel(ar.order.project_name).inputValue(), 'Analytical Engine');
  await page.getByRole('button', { name: ar.order.place }).click();
  await page.getByRole('heading', { name: /Analytical Engine.* جاهز/ }).waitFor();
});

scenario('each language has the forms that its numbers need', async ({ page }) => {
  const source = await readFile(join(ROOT, 'crates/texts/src/languages.rs'), 'utf8');
  const lists = Object.fromEntries(
    [...source.matchAll(/const (\w+): &\[&str\] = &\[(.*)\];/g)].map(([, name, list]) => [name, list]),
  );
  const table = Object.fromEntries(
    [...source.matchAll(/tag: "([\w-]+)",\s*plurals: (?:&\[(.*)\]|(\w+))/g)].map(([, tag, list, name]) => [tag, (list ?? lists[name]).match(/\w+/g)]),
  );
  assert.deepEqual(Object.keys(table).sort(), [...LANGUAGES].sort());
  const asked = await page.evaluate(
    (tags) => Object.fromEntries(tags.map((tag) => [tag, new Intl.PluralRules(tag).resolvedOptions().pluralCategories])),
    LANGUAGES,
  );
  for (const tag of LANGUAGES) assert.deepEqual([...table[tag]].sort(), [...asked[tag]].sort(), tag);
});

for (const language of LANGUAGES) {
  scenario(`every word fits on a phone: ${language}`, { viewport: { width: 360, height: 740 } }, async ({ world, page }) => {
    const { form: said, order, shared } = catalogues[language];
    await mkdir(FOLDER, { recursive: true });
    const look = async (state) => {
      assert.deepEqual(await fits(page), { page: true, form: true }, `while ${state}`);
      const cut = await page.locator('doorstep-signup').evaluate((element) =>
        [...element.shadowRoot.querySelectorAll('button,label,h2,p,legend,li')]
          .filter((it) => it.checkVisibility() && it.scrollWidth > it.clientWidth + 1 && getComputedStyle(it).display != 'inline')
          .filter((it) => !it.className.includes('unseen'))
          .map((it) => it.textContent),
      );
      assert.deepEqual(cut, [], `while ${state}`);
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: join(FOLDER, `${language}-${state}.png`), fullPage: true, caret: 'hide' });
    };
    const fields = 'phone company_name address1 address2 city state zip country currency locale c_sftp_pass';
    const dir = MIRRORED.includes(language) ? 'rtl' : 'ltr';
    await page.goto(open(world, { lang: language, dir, fields, order: '' }));
    const form = new Form(page);
    await form.ready();
    assert.deepEqual(await spoken(page), speaks(language));
    await form.fill({ email: 'ada@', phone: '1' });
    await submit(page).click();
    await form.isFaulty('fname', /./);
    await look('refused');
    await isAccessible(page, language);
    await form.fill({ ...ADA, phone: '' });
    await submit(page).click();
    await page.getByLabel(said.password, { exact: true }).waitFor();
    await page.getByRole('button', { name: order.start, exact: true }).waitFor();
    await look('done');
    await page.getByRole('button', { name: order.start, exact: true }).click();
    await page.getByRole('heading', { name: order.product_title, exact: true }).waitFor();
    await look('product');
    await page.getByRole('button', { name: order.continue, exact: true }).click();
    await page.getByRole('heading', { name: order.project_title, exact: true }).waitFor();
    await submit(page.locator('.doorstep-next')).click();
    await page.getByText((shared.check_fields.one ?? shared.check_fields.other ?? shared.check_fields), { exact: true }).waitFor();
    await look('project');
    assert.equal(await page.locator('doorstep-signup').evaluate((element) => /\{\w+\}/.test(element.shadowRoot.textContent)), false, 'a gap is not filled');
  });
}

scenario('the operator says it in other words', async ({ world, page }) => {
  const title = 'Willkommen bei Example';
  await writeFile(join(world.folder, 'doorstep.toml'), `[texts.de.form]\ntitle = "${title}"\n`);
  world.serverProcess.kill('SIGHUP');
  const read = async (path) => (await fetch(world.server + path)).text();
  const [, hash] = /"texts":"(\w+)"/.exec(await read('/v1/doorstep.js'));
  // A browser that asks earlier keeps for five minutes what it got.
  await expectSoon('the server has read it', async () => (await read(`/v1/assets/text-de-${hash}.json`)).includes(title), true);
  await page.goto(open(world, { lang: 'de-CH' }));
  await new Form(page).ready();
  assert.equal((await spoken(page)).title, title);
  await page.getByRole('button', { name: catalogues.de.form.send, exact: true }).waitFor();
});
