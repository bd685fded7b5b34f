// Brings the server's script into the page, once.

const PATH = "/v1/doorstep.js";
const PATHS = /^\/v1\/([0-9a-f]+\/)?doorstep\.js$/;

/** What is on its way, by address. */
const coming = new Map();

let policy;

/**
 * Adds the server's script tag, unless one is there, and answers with `Doorstep`; with `null` where there is no
 * document. A load that failed can be tried again.
 */
export function loadDoorstep({ server, pin, integrity, nonce } = {}) {
  if (typeof document == "undefined") return Promise.resolve(null);
  let address;
  try {
    address = addressOf(server, pin, integrity);
  } catch (error) {
    return Promise.reject(error);
  }
  if (globalThis.Doorstep) {
    warnOfAnother(address);
    return Promise.resolve(globalThis.Doorstep);
  }
  if (!coming.has(address)) {
    const loaded = bring(address, integrity, nonce);
    coming.set(address, loaded);
    // With `Doorstep` there nobody looks here again; without it the next call tries anew.
    const forget = () => coming.delete(address);
    loaded.then(forget, forget);
  }
  return coming.get(address);
}

function addressOf(server, pin, integrity) {
  let url;
  try {
    url = new URL(server);
  } catch {
    // Said below.
  }
  if (!/^https?:$/.test(url?.protocol) || url.pathname != "/" || url.search || url.hash) {
    throw new TypeError(`Doorstep: \`server\` must be the origin of a Doorstep server, such as "https://signup.example.com", and is ${JSON.stringify(server)}`);
  }
  if (pin == null && integrity) {
    throw new TypeError("Doorstep: `integrity` needs `pin` as well, for the script without it is always the newest. `doorstep embed` prints both.");
  }
  const path = pin == null ? PATH : `/v1/${pin}/doorstep.js`;
  if (!PATHS.test(path)) throw new TypeError(`Doorstep: \`pin\` is what stands before /doorstep.js in the address that \`doorstep embed\` prints, and is ${JSON.stringify(pin)}`);
  return url.origin + path;
}

/** One page has one `Doorstep`, and it talks to the server that it came from. */
function warnOfAnother(address) {
  const tags = tagsOf((src) => PATHS.test(new URL(src).pathname));
  const { origin } = new URL(address);
  if (tags[0] && !tags.some((tag) => new URL(tag.src).origin == origin)) {
    console.warn(`Doorstep: this page has loaded ${tags[0].src} already, and its forms go there and not to ${address}. Use one server per page.`);
  }
}

const tagsOf = (isOurs) => [...document.querySelectorAll("script[src]")].filter((tag) => isOurs(tag.src));

async function bring(address, integrity, nonce) {
  const [tag] = tagsOf((src) => src == address);
  if (tag && document.readyState != "complete") {
    // Somebody else's, which may be done already: then the page's own end of loading is the last that is heard of it.
    await Promise.race([heard(tag, "load"), heard(tag, "error"), heard(window, "load")]);
    if (globalThis.Doorstep) return globalThis.Doorstep;
  }
  await add(address, integrity, nonce);
  if (!globalThis.Doorstep) throw new Error(`Doorstep: ${address} is not the script of a Doorstep server. Check \`server\`.`);
  return globalThis.Doorstep;
}

const heard = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));

function add(address, integrity, nonce) {
  return new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    tag.async = true;
    tag.crossOrigin = "anonymous";
    if (integrity) tag.integrity = integrity;
    if (nonce) tag.nonce = nonce;
    tag.onload = resolve;
    tag.onerror = () => {
      tag.remove();
      const sri = integrity ? ", and are `pin` and `integrity` those of the server's version (`doorstep embed` prints them)" : "";
      reject(new Error(`Doorstep: ${address} could not be loaded. Is the server there, does the page's Content-Security-Policy allow it in script-src${sri}? Call again to try again.`));
    };
    tag.src = trusted(address);
    document.head.append(tag);
  });
}

/** Pages that require Trusted Types allow our policy by its name, `doorstep-loader`. */
function trusted(address) {
  try {
    policy ||= globalThis.trustedTypes?.createPolicy("doorstep-loader", {
      createScriptURL: (url) => (PATHS.test(new URL(url).pathname) ? url : ""),
    });
  } catch {
    // Not allowed, or there is one of that name: a page that requires it says so itself.
  }
  return policy ? policy.createScriptURL(address) : address;
}
