// Three engines, each by its own driver and the protocol they all speak (W3C WebDriver).

import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { Builder, Capabilities } from 'selenium-webdriver';

import { freePort, launch, stop } from './processes.mjs';

/** As long as a driver may take to listen, and a browser to start on a busy machine. */
const START_MS = 30_000;
/** What a page may wait for anything. */
const PATIENCE_MS = 15_000;
const STEP_MS = 25;

// Names resolve to nothing, so that not even a preconnect leaves the machine.
const CHROMIUM = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];
const GECKO = {
  'app.update.auto': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};
const MINI_BROWSER = ['4.1', '6.0', '4.0']
  .map((version) => `/usr/lib/${process.arch == 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/webkit2gtk-${version}/MiniBrowser`)
  .find(existsSync);

/** By name: the driver's program, how it is told its port, and what it is asked for. */
export const ENGINES = {
  Chromium: {
    driver: process.env.DOORSTEP_CHROMEDRIVER || 'chromedriver',
    port: (port) => [`--port=${port}`],
    wants: {
      browserName: 'chrome',
      'goog:chromeOptions': { binary: process.env.DOORSTEP_BROWSER || '/usr/bin/chromium', args: CHROMIUM },
    },
  },
  Firefox: {
    driver: process.env.DOORSTEP_GECKODRIVER || 'geckodriver',
    port: (port) => ['--port', `${port}`, '--host', '127.0.0.1'],
    wants: {
      browserName: 'firefox',
      'moz:firefoxOptions': { args: ['-headless'], prefs: GECKO, binary: process.env.DOORSTEP_FIREFOX || '/usr/bin/firefox-esr' },
    },
  },
  WebKit: {
    driver: process.env.DOORSTEP_WEBKITDRIVER || 'WebKitWebDriver',
    port: (port) => [`--port=${port}`],
    // GTK draws on a screen, if only on one that nobody sees.
    needsScreen: true,
    wants: { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': { binary: MINI_BROWSER, args: ['--automation'] } },
  },
};

/** A browser of that engine, started. */
export class Engine {
  static async start(name) {
    const engine = new Engine();
    try {
      await engine.#start(ENGINES[name]);
      return engine;
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  async #start({ driver, port, needsScreen, wants }) {
    const env = {};
    if (needsScreen) {
      this.screen = launch('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {});
      const number = await new Promise((resolve, reject) => {
        this.screen.stdout.once('data', (text) => resolve(`${text}`.trim()));
        this.screen.once('error', reject);
        this.screen.once('close', () => reject(new Error(`Xvfb ended: ${this.screen.log}`)));
      });
      env.DISPLAY = `:${number}`;
    }
    const at = await freePort();
    this.process = launch(driver, port(at), { env });
    let failure;
    this.process.once('error', (error) => (failure = error));
    const until = Date.now() + START_MS;
    while (!(await isListening(at))) {
      if (failure) throw failure;
      if (Date.now() > until) throw new Error(`${driver} does not listen: ${this.process.log}`);
      await sleep(STEP_MS);
    }
    const builder = new Builder().usingServer(`http://127.0.0.1:${at}`).withCapabilities(new Capabilities(wants));
    this.driver = await builder.build();
    await this.driver.manage().setTimeouts({ pageLoad: START_MS, script: PATIENCE_MS });
  }

  async stop() {
    await this.driver?.quit().catch(() => {});
    for (const child of [this.process, this.screen]) if (child) await stop(child);
  }

  /** Runs a function in the page. */
  run(of, ...args) {
    return this.driver.executeScript(`return (${of}).apply(null, arguments)`, ...args);
  }

  /** What the form has for a selector, as soon as it is there; in the element's root, or in the frame that is looked at. */
  async find(selector) {
    const look = (selector) => {
      const element = document.querySelector('doorstep-signup');
      return (element?.shadowRoot ?? element)?.querySelector(selector);
    };
    return this.soon(selector, () => this.run(look, selector), Boolean);
  }

  /** Reads until the value is good, or fails with the last one. */
  async soon(what, read, isGood) {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const value = await read();
      if (isGood(value)) return value;
      if (Date.now() > until) throw new Error(`${what}: still ${JSON.stringify(value)}`);
      await sleep(STEP_MS);
    }
  }

  /** Goes into a frame as a person does, by a press on what is in it: WebKit's driver sends keys to no other. */
  async enter(frame, selector) {
    const middle = (element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return [left + width / 2, top + height / 2];
    };
    const corner = await this.run((frame) => {
      const { left, top } = frame.getBoundingClientRect();
      return [left, top];
    }, frame);
    await this.driver.switchTo().frame(frame);
    const [x, y] = (await this.run(middle, await this.find(selector))).map((at, axis) => Math.round(at + corner[axis]));
    await this.driver.switchTo().defaultContent();
    await this.driver.actions().move({ x, y }).click().perform();
    await this.driver.switchTo().frame(frame);
  }

  /** The focus first: not every driver finds its own way into a shadow root in a frame. */
  async type(name, text) {
    const input = await this.find(`[name="${name}"]`);
    await this.run((input) => input.focus(), input);
    await input.sendKeys(text);
  }

  async value(name) {
    return (await this.find(`[name="${name}"]`)).getProperty('value');
  }

  /** By the pointer, where the element is on the screen. */
  async press(selector) {
    const element = await this.find(selector);
    const [x, y] = await this.run((element) => {
      element.scrollIntoView({ block: 'center' });
      const { left, top, width, height } = element.getBoundingClientRect();
      return [left + width / 2, top + height / 2].map(Math.round);
    }, element);
    await this.driver.actions().move({ x, y }).click().perform();
  }
}

const isListening = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
