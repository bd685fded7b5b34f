// The steps after a sign-up as a person meets them.

import assert from 'node:assert/strict';

import { ADA, Form } from './form.mjs';
import { expectSoon } from './soon.mjs';

export class Ordering {
  /** @param scope a page, or the frame that holds the form */
  constructor(scope) {
    this.scope = scope;
    const button = (name) => scope.getByRole('button', { name, exact: true });
    this.start = button('Set up a project');
    this.apiPassword = scope.getByLabel('Your API password', { exact: true });
    this.continue = button('Continue');
    this.back = button('Back');
    this.place = button('Place order');
    this.retry = button('Try again');
    this.change = button('Change the order');
    this.link = scope.getByRole('link', { name: 'Open the project' });
    this.name = scope.getByLabel('Project name');
    this.password = scope.getByLabel('Password of the administrator');
  }

  title(name) {
    return this.scope.getByRole('heading', { name, exact: true });
  }

  /** Presses until the next step is there: a frame takes no press before a person could have seen what it is for. */
  async press(button, next) {
    await expectSoon(`${next} comes`, async () => {
      if (await this.title(next).isVisible()) return true;
      // It may go while it is pressed.
      await button.click({ timeout: 1_000 }).catch(() => {});
      return false;
    }, true);
  }

  /** Goes on after a reload, by the password that the person has kept. */
  async unlock({ password }) {
    await this.apiPassword.fill(password);
    await this.continue.click();
  }

  product(name) {
    return this.scope.getByRole('radio', { name: new RegExp(`^${name}`) });
  }
}

/** Signs up, and gives the credential and what comes after. */
export async function signUp(scope) {
  const form = await send(scope);
  return { credential: await form.credential(), form, ordering: new Ordering(scope) };
}

/** The same person after a reload, with the credential that the page no longer has. */
export async function comeBack(scope, credential) {
  const form = await send(scope);
  const ordering = new Ordering(scope);
  await ordering.title('Go on with your project').waitFor();
  assert.equal(await form.username.inputValue(), credential.username);
  assert.ok(!(await form.password.isVisible()), 'a password that was used is shown again');
  return { form, ordering };
}

async function send(scope) {
  const form = new Form(scope);
  await form.ready();
  await form.fill(ADA);
  await form.send.click();
  return form;
}
