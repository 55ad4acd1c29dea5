import type { FailureKind } from '../sql.js';

const BUSY = 5;
const LOCKED = 6;

/** By SQLite's result code, as a name (better-sqlite3) or a number (node:sqlite), extended or not. */
export function sqliteFailure(error: unknown): FailureKind {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  const isBusy = typeof code === 'string' && /^SQLITE_(BUSY|LOCKED)/.test(code);
  const primary = typeof errcode === 'number' ? errcode & 0xff : undefined;
  return isBusy || primary === BUSY || primary === LOCKED ? 'again' : 'failed';
}
