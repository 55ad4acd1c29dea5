/** `scimlet-module.wasm`, compiled already where a runtime compiles nothing itself. */
export const wasm: Uint8Array<ArrayBuffer> | WebAssembly.Module;
