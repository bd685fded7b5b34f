// Makes what follows from widget/description.json: the package's names, types, components and reference, and the
// tables of widget/README.md. With --check it writes nothing and names what differs.

import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PACKAGE = "widget/npm";
const read = (path) => readFileSync(join(ROOT, path), "utf8");

export const description = JSON.parse(read("widget/description.json"));
const { tag, attributes, families, tagOnly, properties, methods, events, types, fields, theme, parts } = description;

const MADE = "Made from widget/description.json by generate.mjs: change it there.";

export const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
const pascal = (name) => camel("-" + name);
/** `token-needed` is `onTokenNeeded`. */
const handler = ({ name }) => "on" + pascal(name);
const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".");
const list = (names) => `[${names.map((name) => JSON.stringify(name)).join(", ")}]`;

/** What JSDoc says: the text, and an example. */
function comment(indent, text, example) {
  const lines = [sentence(text.replace(" (below)", ""))];
  if (example) lines.push("", "@example", ...example.split("\n"));
  return ["/**", ...lines.map((line) => (line ? ` * ${line}` : " *")), " */"].map((line) => indent + line).join("\n");
}

const valueType = ({ values, words }) => (words ? "DoorstepTheme" : values ? values.map((value) => JSON.stringify(value)).join(" | ") : "string");
const themeWords = attributes.find(({ words }) => words).words;
const eventType = ({ name }) => `Doorstep${pascal(name)}Event`;
const eventOf = ({ detail }) => `DoorstepEvent<${detail}>`;

const names = `// ${MADE}

export const TAG = ${JSON.stringify(tag)};
/** Options that are plain text. */
export const OPTIONS = ${list(attributes.map(({ name }) => camel(name)))};
/** Those that are read when a form starts, and so need a new one. */
export const FIXED = ${list(attributes.filter(({ fixed }) => fixed).map(({ name }) => camel(name)))};
/** Events, without \`doorstep:\`. */
export const EVENTS = ${list(events.map(({ name }) => name))};
`;

const option = ({ name, doc, example, ...more }) =>
  `${comment("  ", doc, example)}\n  ${camel(name)}?: ${valueType(more)} | undefined;`;

const index = `// ${MADE}

/** Answers that a form can ask for, by their API names. */
export type DoorstepField =
${fields.map((name) => `  | ${JSON.stringify(name)}`).join("\n")};

/** A word of \`theme\`. */
export type DoorstepThemeWord =
${themeWords.map((word) => `  | ${JSON.stringify(word)}`).join("\n")};

/** Up to three of them, parted by blanks. */
export type DoorstepTheme =
  | DoorstepThemeWord
  | \`\${DoorstepThemeWord} \${DoorstepThemeWord}\`
  | \`\${DoorstepThemeWord} \${DoorstepThemeWord} \${DoorstepThemeWord}\`;

/** A custom property of the theme, for the element's style. */
export type DoorstepProperty =
${theme.map(({ name }) => `  | ${JSON.stringify(name)}`).join("\n")};

/** A name for \`::part()\`. */
export type DoorstepPart =
${parts.map(({ name }) => `  | ${JSON.stringify(name)}`).join("\n")};

${types.map(({ name, doc, type }) => `/** ${doc} */\nexport type ${name} =${type.startsWith("|") ? `\n  ${type}` : ` ${type}`};`).join("\n\n")}

/** An event of the form. It bubbles, and carries no secret. */
export interface DoorstepEvent<Detail> extends CustomEvent<Detail> {
  readonly currentTarget: DoorstepSignupElement;
}

${events.map((event) => `${comment("", event.doc, event.example)}\nexport type ${eventType(event)} = ${eventOf(event)};`).join("\n\n")}

/** Every event by its name. */
export interface DoorstepEventMap {
${events.map((event) => `  "doorstep:${event.name}": ${eventType(event)};`).join("\n")}
}

/** What a form can be told by name and text. */
export interface DoorstepTextOptions {
${attributes.map(option).join("\n")}
}

/** What \`Doorstep.mount\` can be told. */
export interface DoorstepOptions extends DoorstepTextOptions {
${families.map(({ option: name, type, doc }) => `${comment("  ", doc)}\n  ${name}?: ${type} | undefined;`).join("\n")}
${properties.map(({ name, type, doc }) => `${comment("  ", doc)}\n  ${name}?: ${type} | undefined;`).join("\n")}
}

/** What can be changed of a form; \`null\` takes an option back. */
export type DoorstepChanges = { [Name in keyof DoorstepOptions]?: DoorstepOptions[Name] | null };

/** The attributes of \`<${tag}>\`. */
export interface DoorstepAttributes {
${attributes.map((attribute) => `${comment("  ", attribute.doc, attribute.example)}\n  ${JSON.stringify(attribute.name)}?: ${valueType(attribute)} | undefined;`).join("\n")}
${families.map(({ prefix, doc, example }) => `${comment("  ", doc, example)}\n  [name: \`${prefix}\${string}\`]: string | undefined;`).join("\n")}
}

