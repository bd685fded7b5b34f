// The form before its module is there: drawn from what the build took down of the module's own form (see
// crates/xtask/npm/template.mjs), typed into meanwhile, and handed over.
//
// The module draws its form aside, gets all that was typed, and takes the place of this one within one task, so that
// no key can come between. Not by hydration: that would be a second way to draw in the module, and it breaks on every
// element that an extension of the browser puts beside an input.
const { form: FORM, rows: ROWS, declared: DECLARED, always: ALWAYS, short: SHORT, familyFirst: FAMILY_FIRST, codes: CODES, sending: SENDING } = __DOORSTEP_TEMPLATE__;
const SEND = FORM.find((node) => node[1]?.type == "submit")[2];

/** What the browser calls the lists of which it has the names. */
const TOPICS = { country: "region", currency: "currency", locale: "language" };

let count = 0;

/** Draws it into `box`. */
export function draw(box, options) {
  const { texts, locale, language, values, brand } = options;
  const id = "doorstep-early-" + count++;
  // Of a field that the operator declared; see the template's program for the signs.
  let field, words;
  const said = (at) => (at < 0 ? [options.providerUsername, options.providerServer, ...words][-1 - at] || "" : texts[at]);

  const make = (node) => {
    if (typeof node == "number") return said(node);
    const [tag, attributes, ...children] = node;
    const made = document.createElement(tag);
    for (const name in attributes) made.setAttribute(name, attributes[name].replace(/[~^|]/g, (sign) => ({ "~": id, "^": field?.name, "|": field?.words.link })[sign]));
    made.append(...children.map(make));
    return made;
  };

  // Which rows, and which of them share a line: as in src/settings.rs; tests/browser/early.test.mjs holds them together.
  const asked = (options.fields || options.suggested || "").split(/[\s,]+/);
  const names = Object.keys(ROWS).filter((name) => ALWAYS.includes(name) || asked.includes(name));
  if (FAMILY_FIRST.includes(language)) names.unshift(...names.splice(1, 1));
  words = [];
  const form = make(FORM);
  form.querySelector(".doorstep-lead").hidden = !options.providerUsername && !/^sgn_/.test(options.token);
  const [above, named] = form.querySelectorAll(".doorstep-brand, .doorstep-brand bdi");
  const { name, logo } = brand || {};
  above.hidden = !name && !logo;
  named.textContent = name;
  if (logo) form.querySelector("img").src = logo;
  const rows = form.querySelector(".doorstep-rows");
  let half = 0;
  names.forEach((name, at) => {
    const row = make(ROWS[name]);
    // The second of two, or the first.
    half = half == 1 ? 2 : SHORT.includes(name) && SHORT.includes(names[at + 1]) ? 1 : 0;
    if (half) row.classList.add("doorstep-half");
    rows.append(row);
  });

  for (field of options.custom || []) {
    const { kind, required, words: own } = field;
    words = [own.hint, ...own.label.split(kind == "consent" ? /[[\]]/ : /$^/)];
    const row = make(DECLARED[kind]);
    const input = row.querySelector("[name]");
    input.required = required;
    if (required) row.querySelector(".doorstep-optional").textContent = "";
    if (!own.link) row.querySelector("a")?.remove();
    // Only of days does the browser know them.
    if (kind == "number") input.inputMode = /^\d/.test(field.min) ? "decimal" : "text";
    if (kind == "date") ["min", "max"].filter((bound) => field[bound]).forEach((bound) => (input[bound] = field[bound]));
    if (kind == "choice") field.options.forEach((code, at) => input.add(new Option(own.options[at], code)));
    rows.append(row);
  }

  const touched = new Set();
  const inputs = [...rows.querySelectorAll("[name]")];
  const own = (input) => (input.type == "checkbox" ? "checked" : "value");
  const first = new Map();
  for (const input of inputs) {
    // Of an e-mail input nobody is told where the caret is; the keyboard is chosen by `inputmode` all the same.
    if (input.type == "email") input.type = "text";
    const value = String(values[input.name] ?? "");
    // A consent is the person's own.
    if (input.type == "checkbox") input.defaultChecked = value == "true" && input.name in ROWS;
    else if (CODES[input.name]) {
      // Not before the form can be seen: the names of a thousand things take their time.
      setTimeout(() => {
        if (!input.isConnected) return;
        const [none] = input;
        const chosen = input.value || value;
        input.replaceChildren(none, ...choices(input.name, locale, value));
        input.value = chosen;
        if (input.selectedIndex < 0) input.value = "";
        if (!touched.has(input)) first.set(input, input.value);
      });
    } else if (input.options) {
      // None of them leaves none chosen.
      input.value = value;
      if (input.selectedIndex < 0) input.value = "";
    } else input.defaultValue = value;
    first.set(input, input[own(input)]);
  }

  // What the person does.
  let isComposing, isDown, isOpen, isPressed, isFree, settle;
  const button = form.querySelector("[type=submit]");
  const summary = form.querySelector(".doorstep-summary");
  const retry = summary.querySelector("button");
  // Half a date has no value that could be handed over, and each digit of a year makes another one.
  const isDating = () => !isPressed && inputs.some((input) => input.type == "date" && (input.validity.badInput || input.matches(":focus")));
  const look = () => settle && (isFree || (!isComposing && !isDown && !isOpen && !isDating())) && settle();
  const soon = () => setTimeout(look);
  const on = (names, hear) => names.split(" ").forEach((name) => form.addEventListener(name, hear, true));
  on("input change", ({ target }) => touched.add(target));
  on("compositionstart", () => (isComposing = true));
  on("compositionend", () => {
    isComposing = false;
    soon();
  });
  // A press that began on one button and ends on another is none.
  on("pointerdown", () => {
    isDown = true;
    const up = () => {
      isDown = false;
      ["pointerup", "pointercancel"].forEach((name) => removeEventListener(name, up, true));
      // After the click that this may be.
      soon();
    };
    ["pointerup", "pointercancel"].forEach((name) => addEventListener(name, up, true));
  });
  // A list that is open would be closed.
  on("pointerdown keydown", ({ target, key }) => (isOpen ||= target.localName == "select" && key != "Tab"));
  on("change blur", () => {
    isOpen = false;
    soon();
  });
  on("submit", (event) => {
    event.preventDefault();
    press();
  });

  // As the module looks while it sends.
  const busy = (is) => {
    const set = (element, name, value = "true") => (is ? element.setAttribute(name, value) : element.removeAttribute(name));
    set(form, "aria-busy");
    set(button, "aria-disabled");
    for (const input of inputs) set(input, /text|email|tel|date/.test(input.type) ? "readonly" : "disabled", "");
    button.textContent = texts[is ? SENDING : SEND];
    form.querySelector("[role=status]").textContent = is ? texts[SENDING] : "";
  };
  const press = () => {
    isPressed = true;
    busy(true);
  };

  box.replaceChildren(form);

  return {
    /** Resolves when nothing is under way that a change of inputs would break off: a composition, a press, an open list. */
    calm: () =>
      new Promise((resolve) => {
        settle = resolve;
        // In a task of its own: the module has just been started.
        soon();
      }),

    /** Nobody is there any more whom a change could disturb: whoever waits for calm goes on, and cleans up. */
    free() {
      isFree = true;
      settle?.();
    },

    /** Gives all that was typed to the form in `next`, and its place. */
    carry(next) {
      const { activeElement } = box.getRootNode();
      for (const input of inputs) {
        const twin = next.querySelector(`[name=${input.name}]`);
        const member = own(input);
        const value = input[member];
        // A list that is there need not be named and sorted again.
        if (twin?.length == 1) {
          twin.append(...[...input].slice(1));
          twin.value = value;
        }
        // What the provider has fixed meanwhile stays.
        if (!twin || twin.readOnly || twin.disabled || (!touched.has(input) && value == first.get(input))) continue;
        twin[member] = value;
        twin.dispatchEvent(new Event("input", { bubbles: true }));
      }
      // First the new one, then the focus, then away with the old: so a keyboard on the screen stays.
      box.after(next);
      if (form.contains(activeElement)) {
        const { name } = activeElement;
        const twin = next.querySelector(name ? `[name=${name}]` : "[type=submit]");
        twin?.focus({ preventScroll: true });
        if (name && twin) select(activeElement, twin);
      }
      box.remove();
      box = next;
    },

    /** Does what the person wanted done. */
    send() {
      if (isPressed) box.querySelector("form")?.requestSubmit();
    },

    /** Says that the module did not come; with `again` it is asked for once more. */
    fail(what, again) {
      busy(false);
      summary.querySelector("p").textContent = what;
      summary.hidden = retry.hidden = false;
      retry.onclick = () => {
        summary.querySelector("p").textContent = "";
        summary.hidden = retry.hidden = true;
        if (isPressed) busy(true);
        again();
      };
    },
  };
}

/** The caret or what is selected, and how far a long line is scrolled. */
function select(from, to) {
  if (from.selectionStart != null) {
    // It can be put into none either, but stays where it was put before the input became one.
    const { type } = to;
    to.type = "text";
    to.setSelectionRange(from.selectionStart, from.selectionEnd, from.selectionDirection);
    to.type = type;
  }
  to.scrollLeft = from.scrollLeft;
}

/** As src/names.rs has them: in the order of their names in that language. */
function choices(name, locale, chosen) {
  const type = TOPICS[name];
  const names = new Intl.DisplayNames(locale, { type });
  const { compare } = new Intl.Collator(locale);
  return CODES[name]
    .split(" ")
    .map((code) => {
      const said = names.of(code) + (type == "currency" ? ` (${code})` : "");
      return { code, said, line: said + "\t" + code };
    })
    .sort((one, other) => compare(one.line, other.line))
    .map(({ code, said }) => new Option(said, code, code == chosen));
}
