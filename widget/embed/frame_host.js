// The page's side of `mode="frame"`: puts the frame where the form would stand, and makes it look to the page as if it
// were the form. Loaded by the loader for that mode alone; `mount` is called as the widget's own is.
//
// The protocol, version 1. One message to the window, never to `*`, carries everything the form starts with and one
// end of a channel; from then on both sides speak through that channel and drop what they do not know. The token
// passes here and nowhere else.
//
//   page → frame   init (window)  nonce, options, page      update  options, page
//                  answer  ask, yes                         decline
//   frame → page   hello  nonce, height                     size  height
//                  title  title
//                  event  name, detail, ask?                offer  ask
//                  credential  credential                   only after an offer that was answered by yes
const VERSION = 1;

/** A frame that says nothing for so long after it loaded is not ours: a browser's own error page. */
const GREETING_MS = 5_000;
/** A frame that has not even loaded: a phone on a bad line gets as long as for the form itself. */
const LOAD_MS = 30_000;
/** No form is taller, and a page must not be stretched without end. */
const TALLEST = 20_000;

/** The theme that a page may set: the custom properties of style/tokens.css. */
const THEME = (
  "font font-size radius padding space width surface outline text muted field border accent on-accent " +
  "fault fault-surface notice notice-surface"
)
  .split(" ")
  .map((name) => "--doorstep-" + name);

const isText = (value) => typeof value == "string" && value.length < 4_096;
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isHeight = (value) => isCount(value) && value <= TALLEST;

/** What the frame may say. */
const KINDS = {
  hello: { nonce: isText, height: isHeight },
  size: { height: isHeight },
  title: { title: isText },
  event: {
    name: (value) => isText(value) && /^[a-z]+(-[a-z]+)*$/.test(value),
    detail: (value) => typeof value == "object",
    ask: (value) => value === undefined || isCount(value),
  },
  offer: { ask: isCount },
  credential: { credential: (value) => typeof value == "object" && value && Object.values(value).every(isText) },
};

const isSound = (message) => {
  const kind = typeof message?.kind == "string" && Object.hasOwn(KINDS, message.kind) && KINDS[message.kind];
  return Boolean(kind) && Object.entries(kind).every(([name, check]) => check(message[name]));
};

export const isFrame = true;

export function mount(box, element, options, page) {
  const { api } = options;
  const frame = document.createElement("iframe");
  let port, nonce, timer;
  let isGreeted = false;
  let isWanted = false;

  // Important, because the page's own rules reach a frame that is not in a shadow root.
  const dress = (rules) => {
    for (const [name, value] of Object.entries(rules)) frame.style.setProperty(name, value, "important");
  };
  const scheme = () => /\b(light|dark)\b/.exec(options.theme)?.[0] || "inherit";
  const grow = (height) => dress({ height: height + "px" });

  const around = () => {
    const style = getComputedStyle(element);
    return {
      lang: element.closest("[lang]")?.lang || "",
      dir: style.direction,
      // What is in use there, whoever decided it: a property, the page's `meta`, the reader's settings.
      scheme: parseInt(getComputedStyle(frame).color.slice(4), 10) < 128 ? "dark" : "light",
      theme: Object.fromEntries(THEME.map((name) => [name, style.getPropertyValue(name).trim()])),
    };
  };
  // Texts and plain values; what cannot be said in JSON is not for the form.
  const state = () => ({ options: JSON.parse(JSON.stringify(options)), page: around() });
  const tell = () => isGreeted && port.postMessage({ kind: "update", ...state() });

  const wait = (time, why) => {
    clearTimeout(timer);
    timer = setTimeout(() => giveUp(why), time);
  };

  const giveUp = (why) => {
    unmount();
    page.fail(Object.assign(new Error(why), { code: "frame_unavailable" }));
  };

  const hear = {
    hello: ({ nonce: echo, height }) => {
      if (isGreeted || echo !== nonce) return;
      isGreeted = true;
      clearTimeout(timer);
      page.settle("doorstep-frame");
      dress({ position: "static", visibility: "visible" });
      grow(height);
      // What changed meanwhile.
      tell();
    },
    size: ({ height }) => grow(height),
    title: ({ title }) => (frame.title = title),
    event: ({ name, detail, ask }) => {
      const cancelable = ask !== undefined;
      const event = new CustomEvent("doorstep:" + name, { bubbles: true, composed: true, cancelable, detail });
      const yes = element.dispatchEvent(event);
      if (cancelable) port.postMessage({ kind: "answer", ask, yes });
    },
    offer: ({ ask }) => {
      isWanted = typeof options.onCredential == "function";
      port.postMessage({ kind: "answer", ask, yes: isWanted });
    },
    credential: ({ credential }) => {
      if (!isWanted) return;
      isWanted = false;
      try {
        options.onCredential(credential);
      } catch (error) {
        console.error(error);
      }
    },
  };

  // Again when the page moves the element: browsers load a frame anew that is put elsewhere.
  const greet = () => {
    port?.close();
    isGreeted = false;
    wait(GREETING_MS, `${api} does not let ${self.origin} show its frame, or cannot be reached: is the origin registered for the client?`);
    nonce = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const channel = new MessageChannel();
    port = channel.port1;
    port.onmessage = ({ data }) => {
      if (isSound(data) && (isGreeted || data.kind == "hello")) hear[data.kind](data);
    };
    frame.contentWindow.postMessage({ doorstep: VERSION, kind: "init", nonce, ...state() }, api, [channel.port2]);
  };

  const forbid = ({ blockedURI, effectiveDirective }) => {
    if (!/^(frame|child|default)-src$/.test(effectiveDirective) || !blockedURI.startsWith(api)) return;
    giveUp(`this page's Content-Security-Policy forbids the frame: add ${api} to frame-src`);
  };

  // Pages switch to dark, or to another language, at their root; readers in their settings.
  const watch = new MutationObserver(tell);
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const unmount = () => {
    clearTimeout(timer);
    watch.disconnect();
    dark.removeEventListener("change", tell);
    document.removeEventListener("securitypolicyviolation", forbid);
    frame.onload = null;
    port?.close();
    frame.remove();
    isGreeted = false;
  };

  // Not the token: addresses are logged. Without a client the server looks for one with our origin.
  const { client } = options;
  const asked = new URLSearchParams(client ? { client } : { origin: self.origin });
  frame.src = `${api}/v1/frame?${asked}`;
  frame.title = "Create your account";
  frame.allow = "clipboard-write";
  frame.referrerPolicy = "no-referrer";
  frame.setAttribute("scrolling", "no");
  // Over the placeholder, and as wide as it will be.
  box.style.position = "relative";
  dress({ all: "initial", display: "block", border: "0", width: "100%", height: "100%", "color-scheme": scheme(), color: "Canvas" });
  dress({ position: "absolute", inset: "0", visibility: "hidden" });
  frame.onload = greet;
  document.addEventListener("securitypolicyviolation", forbid);
  watch.observe(document.documentElement, { attributes: true });
  dark.addEventListener("change", tell);
  wait(LOAD_MS, `${api}/v1/frame did not load`);
  box.append(frame);

  return {
    update(changed) {
      options = changed;
      dress({ "color-scheme": scheme() });
      tell();
    },
    decline: () => isGreeted && port.postMessage({ kind: "decline" }),
    unmount,
  };
}