/** Listeners as attributes, where a framework takes them so: \`ondoorstep:ready\`. */
export interface DoorstepListeners {
${events.map((event) => `  "ondoorstep:${event.name}"?: ((event: ${eventType(event)}) => void) | undefined;`).join("\n")}
}

/** \`<${tag}>\`. */
export interface DoorstepSignupElement extends HTMLElement {
${properties.map(({ name, type, doc, example }) => `${comment("  ", doc, example)}\n  ${name}?: ${type} | undefined;`).join("\n")}
${methods.map(({ name, parameters, doc, example }) => `${comment("  ", doc, example)}\n  ${name}(${parameters}): void;`).join("\n")}
  addEventListener<Name extends keyof DoorstepEventMap>(
    type: Name,
    listener: (this: DoorstepSignupElement, event: DoorstepEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Name extends keyof HTMLElementEventMap>(
    type: Name,
    listener: (this: DoorstepSignupElement, event: HTMLElementEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** A form that \`Doorstep.mount\` made. */
export interface DoorstepHandle {
  readonly element: DoorstepSignupElement;
  /** Sets options; \`null\` takes one back. */
  update(options: DoorstepChanges): void;
  /** Takes the form off the page. */
  unmount(): void;
}

/** The one global of the server's script. */
export interface DoorstepApi {
  readonly version: string;
  /**
   * Puts a form at the end of \`target\`, an element or a selector.
   *
   * @example
   * const form = Doorstep.mount("#signup", { token: "sgn_…", fields: "company_name country" });
   * form.update({ theme: "dark" });
   * form.unmount();
   */
  mount(target: string | Element, options?: DoorstepOptions): DoorstepHandle;
}

export interface LoadOptions {
  /** The server's origin, such as \`https://signup.example.com\`. */
  server: string;
  /**
   * One version of the script and no other: what stands before \`/doorstep.js\` in the address that \`doorstep embed\`
   * prints. With the server's next version it is gone, so the page has to follow each update.
   */
  pin?: string | undefined;
  /** That version's hash (SRI), which \`doorstep embed\` prints as well. */
  integrity?: string | undefined;
  /** For a Content-Security-Policy that names one. */
  nonce?: string | undefined;
}

/**
 * Adds the server's script tag, unless one is there, and answers with \`Doorstep\`; with \`null\` where there is no
 * document, as on a server that renders. A load that failed can be tried again.
 *
 * @example
 * const doorstep = await loadDoorstep({ server: "https://signup.example.com" });
 * doorstep?.mount("#signup", { token: "sgn_…" });
 */
export function loadDoorstep(options: LoadOptions): Promise<DoorstepApi | null>;

/** What the components take: the server, every option, and a handler for every event. */
export interface DoorstepSignupProps extends LoadOptions, DoorstepOptions {
${events.map((event) => `${comment("  ", event.doc)}\n  ${handler(event)}?: ((event: ${eventType(event)}) => void) | undefined;`).join("\n")}
}

declare global {
  interface HTMLElementTagNameMap {
    ${JSON.stringify(tag)}: DoorstepSignupElement;
  }
  // Elements, documents and windows take theirs from here.
  interface GlobalEventHandlersEventMap {
${events.map((event) => `    "doorstep:${event.name}": CustomEvent<${event.detail}>;`).join("\n")}
  }
  /** There once the server's script has run. */
  var Doorstep: DoorstepApi | undefined;
}
`;

const react = `"use client";
// ${MADE}

import { createElement, useEffect, useRef } from "react";

import { attach } from "./attach.js";

const HANDLERS = ${JSON.stringify(Object.fromEntries(events.map((event) => [event.name, handler(event)])), null, 2).replace(/"([a-z]+)":/g, "$1:")};

/** The form; \`className\`, \`style\` and \`id\` are those of the \`<div>\` around it. */
export function DoorstepSignup(props) {
  const place = useRef(null);
  const form = useRef(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
    form.current?.show(props);
  });
  useEffect(() => {
    form.current = attach(place.current, latest.current, (name, event) => latest.current[HANDLERS[name]]?.(event));
    return () => {
      form.current.remove();
      form.current = null;
    };
  }, []);
  const { className, style, id } = props;
  return createElement("div", { ref: place, className, style, id });
}
`;

const reactTypes = `// ${MADE}

import type { CSSProperties, DetailedHTMLProps, HTMLAttributes, ReactElement } from "react";

import type { DoorstepAttributes, DoorstepListeners, DoorstepSignupElement, DoorstepSignupProps } from "./index.js";

export interface DoorstepSignupReactProps extends DoorstepSignupProps {
  /** Of the \`<div>\` around the form, as the next two. */
  className?: string | undefined;
  style?: CSSProperties | undefined;
  id?: string | undefined;
}

/**
 * The form.
 *
 * @example
 * <DoorstepSignup server="https://signup.example.com" token={token} onSuccess={(event) => console.log(event.detail)} />
 */
export function DoorstepSignup(props: DoorstepSignupReactProps): ReactElement;

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      ${JSON.stringify(tag)}: DetailedHTMLProps<HTMLAttributes<DoorstepSignupElement>, DoorstepSignupElement> &
        DoorstepAttributes &
        DoorstepListeners;
    }
  }
}
`;

const texts = ["server", "pin", "integrity", "nonce", ...attributes.map(({ name }) => camel(name))];

const vue = `// ${MADE}

import { defineComponent, h, onBeforeUnmount, onMounted, ref, watch } from "vue";

import { attach } from "./attach.js";
import { EVENTS } from "./names.js";

/** The form. */
export const DoorstepSignup = defineComponent({
  name: "DoorstepSignup",
  props: {
${texts.map((name) => `    ${name}: ${name == "server" ? "{ type: String, required: true }" : "String"},`).join("\n")}
${families.map(({ option: name }) => `    ${name}: Object,`).join("\n")}
${properties.map(({ name }) => `    ${name}: Function,`).join("\n")}
  },
  emits: EVENTS,
  setup(props, { emit }) {
    const place = ref();
    let form;
    onMounted(() => (form = attach(place.value, { ...props }, emit)));
    watch(
      () => ({ ...props }),
      (now) => form?.show(now),
    );
    onBeforeUnmount(() => form?.remove());
    return () => h("div", { ref: place });
  },
});
`;

const vueTypes = `// ${MADE}

import type { DefineComponent, HTMLAttributes } from "vue";

import type { ${["DoorstepAttributes", "DoorstepOptions", ...events.map(eventType), "LoadOptions"].sort().join(", ")} } from "./index.js";

/** The events, as \`@${events.at(-1).name}\` and so on. */
export type DoorstepSignupEmits = {
${events.map((event) => `  ${JSON.stringify(event.name)}: (event: ${eventType(event)}) => void;`).join("\n")}
};

/**
 * The form.
 *
 * @example
 * <DoorstepSignup server="https://signup.example.com" :token="token" @success="(event) => console.log(event.detail)" />
 */
export const DoorstepSignup: DefineComponent<
  LoadOptions & DoorstepOptions,
  {},
  {},
  {},
  {},
  {},
  {},
  DoorstepSignupEmits
>;

declare module "vue" {
  interface IntrinsicElementAttributes {
    ${JSON.stringify(tag)}: HTMLAttributes & DoorstepAttributes;
  }
}
`;

const svelte = `<!-- ${MADE} -->
<script>
  import { onMount } from "svelte";

  import { attach } from "./attach.js";

  const HANDLERS = ${JSON.stringify(Object.fromEntries(events.map((event) => [event.name, handler(event)])))};

  let props = $props();
  let place;
  let form;

  onMount(() => {
    form = attach(place, { ...props }, (name, event) => props[HANDLERS[name]]?.(event));
    return () => form.remove();
  });
  $effect(() => {
    const now = { ...props };
    form?.show(now);
  });
</script>

<div bind:this={place}></div>
`;

const svelteTypes = `// ${MADE}

import type { Component } from "svelte";
import type { HTMLAttributes } from "svelte/elements";

import type { DoorstepAttributes, DoorstepListeners, DoorstepSignupElement, DoorstepSignupProps } from "./index.js";

/**
 * The form.
 *
 * @example
 * <DoorstepSignup server="https://signup.example.com" {token} onSuccess={(event) => console.log(event.detail)} />
 */
declare const DoorstepSignup: Component<DoorstepSignupProps>;
export default DoorstepSignup;

declare module "svelte/elements" {
  interface SvelteHTMLElements {
    ${JSON.stringify(tag)}: HTMLAttributes<DoorstepSignupElement> & DoorstepAttributes & DoorstepListeners;
  }
}
`;

const row = (name, text) => `| ${name} | ${text} |`;
const properly = [row("property", "what it is"), "|---|---|", ...theme.map(({ name, doc }) => row(`\`${name}\``, doc))];
const partly = [row("part", "what it is"), "|---|---|", ...parts.map(({ name, doc }) => row(`\`${name}\``, doc))];

const fenced = (language, text) => "```" + language + "\n" + text + "\n```";
const entry = (title, doc, language, example) => `### ${title}\n\n${sentence(doc.replace(" (below)", ""))}\n\n${fenced(language, example)}\n`;

const reference = `<!-- ${MADE} -->
# Reference

Every attribute, property, method and event of \`<${tag}>\`, with an example, and what of it can be styled. In \`Doorstep.mount(target, options)\` and in the
components the attributes are options in camel case: \`provider-server\` is \`providerServer\`. On the script tag they are
\`data-*\`.

## Attributes

${attributes.map(({ name, doc, example, fixed }) => entry(`\`${name}\``, doc + (fixed ? ". Read when the form starts" : ""), "html", example)).join("\n")}
${[...families, ...tagOnly].map(({ shown, doc, example }) => entry(`\`${shown}\``, doc, "html", example)).join("\n")}
## Properties and methods

\`form\` is the element.

${[...properties, ...methods].map(({ name, doc, example }) => entry(`\`${name}\``, doc, "js", example)).join("\n")}
## Events

