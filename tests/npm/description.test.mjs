// widget/description.json is what the loader, the form and the server's field table say, and everything that is made
// of it is up to date.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { camel, description, differing } from "../../widget/npm/generate.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path) => readFileSync(join(ROOT, path), "utf8");
const sources = (folder) =>
  readdirSync(join(ROOT, folder), { recursive: true })
    .filter((name) => /\.(rs|js)$/.test(name))
    .map((name) => read(join(folder, name)));
const found = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1]);
const sorted = (names) => [...new Set(names)].sort();

const { attributes, events, theme, parts, fields, alwaysThere, languages } = description;

test("what is made from the description is what is committed", () => {
  assert.deepEqual(differing(), [], "run: node widget/npm/generate.mjs");
});

test("the loader follows the attributes that are described", () => {
  const loader = read("widget/embed/loader.js");
  const [, list] = loader.match(/static observedAttributes = \(([^)]*)\)/);
  const observed = found(list, /"([^"]*)"/g).join("").split(" ");
  assert.deepEqual(sorted(observed), sorted(attributes.filter(({ unobserved }) => !unobserved).map(({ name }) => name)));
  // What is read when it is needed has to be there by its name.
  const scripts = sources("widget/embed").join("\n");
  for (const { name } of attributes.filter(({ unobserved }) => unobserved)) {
    assert.ok(scripts.includes(`getAttribute("${name}")`) || new RegExp(`\\b${camel(name)}\\b`).test(scripts), name);
  }
  const { families, methods, properties, tagOnly, tag } = description;
  for (const { prefix } of families) assert.ok(loader.includes(`startsWith("${prefix}")`), prefix);
  for (const { name } of methods) assert.match(loader, new RegExp(`^ {6}${name}\\(`, "m"));
  for (const { name } of properties) assert.ok(loader.includes(`element.${name}`), name);
  for (const { name } of tagOnly) assert.ok(loader.includes(`data-${name}`), name);
  assert.ok(loader.includes(`TAG = "${tag}"`));
});

test("the form's settings are options that are described", () => {
  // The loader's own, what it makes of `locale`, and what the operator suggests.
  const internal = ["api", "embedder", "language", "suggested"];
  const described = attributes.map(({ name }) => camel(name));
  const settings = read("widget/src/host.rs").match(/pub\(crate\) fn settings[\s\S]*?\n}/)[0];
  const order = sources("widget/order/src").join("\n");
  const asked = [...found(settings, /text\("(\w+)"\)/g), ...found(order, /\btext\("(order\w*)"\)/g)];
  assert.ok(asked.length > 10, "the pattern has lost its subject");
  assert.deepEqual(asked.filter((name) => !described.includes(name) && !internal.includes(name)), []);
});

test("the events that are described are those that are told", () => {
  const rust = ["widget/src", "widget/order/src", "widget/kit/src"].flatMap(sources).join("\n");
  const told = [...found(rust, /\.tell\(\s*"([a-z-]+)"/g), ...found(read("widget/embed/loader.js"), /#tell\("([a-z-]+)"/g)];
  assert.deepEqual(sorted(told), sorted(events.map(({ name }) => name)));
});

test("fields, languages and the theme are those of the product", () => {
  const catalogue = read("crates/fields/src/catalogue.rs");
  assert.deepEqual(found(catalogue, /Field::\w+\("(\w+)"/g), fields);
  const always = read("widget/src/settings.rs").match(/const ALWAYS: .* = \[(.*)\];/)[1];
  assert.deepEqual(found(always, /"(\w+)"/g), alwaysThere);
  const catalogues = readdirSync(join(ROOT, "widget/locales")).map((name) => name.replace(".json", ""));
  assert.deepEqual(sorted(languages), catalogues.sort());
  const css = read("widget/style/tokens.css");
  const words = attributes.find(({ words }) => words).words;
  assert.deepEqual(sorted([...found(css, /theme~="(\w+)"/g), "auto"]), sorted(words));
  const [tokens] = css.split("@supports");
  const names = theme.map(({ name }) => name);
  assert.deepEqual(sorted(found(tokens, /^ {2}(?:\/\* )?(--doorstep-[a-z-]+):/gm)), sorted(names));
  const [, framed] = read("widget/embed/frame_host.js").match(/const THEME = \(([^)]*)\)/);
  assert.deepEqual(sorted(found(framed, /"([^"]*)"/g).join("").split(" ").map((name) => "--doorstep-" + name)), sorted(names));
});

// Which of them are drawn in which state, tests/browser/matrix.test.mjs says.
test("the parts that are described are those in the sources", () => {
  const rust = (folder) => sources(folder).flatMap((text) => found(text, /\bpart="([a-z ]+)"/g));
  const form = [...rust("widget/src"), ...found(read("widget/embed/loader.js"), /\.part = "([a-z ]+)"/g)];
  const order = rust("widget/order/src");
  const names = (lists) => sorted(lists.flatMap((list) => list.split(" ")));
  const described = (isOrder) => sorted(parts.filter(({ group }) => (group == "order") == isOrder).map(({ name }) => name));
  assert.deepEqual(names(form), described(false));
  assert.deepEqual(names(order).filter((name) => !names(form).includes(name)), described(true));
  for (const { name, doc } of parts) assert.ok(doc, name);
  // A rule for one kind of button, and a rule for all of them.
  for (const list of [...form, ...order].filter((list) => list.includes("button"))) assert.match(list, /^button [a-z]+$/);
});

test("every attribute and every event has an example that uses it", () => {
  const known = attributes.map(({ name }) => name);
  for (const { name, doc, example } of attributes) {
    assert.ok(doc && example, name);
    const used = found(example, /([a-z-]+)="/g);
    assert.ok(used.includes(name), `the example of ${name} does not use it`);
    assert.deepEqual(used.filter((one) => !known.includes(one)), [], example);
  }
  for (const { name, values, example } of attributes.filter((one) => one.values)) {
    assert.ok(values.includes(example.match(new RegExp(`\\b${name}="([^"]*)"`))[1]), example);
  }
  for (const { name, doc, example } of events) {
    assert.ok(doc && example.includes(`"doorstep:${name}"`), name);
  }
});
