// Every state of the form in every sight: light and dark, from the left and from the right, on a phone, a tablet and a
// desk. A state is reached once for each direction; what else there is to see changes under it.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import axe from 'axe-core';

import { Form } from './form.mjs';
import { ROOT, visit, world } from './harness.mjs';
import { conclude, differences, isSame, judge, shrink } from './sheets.mjs';

const FOLDER = join(ROOT, 'target/screenshots/matrix');
const FONT = '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf';
export const LANGUAGES = { en: 'ltr', ar: 'rtl' };
const SCHEMES = ['light', 'dark'];
/** The form is as wide as it gets on the last two, so there it must look the same. */
const [PHONE, TABLET, DESK] = [360, 768, 1280];
/** What a person must get along with: 1280 px at four times the size (WCAG 2.2, 1.4.10). */
const NARROW = 320;
/** No form of less has to be scrolled for its picture. */
const HEIGHT = 900;
/** The pictures of a state. A change of the scheme costs less than one of the width. */
const SIGHTS = [
  ...[PHONE, TABLET, DESK].flatMap((width) => SCHEMES.map((scheme) => ({ scheme, width }))),
  { scheme: 'forced', width: DESK },
].map((sight) => ({ ...sight, name: `${sight.scheme} ${sight.width}` }));
/** What is around the form in its picture. */
const MARGIN = 8;
/** WCAG 2.2, 2.5.8. */
const TARGET = 24;
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
/** What of it another scheme or another width can change; all others are asked once for each state and direction. */
const OF_LOOKS = ['color-contrast', 'target-size', 'link-in-text-block'];
/** The machine's own letters, colours and arithmetic must not be in the pictures. */
const BROWSER = {
  args: ['--font-render-hinting=none', '--disable-lcd-text', '--force-color-profile=srgb', '--disable-skia-runtime-opts', '--hide-scrollbars', '--lang=en-US'],
  env: { LANG: 'C.UTF-8', LANGUAGE: 'en', FONTCONFIG_FILE: fileURLToPath(new URL('fonts.conf', import.meta.url)) },
};

const texts = {};
for (const language of Object.keys(LANGUAGES)) {
  texts[language] = JSON.parse(await readFile(join(ROOT, `widget/locales/${language}.json`), 'utf8'));
}

/** A form in one direction, as it goes through states. */
class Look {
  constructor(visited, language, journey) {
    Object.assign(this, visited, { language, journey });
    this.says = texts[language];
    this.form = new Form(this.page);
    this.pictures = new Map();
    this.parts = new Set();
  }

  /** A page with the form; nobody has been here before. */
  async goto(options = {}, page = 'element') {
    // Of one length in both, and the same every time: it is in the pictures.
    const customer = `${this.journey.replaceAll(/\W+/g, '-')}-${this.language}`;
    const { hosts } = this.world;
    await this.page.goto(hosts.page(page, { customer, lang: this.language, dir: LANGUAGES[this.language], ...options }));
  }

  async open(options, page) {
    await this.goto(options, page);
    await this.form.ready();
    // The name comes with the token's answer.
    if (!page) await this.page.locator('.doorstep-user:not(:empty)').waitFor();
  }

  /** The button that leads on. */
  get send() {
    return this.page.locator('doorstep-signup button[type=submit]:visible').first();
  }

  button(name) {
    return this.page.getByRole('button', { name, exact: true });
  }

  text(words) {
    return this.page.getByText(words, { exact: true }).first();
  }

  title(words) {
    return this.page.getByRole('heading', { name: words, exact: true });
  }