They bubble, and cross shadow roots. None carries a password or a token.

${events.map(({ name, doc, example, shown, cancelable }) => entry(`\`doorstep:${name}\``, `${doc}. Detail: ${shown}${cancelable ? "; can be prevented" : ""}`, "js", example)).join("\n")}
## Theme

Custom properties, set on the element: \`${tag} { ${theme.find(({ kind }) => kind == "color").name}: transparent; }\`.

${properly.join("\n")}

## Parts

What a rule of the page can reach beyond that, unless the form is in a frame: \`${tag}::part(submit) { text-transform: uppercase; }\`.
Names are a contract, and so is that an element which has one is there; what lies between them is not.

${partly.join("\n")}
`;

const tables = {
  attributes: [
    row("attribute", ""),
    "|---|---|",
    ...attributes.filter(({ table }) => !table).map(({ name, shown, doc }) => row(`\`${shown ?? name}\``, doc)),
    ...families.map(({ shown, doc }) => row(`\`${shown}\``, doc)),
    ...tagOnly.map(({ shown, doc }) => row(`\`${shown}\``, doc)),
    ...properties.map(({ name, doc }) => row(`\`${name}\` (option or property)`, doc)),
  ],
  order: [row("attribute", ""), "|---|---|", ...attributes.filter(({ table }) => table == "order").map(({ name, doc }) => row(`\`${name}\``, doc))],
  events: [row("event", "detail | when").replace(/ \|$/, " |"), "|---|---|---|", ...events.map(({ name, shown, doc }) => `| \`doorstep:${name}\` | ${shown} | ${doc} |`)],
  theme: properly,
  parts: partly,
};

