// The contract of stores, run over a database and its driver.

import { Binding, Core } from './binding.js';
import { returned } from './call.js';
import { type Connectable, databaseOf } from './databases/detect.js';
import { Engine } from './module.js';

export interface ContractOptions {
  /** A database for tests: a connection, or a pool of connections. */
  database: Connectable;
  /** The bytes of `scimlet-contract-module.wasm`, of a release of this package's version. */
  wasm: Uint8Array<ArrayBuffer>;
}

/** The cases use tenants whose names begin so, and remove them. */
const TENANT = 'scimlet-contract';
// A case writes some thousand entries, and drivers without suspended calls begin a run anew at each answer.
const MILLISECONDS = 600_000;
const MEMORY_BYTES = 256 << 20;

/**
 * Whether a database and its driver carry statements and transactions as scimlet needs them. For tests of drivers,
 * proxies and databases of another make.
 */
export class Contract {
  readonly #binding: Binding;

  constructor({ database, wasm }: ContractOptions) {
    const options = { database, time: MILLISECONDS, instances: 1 };
    const core = new Core(databaseOf(database), options, new Engine(MEMORY_BYTES, wasm));
    this.#binding = new Binding(core, TENANT);
  }

  /** The names of all cases. */
  async cases(): Promise<string[]> {
    return returned(await this.#binding.call('contract.cases', {})) as string[];
  }

  /**
   * Runs the cases of these names, or all, which takes minutes. Returns a sentence for each rule that is broken: none
   * if all is as it should be.
   */
  async run(cases?: string[]): Promise<string[]> {
    const told: string[] = [];
    for (const name of cases ?? (await this.cases())) {
      told.push(...(returned(await this.#binding.call('contract.run', { cases: [name] })) as string[]));
    }
    return told;
  }
}
