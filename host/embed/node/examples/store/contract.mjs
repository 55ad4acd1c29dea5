// The contract of stores, run over the store of this folder: `node contract.mjs --component scimlet-contract.wasm`.
// Prints a line for each rule that is broken.

import { parseArgs } from 'node:util';

import { Plugin } from './scimlet.mjs';
import { Store } from './store.mjs';

/** A store for each tenant that was selected. */
class Stores {
  #stores = new Map();
  #selected;

  select(tenant) {
    this.#selected = this.#stores.get(tenant) ?? new Store();
    this.#stores.set(tenant, this.#selected);
  }

  imports() {
    // Of whichever store is selected when it is called.
    const of = (name) => (...values) => this.#selected[name](...values);
    return {
      'scimlet:plugin/store': {
        get: of('get'),
        find: of('find'),
        links: of('links'),
        has: of('has'),
        commit: of('commit'),
      },
      'scimlet:plugin/stores': { select: this.select.bind(this) },
    };
  }
}

const { values, positionals } = parseArgs({ options: { component: { type: 'string' } }, allowPositionals: true });
if (values.component === undefined) throw new Error('usage: node contract.mjs --component scimlet-contract.wasm [CASE…]');
const plugin = await Plugin.load(values.component);
const instance = () => plugin.instantiate(new Stores().imports()).contract;
const cases = positionals.length > 0 ? positionals : instance().cases();
let broken = 0;
for (const name of cases) {
  for (const sentence of instance().run([name])) {
    broken += 1;
    console.log(sentence);
  }
}
console.log(`${broken} rules broken, of ${cases.length} cases`);
process.exitCode = broken === 0 ? 0 : 1;
