// `scimlet-module.wasm` by `wit/module.md`: texts that go in and come out of an instance, and instances to be used
// again.

import { wasm } from '#wasm';

import { ScimletError } from './error.js';
import { bounded } from './memory.js';

/** Answers a call of the module with a text. What it throws ends the instance, and comes out of `Instance.call`. */
export type Import<Answer> = (call: string) => Answer;

/** JavaScript Promise Integration, where the engine has it: a call is suspended until a promise is there. */
interface PromiseIntegration {
  Suspending: new (call: (address: number, length: number) => unknown) => WebAssembly.ImportValue;
  promising(call: Exports['call']): (address: number, length: number) => Promise<bigint>;
}

const integration = WebAssembly as unknown as Partial<PromiseIntegration>;

/** Whether the engine can suspend calls. */
export const canSuspend = integration.Suspending !== undefined && integration.promising !== undefined;

interface Exports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  abi_version(): number;
  allocate(length: number): number;
  free(address: number, length: number): void;
  call(address: number, length: number): bigint;
}

const ABI_VERSION = 1;
const PAGE_BYTES = 65_536;
/** Memory does not shrink: an instance that has had a large request is not kept. */
const KEPT_BYTES = 16 << 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** An instance, which makes one call at a time. After an error it is of no use. */
export class Instance {
  readonly #exports: Exports;
  #answer: Import<string | Promise<string>> = () => '';

  /** @param suspends whether its calls are suspended until an answer is there. */
  constructor(module: WebAssembly.Module, suspends = false) {
    const call = (address: number, length: number) => {
      const answer = this.#answer(this.#text(address >>> 0, length >>> 0));
      return typeof answer === 'string' ? this.#packed(answer) : answer.then((text) => this.#packed(text));
    };
    const { Suspending } = integration;
    const instance = new WebAssembly.Instance(module, {
      scimlet: { call: suspends && Suspending ? new Suspending(call) : call },
    });
    this.#exports = instance.exports as Exports;
  }

  get version(): number {
    return this.#exports.abi_version();
  }

