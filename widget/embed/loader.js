// The embed loader: defines <doorstep-signup> and `Doorstep`, mounts its own script tag, fetches the form when the
// first one is on the page. A classic script, so that one plain tag is all that a page needs; no eval, no HTML from
// strings, no request to any origin but its own, nothing of the page is changed but what it asked for.
//
// A build replaces the two words in underscores; the paths are relative to this script's address.
(() => {
  "use strict";
  const TAG = "doorstep-signup";
  // Empty in a module, where only the address can tell which tag is ours.
  const script = document.currentScript || document.querySelector('script[src*="/doorstep.js"]');

  if (!customElements.get(TAG)) define();
  if (script) mountTag(script);

  function define() {
    const assets = __DOORSTEP_ASSETS__;
    const base = script ? script.src : location.href;
    const at = (path) => new URL(path, base).href;
    const api = new URL(base).origin;

    // Enough to hold the place, in the shape of what comes, and to say what went wrong.
    const early = new CSSStyleSheet();
    early.replaceSync(
      `:host,${TAG}{display:block}.doorstep-wait,.doorstep-failed{box-sizing:border-box;max-width:34em;padding:1.75em;` +
        "border:1px solid #8885;border-radius:.875em;font:medium/1.5 system-ui,sans-serif}" +
        ".doorstep-wait{height:22.5em;background:repeating-linear-gradient(#8882 0 2.75em,#0000 0 5.5em)content-box}" +
        ".doorstep-failed button{font:inherit;padding:.5em 1.25em}",
    );

    let code, style, isolated;
    // Whether the module is there, or never comes.
    let isDecided;
    let tries = 0;

    // A failed import is remembered by its whole address, hence the mark.
    const bring = (path) => import(at(path) + (tries ? "#" + tries : ""));

    // Once for all forms of the page; again only if it failed. A form in a frame brings its own.
    const load = (isFrame) => {
      if (isFrame) {
        return (isolated ||= bring(assets.host).catch((cause) => {
          isolated = 0;
          throw cause;
        }));
      }
      return (code ||= start().catch((cause) => {
        code = 0;
        throw cause;
      }));
    };
    const dress = () =>
      (style ||= Promise.all([sheet(assets.css)]).catch((cause) => {
        style = 0;
        throw cause;
      }));

    const start = async () => {
      try {
        // The smallest module there is: fails exactly where the page's policy forbids wasm.
        new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
      } catch (cause) {
        isDecided = true;
        const words = "the Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to script-src";
        throw Object.assign(new Error(words, { cause }), { code: "wasm_forbidden" });
      }
      // Both at once, compiling while it arrives.
      const wasm = get(assets.wasm);
      const [glue] = await Promise.all([bring(assets.glue), wasm]);
      await glue.default({ module_or_path: wasm });
      isDecided = true;
      return glue;
    };

    const sheet = async (path) => {
      const made = new CSSStyleSheet();
      made.replaceSync(await (await get(path)).text());
      return made;
    };

    const get = async (path) => {
      // Under a name that a page has pinned, the build has the hashes beside the names.
      const reply = await fetch(at(path), { credentials: "omit", integrity: assets.sums?.[path] });
      if (!reply.ok) throw new Error(`${reply.url} answered ${reply.status}`);
      return reply;
    };

    const adopt = (root, sheets) => {
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, ...sheets.filter((one) => !root.adoptedStyleSheets.includes(one))];
    };

    const make = (name, parent, text) => {
      const made = document.createElement(name);
      made.textContent = text || "";
      parent.append(made);
      return made;
    };

    // Which catalogue a wish is best served by: one of its language and script, and of its region if there is a choice.
    // What a tag leaves out the browser knows (CLDR, likely subtags); an underscore is what half of all frameworks write.
    const whole = (tag) => new Intl.Locale(tag).maximize();
    const choose = (wishes) => {
      for (const wish of wishes) {
        try {
          const locale = wish.replaceAll("_", "-");
          // Norwegian is written in two ways, and the one is read by those who write the other.
          const { language, script, region } = whole(locale.replace(/^n[no]\b/i, "nb"));
          const near = assets.languages.filter((tag) => whole(tag).language == language && whole(tag).script == script);
          if (near[0]) return { language: near.find((tag) => whole(tag).region == region) || near[0], locale };
        } catch {
          // No tag at all.
        }
      }
      return ENGLISH;
    };
    const ENGLISH = { language: "en", locale: "en" };

    const said = {};
    // Once for all forms of the page; in English where another language does not come.
    const speak = (part, wish) => {
      const path = `assets/${part}-${wish.language}-${assets.texts}.json`;
      said[path] ||= get(path).then((reply) => reply.json());
      return said[path].then(
        // After the last text may stand what is the operator's in every form of theirs.
        (texts) => ({ ...wish, texts, ...texts.at(-1).operator, mirrored: /^(ar|fa|he)/.test(wish.language) }),
        (cause) => {
          delete said[path];
          if (wish == ENGLISH) throw cause;
          return speak(part, ENGLISH);
        },
      );
    };

    const kebab = (name) => name.replace(/[A-Z]/g, (letter) => "-" + letter.toLowerCase());
    const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());

    class DoorstepSignup extends HTMLElement {
      static observedAttributes = (
        "token client provider provider-server provider-username mode locale dir theme fields " +
        "order order-location order-product order-image order-name"
      ).split(" ");

      #box;
      #handle;
      #next;
      #given = {};
      #said;
      #turn = 0;
      // Pages change their language at their root.
      #watch = new MutationObserver(() => this.#changed());
      #prover;
      // The form before its module is there.
      #early;

      connectedCallback() {
        if (!this.#box) this.#start();
      }

      disconnectedCallback() {
        // An element that is moved is connected again before this runs, and keeps what was typed.
        setTimeout(() => {
          if (!this.isConnected) this.#stop();
        });
      }

      attributeChangedCallback() {
        this.#changed();
      }

      update(options) {
        for (const [name, value] of Object.entries(options || {})) {
          // What is plain text shows as an attribute, as if it had been written there; the token need not be seen.
          if (name == "token" || (value != null && typeof value != "string")) this.#given[name] = value;
          else if (value == null) this.removeAttribute(kebab(name));
          else this.setAttribute(kebab(name), value);
        }
        this.#changed();
      }

      decline() {
        this.#handle?.decline();
      }

      #start() {
        const light = this.getAttribute("shadow") == "none";
        const root = light ? this : this.shadowRoot || this.attachShadow({ mode: "open" });
        const styled = light ? this.getRootNode() : root;
        adopt(styled, [early]);
        const box = (this.#box = make("div", root));
        // As high as the form was, the last time that this tab had it. Pages in a sandbox have no storage.
        try {
          box.style.minHeight = sessionStorage["doorstep-place" + innerWidth + location.pathname];
        } catch {}
        box.className = "doorstep-wait";
        box.part = "root";
        box.setAttribute("aria-busy", "true");
        box.setAttribute("aria-label", "Loading");
        box.setAttribute("role", "status");
        this.#watch.observe(document.documentElement, { attributeFilter: ["lang"] });
        this.#load(box, styled);
      }

      async #load(box, styled) {
        const isFrame = this.getAttribute("mode") == "frame";
        // The frame's own form speaks; a page around it need not allow requests.
        const spoken = isFrame || this.#hear().then((said) => this.#take(said));
        const sheets = isFrame ? [] : dress();
        // Nobody is held up by the lack of it; but the words are waited for, in which a failure is said.
        const painted = isFrame || this.#paint(box, styled, sheets, spoken).catch(() => spoken).catch(() => {});
        try {
          const [form] = await Promise.all([load(isFrame), sheets, spoken]);
          if (this.#box != box) return;
          adopt(styled, await sheets);
          if (form.isFrame) {
            const page = { settle: (look) => this.#settle(look), fail: (cause) => this.#fail(box, styled, cause) };
            this.#handle = form.mount(box, this, this.#options(), page);
            return;
          }
          const options = this.#options();
          const typed = this.#early;
          const next = typed ? box.cloneNode() : box;
          const handle = await form.mount(next, this, options);
          // Not under a person's hand.
          await typed?.calm();
          if (this.#box != box) return handle.unmount();
          if (typed) typed.carry(next);
          else this.#settle("doorstep-root");
          this.#early = null;
          this.#box = next;
          this.#handle = handle;
          // What changed meanwhile.
          this.#changed();
          // A failure is told to whoever sends.
          if (options.client && !options.token) this.#prove().catch(() => {});
          this.#tell("ready", {});
          typed?.send();
        } catch (cause) {
          // Said in the language of the form, if that is to be had, and in the form if one is there.
          await painted;
          if (this.#box == box) this.#fail(box, styled, cause);
        }
      }

      // Something to type into while the module is on its way.
      async #paint(box, styled, sheets, spoken) {
        if (isDecided || this.#early || !assets.early) return spoken;
        const [it] = await Promise.all([bring(assets.early), sheets, spoken]);
        if (this.#box != box || this.#handle || isDecided) return;
        adopt(styled, await sheets);
        this.#settle("doorstep-root");
        this.#early = it.draw(box, this.#options());
      }

      #stop() {
        this.#watch.disconnect();
        this.#next?.unmount();
        this.#handle?.unmount();
        this.#early?.free();
        this.#box?.remove();
        this.#next = this.#handle = this.#box = this.#said = this.#early = null;
      }

      // Once for all that changes at a time, and not before the texts are there; if they do not come, with the last.
      async #changed() {
        if (!this.#handle) return;
        const turn = ++this.#turn;
        const [said, next] = await Promise.all([this.#said && this.#hear().catch(() => this.#said), this.#next && this.#hear("order").catch(() => {})]);
        if (turn != this.#turn || !this.#handle) return;
        if (said) this.#take(said);
        this.#handle.update(this.#options());
        if (next) this.#next?.update({ ...this.#options(), ...next });
      }

      // The texts: in the language that the page wants here, else in its own, else in the reader's.
      #hear(part = "text") {
        const page = this.closest("[lang]") || document.documentElement;
        return speak(part, choose([this.getAttribute("locale"), page.lang, ...navigator.languages].filter(Boolean)));
      }

      #take(said) {
        const box = this.#box;
        if (!box) return;
        this.#said = said;
        box.lang = said.language;
        box.dir = this.getAttribute("dir") || (said.mirrored ? "rtl" : "ltr");
        for (const name in said.colors) this.style.setProperty(name, said.colors[name]);
        if (box.hasAttribute("aria-label")) box.setAttribute("aria-label", said.texts[0]);
      }

      #options() {
        const values = {};
        const options = { values };
        for (const { name, value } of this.attributes) {
          if (name.startsWith("value-")) values[name.slice(6)] = value;
          else options[camel(name)] = value;
        }
        const element = this;
        return {
          ...options,
          ...this.#given,
          ...this.#said,
          // Not the page's to choose: the token goes there.
          api,
          // For pages without a back end: the puzzle's solver, started once.
          prove: async (...who) => (await this.#prove()).token(...who),
          // The first project, once the account is there.
          proceed: (...credential) => this.#proceed(credential),
          // Looked up when it is needed, so that it can be set at any time.
          get onCredential() {
            return (element.#given.onCredential || element.onCredential)?.bind(element);
          },
        };
      }

      // A module of its own, for pages that ask for it.
      async #proceed(credential) {
        const box = this.#box;
        if (!box || !this.hasAttribute("order")) return;
        try {
          const wasm = get(assets.orderWasm);
          const [order, sheets, said] = await Promise.all([bring(assets.order), Promise.all([sheet(assets.orderCss)]), this.#hear("order"), wasm]);
          await order.default({ module_or_path: wasm });
          const place = box.querySelector(".doorstep-next");
          if (this.#box != box || !place) return;
          adopt(place.getRootNode(), sheets);
          this.#next = order.start(place, this, { ...this.#options(), ...said }, ...credential);
        } catch (cause) {
          // The account is there and its credential on the screen: nobody is held up.
          console.error("Doorstep: the order steps could not be loaded.", cause);
          tries++;
          this.#tell("error", { code: "asset_unavailable", fields: [] });
        }
      }

      #prove() {
        return (this.#prover ||= bring(assets.prover)
          .then((it) => it.start(api, this.#options().client, at(assets.solver), this))
          .catch((cause) => {
            this.#prover = 0;
            throw cause;
          }));
      }

      #settle(look) {
        this.#box.className = look;
        for (const name of ["aria-busy", "aria-label", "role"]) this.#box.removeAttribute(name);
      }

      #fail(box, styled, cause) {
        console.error(`Doorstep: the form could not be loaded. A Content-Security-Policy must allow ${api} in script-src and connect-src (mode="frame": frame-src).`, cause);
        tries++;
        const { texts } = this.#said || { texts: [, "The form could not be loaded.", , "Try again"] };
        // Nothing that was typed goes away.
        if (this.#early) this.#early.fail(texts[1], () => this.#load(box, styled));
        else {
          this.#settle("doorstep-failed");
          make("p", box, texts[1]).setAttribute("role", "alert");
          make("button", box, texts[3]).onclick = () => {
            this.#stop();
            this.#start();
          };
          // The server's own page needs neither wasm nor a script.
          if (cause.code == "wasm_forbidden") bring(assets.hosted).then((it) => it.offer(box, this, () => this.#options()), () => {});
        }
        this.#tell("error", { code: cause.code || "asset_unavailable", fields: [] });
      }

      #tell(name, detail) {
        this.dispatchEvent(new CustomEvent("doorstep:" + name, { bubbles: true, composed: true, detail }));
      }
    }

    customElements.define(TAG, DoorstepSignup);

    globalThis.Doorstep = Object.freeze({
      version: "__DOORSTEP_VERSION__",
      mount(target, options) {
        const place = typeof target == "string" ? document.querySelector(target) : target;
        if (!place) throw new Error(`Doorstep.mount: nothing on the page matches ${target}`);
        const element = document.createElement(TAG);
        element.update(options);
        place.append(element);
        return { element, update: (changed) => element.update(changed), unmount: () => element.remove() };
      },
    });
  }

  // A tag that says for whom the form is puts one where it stands; a bare tag only defines the element.
  function mountTag(tag) {
    const { dataset, attributes } = tag;
    if (!["token", "client", "target", "providerUsername"].some((name) => name in dataset)) return;
    const element = document.createElement(TAG);
    for (const { name, value } of attributes) {
      if (name.startsWith("data-") && name != "data-target") element.setAttribute(name.slice(5), value);
    }
    const selector = dataset.target;
    if (!selector) {
      if (document.head?.contains(tag)) console.error("Doorstep: this script tag stands in <head>, where nothing shows. Say where the form goes with data-target.");
      // A tag that a page's script put in again has its form already.
      else if (tag.nextElementSibling?.localName != TAG) tag.after(element);
      return;
    }
    const place = () => {
      const target = document.querySelector(selector);
      if (!target) return false;
      if (!target.querySelector(TAG)) target.append(element);
      return true;
    };
    const last = () => place() || console.error(`Doorstep: nothing on the page matches data-target="${selector}".`);
    if (place()) return;
    if (document.readyState == "loading") addEventListener("DOMContentLoaded", last);
    else last();
  }
})();
