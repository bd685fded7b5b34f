// People sign up from the panel.

import assert from 'node:assert/strict';

import { ADA, Form, focused } from './form.mjs';
import { status } from './guard.mjs';
import { world } from './harness.mjs';
import { expectSoon } from './soon.mjs';

const { scenario } = world();

scenario('a person signs up by mouse, and the panel is connected', async ({ world, page }) => {
  const customer = world.customer();
  await page.goto(`${world.panel}/?customer=${customer}`);
  const form = new Form(page);
  await form.ready();
  for (const [name, answer] of Object.entries({ ...ADA, company_name: 'Analytical Engines' })) {
    await form.field(name).click();
    await page.keyboard.type(answer);
  }
  await form.field('country').selectOption('GB');
  await form.send.click();

  const credential = await form.credential();
  const account = await world.account(credential);
  assert.equal(account.fname, 'Ada');
  assert.equal(account.company_name, 'Analytical Engines');
  assert.equal(account.country, 'GB');

  await page.getByText('Connected as Ada Lovelace').waitFor();
  assert.equal(await form.password.inputValue(), credential.password, 'the panel took the form away');
  assert.ok(
    !(await page.evaluate(() => document.documentElement.outerHTML)).includes(credential.password),
    'the password is in the document of the panel',
  );

  await page.reload();
  await page.getByText(credential.username).waitFor();
  assert.equal(await page.locator('doorstep-signup').count(), 0, 'a connected customer is asked again');
  assert.ok(!(await page.content()).includes(credential.password), 'the password is in the page');
});

scenario('a person signs up by keyboard alone', async ({ world, page }) => {
  await page.goto(`${world.panel}/?customer=${world.customer()}`);
  const form = new Form(page);
  await form.ready();
  const tabTo = async (name) => {
    for (let step = 0; step < 40; step += 1) {
      await page.keyboard.press('Tab');
      if ((await focused(page)) === name) return;
    }
    assert.fail(`Tab does not lead to ${name}`);
  };
  await tabTo('fname');
  await page.keyboard.type('Grace');
  await tabTo('lname');
  await page.keyboard.type('Hopper');
  await tabTo('email');
  await page.keyboard.type('grace@example.com');
  await tabTo('country');
  await page.keyboard.type('United States');
  await page.keyboard.press('Tab');
  assert.equal(await form.field('country').inputValue(), 'US');
  await tabTo('lname');
  await page.keyboard.press('Enter');

  const credential = await form.credential();
  const result = /Your account is ready/;
  await expectSoon('focus goes to the result', async () => result.test(await focused(page)), true);
  await tabTo('Copy');
  assert.equal((await world.account(credential)).lname, 'Hopper');
});

scenario('wrong input is said at the field, and the first fault has the focus', async ({ world, page, watch }) => {
  await page.goto(`${world.panel}/?customer=${world.customer()}`);
  const form = new Form(page);
  await form.ready();
  assert.equal(await form.field('fname').getAttribute('aria-invalid').then((value) => value ?? 'false'), 'false');

  await form.field('email').fill('ada@');
  await form.field('company_name').click();
  await form.isFaulty('email', /is not an e-mail address/);

  await form.send.click();
  await form.isFaulty('fname', /is required/);
  await form.isFaulty('lname', /is required/);
  await expectSoon('focus on the first fault', () => focused(page), 'fname');
  assert.equal(watch.requests(/^\/api\/users$/).length, 0, 'faults were sent');

  await form.field('fname').fill('Ada');
  await expectSoon('a mended field is not marked', async () => (await form.field('fname').getAttribute('aria-invalid')) ?? 'false', 'false');
  await form.fill(ADA);
  await form.send.click();
  await form.credential();
});

scenario('a fault that shows on leaving a field does not swallow the click that left it', async ({ world, page }) => {
  await page.goto(`${world.panel}/?customer=${world.customer()}`);
  const form = new Form(page);
  await form.ready();
  // The field has the focus, and its fault will move the button down.
  await form.field('email').fill('ada@');
  await form.send.click();
  await form.isFaulty('fname', /is required/);
  await form.isFaulty('email', /is not an e-mail address/);
});

scenario('a fault that only the server finds is said at the field', { allow: [status(422)] }, async ({ world, page }) => {
  await page.goto(`${world.panel}/?customer=${world.customer()}`);
  const form = new Form(page);
  await form.ready();
  // The answer of a server whose rules are newer than the page's.
  const refuse = async (route) =>
    route.fulfill({
      status: 422,
      contentType: 'application/problem+json',
      headers: { 'access-control-allow-origin': '*' },
      body: JSON.stringify({
        type: '/docs/errors#validation_failed',
        title: 'Some fields have faults',
        status: 422,
        code: 'validation_failed',
        detail: '2 fields have faults',
        faults: [
          { pointer: '/user/lname', field: 'lname', code: 'reserved', message: 'Last name is reserved' },
          { pointer: '/user/labels', field: 'labels', code: 'too_many', message: 'There are too many labels' },
        ],
        errors: ['Last name is reserved', 'There are too many labels'],
      }),
    });
  const users = (url) => url.pathname === '/api/users';
  await page.route(users, (route) => (route.request().method() === 'POST' ? refuse(route) : route.continue()));
  await form.fill(ADA);
  await form.send.click();
  await form.isFaulty('lname', /Last name is reserved/);
  await expectSoon('focus on the fault', () => focused(page), 'lname');
  await form.scope.getByText('There are too many labels').waitFor();

  await page.unroute(users);
  await form.fill({ lname: 'Byron' });
  await form.send.click();
  assert.equal((await world.account(await form.credential())).lname, 'Byron');
});

scenario('a fault that the real server finds is said to the person', { allow: [status(409)] }, async ({ world, page }) => {
  const customer = world.customer();
  await page.goto(`${world.panel}/?customer=${customer}`);
  const form = new Form(page);
  await form.ready();
  assert.equal(await world.signUpAgain(customer), 201, 'someone else was first');
  await form.fill(ADA);
  await form.send.click();
  await page.getByText('You already have an account here').waitFor();
  assert.equal(await form.password.count(), 0, 'a credential is shown to the second');
  assert.deepEqual(await form.answers(Object.keys(ADA)), ADA);
});

scenario('the credential can be taken along: shown, copied, saved', async ({ world, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: world.panel });
  await page.goto(`${world.panel}/?customer=${world.customer()}`);
  const form = new Form(page);
  await form.ready();
  await form.fill(ADA);
  await form.send.click();
  const { username, password } = await form.credential();
  await page.getByText('This is the only time the password is shown').waitFor();

  await page.getByRole('button', { name: /^Copy/ }).last().click();
  await expectSoon('the password is copied', () => page.evaluate(() => navigator.clipboard.readText()), password);

  for (const [name, read] of [
    [/\.env$/, (text) => [text.match(/USERNAME='(.*)'/)[1], text.match(/PASSWORD='(.*)'/)[1]]],
    [/\.json$/, (text) => [JSON.parse(text).username, JSON.parse(text).password]],
  ]) {
    const kind = name.source.includes('env') ? 'Download .env' : 'Download JSON';
    const download = page.waitForEvent('download');
    await page.getByText(kind).click();
    const file = await download;
    assert.match(file.suggestedFilename(), name);
    const chunks = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk);
    assert.deepEqual(read(Buffer.concat(chunks).toString()), [username, password]);
  }
});
