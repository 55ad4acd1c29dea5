// A limit for the memory that a module exports. JavaScript has none for it, WebAssembly has: the maximum in the memory
// section (https://webassembly.github.io/spec/core/binary/modules.html#memory-section).

const HEADER_BYTES = 8;
const MEMORY_SECTION = 5;

/** The module, whose only memory has no maximum, with this maximum. */
export function bounded(wasm: Uint8Array, pages: number): Uint8Array<ArrayBuffer> {
  let at = HEADER_BYTES;
  while (at < wasm.length) {
    const start = at;
    const id = wasm[at];
    const [length, content] = readNumber(wasm, at + 1);
    at = content + length;
    if (id !== MEMORY_SECTION) continue;
    const [count, flags] = readNumber(wasm, content);
    const [least] = readNumber(wasm, flags + 1);
    if (count !== 1 || wasm[flags] !== 0) break;
    const section = [1, 1, ...number(least), ...number(pages)];
    return join(wasm.subarray(0, start), [id, ...number(section.length), ...section], wasm.subarray(at));
  }
  throw new Error('the module has not one memory without a maximum');
}

/** An unsigned LEB128, and where it ends. */
function readNumber(bytes: Uint8Array, at: number): [number, number] {
  let value = 0;
  for (let shift = 0; ; shift += 7, at += 1) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value >>> 0, at + 1];
  }
}

function number(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >>> 7)];
}

function join(...parts: ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
