// The form as a person meets it: by its labels and buttons, never by its insides.

import assert from 'node:assert/strict';

import { expectSoon } from './soon.mjs';

export class Form {
  /** @param scope a page, or the part of one that holds the form */
  constructor(scope) {
    this.scope = scope;
    this.element = scope.locator('doorstep-signup').first();
    this.send = scope.getByRole('button', { name: 'Create account', exact: true });
    this.retry = scope.getByRole('button', { name: 'Try again', exact: true });
    this.password = scope.getByLabel('API password', { exact: true });
    this.username = scope.getByLabel('API username', { exact: true });
  }

  /** A field, by the API's name for it. */
  field(name) {
    return this.scope.locator(`[name="${name}"]`);
  }

  /** The texts that describe a field: its hint and its fault. */
  async describedBy(name) {
    return this.field(name).evaluate((input) =>
      (input.getAttribute('aria-describedby') ?? '')
        .split(' ')
        .map((id) => input.getRootNode().getElementById(id)?.textContent ?? '')
        .join(' ')
        .trim(),
    );
  }

  /** With its module, whatever was there to type into before. */
  async ready() {
    await this.scope.locator('[name="fname"]:not([id^="doorstep-early"])').waitFor();
  }

  /** To type into, with its module or without. */
  async early() {
    await this.field('fname').waitFor();
  }

  async fill(answers) {
    for (const [name, answer] of Object.entries(answers)) {
      const field = this.field(name);
      if ((await field.evaluate((input) => input.localName)) === 'select') await field.selectOption(answer);
      else await field.fill(answer);
    }
  }

  /** What the fields hold. */
  async answers(names) {
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await this.field(name).inputValue()])),
    );
  }

  /** The credential that the form shows after success. */
  async credential() {
    await this.password.waitFor();
    const credential = {
      username: await this.username.inputValue(),
      password: await this.password.inputValue(),
    };
    assert.ok(credential.username && credential.password, 'the form shows no credential');
    return credential;
  }

  /** Fails unless `name` is marked as wrong, with a message tied to it. */
  async isFaulty(name, message) {
    await expectSoon(`${name} is marked`, () => this.field(name).getAttribute('aria-invalid'), 'true');
    assert.match(await this.describedBy(name), message);
  }
}

export const ADA = { fname: 'Ada', lname: 'Lovelace', email: 'ada@example.com' };

/** The name of the field or the text of the control that has the focus, through shadow roots. */
export const focused = (page) =>
  page.evaluate(() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at?.getAttribute('name') || at?.textContent?.trim() || at?.localName;
  });
