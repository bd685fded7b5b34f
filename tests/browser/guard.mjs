// What no page may do, whatever the test is about.

import assert from 'node:assert/strict';

/**
 * Watches every page of `context`. `check` fails on a request to another
 * origin, an error on the console that no pattern of `allow` covers, and an
 * exception that nobody caught.
 */
export function guard(context, { origins, allow }) {
  const faults = [];
  const requests = [];

  context.on('request', (request) => {
    const url = new URL(request.url());
    requests.push({ method: request.method(), url, request });
    const local = url.protocol === 'data:' || url.protocol === 'blob:';
    if (!local && !origins.includes(url.origin)) faults.push(`a request to a third party: ${url}`);
  });
  context.on('console', (message) => {
    const text = `${message.text()} (${message.location().url})`;
    if (message.type() === 'error' && !allow.some((pattern) => pattern.test(text))) {
      faults.push(`an error on the console: ${text}`);
    }
  });
  context.on('weberror', (webError) => faults.push(`an uncaught exception: ${webError.error()}`));

  return {
    /** From here on requests to this origin are right, too. */
    expect: (origin) => origins.push(origin),
    /** Requests whose path matches. */
    requests: (pattern) => requests.filter(({ url }) => pattern.test(url.pathname)),
    check: () => assert.deepEqual(faults, []),
  };
}

/** The browser's own line for an answer that is an error. */
export const status = (code) => new RegExp(`the server responded with a status of ${code}`);
/** The browser's own lines for a server that is not there. */
export const UNREACHABLE = /net::ERR_(CONNECTION_|EMPTY_RESPONSE|FAILED|NETWORK_)|status of 502/;