  /** Takes the pictures of a state, and holds it to all that every state is held to. */
  async see(state) {
    const { page } = this;
    // Under no pointer, and without what is another every time.
    await page.mouse.move(0, 0);
    await page.evaluate(mask);
    await mkdir(join(FOLDER, state), { recursive: true });
    const seen = {};
    for (const sight of SIGHTS) {
      const { name, scheme, width } = sight;
      const where = `${state}, ${this.language}, ${name}`;
      seen[name] = await this.picture(sight);
      await writeFile(join(FOLDER, state, `${this.language}-${name.replace(' ', '-')}.png`), seen[name]);
      if (scheme === 'forced') assert.deepEqual(await page.evaluate(inForcedColors), [], where);
      if (scheme === 'light') assert.deepEqual(await page.evaluate(inspect, TARGET), [], where);
      // On the desk it is the tablet's form, which is held to that below.
      if (scheme !== 'forced' && width !== DESK) await this.#isAccessible(where, name === SIGHTS[0].name ? WCAG : OF_LOOKS);
    }
    for (const scheme of SCHEMES) {
      const [tablet, desk] = [TABLET, DESK].map((width) => seen[`${scheme} ${width}`]);
      assert.ok(tablet.equals(desk) || isSame(shrink(tablet), shrink(desk)), `${state}, ${this.language}, ${scheme}: not the same on ${TABLET} and ${DESK} px`);
    }
    await page.setViewportSize({ width: NARROW, height: HEIGHT });
    assert.deepEqual(await page.evaluate(inspect, TARGET), [], `${state}, ${this.language}, ${NARROW} px`);
    this.pictures.set(state, seen);
    for (const name of await page.evaluate(partsInSight)) this.parts.add(name);
  }

  /** One picture of what there is now. */
  async picture({ scheme, width }) {
    const { page } = this;
    const isForced = scheme === 'forced';
    await this.#resize(width, HEIGHT);
    await page.emulateMedia({ colorScheme: isForced ? 'light' : scheme, forcedColors: isForced ? 'active' : 'none' });
    const whole = await page.evaluate(() => document.documentElement.scrollHeight);
    if (whole > HEIGHT) await this.#resize(width, whole);
    // The colour of the caret cannot be taken away there.
    const caret = isForced && (await page.evaluateHandle(leaveInput));
    const png = await this.#shoot();
    if (caret) await caret.evaluate((input) => input?.focus());
    return png;
  }

