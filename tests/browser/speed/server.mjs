// One server for all that is measured: the same compression (brotli 11, done before), the same headers, and of every
// API as much as its form asks for before a person can type. The host's pages are on another port, as in real life.

import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

/** Under a name that says the content, and under one that does not: as our own server has it. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const SHORTLY = 'public, max-age=300, stale-while-revalidate=86400';

const TYPES = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', json: 'application/json', wasm: 'application/wasm' };
const packed = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });

export class Server {
  #files = new Map();
  #pages = new Map();
  #apis = [];

  static async listen() {
    const server = new Server();
    server.origins = [];
    server.listeners = [];
    for (let count = 0; count < 2; count += 1) {
      const http = createServer((request, response) => server.#answer(request, response));
      // A connection that a browser keeps is not to be cut off between two visits.
      http.keepAliveTimeout = 60_000;
      http.listen(0, '127.0.0.1');
      await once(http, 'listening');
      server.listeners.push(http);
      server.origins.push(`http://127.0.0.1:${http.address().port}`);
    }
    [server.origin, server.api] = server.origins;
    return server;
  }

  async close() {
    for (const http of this.listeners) {
      http.closeAllConnections();
      http.close();
    }
  }

  /** A file at a path; what is named by its content is kept for ever. */
  file(path, bytes) {
    const type = TYPES[path.split('.').at(-1)] ?? 'application/octet-stream';
    const isNamed = /-[0-9a-f]{16}\.(js|css|wasm)$/.test(path);
    this.#files.set(path, { body: packed(bytes), type, cache: isNamed ? FOR_EVER : SHORTLY });
  }

  /** Every file of a folder, one folder deep. */
  async folder(path, folder) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) await this.folder(`${path}${entry.name}/`, join(folder, entry.name));
      else if (!/\.(br|gz)$/.test(entry.name)) this.file(path + entry.name, await readFile(join(folder, entry.name)));
    }
  }

  page(path, html) {
    this.#pages.set(path, html);
  }

  /** Answers of an API: `[method, path, answer]`; an answer is JSON. */
  answers(list) {
    this.#apis.push(...list);
  }

  #answer(request, response) {
    const { pathname } = new URL(request.url, this.origin);
    const allowed = {
      'access-control-allow-origin': request.headers.origin ?? '*',
      'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': '*',
      'cross-origin-resource-policy': 'cross-origin',
    };
    request.resume();
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { ...allowed, 'access-control-max-age': '0' }).end();
      return;
    }
    const html = this.#pages.get(pathname);
    if (html) {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html);
      return;
    }
    const file = this.#files.get(pathname);
    if (file) {
      response.writeHead(200, { ...allowed, 'content-type': file.type, 'content-encoding': 'br', 'cache-control': file.cache }).end(file.body);
      return;
    }
    const api = this.#apis.find(([method, path]) => method === request.method && path === pathname);
    if (api) {
      const body = JSON.stringify(api[2]);
      response.writeHead(200, { ...allowed, 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body);
      return;
    }
    if (pathname !== '/favicon.ico') console.error(`nothing answers ${request.method} ${pathname}`);
    response.writeHead(404, allowed).end();
  }
}
