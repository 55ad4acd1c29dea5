// scimlet.wasm in Node: turned into JavaScript and core WebAssembly by jco, linked to exactly what it may use, asked by
// plain function calls.
//
// A tenant keeps its instance for as long as calls succeed, because jco needs some 20 ms to make one in Node 20. What
// failed or was cut off is thrown away with its instance.

import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import v8 from 'node:v8';
import vm from 'node:vm';

import { transpileBytes } from '@bytecodealliance/jco-transpile';

// What a call may use. Past either of these it ends with an exception; what it had committed stands.
const MEMORY_BYTES = 64 << 20;
const MILLISECONDS = 10_000;

const PAGE_BYTES = 64 << 10;
const RANDOM_BYTES = 64n << 10n;

/** The component, ready to be instantiated. One is enough for all tenants. */
export class Plugin {
  #instantiate;
  #modules = new Map();

  /** Done here at every start, which takes half a second. A build can do it once and leave jco out of production. */
  static async load(path) {
    const options = { name: 'scimlet', instantiation: 'sync', wasiShim: false };
    const { files } = await transpileBytes(await readFile(path), options);
    const plugin = new Plugin();
    plugin.#instantiate = (await importText(files['scimlet.js'])).instantiate;
    for (const [name, bytes] of Object.entries(files)) {
      if (name.endsWith('.wasm')) plugin.#modules.set(name, new WebAssembly.Module(bytes));
    }
    // Holds for all memories that this process makes from now on.
    v8.setFlagsFromString(`--wasm-max-mem-pages=${MEMORY_BYTES / PAGE_BYTES}`);
    return plugin;
  }

  instantiate(imports) {
    return this.#instantiate((name) => this.#modules.get(name), imports);
  }
}

/** An administrative call did not succeed: a `problem` of `wit/admin.wit`. */
export class Problem extends Error {
  constructor({ tag, val }) {
    super(val === undefined ? tag : `${tag}: ${val}`);
    this.tag = tag;
  }
}

/** One tenant, bound to its store. Calls are synchronous, so there is one at a time. */
export class Tenant {
  #plugin;
  #name;
  #imports;
  #instance;

  constructor(plugin, name, store) {
    this.#plugin = plugin;
    this.#name = name;
    this.#imports = imports(name, store);
  }

  /** The answer has `status`, `headers` and `body`. Headers are pairs. */
  handle({ baseUrl, clientAddress, ...request }) {
    // `unknown`: the plugin checks the Authorization header.
    const origin = { tenant: this.#name, baseUrl, clientAddress, caller: { tag: 'unknown' } };
    return this.#call(({ provider }) => provider.handle(origin, request));
  }

  /** Sets the tenant's profile, a JSON document; its new version, a BigInt. */
  configure(profile, expected) {
    return this.#administer((admin) => admin.configure(profile, expected));
  }

  /** The answer has `credential`, `username` (where the scheme is basic) and `secret`. */
  issueCredential(label, { scheme = 'bearer', scopes = [], ...others } = {}) {
    // The others are `lifetimeSeconds`, `role` and `targetGroup`.
    const request = { tenant: this.#name, label, scheme, scopes, ...others };
    return this.#administer((admin) => admin.issueCredential(request));
  }

  #administer(ask) {
    try {
      return this.#call(({ admin }) => ask(admin));
    } catch (error) {
      // jco throws the error case of a result as it is.
      throw error.tag === undefined ? error : new Problem(error);
    }
  }

  #call(ask) {
    const instance = this.#instance ?? this.#plugin.instantiate(this.#imports);
    this.#instance = undefined;
    const answer = inTime(() => ask(instance));
    this.#instance = instance;
    return answer;
  }
}

/** All that the plugin can reach. If it asks for anything else, it cannot be instantiated. */
function imports(name, store) {
  return {
    'scimlet:plugin/store': {
      get: store.get.bind(store),
      find: store.find.bind(store),
      links: store.links.bind(store),
      has: store.has.bind(store),
      commit: store.commit.bind(store),
    },
    'scimlet:plugin/journal': {
      // The text as JSON, because a line break in it must not begin a line of the log.
      write: ({ level, topic, text }) => {
        if (level !== 'debug') console.error(`${level}: ${name}: ${topic}: ${JSON.stringify(text)}`);
      },
    },
    'wasi:clocks/wall-clock': { now },
    'wasi:random/random': { getRandomBytes },
  };
}

function now() {
  const milliseconds = Date.now();
  const nanoseconds = (milliseconds % 1000) * 1_000_000;
  return { seconds: BigInt(Math.floor(milliseconds / 1000)), nanoseconds };
}

function getRandomBytes(length) {
  if (length > RANDOM_BYTES) throw new RangeError('the plugin wants too many random bytes');
  return randomBytes(Number(length));
}

const sandbox = vm.createContext({});
const script = new vm.Script('call()');

/** Calls it with a watchdog, which node:vm has and WebAssembly has not. */
function inTime(call) {
  sandbox.call = call;
  return script.runInContext(sandbox, { timeout: MILLISECONDS });
}

/** The module of this text. By a file, since stack traces name where a module came from. */
async function importText(text) {
  const folder = await mkdtemp(join(tmpdir(), 'scimlet-'));
  try {
    const file = join(folder, 'scimlet.mjs');
    await writeFile(file, text);
    return await import(pathToFileURL(file));
  } finally {
    await rm(folder, { recursive: true });
  }
}
