// The frame's own side of `mode="frame"`: an ordinary form, on a page of ours that the server lets registered origins
// show. The other side and the protocol are in frame_host.js.
//
// What the page around may do ends here: it says for whom the form is and how it looks, and hears what a page would.
// It cannot read what is typed, nor the credential unless it asked for it, nor make the form send.
(() => {
  "use strict";
  const VERSION = 1;
  const TAG = "doorstep-signup";
  /** A button that has just come under the pointer is not what a person meant to press. */
  const UNARMED_MS = 500;
  /** A form that grows is cut off until the page has made room, which is no reason to doubt the person. */
  const BLINK_MS = 250;

  /** Whom the server let show this page; the browser holds every ancestor to the same list. */
  const embedders = document.querySelector("meta[name=doorstep-embedders]").content.split(" ");

  const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  /** What a page may set of the form: never a handler, a style or where the token goes. */
  const NAMES = customElements.get(TAG).observedAttributes.filter((name) => name != "mode").map(camel);

  const isText = (value) => typeof value == "string" && value.length < 4_096;
  const isObject = (value) => typeof value == "object" && value !== null;
  const isPage = (page) => isObject(page) && ["lang", "dir", "scheme"].every((name) => isText(page[name])) && isObject(page.theme);

  /** What the page may say. */
  const KINDS = {
    init: ({ doorstep, nonce, options, page }) => doorstep === VERSION && isText(nonce) && isObject(options) && isPage(page),
    update: ({ options, page }) => isObject(options) && isPage(page),
    answer: ({ ask, yes }) => Number.isSafeInteger(ask) && typeof yes == "boolean",
    decline: () => true,
  };
  const isSound = (message, kinds) => isObject(message) && kinds.includes(message.kind) && KINDS[message.kind](message);

  // One `init`, from the page around us and nobody else; whatever else arrives is passed over.
  const greet = ({ source, origin, data, ports }) => {
    const isEmbedder = parent !== window && source === parent && embedders.includes(origin);
    if (!isEmbedder || ports.length != 1 || !isSound(data, ["init"])) return;
    removeEventListener("message", greet);
    start(origin, data, ports[0]);
  };
  addEventListener("message", greet);

  function start(embedder, { nonce, ...state }, port) {
    const form = document.createElement(TAG);
    const waiting = new Map();
    let asked = 0;
    // One after the other: the credential comes before the event that says that it is there.
    let last = Promise.resolve();
    const say = (message) => (last = last.then(() => port.postMessage(message)));
    const answer = (ask) => new Promise((resolve) => waiting.set(ask, resolve));
    const ask = (message) => {
      const number = ++asked;
      say({ ...message, ask: number });
      return answer(number);
    };

    let isAsking = false;
    let isGranted = false;

    // The page is asked whether the form may send. Its answer takes a while, so the form is held and sent again.
    const submit = (event) => {
      if (isGranted) return true;
      if (!isAsking) {
        isAsking = true;
        ask(event).then((yes) => {
          isAsking = false;
          isGranted = yes;
          if (yes) form.shadowRoot.querySelector("form")?.requestSubmit();
          isGranted = false;
        });
      }
      return false;
    };

    // Every event of the form goes to the page's element instead. As there, `false` says that the page prevented it.
    form.dispatchEvent = ({ type, detail }) => {
      const event = { kind: "event", name: type.replace("doorstep:", ""), detail };
      if (event.name == "submit") return submit(event);
      if (event.name == "token-needed") {
        ask(event).then((yes) => yes && form.decline());
        return false;
      }
      say(event);
      return true;
    };

    // What the frame is called follows what it shows.
    let title;
    const name = () => {
      const said = form.shadowRoot.querySelector("h2")?.textContent;
      if (!said || said == title) return;
      document.title = title = said;
      say({ kind: "title", title });
    };

    form.onCredential = (credential) => {
      last = last.then(async () => {
        const number = ++asked;
        port.postMessage({ kind: "offer", ask: number });
        if (await answer(number)) port.postMessage({ kind: "credential", credential });
      });
    };

    const apply = ({ options, page }) => {
      const root = document.documentElement;
      root.lang = page.lang || navigator.language;
      root.dir = page.dir == "rtl" ? "rtl" : "ltr";
      // Unlike the page's, it would put a canvas behind the form.
      root.style.colorScheme = page.scheme;
      for (const [name, value] of Object.entries(page.theme)) {
        if (/^--doorstep-[a-z-]+$/.test(name) && isText(value)) form.style.setProperty(name, value);
      }
      form.update(Object.fromEntries(NAMES.map((name) => [name, isText(options[name]) ? options[name] : null])));
    };

    const height = () => Math.ceil(form.getBoundingClientRect().height);

    const hear = {
      update: apply,
      answer: ({ ask, yes }) => {
        waiting.get(ask)?.(yes);
        waiting.delete(ask);
      },
      decline: () => form.decline(),
    };
    port.onmessage = ({ data }) => isSound(data, Object.keys(hear)) && hear[data.kind](data);

    const sheet = new CSSStyleSheet();
    sheet.replaceSync("html{overflow:hidden;background:none}body{margin:0}");
    document.adoptedStyleSheets = [sheet];

    apply(state);
    // Read when the form starts; and the origin that the server holds the token to, which only the browser says.
    const { values } = state.options;
    form.update({ values: isObject(values) ? values : {}, embedder });
    document.body.append(form);
    guard(form.shadowRoot, () => isGranted);
    new MutationObserver(name).observe(form.shadowRoot, { childList: true, characterData: true, subtree: true });
    say({ kind: "hello", nonce, height: height() });
    new ResizeObserver(() => say({ kind: "size", height: height() })).observe(form);
  }

  // Against a page that puts the button under a click meant for something else: it takes none until a person could
  // have seen it for half a second, and begins anew whenever it was out of sight.
  function guard(root, isGranted) {
    let button, timer;
    let isArmed = false;
    const arm = (is) => {
      isArmed = is;
      button.disabled = false;
    };
    const see = (entries) => {
      clearTimeout(timer);
      const isSeen = entries.at(-1).intersectionRatio >= 0.5;
      if (isArmed && isSeen) return;
      // Under the focus it stays: a disabled button would throw it away, and it takes no click all the same.
      button.disabled = isSeen && root.activeElement !== button;
      timer = setTimeout(arm, isSeen ? UNARMED_MS : BLINK_MS, isSeen);
    };
    const eye = new IntersectionObserver(see, { threshold: [0, 0.5] });
    const look = () => {
      const found = root.querySelector("button[type=submit]");
      if (found === button) return;
      eye.disconnect();
      clearTimeout(timer);
      isArmed = false;
      button = found;
      if (button) eye.observe(button);
    };
    new MutationObserver(look).observe(root, { childList: true, subtree: true });
    const hold = (event) => {
      if (isArmed || isGranted()) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    root.addEventListener("submit", hold, true);
  }
})();
