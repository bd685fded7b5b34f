// The playground: a control for every option that description.json knows, forms side by side, the snippet, the events.
// It keeps nothing, and shows no secret: not in the snippet, not among the events.
"use strict";

(async () => {
  const GROUPS = { look: "Look", form: "Form", order: "First project", person: "For whom" };
  /** What each form is forced to be, so that all can be seen at once. */
  const PANES = [
    { title: "Light", look: "light", scheme: "light" },
    { title: "Dark", look: "dark", scheme: "dark" },
    { title: "Phone, 320 px", look: "phone" },
    { title: "Mirrored (dir=\"rtl\")", look: "mirrored", dir: "rtl" },
  ];
  const KINDS = ["Script tag", "Element", "JavaScript", "React", "Vue", "Svelte"];
  const SECRET = "sgn_…";
  const MOST_EVENTS = 200;

  const find = (id) => document.getElementById(id);
  const tokenUrl = document.querySelector("meta[name=doorstep-token-url]").content;
  const make = (name, more = {}, ...children) => {
    const element = Object.assign(document.createElement(name), more);
    element.append(...children);
    return element;
  };
  const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  /** Of the first sentence, without what is for readers of Markdown. */
  const hint = (doc) => doc.replaceAll("`", "").replace(" (below)", "").split(/[;.] /)[0];

  const answer = await fetch("/playground/description.json");
  const description = await answer.json();
  const { attributes, events, theme, fields, alwaysThere, languages } = description;

  /** Attributes that are set, by name, and colours likewise. */
  const chosen = new Map();
  const colors = new Map();
  let forms = [];

  // ---- The forms

  const merged = ({ scheme, dir }) => {
    const options = Object.fromEntries([...chosen].map(([name, value]) => [camel(name), value]));
    const words = (options.theme || "").split(" ").filter((word) => word && !(scheme && /^(light|dark|auto)$/.test(word)));
    if (scheme) words.unshift(scheme);
    if (words.length) options.theme = words.join(" ");
    if (dir) options.dir = dir;
    return options;
  };

  const paint = (element) => {
    for (const { name, kind } of theme) {
      if (kind == "color") element.style.setProperty(name, colors.get(name) ?? "");
    }
  };

  const start = (pane) => {
    pane.handle?.unmount();
    const options = { ...merged(pane), onCredential: (credential) => note(pane, "onCredential", hidden(credential)) };
    pane.shown = merged(pane);
    pane.handle = Doorstep.mount(pane.place, options);
    paint(pane.handle.element);
  };

  const change = () => {
    for (const pane of forms) {
      const wanted = merged(pane);
      const fixed = attributes.filter(({ fixed }) => fixed).map(({ name }) => camel(name));
      if (fixed.some((name) => wanted[name] !== pane.shown[name])) start(pane);
      const names = new Set([...Object.keys(wanted), ...Object.keys(pane.shown)]);
      const changed = [...names].filter((name) => wanted[name] !== pane.shown[name]);
      pane.shown = wanted;
      if (changed.length) pane.handle.update(Object.fromEntries(changed.map((name) => [name, wanted[name] ?? null])));
      paint(pane.handle.element);
    }
    write();
  };

  const set = (name, value) => {
    if (value == null) chosen.delete(name);
    else chosen.set(name, value);
    change();
  };

  // ---- The events

  /** A credential as the log may show it. */
  const hidden = (credential) => Object.fromEntries(Object.entries(credential).map(([name, value]) => [name, name == "username" ? value : "••••••••"]));

  const note = (pane, name, detail) => {
    const token = chosen.get("token");
    let text = detail == null ? "" : JSON.stringify(detail);
    if (token) text = text.replaceAll(token, SECRET);
    find("events").prepend(make("li", {}, make("b", { textContent: name }), " ", make("i", { textContent: pane.title }), " ", text));
    find("events").children[MOST_EVENTS]?.remove();
    find("no-events").hidden = true;
    find("log").hidden = false;
  };

  const listen = (pane) => {
    for (const { name } of events) {
      pane.place.addEventListener("doorstep:" + name, (event) => {
        note(pane, event.type, event.detail);
        if (name == "token-needed" && tokenUrl) {
          event.preventDefault();
          bring().catch(() => event.target.decline());
        }
      });
    }
  };

  /** A sign-up token from where the settings say. */
  const bring = async () => {
    try {
      const reply = await fetch(tokenUrl, { credentials: "omit" });
      if (!reply.ok) throw new Error(`${new URL(tokenUrl).origin} answered ${reply.status}`);
      const { token } = await reply.json();
      find("option-token").value = token;
      set("token", token);
    } catch (error) {
      console.error("Doorstep playground: no token came. Is the address in playground.token_url right, and may pages of this server read it?", error);
      say("No token came: the console says more.");
      throw error;
    }
  };

  // ---- The snippet

  const quoted = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  const shownValue = ({ name, secret }) => (secret ? SECRET : chosen.get(name));

  const lines = {
    pairs: () => {
      // Something has to say for whom the form is.
      const token = attributes.find(({ secret }) => secret);
      const list = attributes.filter(({ name }) => chosen.has(name));
      return list.some(({ name }) => name == "token" || name == "client") ? list : [token, ...list];
    },
    style: () => {
      const rules = [...colors].map(([name, value]) => `  ${name}: ${value};`);
      return rules.length ? `doorstep-signup {\n${rules.join("\n")}\n}\n` : "";
    },
    markup: (indent, prefix = "") => lines.pairs().map((one) => `${indent}${prefix}${one.name}="${quoted(shownValue(one))}"`).join("\n"),
    options: (indent) => lines.pairs().map((one) => `${indent}${camel(one.name)}: ${JSON.stringify(shownValue(one))},`).join("\n"),
    props: () => lines.pairs().map((one) => `  ${camel(one.name)}="${quoted(shownValue(one))}"`).join("\n"),
  };

  const snippet = () => {
    const server = location.origin;
    const loader = `${server}/v1/doorstep.js`;
    const css = lines.style();
    const sheet = css && `<style>\n${css}</style>\n`;
    const component = `<DoorstepSignup\n  server="${server}"\n${lines.props()}\n/>`;
    const written = {
      "Script tag": () => `${sheet}<script async src="${loader}"\n${lines.markup("  ", "data-")}></script>`,
      Element: () => `${sheet}<script async src="${loader}"></script>\n<doorstep-signup\n${lines.markup("  ")}\n></doorstep-signup>`,
      JavaScript: () => `${css && `/* CSS\n${css}*/\n`}const form = Doorstep.mount("#signup", {\n${lines.options("  ")}\n  onCredential({ username, password }) {\n    // Hand it to your back end.\n  },\n});`,
      React: () => `${css && `/* CSS\n${css}*/\n`}import { DoorstepSignup } from "doorstep-signup/react";\n\n${component}`,
      Vue: () => `<script setup>\nimport { DoorstepSignup } from "doorstep-signup/vue";\n</script>\n\n<template>\n${component.replace(/^/gm, "  ")}\n</template>${css && `\n\n<style>\n${css}</style>`}`,
      Svelte: () => `<script>\n  import DoorstepSignup from "doorstep-signup/svelte";\n</script>\n\n${component}${css && `\n\n<style>\n:global(${css.replace(" {", ") {")}</style>`}`,
    };
    return written[find("kind").value]();
  };

  const write = () => {
    find("snippet").textContent = snippet();
    const isFrame = chosen.get("mode") == "frame";
    const policy = isFrame ? `script-src ${location.origin}; frame-src ${location.origin}` : `script-src ${location.origin} 'wasm-unsafe-eval'; connect-src ${location.origin}`;
    const frame = isFrame ? " Only pages of the client's origins can show the frame, and this page may be none of them." : "";
    find("snippet-note").textContent = `Content-Security-Policy: ${policy}.${frame}`;
  };

  const say = (text) => {
    find("said").textContent = "";
    find("said").textContent = text;
  };

  // ---- The controls

  const field = (attribute, control, label = "label") => {
    const { name, doc } = attribute;
    const described = make("small", { id: `hint-${name}`, textContent: hint(doc) });
    control.setAttribute("aria-describedby", described.id);
    const title = label == "label" ? make("label", { htmlFor: control.id, textContent: name }) : make("legend", { textContent: name });
    return label == "label" ? make("div", { className: "field" }, title, described, control) : (control.prepend(title, described), control);
  };

  const select = ({ name }, values, none) => {
    const control = make("select", { id: `option-${name}` }, make("option", { value: "", textContent: none }));
    control.append(...values.map((value) => make("option", { value, textContent: value })));
    control.onchange = () => set(name, control.value || null);
    return control;
  };

  const checks = (attribute, values) => {
    const boxes = values.map((value) => make("input", { type: "checkbox", value }));
    const labels = boxes.map((box) => make("label", {}, box, box.value));
    const control = make("fieldset", { className: "field" }, make("div", { className: "checks" }, ...labels));
    control.onchange = () => {
      const on = boxes.filter((box) => box.checked).map((box) => box.value);
      set(attribute.name, on.length ? on.join(" ") : null);
    };
    return field(attribute, control, "legend");
  };

  const text = ({ name, emptyCounts }) => {
    const control = make("input", { id: `option-${name}`, type: "text", spellcheck: false, autocomplete: "off" });
    control.oninput = () => set(name, control.value || null);
    return control;
  };

  /** The steps after the sign-up: an empty value asks for all of them. */
  const steps = (attribute) => {
    const { name } = attribute;
    const control = make("select", { id: `option-${name}` });
    for (const [value, title] of [["-", "no"], ["", "all steps"], ["product project", "product project"], ["product progress", "product progress"]]) {
      control.append(make("option", { value, textContent: title }));
    }
    control.onchange = () => set(name, control.value == "-" ? null : control.value);
    return field(attribute, control);
  };

  const secret = (attribute) => {
    // Not a password that a browser should keep.
    const control = make("input", { id: "option-token", type: "password", autocomplete: "off", spellcheck: false, placeholder: SECRET });
    control.oninput = () => set("token", control.value.trim() || null);
    const made = field(attribute, control);
    if (tokenUrl) {
      const button = make("button", { type: "button", textContent: "Get one", onclick: () => void bring().catch(() => {}) });
      const beside = make("div", { className: "beside" });
      control.replaceWith(beside);
      beside.append(control, button);
    }
    return made;
  };

  const control = (attribute) => {
    const { values, words, choices, emptyCounts, secret: isSecret } = attribute;
    if (isSecret) return secret(attribute);
    if (emptyCounts) return steps(attribute);
    if (words) return checks(attribute, words.filter((word) => word != "auto"));
    if (choices == "fields") return checks(attribute, fields.filter((name) => !alwaysThere.includes(name)));
    if (choices == "languages") return field(attribute, select(attribute, languages, "the page's"));
    if (values) return field(attribute, select(attribute, values, "not set"));
    return field(attribute, text(attribute));
  };

  /** What a colour is in the first form, as `<input type=color>` wants it. */
  const probe = (name) => {
    const { element } = forms[0].handle;
    const root = element.shadowRoot ?? element;
    const spot = make("span");
    spot.style.color = `var(${name}, #fff)`;
    root.append(spot);
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = getComputedStyle(spot).color;
    spot.remove();
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
    return "#" + [red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("");
  };

  const pickers = () => {
    const made = theme.filter(({ kind }) => kind == "color").map(({ name, doc }) => {
      const input = make("input", { type: "color", title: `${name}: ${doc}` });
      const label = make("label", { className: "color" }, input, name.replace("--doorstep-", ""));
      input.oninput = () => {
        colors.set(name, input.value);
        label.dataset.set = "";
        change();
      };
      return { name, input, label };
    });
    const show = () => {
      for (const { name, input } of made) if (!colors.has(name)) input.value = probe(name);
    };
    // What is the theme's own is known once the form has its style.
    forms[0].place.addEventListener("doorstep:ready", show);
    const reset = make("button", { type: "button", textContent: "The theme's own colours" });
    reset.onclick = () => {
      colors.clear();
      change();
      for (const { label } of made) delete label.dataset.set;
      show();
    };
    return make("div", { className: "fields" }, make("div", { className: "colors" }, ...made.map(({ label }) => label)), make("div", {}, reset));
  };

  const group = (title, isOpen, content) => make("details", { open: isOpen }, make("summary", { textContent: title }), content);

  // ---- All together

  forms = PANES.map((pane) => {
    const place = make("div", { className: "place" });
    const section = make("section", { className: "pane" }, make("h3", { textContent: pane.title }), place);
    section.dataset.look = pane.look;
    find("forms").append(section);
    return { ...pane, place };
  });
  forms.forEach(listen);
  find("kind").append(...KINDS.map((kind) => make("option", { textContent: kind })));
  find("kind").onchange = write;
  forms.forEach(start);

  const isWide = matchMedia("(min-width: 46rem)").matches;
  for (const [name, title] of Object.entries(GROUPS)) {
    const content = make("div", { className: "fields" }, ...attributes.filter((attribute) => attribute.group == name).map(control));
    find("options").append(group(title, name == "look" && isWide, content));
    // The look is first, and its colours with it: known once a form is drawn.
    if (name == "look") find("options").append(group("Colours", false, pickers()));
  }
  // For whom is what most begin with.
  find("options").prepend(find("options").lastElementChild);
  find("options").firstElementChild.open = isWide;
  find("options").onsubmit = (event) => event.preventDefault();

  find("anew").onclick = () => forms.forEach(start);
  find("clear").onclick = () => {
    find("events").replaceChildren();
    find("no-events").hidden = false;
    find("log").hidden = true;
  };
  find("copy").onclick = async () => {
    try {
      await navigator.clipboard.writeText(find("snippet").textContent);
      say("Copied");
      find("copy").textContent = "Copied";
      setTimeout(() => (find("copy").textContent = "Copy"), 2_000);
    } catch {
      getSelection().selectAllChildren(find("snippet"));
      say("Selected: press Ctrl+C to copy");
    }
  };
  write();
})().catch((error) => console.error("Doorstep playground: could not start; reload the page.", error));
