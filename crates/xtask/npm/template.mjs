// Takes down the form that the widget's module draws, as a template that can be drawn without it: the module itself is
// run here, in a DOM without a browser, so the two cannot differ.
//
//   node template.mjs GLUE WASM '{"texts": how many, "sending": the place of one, "fields": all names, "languages": [tags]}'
//
// Prints JSON. A node is [tag, attributes, ...children]; a text is its place in a language's list, -1 the person's name,
// -2 the provider's server, and of a field that the operator declared -3 its hint, -4 its label, -5 the words of a link
// in it, -6 what stands after them. `~` in an attribute stands for the form's own id, `^` for such a field's name and `|`
// for where its link leads.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { parseHTML } from "linkedom";

const [glue, wasm, asked] = process.argv.slice(2);
const { texts, sending, fields, languages } = JSON.parse(asked);

const { window, document } = parseHTML("<!doctype html><html><body></body></html>");
for (const name of ["Element", "HTMLElement", "HTMLInputElement", "HTMLSelectElement", "Node", "Text", "Comment", "Document", "Event", "CustomEvent"]) {
  globalThis[name] = window[name];
}
// wasm-bindgen asks whether the global object is one.
globalThis.Window = { [Symbol.hasInstance]: (it) => it === globalThis };
Object.assign(globalThis, { document, window: globalThis });

const { default: init, mount } = await import(pathToFileURL(resolve(glue)));
await init({ module_or_path: await readFile(wasm) });

// No text of ours has these; what stands between them is a number.
const [BEFORE, AFTER] = ["\uE000", "\uE001"];
const [NAME, LINK] = ["\uE002", "\uE003"];
const place = (at) => BEFORE + at + AFTER;
const placed = new RegExp(`^${BEFORE}(-?\\d+)${AFTER}$`);

const drawn = async (options, look) => {
  const box = document.createElement("div");
  const list = Array.from({ length: texts }, (_, at) => place(at));
  const handle = await mount(box, document.createElement("div"), {
    ...{ texts: list, language: "en", locale: "en", values: {} },
    ...{ providerUsername: place(-1), providerServer: place(-2) },
    ...options,
  });
  // Lists are filled after the form can be seen, by the second of two timers.
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setTimeout(resolve));
  const seen = look(box.querySelector("form"));
  handle.unmount();
  return seen;
};

const rowsOf = (form) => [...form.querySelectorAll(".doorstep-row")];
const nameOf = (row) => row.querySelector("[name]").getAttribute("name");
const isHalf = (row) => row.classList.contains("doorstep-half");
const namesFor = (options) => drawn(options, (form) => rowsOf(form).map(nameOf));

const node = (at) => {
  if (at.nodeType === 8) return [];
  if (at.nodeType === 3) {
    if (!at.data) return [];
    const [, number] = placed.exec(at.data) ?? [];
    if (number === undefined) throw new Error(`the module draws a text of its own: ${at.data}`);
    return [Number(number)];
  }
  const attributes = [...at.attributes].map(({ name, value }) => {
    const made = value.replaceAll(/doorstep-\d+/g, "~").replaceAll(NAME, "^").replaceAll(LINK, "|");
    if (/[~^|]/.test(value)) throw new Error(`an attribute has a sign that stands for something else: ${name}="${value}"`);
    return [name, made];
  });
  // A row is told whether it is half a line, and an input what is in it, when it is drawn.
  const said = Object.fromEntries(attributes.filter(([name]) => name !== "value" || at.localName !== "input" || at.getAttribute("type") === "checkbox"));
  if (said.class) said.class = said.class.replace(" doorstep-half", "");
  return [[at.localName, said, ...[...at.childNodes].flatMap(node)]];
};

// Of the fields that an operator can declare, one of each kind, as if nothing were demanded of it.
const declared = {};
for (const kind of ["text", "choice", "number", "date", "consent"]) {
  const linked = kind === "consent" ? `[${place(-5)}]${place(-6)}` : "";
  const words = { label: place(-4) + linked, hint: place(-3), link: LINK };
  declared[kind] = await drawn({ custom: [{ name: NAME, kind, words }] }, (form) => node(rowsOf(form).at(-1))[0]);
}

const always = await namesFor({});
const all = await namesFor({ fields });

const codes = {};
const template = await drawn({ fields }, (form) => {
  for (const select of form.querySelectorAll("select")) {
    const options = [...select.querySelectorAll("option")].slice(1);
    codes[select.getAttribute("name")] = options.map((option) => option.getAttribute("value")).sort().join(" ");
    options.forEach((option) => option.remove());
  }
  // Nothing is said to be wrong yet.
  form.querySelector(".doorstep-faults").replaceChildren();
  const rows = Object.fromEntries(rowsOf(form).map((row) => [nameOf(row), node(row)[0]]));
  rowsOf(form).forEach((row) => row.remove());
  return { form: node(form)[0], rows };
});

// Short is what shares a line with any other.
const short = [];
for (const name of all) {
  for (const other of all) {
    const isShort = (form) => isHalf(rowsOf(form).find((row) => nameOf(row) === name));
    if (!short.includes(name) && (await drawn({ fields: `${name} ${other}` }, isShort))) short.push(name);
  }
}
const familyFirst = [];
for (const language of languages) {
  if ((await namesFor({ language }))[0] !== always[0]) familyFirst.push(language);
}

process.stdout.write(JSON.stringify({ ...template, declared, always, short, familyFirst, codes, sending }));
