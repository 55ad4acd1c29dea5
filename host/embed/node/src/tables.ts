// The functions of `wit/tables.wit` that concern all tenants.

import type { Caller } from './admin.js';

export interface TenantRecord {
  name: string;
  /** When it was made, in milliseconds since 1970. */
  created: number;
}

/** The tables, and the tenants in them. `wit/tables.wit` is its contract. */
export interface TablesSync {
  /** Makes the tables, or brings older ones up to date. Of many processes that start at once one does it. */
  migrate(): void;
  /** All tenants in the order of their names. */
  tenants(): TenantRecord[];
  /** Makes a tenant; false if there is one of this name: 1 to 63 of `a` to `z`, `0` to `9` and `-`. */
  createTenant(name: string): boolean;
  /** Removes a tenant and all that it has; false if there is none of this name. */
  deleteTenant(name: string): boolean;
}

/** The functions, synchronous or not as the caller is. */
export function tablesOver(call: Caller): unknown {
  const same = (result: unknown) => result;
  const functions: { [Name in keyof TablesSync]: (...args: Parameters<TablesSync[Name]>) => unknown } = {
    migrate: () => call('tables.migrate', {}, () => undefined),
    tenants: () => call('tables.tenants', {}, same),
    createTenant: (name) => call('tables.create-tenant', { name }, same),
    deleteTenant: (name) => call('tables.delete-tenant', { name }, same),
  };
  return functions;
}
