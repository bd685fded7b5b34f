// The package as a host's developer gets it: what is in it, what its types say, and that importing it does nothing.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";

import { build } from "esbuild";
import { compile } from "svelte/compiler";
import { compileScript, compileTemplate, parse } from "vue/compiler-sfc";

import { description } from "../../widget/npm/generate.mjs";
import { HERE, install } from "./packed.mjs";

const PACKAGE = join(HERE, "node_modules/doorstep-signup");
let packed;
before(() => (packed = install()));

const tsc = (project) => {
  try {
    execFileSync(join(HERE, "node_modules/.bin/tsc"), ["--noEmit", "-p", project], { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    assert.fail(`tsc says:\n${error.stdout}${error.stderr}`);
  }
};

/** The code blocks of the package's README in one language. */
const blocks = (language) => {
  const readme = readFileSync(join(PACKAGE, "README.md"), "utf8");
  const found = [...readme.matchAll(new RegExp("```" + language + "\\n([\\s\\S]*?)\\n```", "g"))].map((match) => match[1]);
  assert.ok(found.length > 0, `README.md has no example in ${language}`);
  return found;
};

test("all that the package exports is in it, and nothing but what is for its users", () => {
  const manifest = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
  assert.deepEqual(packed, [...manifest.files, "README.md", "package.json"].sort());
  assert.equal(manifest.sideEffects, false);
  assert.equal(manifest.dependencies, undefined);
  for (const target of Object.values(manifest.exports).flatMap((it) => (typeof it == "string" ? it : Object.values(it)))) {
    assert.ok(existsSync(join(PACKAGE, target)), `${target} is exported and not there`);
  }
});

test("the examples for each framework are typed, with everything strict", () => tsc(HERE));

test("the examples of the reference and of the README are typed", () => {
  const folder = join(HERE, "node_modules/.doorstep-examples");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const { events, properties, methods } = description;
  const described = [...events, ...properties, ...methods].map(({ example }) => `{\n${example}\n}`);
  writeFileSync(join(folder, "described.ts"), `import type { DoorstepSignupElement } from "doorstep-signup";\ndeclare const form: DoorstepSignupElement;\n${described.join("\n")}\n`);
  blocks("ts").forEach((block, at) => writeFileSync(join(folder, `readme${at}.ts`), block));
  blocks("tsx").forEach((block, at) => writeFileSync(join(folder, `readme-react${at}.tsx`), block));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts", "*.tsx"] }));
  tsc(folder);
});

test("the README's Vue and Svelte components compile", () => {
  for (const block of blocks("svelte")) assert.deepEqual(compile(block, { generate: "client" }).warnings, []);
  for (const block of blocks("vue")) {
    const { descriptor, errors } = parse(block);
    assert.deepEqual(errors, []);
    compileScript(descriptor, { id: "example" });
    const template = compileTemplate({ source: descriptor.template.content, filename: "example.vue", id: "example" });
    assert.deepEqual([...template.errors, ...template.tips], []);
  }
  const component = readFileSync(join(PACKAGE, "DoorstepSignup.svelte"), "utf8");
  for (const generate of ["client", "server"]) assert.deepEqual(compile(component, { generate }).warnings, []);
});

test("importing does nothing, also where there is no document", async () => {
  assert.equal(typeof document, "undefined");
  const { loadDoorstep } = await import("doorstep-signup");
  await import("doorstep-signup/react");
  await import("doorstep-signup/vue");
  assert.equal(await loadDoorstep({ server: "https://signup.example.com" }), null);
});

test("a page that renders on a server gets the place of the form", async () => {
  const { createElement } = await import("react");
  const { renderToString } = await import("react-dom/server");
  const { DoorstepSignup } = await import("doorstep-signup/react");
  const html = renderToString(createElement(DoorstepSignup, { server: "https://signup.example.com", token: "sgn_secret", className: "card" }));
  assert.equal(html, '<div class="card"></div>');
});

test("who imports nothing of it carries nothing of it", async () => {
  const bundle = async (contents) => {
    const { outputFiles } = await build({ stdin: { contents, resolveDir: HERE }, bundle: true, minify: true, format: "esm", write: false, logLevel: "error" });
    return outputFiles[0].text.length;
  };
  assert.equal(await bundle('import "doorstep-signup"; import "doorstep-signup/react";'), 0);
  const whole = await bundle('export { loadDoorstep } from "doorstep-signup";');
  assert.ok(whole < 3_000, `the loader of the package takes ${whole} bytes`);
});

test("what cannot be loaded is said before anything is asked for", async () => {
  const { loadDoorstep } = await import("doorstep-signup");
  // Enough of a document to be asked, and too little to be changed.
  globalThis.document = {};
  try {
    for (const server of [undefined, "", "signup.example.com", "ftp://signup.example.com", "https://signup.example.com/v1", "https://signup.example.com/?a"]) {
      await assert.rejects(loadDoorstep({ server }), /^TypeError: Doorstep: `server` must be the origin/);
    }
    const server = "https://signup.example.com";
    await assert.rejects(loadDoorstep({ server, integrity: "sha384-x" }), /`integrity` needs `pin`.*doorstep embed/);
    for (const pin of ["", "../x", "v1", 1.5]) await assert.rejects(loadDoorstep({ server, pin }), /^TypeError: Doorstep: `pin` is what stands/);
  } finally {
    delete globalThis.document;
  }
});
