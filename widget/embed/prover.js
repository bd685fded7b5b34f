// Pages without a back end: gets a puzzle, has it solved while the person types, and exchanges the solution for a
// sign-up token. A module of its own with the solver's glue in it, loaded by such pages alone.
//
// The solver works in a worker. A page may start one of its own origin's scripts only, hence the blob, which brings this
// very module in; where the page's policy forbids that, it works here, a few milliseconds at a time.
import init, { Solver } from "doorstep-solver";

/** What the page's main thread may lose at a time: half of a frame. */
const SLICE_MS = 6;
/** Tries between two looks at the clock: a millisecond or so. */
const TRIES = 500;
/** A solution this close to its end is not sent: it would be refused on arrival. */
const SPARE_MS = 15_000;
/** How long a request may take, as the form's own. */
const PATIENCE_MS = 30_000;

const GRANT = "urn:doorstep:grant:widget";

/** In the worker: one puzzle comes in, its number goes out. */
export function work(scope) {
  scope.onmessage = async ({ data: { wasm, puzzle } }) => {
    try {
      scope.postMessage(await search(wasm, puzzle, Infinity));
    } catch (cause) {
      scope.postMessage(String(cause));
    }
  };
  scope.postMessage("ready");
}

async function search(wasm, { salt, challenge, maxnumber }, slice) {
  await init({ module_or_path: wasm });
  const solver = Solver.start(salt, challenge, maxnumber);
  if (!solver) throw new Error("this is no puzzle");
  try {
    for (;;) {
      const end = performance.now() + slice;
      do {
        const number = solver.advance(TRIES);
        if (number !== undefined) return number;
        if (solver.is_over()) throw new Error("this puzzle has no solution");
      } while (performance.now() < end);
      await new Promise((next) => setTimeout(next));
    }
  } finally {
    solver.free();
  }
}

/** Starts a worker; fails where the page's policy does not let it. */
function hire() {
  const { trustedTypes } = globalThis;
  const policy = trustedTypes && trustedTypes.createPolicy("doorstep-worker", { createScriptURL: (url) => url });
  const source = `import(${JSON.stringify(import.meta.url)}).then((it) => it.work(self), (no) => postMessage(String(no)))`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(policy ? policy.createScriptURL(url) : url);
  const told = () => new Promise((tell, fail) => {
    worker.onmessage = ({ data }) => tell(data);
    worker.onerror = (event) => fail(new Error(event.message || "the worker did not start"));
  });
  return { worker, told, leave: () => (worker.terminate(), URL.revokeObjectURL(url)) };
}

async function inWorker(wasm, puzzle) {
  const { worker, told, leave } = hire();
  try {
    const greeting = await told();
    if (greeting != "ready") throw new Error(greeting);
    worker.postMessage({ wasm, puzzle });
    const number = await told();
    if (typeof number != "number") throw new Error(number);
    return number;
  } finally {
    leave();
  }
}

let mayHire = true;

async function solve(wasm, puzzle) {
  if (mayHire) {
    try {
      return await inWorker(wasm, puzzle);
    } catch {
      // Asked once per page: a policy that forbids it reports every try.
      mayHire = false;
    }
  }
  return search(wasm, puzzle, SLICE_MS);
}

/** A prover for a form: `element` is where the person types. */
export function start(api, client, wasm, element) {
  const post = async (path, body) => {
    const reply = await fetch(api + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE_MS),
      body: JSON.stringify(body),
    });
    const document = await reply.json();
    if (!reply.ok) throw { status: reply.status, document };
    return document;
  };

  let proof;
  const prove = async () => {
    const asked = performance.now();
    const puzzle = await post("/api/widget/challenge", { client_id: client });
    const number = await solve(wasm, puzzle);
    const { algorithm, challenge, salt, signature, expires_in } = puzzle;
    const altcha = btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
    return { altcha, end: asked + expires_in * 1_000 - SPARE_MS };
  };
  // One at a time. A failure is told to who waits for it, and tried anew by the next.
  const renew = () => {
    const made = (proof = prove());
    made.catch(() => proof === made && (proof = null));
    return made;
  };
  const current = async () => {
    const made = proof && (await proof.catch(() => null));
    return made && performance.now() < made.end ? made : renew();
  };

  // Whoever types will send: what ran out meanwhile is made anew now and not then.
  const refresh = () => current().catch(() => {});
  element.addEventListener("focusin", refresh);
  refresh();

  return {
    /** A sign-up token for who the person claims to be, or what the server said instead. */
    async token(username, provider) {
      try {
        const { altcha } = await current();
        proof = null;
        element.removeEventListener("focusin", refresh);
        const body = { grant_type: GRANT, client_id: client, altcha, provider_username: username };
        return { token: (await post("/api/widget/token", provider ? { ...body, provider } : body)).access_token };
      } catch (refusal) {
        return refusal;
      }
    },
  };
}
