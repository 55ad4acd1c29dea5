// The texts of calls in both directions (`wit/module.md`).

import { ScimletError } from './error.js';
import type { Dialect } from './sql.js';

const HEXADECIMAL = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A call that the module makes. */
export interface ModuleCall {
  call: string;
  arguments: Record<string, unknown>;
}

/** A call that the host makes. All of it happens at the time of this function. */
export function hostCall(
  name: string,
  args: Record<string, unknown>,
  binding?: { dialect: Dialect; tenant: string; application: boolean },
): string {
  if (binding === undefined) return JSON.stringify({ call: name, arguments: args });
  const { dialect, tenant, application } = binding;
  return JSON.stringify({
    call: name,
    now: Date.now(),
    seed: seed(),
    database: { dialect, tenant },
    ...(application ? { application } : {}),
    arguments: args,
  });
}

const SEED_BYTES = 32;
const seeds = new Uint8Array(128 * SEED_BYTES);
let used = seeds.length;

/** Random bytes that were not used before, drawn for many calls at once. */
function seed(): string {
  if (used === seeds.length) {
    crypto.getRandomValues(seeds);
    used = 0;
  }
  let digits = '';
  for (const end = used + SEED_BYTES; used < end; used += 1) {
    digits += HEXADECIMAL[seeds[used] ?? 0];
    // Once is enough.
    seeds[used] = 0;
  }
  return digits;
}

/** What the module's answer returns. */
export function returned(answer: string): unknown {
  const { error, return: value } = JSON.parse(answer) as { error?: string; return?: unknown };
  if (error !== undefined) throw new ScimletError('fault', error);
  return value;
}

/** Answers to a call of the module. */
export const NOTHING = '{"return":null}';
export const DONE = '{"return":{"ok":null}}';
export const done = (value: unknown): string => JSON.stringify({ return: { ok: value } });
export const failed = (kind: string, text: string): string => JSON.stringify({ return: { err: { [kind]: text } } });