  /** Its memory, until the next call. */
  get memory(): Uint8Array {
    return new Uint8Array(this.#exports.memory.buffer);
  }

  grow(bytes: number): void {
    this.#exports.memory.grow(Math.ceil(bytes / PAGE_BYTES));
  }

  /** Passes a text to the module, and returns its answer. */
  call(text: string, answer: Import<string>): string {
    this.#answer = answer;
    const bytes = encoder.encode(text);
    return this.#result(this.#exports.call(this.#put(bytes), bytes.length));
  }

  /** Likewise, for instances that suspend. */
  async callSuspending(text: string, answer: Import<string | Promise<string>>): Promise<string> {
    this.#answer = answer;
    const bytes = encoder.encode(text);
    const call = (integration as PromiseIntegration).promising(this.#exports.call);
    return this.#result(await call(this.#put(bytes), bytes.length));
  }

  #result(packed: bigint): string {
    const unsigned = BigInt.asUintN(64, packed);
    const address = Number(unsigned >> 32n);
    const length = Number(unsigned & 0xffff_ffffn);
    const result = this.#text(address, length);
    this.#exports.free(address, length);
    return result;
  }

  /** Writes a text into room of its own, and returns address and length as one number. */
  #packed(text: string): bigint {
    const bytes = encoder.encode(text);
    return (BigInt(this.#put(bytes)) << 32n) | BigInt(bytes.length);
  }

  /** Writes a text into room of its own, and returns its address. */
  #put(bytes: Uint8Array): number {
    const address = this.#exports.allocate(bytes.length) >>> 0;
    this.memory.set(bytes, address);
    return address;
  }

  #text(address: number, length: number): string {
    return decoder.decode(new Uint8Array(this.#exports.memory.buffer, address, length));
  }
}

/** The compiled module, and the memory of an instance that has read what is built in. One serves all tenants. */
export class Engine {
  readonly #module: WebAssembly.Module;
  readonly #image: Image;
  #prepared: Instance;

  /**
   * @param memoryBytes the most memory of an instance.
   * @param code the module: that of the package by default.
   */
  constructor(memoryBytes: number, code: WebAssembly.Module | Uint8Array<ArrayBuffer> = wasm) {
    const pages = Math.floor(memoryBytes / PAGE_BYTES);
    this.#module = code instanceof WebAssembly.Module ? code : new WebAssembly.Module(bounded(code, pages));
    const prepared = new Instance(this.#module);
    if (prepared.version !== ABI_VERSION) {
      throw new ScimletError('fault', `the module has version ${prepared.version} of its interface`);
    }
    prepared.call('{"call":"provider.prepare"}', () => '');
    this.#image = new Image(new Instance(this.#module).memory, prepared.memory);
    this.#prepared = prepared;
  }

  /** Makes a call that calls no import, and concerns no tenant. */
  ask(text: string): string {
    try {
      return this.#prepared.call(text, () => '');
    } catch (error) {
      this.#prepared = this.instantiate(false);
      throw error;
    }
  }

  instantiate(suspends: boolean): Instance {
    const instance = new Instance(this.#module, suspends);
    this.#image.restore(instance);
    return instance;
  }
}

const engines = new Map<number, Engine>();

/** The engine of this limit, made once a process. */
export function engineOf(memoryBytes: number): Engine {
  const engine = engines.get(memoryBytes) ?? new Engine(memoryBytes);
  engines.set(memoryBytes, engine);
  return engine;
}

/** What differs between a fresh memory and a prepared one: most of both is equal, and need not be copied. */
class Image {
  static readonly #BLOCK = 1024;
  readonly #length: number;
  readonly #parts: { at: number; bytes: Uint8Array }[] = [];

  constructor(fresh: Uint8Array, prepared: Uint8Array) {
    this.#length = prepared.length;
    const before = new Uint8Array(prepared.length);
    before.set(fresh);
    let start: number | undefined;
    for (let at = 0; at <= prepared.length; at += Image.#BLOCK) {
      const end = at + Image.#BLOCK;
      if (at < prepared.length && differ(before.subarray(at, end), prepared.subarray(at, end))) {
        start ??= at;
      } else if (start !== undefined) {
        this.#parts.push({ at: start, bytes: prepared.slice(start, at) });
        start = undefined;
      }
    }
  }

  restore(instance: Instance): void {
    const missing = this.#length - instance.memory.length;
    if (missing > 0) instance.grow(missing);
    const { memory } = instance;
    for (const { at, bytes } of this.#parts) memory.set(bytes, at);
  }
}

// Node.js has a function for it, which needs no warming up.
const differ: (one: Uint8Array, other: Uint8Array) => boolean =
  typeof Buffer === 'undefined'
    ? (one, other) => one.some((byte, at) => byte !== other[at])
    : (one, other) => Buffer.compare(one, other) !== 0;

/** Instances between calls, each used for one tenant only, so that the sandbox keeps tenants apart. */
export class Pool {
  readonly #engine: Engine;
  readonly #most: number;
  readonly #idle = new Map<string, Instance[]>();
  #count = 0;

  /**
   * @param most the most instances that are kept.
   * @param suspends whether their calls are suspended until an answer is there.
   */
  constructor(
    engine: Engine,
    most: number,
    readonly suspends: boolean,
  ) {
    this.#engine = engine;
    this.#most = most;
  }

  take(tenant: string): Instance {
    const instance = this.#idle.get(tenant)?.pop();
    if (instance === undefined) return this.#engine.instantiate(this.suspends);
    this.#count -= 1;
    return instance;
  }

  /** Keeps an instance whose call returned. What is thrown away is of the tenant that was not used for longest. */
  give(tenant: string, instance: Instance): void {
    if (instance.memory.length > KEPT_BYTES) return;
    const instances = this.#idle.get(tenant) ?? [];
    instances.push(instance);
    this.#idle.delete(tenant);
    this.#idle.set(tenant, instances);
    this.#count += 1;
    for (const [name, others] of this.#idle) {
      if (this.#count <= this.#most) break;
      const gone = others.splice(0, this.#count - this.#most);
      this.#count -= gone.length;
      if (others.length === 0) this.#idle.delete(name);
    }
  }
}
