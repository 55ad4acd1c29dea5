// The values and the calls of `wit/sql.wit`, and their form in JSON (`wit/module.md`).

/** A value of a parameter or a column: an integer is a `bigint`, a real a `number`. */
export type SqlValue = null | bigint | number | string | boolean | Uint8Array;

export type Dialect = 'sqlite' | 'postgres';

/** `read` sees one state of the database in all its statements, `write` what was committed before each. */
export type Mode = 'read' | 'write';

/**
 * Why a statement failed. `again`: nothing happened, and the transaction may be run again. `failed`: nothing happened,
 * and running it again does not help. `unknown`: the connection broke during a commit.
 */
export type FailureKind = 'again' | 'failed' | 'unknown';

export interface Statement {
  text: string;
  parameters: SqlValue[];
}

/** One row, its values in the order of the columns. */
export type Row = SqlValue[];

type JsonValue =
  | 'null'
  | { integer: number | string }
  | { real: number }
  | { text: string }
  | { blob: string }
  | { boolean: boolean };

export interface JsonStatement {
  text: string;
  parameters: JsonValue[];
}

export function readStatement({ text, parameters }: JsonStatement): Statement {
  return { text, parameters: parameters.map(readValue) };
}

function readValue(value: JsonValue): SqlValue {
  if (value === 'null') return null;
  if ('integer' in value) return BigInt(value.integer);
  if ('real' in value) return value.real;
  if ('text' in value) return value.text;
  if ('boolean' in value) return value.boolean;
  return fromBase64(value.blob);
}

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

export function writeValue(value: SqlValue): JsonValue {
  switch (typeof value) {
    case 'string':
      return { text: value };
    case 'bigint':
      return { integer: value > LARGEST || value < -LARGEST ? String(value) : Number(value) };
    case 'number':
      return { real: value };
    case 'boolean':
      return { boolean: value };
    default:
      return value === null ? 'null' : { blob: toBase64(value) };
  }
}

// `Buffer` is Node's; `btoa` is everywhere, and slower.
const buffers = typeof Buffer === 'undefined' ? undefined : Buffer;

function fromBase64(text: string): Uint8Array {
  return buffers ? buffers.from(text, 'base64') : Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  return buffers
    ? buffers.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
    : btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