  async #resize(width, height) {
    const { page } = this;
    const now = page.viewportSize();
    if (now.width !== width || now.height !== height) await page.setViewportSize({ width, height });
  }

  async #shoot() {
    const box = await this.page.evaluate(still);
    const [x, y] = [box.x, box.y].map((it) => Math.max(0, Math.floor(it) - MARGIN));
    const clip = { x, y, width: Math.ceil(box.right) + MARGIN - x, height: Math.ceil(box.bottom) + MARGIN - y };
    // Without what the driver does around a picture, which takes as long again.
    this.tools ??= await this.context.newCDPSession(this.page);
    const { data } = await this.tools.send('Page.captureScreenshot', { clip: { ...clip, scale: 1 } });
    return Buffer.from(data, 'base64');
  }

  async #isAccessible(where, runOnly) {
    const { page } = this;
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
    const { violations } = await page.evaluate(
      (runOnly) => axe.run('doorstep-signup', { runOnly, resultTypes: ['violations'], preload: false }),
      runOnly,
    );
    assert.deepEqual(violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.flat()).join(', ')}`), [], where);
  }
}

/** In the page: what is cut off, what is too small to hit, what moves where nothing should. */
function inspect(target) {
  const faults = [];
  const element = document.querySelector('doorstep-signup');
  const name = (it) => `${it.localName}.${it.className} ${it.textContent.trim().slice(0, 40)}`;
  if (document.documentElement.scrollWidth > innerWidth) faults.push('the page is wider than the screen');
  const all = [...element.shadowRoot.querySelectorAll('*')].filter((it) => it.checkVisibility());
  const box = element.shadowRoot.querySelector('[part=root]').getBoundingClientRect();
  for (const it of all) {
    const style = getComputedStyle(it);
    if (it.closest('.doorstep-unseen')) continue;
    const rect = it.getBoundingClientRect();
    if (rect.width && (rect.left < box.left - 0.5 || rect.right > box.right + 0.5)) faults.push(`sticks out: ${name(it)}`);
    const isWritten = !/^(input|select|option)$/.test(it.localName) && style.display !== 'inline';
    if (isWritten && it.scrollWidth > it.clientWidth + 1) faults.push(`cut off: ${name(it)}`);
    // A link within a sentence is as high as the line.
    if (it.matches('a, button, input, select') && style.display !== 'inline') {
      // A radio button's target is the card around it.
      const hit = (it.type === 'radio' && it.closest('label') ? it.closest('label') : it).getBoundingClientRect();
      if (hit.width < target || hit.height < target) faults.push(`${hit.width}×${hit.height} px: ${name(it)}`);
    }
    for (const pseudo of [null, '::before', '::after']) {
      const { animationName, animationDuration, transitionDuration } = getComputedStyle(it, pseudo);
      if (parseFloat(transitionDuration) > 0) faults.push(`a transition: ${name(it)}`);
      // What turns says that something is on its way, and does it slowly.
      const isSlow = animationName === 'doorstep-turn' && parseFloat(animationDuration) >= 4;
      if (animationName !== 'none' && !isSlow) faults.push(`it moves: ${name(it)}`);
    }
  }
  return faults;
}

/** In the page: puts what never changes in place of the credential and of the server's port. */
function mask() {
  const root = document.querySelector('doorstep-signup').shadowRoot;
  const [username, password] = ['username', 'password'].map((name) => root.querySelector(`input[name=${name}][readonly]`));
  globalThis.maskedName ||= username?.value;
  if (username) username.value = 'ada.lovelace';
  if (password) password.value = 'dsp_1815';
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const masked = text.data.replace(/127\.0\.0\.1:\d+/, 'signup.example.com').replace(globalThis.maskedName || '\0', 'ada.lovelace');
    if (masked !== text.data) text.data = masked;
  }
}

/** In the page: stops what turns at its beginning, hides the caret, and says where the form is. */
function still() {
  const root = document.querySelector('doorstep-signup').shadowRoot;
  if (!globalThis.noCaret) {
    globalThis.noCaret = new CSSStyleSheet();
    // What turns and is only held has a layer of its own, which is sometimes not drawn in time.
    noCaret.replaceSync('input { caret-color: transparent !important } *::before, *::after { animation: none !important }');
  }
  if (!root.adoptedStyleSheets.includes(noCaret)) root.adoptedStyleSheets.push(noCaret);
  for (const animation of root.getAnimations()) {
    animation.pause();
    animation.currentTime = 0;
  }
  const { x, y, right, bottom } = root.querySelector('[part=root]').getBoundingClientRect();
  return { x, y, right, bottom };
}

/** In the page: takes the focus from an input, and gives that. */
function leaveInput() {
  const it = document.querySelector('doorstep-signup').shadowRoot.activeElement;
  if (!it?.matches('input')) return null;
  it.blur();
  return it;
}

/** In the page: what has no edge where backgrounds are taken away. */
function inForcedColors() {
  const root = document.querySelector('doorstep-signup').shadowRoot;
  return [...root.querySelectorAll('button, input:not([type=checkbox], [type=radio]), select, [part=summary], [part=choice], [part=root]')]
    .filter((it) => it.checkVisibility())
    .filter((it) => {
      const { borderTopWidth, borderTopStyle, borderTopColor, backgroundColor } = getComputedStyle(it);
      return parseFloat(borderTopWidth) < 1 || borderTopStyle === 'none' || borderTopColor === backgroundColor;
    })
    .map((it) => `no edge: ${it.localName}.${it.className} ${it.textContent.trim().slice(0, 40)}`);
}

/** In the page: the parts that a person sees. */
function partsInSight() {
  const root = document.querySelector('doorstep-signup').shadowRoot;
  return [...root.querySelectorAll('[part]')].filter((it) => it.checkVisibility() && it.getClientRects().length).flatMap((it) => [...it.part]);
}

/** Parts that were seen, of all journeys, and their states. */
export const seen = { parts: new Set(), states: [] };

/**
 * What is compared, out of all that is drawn: each width in each direction, and each scheme. How wide and which way the
 * form is decides where things are, the scheme decides colours, and neither has a say in the other's matter.
 */
const COMPARED = [
  [['en', `light ${TABLET}`], ['ar', `light ${PHONE}`]],
  [['ar', `forced ${DESK}`], ['en', `dark ${PHONE}`]],
];
/** A sheet's rows, of each language's pictures. */
const rows = (pictures) => COMPARED.map((row) => row.map(([language, name]) => [`${language}, ${name}`, shrink(pictures[language][name])]));

/** The world of the pictures; `journey` is a test that leads through states, in both directions at once. */
export function gallery(settings, more) {
  assert.ok(existsSync(FONT), 'the letters of the pictures are missing: apt-get install fonts-dejavu-core');
  const { made } = world(settings, { ...more, browser: BROWSER });

  /** Goes through `body` in both directions; what they give back. */
  async function both(name, options, body) {
    const done = await Promise.allSettled(
      Object.keys(LANGUAGES).map(async (language) => {
        let given;
        await visit(made(), `${name} ${language}`, options, async (visited) => {
          // The place of the form before is not this one's.
          await visited.context.addInitScript(() => {
            for (const name of Object.keys(sessionStorage)) if (name.startsWith('doorstep-place')) sessionStorage.removeItem(name);
          });
          given = await body(new Look(visited, language, name));
        });
        return given;
      }),
    );
    for (const { reason } of done) if (reason) throw reason;
    return Object.fromEntries(done.map(({ value }, at) => [Object.keys(LANGUAGES)[at], value]));
  }

  const journey = (name, options, body) =>
    test(`every sight: ${name}`, { timeout: 90_000 }, async () => {
      const looks = await both(name, options, async (look) => {
        await body(look);
        return look;
      });
      const faults = [];
      for (const state of looks.en.pictures.keys()) {
        assert.ok(!seen.states.includes(state), `${state} is seen twice`);
        seen.states.push(state);
        const pictures = Object.entries(looks).map(([language, { pictures }]) => [language, pictures.get(state)]);
        faults.push(...(await judge(state, rows(Object.fromEntries(pictures)))));
      }
      for (const { parts } of Object.values(looks)) for (const part of parts) seen.parts.add(part);
      conclude(faults);
    });

  /** A test that each of the rules changes a picture of `state`, to which `body` leads; and that without them nothing does. */
  const notices = (state, changes, body) =>
    test(`a change is noticed: ${state}`, { timeout: 90_000 }, async () => {
      const looks = await both('changed', {}, async (look) => {
        await body(look);
        const seen = [];
        for (const rule of ['', ...changes]) {
          await look.page.evaluate((rule) => {
            const sheets = document.querySelector('doorstep-signup').shadowRoot.adoptedStyleSheets;
            if (!window.changing) sheets.push((window.changing = new CSSStyleSheet()));
            window.changing.replaceSync(rule);
          }, rule);
          const names = COMPARED.flat().filter(([language]) => language === look.language).map(([, name]) => name);
          const pictures = {};
          for (const sight of SIGHTS.filter(({ name }) => names.includes(name))) pictures[sight.name] = await look.picture(sight);
          seen.push(pictures);
        }
        return seen;
      });
      for (const [at, rule] of ['', ...changes].entries()) {
        const { faults } = await differences(state, rows({ en: looks.en[at], ar: looks.ar[at] }));
        assert.equal(faults.length > 0, rule !== '', `${rule || 'nothing'}: ${faults.join('; ')}`);
      }
    });

  return { journey, notices };
}
