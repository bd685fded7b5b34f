// What a page can show that forbids wasm: the way to the server's own page, which needs no script. Loaded by the loader then
// and never else. The token goes in the body of a form, for an address is logged and kept. A page without a back end has
// nothing to send: its puzzle is wasm as well.
export const offer = (box, element, options) => {
  const { api, client, texts, locale, fields, values, returnTo } = options();
  if (client || !texts) return;
  const make = (name, parent, members) => {
    const made = Object.assign(document.createElement(name), members);
    parent.append(made);
    return made;
  };
  const url = new URL("/signup", api);
  url.searchParams.set("locale", locale);
  if (fields) url.searchParams.set("fields", fields);
  const again = box.lastChild;
  const form = make("form", box, { method: "post", action: url, target: "_blank", rel: "noopener" });
  again.before(form);
  form.style.margin = "0 0 .5em";
  const hidden = (name, value) => make("input", form, { type: "hidden", name, value });
  for (const [name, value] of Object.entries(values)) hidden(name, value);
  if (returnTo) hidden("return_to", returnTo);
  const token = hidden("token", "");
  make("button", form, { textContent: texts[2].replace("{host}", url.host) });
  form.onsubmit = (event) => {
    token.value = options().token || "";
    if (token.value) return;
    event.preventDefault();
    element.dispatchEvent(new CustomEvent("doorstep:token-needed", { bubbles: true, composed: true, cancelable: true }));
  };
};