function readme() {
  let text = read("widget/README.md");
  for (const [name, lines] of Object.entries(tables)) {
    const opening = `<!-- description.json: ${name} -->\n`;
    const closing = "\n<!-- end -->";
    const from = text.indexOf(opening);
    const to = text.indexOf(closing, from);
    if (from < 0 || to < 0) throw new Error(`widget/README.md has lost its place for the table of ${name}: put ${opening.trim()} and <!-- end --> around it`);
    text = text.slice(0, from + opening.length) + lines.join("\n") + text.slice(to);
  }
  return text;
}

/** Every file that is made, by its path. */
export const files = {
  [`${PACKAGE}/names.js`]: names,
  [`${PACKAGE}/index.d.ts`]: index,
  [`${PACKAGE}/react.js`]: react,
  [`${PACKAGE}/react.d.ts`]: reactTypes,
  [`${PACKAGE}/vue.js`]: vue,
  [`${PACKAGE}/vue.d.ts`]: vueTypes,
  [`${PACKAGE}/DoorstepSignup.svelte`]: svelte,
  [`${PACKAGE}/svelte.d.ts`]: svelteTypes,
  [`${PACKAGE}/REFERENCE.md`]: reference.trimEnd() + "\n",
  [`${PACKAGE}/LICENSE`]: read("LICENSE"),
  [`${PACKAGE}/LICENSE-APACHE`]: read("LICENSE-APACHE"),
  [`${PACKAGE}/LICENSE-MIT`]: read("LICENSE-MIT"),
  "widget/README.md": readme(),
};

/** The paths whose content is not what it would be. */
export const differing = () =>
  Object.entries(files)
    .filter(([path, made]) => {
      try {
        return read(path) != made;
      } catch {
        return true;
      }
    })
    .map(([path]) => path);

if (process.argv[1] && relative(process.argv[1], fileURLToPath(import.meta.url)) == "") {
  const stale = differing();
  if (process.argv.includes("--check")) {
    if (stale.length) {
      console.error(`not what widget/description.json says: ${stale.join(", ")}\nrun: node widget/npm/generate.mjs`);
      process.exitCode = 1;
    }
  } else {
    for (const path of stale) writeFileSync(join(ROOT, path), files[path]);
    console.log(stale.length ? `written: ${stale.join(", ")}` : "nothing to write");
  }
}
