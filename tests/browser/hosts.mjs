// Host pages of all kinds on one small origin of their own: what a panel's
// pages are to the widget, without a panel around them.

import { once } from 'node:events';
import { createServer } from 'node:http';

const escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

export class Hosts {
  #http;
  #server;
  #signUpToken;
  #put = new Map();

  static async listen() {
    const hosts = new Hosts();
    hosts.#http = createServer((request, response) => hosts.#answer(request, response));
    hosts.#http.listen(0, '127.0.0.1');
    await once(hosts.#http, 'listening');
    hosts.origin = `http://127.0.0.1:${hosts.#http.address().port}`;
    return hosts;
  }

  /** From here on pages can name the server and carry tokens. */
  serve({ server, signUpToken }) {
    this.#server = server;
    this.#signUpToken = signUpToken;
  }

  async close() {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  /** Serves a text that a test has made at a path; its address. */
  put(path, contentType, text, headers = {}) {
    this.#put.set(path, { text, headers: { 'content-type': contentType, 'cache-control': 'no-store', ...headers } });
    return `${this.origin}/${path}`;
  }

  /** The address of a page; `options` are its customers, style and so on. */
  page(name, options = {}) {
    return `${this.origin}/${name}?${new URLSearchParams(options)}`;
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.origin);
    const put = this.#put.get(url.pathname.slice(1));
    if (put) {
      response.writeHead(200, put.headers).end(put.text);
      return;
    }
    const make = PAGES[url.pathname.slice(1)];
    if (!make) {
      response.writeHead(url.pathname === '/favicon.ico' ? 204 : 404).end();
      return;
    }
    const options = Object.fromEntries(url.searchParams);
    const customer = (number) => escape(options[`customer${number}`] ?? options.customer ?? 'nobody');
    const page = make({
      options,
      loader: `${this.#server}/v1/doorstep.js`,
      token: async (number) =>
        escape(await this.#signUpToken(customer(number), JSON.parse(options.person ?? '{}'))),
      customer,
    });
    const policy = {
      ...(options.csp && { 'content-security-policy': options.csp }),
      ...(options.isolated && { 'cross-origin-embedder-policy': 'require-corp', 'cross-origin-opener-policy': 'same-origin' }),
    };
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', ...policy });
    response.end(await page);
  }
}

/** Stands first in every page: notes what the page was before the widget, and every event. */
const NOTES = `<script nonce="notes">
  var notes = { before: Object.getOwnPropertyNames(window), events: [], credentials: [], fetch, pushState: history.pushState, replaceState: history.replaceState };
  for (const name of ['ready', 'submit', 'success', 'error', 'order', 'token-needed'])
    addEventListener('doorstep:' + name, (event) => notes.events.push({
      name: event.type, bubbles: event.bubbles, composed: event.composed,
      target: event.target.localName, id: event.target.id, detail: event.detail ?? null }));
</script>`;

const document = ({ options }, body, head = '') => `<!doctype html>
<html lang="${escape(options.lang ?? 'en')}" dir="${options.dir === 'rtl' ? 'rtl' : 'ltr'}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>A host's page</title>
${head}${NOTES}
<main><h1 id="own">A host's page</h1><p class="own">Text of the host.</p>${body}</main>
</html>`;

const server = 'data-provider-server="demo.panel.example"';

const tag = async (page, number, more = '') =>
  `<script async src="${page.loader}" data-token="${await page.token(number)}" ${server}
    data-provider-username="${page.customer(number)}" ${more}></script>`;

const element = async (page, number, more = '') =>
  `<doorstep-signup id="element-${number}" token="${await page.token(number)}" provider-server="demo.panel.example"
    provider-username="${page.customer(number)}" ${more}></doorstep-signup>`;

/** Rules that reach for everything a page can reach. */
const HOSTILE = `<style>
  * { margin: 31px !important; letter-spacing: 9px !important; }
  html, body { font: italic 900 41px/3 fantasy; text-transform: uppercase; text-align: right; word-spacing: 20px; text-indent: 3em; white-space: pre; color: #f0f; cursor: none; }
  form, fieldset, div, p, section { display: flex !important; float: right !important; }
  input, button, select, label, legend { display: none !important; position: absolute !important; color: #0f0 !important; border: 9px dotted #f00 !important; width: 3px !important; }
  [part], [role], [aria-invalid] { visibility: hidden !important; }
</style>`;

/** What some pages do to be rid of the browser's own style. */
const UNSET = '<style>* { all: unset !important; }</style>';

const PAGES = {
  /** The script tag alone, where the form shall be. */
  tag: async (page) => document(page, `<div id="place">${await tag(page, 1, 'data-fields="company_name country phone"')}</div>`),

  /** The script tag with nothing but a sign-up token, which says the rest. */
  bound: async (page) =>
    document(page, `<script async src="${page.loader}" data-token="${await page.token(1)}"></script>`),

  /** An element whose token says the rest; \`mode\` and the like come from the address. */
  element: async (page) => {
    const names = [
      ...['mode', 'client', 'theme', 'locale', 'fields', 'shadow', 'value-fname', 'value-country', 'value-c_sftp_pass'],
      ...['order', 'order-location', 'order-product', 'order-image', 'order-name'],
    ].filter((name) => name in page.options);
    const more = names.map((name) => `${name}="${escape(page.options[name])}"`).join(' ') + (page.options.mirrored ? ' dir="rtl"' : '');
    const style = page.options.style ? `<style>${page.options.style}</style>` : '';
    return document(
      page,
      `<div id="place"><doorstep-signup id="element-1" token="${await page.token(1)}" ${more}></doorstep-signup></div>
       <p><button id="after">After the form</button></p><script async src="${page.loader}" nonce="notes"></script>`,
      style,
    );
  },

  /** A page without a back end: all that stands in it is public. */
  publishable: async (page) =>
    document(
      page,
      `<script async src="${page.loader}" data-client="${escape(page.options.client)}"
        data-provider-username="${page.customer(1)}"></script>`,
    ),

  /** One form by the script tag with a target, one by the element. */
  two: async (page) =>
    document(
      page,
      `<section id="left"></section><section id="right">${await element(page, 2)}</section>
       ${await tag(page, 1, 'data-target="#left"')}`,
    ),

  /** No widget at all: a button that takes the person to the server's own page. */
  hosted: async (page) =>
    document(
      page,
      `<form method="post" action="${new URL(`/signup${escape(page.options.query ?? '')}`, page.loader)}">
         <input type="hidden" name="token" value="${await page.token(1)}">
         <input type="hidden" name="return_to" value="${escape(page.options.back ?? '')}">
         <button>Sign up</button></form>`,
    ),

  /** The tag as \`doorstep embed\` prints it, from the address; and the moving loader beside it, if asked. */
  pinned: async (page) =>
    document(
      page,
      `<div id="place">${page.options.tag.replace('sgn_…', await page.token(1))}</div>
       ${page.options.moving ? `<script async src="${page.loader}"></script>` : ''}`,
    ),

  /** Nothing but the loader; the test calls \`Doorstep.mount\`. */
  mount: async (page) =>
    document(
      page,
      `<div id="place" data-token="${await page.token(1)}" data-customer="${page.customer(1)}"></div>
       <script async src="${page.loader}"></script>`,
    ),

  /** The loader twice, as two plugins of one panel do. */
  twice: async (page) =>
    document(
      page,
      `<div id="place">${await element(page, 1)}</div>
       <script async src="${page.loader}"></script><script async src="${page.loader}"></script>`,
    ),

  /** An element that stands there before its code, on a page with its own ideas of style. */
  styled: async (page) =>
    document(
      page,
      `<div id="place">${await element(page, 1)}</div><script async src="${page.loader}"></script>`,
      page.options.hostile === 'unset' ? UNSET : page.options.hostile ? HOSTILE : '',
    ),

  /** A page that is one form itself, as many panels' are. */
  wrapped: async (page) =>
    document(
      page,
      `<form id="outer" action="/element"><input name="own" value="1"><div id="place">${await element(page, 1)}</div>
       <button>The page's own</button></form><script async src="${page.loader}"></script>`,
    ),
};
