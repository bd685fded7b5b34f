// The page of `trunk serve`: what a build writes into the loader is named here, and the demo panel gives the token.
"use strict";

globalThis.__DOORSTEP_ASSETS__ = {
  glue: "../doorstep-widget.js",
  wasm: "../doorstep-widget_bg.wasm",
  css: ["../style/tokens.css", "../style/form.css"],
  host: "frame_host.js",
  order: "../doorstep-widget-order.js",
  orderWasm: "../doorstep-widget-order_bg.wasm",
  orderCss: "../style/order.css",
};

// A build packs the texts as lists; here they are as they are written.
const PARTS = { text: ["loader", "shared", "fault", "rule", "form", "field"], order: ["shared", "fault", "order"] };
globalThis.__DOORSTEP_ASSETS__.languages = "ar cs da de el en es fa fi fr he hi hu id it ja ko nb nl pl pt-BR ro ru sv th tr uk vi zh-Hans zh-Hant".split(" ");
const plain = fetch;
globalThis.fetch = async (address, options) => {
  const [, part, language] = /assets\/(text|order)-([\w-]+)-undefined\.json$/.exec(address) || [];
  if (!part) return plain(address, options);
  const sections = await (await plain(`/locales/${language}.json`)).json();
  return Response.json(PARTS[part].flatMap((name) => Object.values(sections[name])));
};

// Options of the form can be tried in the address: `/?theme=dark&fields=phone+country&dir=rtl`. Never a token.
const asked = new URLSearchParams(location.search);
if (asked.has("dir")) document.documentElement.dir = asked.get("dir");

const session = async () => {
  const reply = await fetch("/panel/dev-session");
  if (!reply.ok) throw new Error(`the demo panel answered ${reply.status}`);
  const { token, provider_server: providerServer, provider_username: providerUsername } = await reply.json();
  return { token, providerServer, providerUsername };
};

addEventListener("DOMContentLoaded", async () => {
  const options = { locale: asked.get("locale"), theme: asked.get("theme"), fields: asked.get("fields"), shadow: asked.get("shadow"), order: asked.get("order") };
  const given = await session().catch((error) => {
    console.warn("No development token: start `cargo xtask run` beside trunk.", error);
    return { providerServer: "server.example", providerUsername: "ada" };
  });
  const handle = Doorstep.mount("#doorstep", { ...options, ...given });
  addEventListener("doorstep:token-needed", (event) => {
    event.preventDefault();
    session().then(({ token }) => handle.update({ token }));
  });
  for (const name of ["ready", "submit", "success", "error", "order", "token-needed"]) {
    addEventListener("doorstep:" + name, ({ type, detail }) => console.info(type, detail));
  }
});
