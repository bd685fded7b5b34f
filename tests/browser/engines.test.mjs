// The same scenarios in three engines: Chromium, Firefox and WebKit.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import axe from 'axe-core';
import { Key } from 'selenium-webdriver';

import { ENGINES, Engine } from './engines.mjs';
import { ADA } from './form.mjs';
import { world } from './harness.mjs';

const { made } = world();
const START_MS = 90_000;
const SEND = 'button[type="submit"]';
const STRICT = (server) =>
  `default-src 'none'; script-src 'unsafe-inline' ${server} 'wasm-unsafe-eval'; connect-src ${server}; style-src 'none'; require-trusted-types-for 'script'`;

for (const name of Object.keys(ENGINES)) {
  describe(name, () => {
    let engine;
    before(async () => (engine = await Engine.start(name)), { timeout: START_MS });
    after(() => engine?.stop(), { timeout: START_MS });

    const scenario = (title, body) => test(title, { timeout: START_MS }, () => body(made(), engine));
    // The module has taken the early form over: what a driver holds of it is gone then.
    const whole = async (page) => {
      const isReady = (all) => page == 'mount' || all.some(({ name }) => name == 'doorstep:ready');
      await engine.soon('the module', events, isReady);
    };
    const open = async (page, options) => {
      const customer = made().customer();
      await engine.driver.get(made().hosts.page(page, { customer, ...options }));
      await whole(page);
      // What the token says is there: nothing moves any more.
      if (page != 'mount' && options?.mode != 'frame') await engine.find('.doorstep-user:not(:empty)');
      return customer;
    };
    // An address of its own: one that somebody has is kept from the account.
    const fill = async (customer) => {
      const email = `${customer}@example.com`;
      for (const [name, text] of Object.entries({ ...ADA, email })) await engine.type(name, text);
      return email;
    };
    const credential = async () => ({
      username: await engine.value('username'),
      password: await engine.value('password'),
    });
    const events = () => engine.run(() => globalThis.notes.events);

    scenario('a person signs up by the keyboard alone', async (world) => {
      const customer = await open('element', { fields: 'country' });
      const isSeen = await engine.run((lead) => lead.getBoundingClientRect().height > 10, await engine.find('.doorstep-user'));
      await engine.press('[name=fname]');
      for (const text of [ADA.fname, Key.TAB, ADA.lname, Key.TAB, `${customer}@example.com`, Key.ENTER]) {
        await engine.driver.actions().sendKeys(text).perform();
      }
      assert.ok(isSeen, 'the person does not see for whom the account is');
      const account = await world.account(await credential());
      assert.deepEqual([account.fname, account.lname, account.email], [ADA.fname, ADA.lname, `${customer}@example.com`]);
      assert.equal(await world.signUpAgain(customer), 409);
      const told = await engine.soon('success', events, (all) => all.some(({ name }) => name == 'doorstep:success'));
      assert.doesNotMatch(JSON.stringify(told), /dsp_|sgn_/);
    });

    scenario('faults are said at their fields, and what was typed stays', async () => {
      await open('element');
      await engine.type('lname', 'Lovelace');
      await engine.type('email', 'no address');
      await engine.press(SEND);
      const faulty = await engine.find('[name=fname][aria-invalid=true]');
      // That it is drawn, and not only there: a style that an engine forgets to look at again hides it.
      const box = await engine.run((summary) => summary.getBoundingClientRect().height, await engine.find('.doorstep-summary'));
      assert.ok(box > 40, `the summary is ${box} px high`);
      const said = await engine.run(
        (input) => input.getAttribute('aria-describedby').split(' ').map((id) => input.getRootNode().getElementById(id)?.textContent).join(' '),
        faulty,
      );
      assert.match(said, /First name is required/);
      assert.equal(await engine.value('lname'), 'Lovelace');
      const focus = () => engine.run(() => document.activeElement?.shadowRoot?.activeElement?.name);
      await engine.soon('the focus', focus, (name) => name == 'fname');
      await engine.press('.doorstep-faults li:not([hidden]) ~ li:not([hidden]) a');
      await engine.soon('the focus by the link', focus, (name) => name == 'email');
    });

    scenario('what was typed is there after a reload', async (world) => {
      const customer = await open('element');
      const email = await fill(customer);
      await engine.driver.navigate().refresh();
      await whole();
      await engine.soon('the name', () => engine.value('fname'), (text) => text == ADA.fname);
      await engine.press(SEND);
      assert.equal((await world.account(await credential())).email, email);
    });

    scenario('the isolated form signs up, and the page hears of it', async (world) => {
      const customer = await open('element', { mode: 'frame' });
      const frame = await engine.find('iframe');
      await engine.soon('the frame', () => engine.run((frame) => getComputedStyle(frame).visibility, frame), (it) => it == 'visible');
      await engine.enter(frame, '[name=fname]');
      await fill(customer);
      // A frame takes no press in its first half second, and a driver types faster than that. By the keyboard: drivers do
      // not agree on where in a frame the pointer is.
      await sleep(1_000);
      await engine.type('email', Key.ENTER);
      const account = await world.account(await credential());
      assert.equal(account.fname, ADA.fname);
      await engine.driver.switchTo().defaultContent();
      await engine.soon('success', events, (all) => all.some(({ name }) => name == 'doorstep:success'));
    });

    scenario('a strict policy with Trusted Types is enough', async (world) => {
      const customer = await open('element', { csp: STRICT(world.server) });
      await fill(customer);
      await engine.press(SEND);
      await world.account(await credential());
    });

    scenario('a hostile style does not reach in', async () => {
      const look = (input) => {
        const { display, position, color, letterSpacing, margin } = getComputedStyle(input);
        return { display, position, color, letterSpacing, margin };
      };
      await open('styled');
      const alone = await engine.run(look, await engine.find('[name=fname]'));
      await open('styled', { hostile: '1' });
      assert.deepEqual(await engine.run(look, await engine.find('[name=fname]')), alone);
    });

    scenario('Arabic is written from the right', async () => {
      await open('element', { lang: 'ar', dir: 'rtl' });
      const input = await engine.find('[name=fname]');
      const { direction, label, form } = await engine.run((input) => ({
        direction: getComputedStyle(input.form).direction,
        label: input.labels[0].getBoundingClientRect().right,
        form: input.form.getBoundingClientRect().right,
      }), input);
      assert.equal(direction, 'rtl');
      assert.ok(form - label < 2, `${label} of ${form}`);
    });

    for (const theme of ['light', 'dark', 'wordpress light compact', 'cockpit dark']) {
      scenario(`axe finds nothing: ${theme}`, async () => {
        await open('element', { theme, fields: 'phone country c_sftp_pass', style: `:root{color-scheme:${/dark/.test(theme) ? 'dark' : 'light'}}` });
        await engine.press(SEND);
        await engine.find('[name=fname][aria-invalid=true]');
        await engine.driver.executeScript(axe.source);
        const violations = await engine.driver.executeAsyncScript((done) =>
          axe
            .run('doorstep-signup', { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
            .then(({ violations }) => done(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.flat())}`)), (error) => done([`${error}`])),
        );
        assert.deepEqual(violations, []);
      });
    }

    scenario('forms come and go, and leave nothing', async () => {
      await open('mount');
      await engine.soon('Doorstep', () => engine.run(() => typeof globalThis.Doorstep), (type) => type == 'object');
      const left = await engine.driver.executeAsyncScript(async (done) => {
        const place = document.querySelector('#place');
        for (let round = 0; round < 20; round++) {
          const ready = new Promise((resolve) => addEventListener('doorstep:ready', resolve, { once: true }));
          const handle = Doorstep.mount(place, { token: place.dataset.token });
          await ready;
          handle.unmount();
        }
        done(place.childElementCount);
      });
      assert.equal(left, 0);
    });
  });
}
