import { readFileSync } from 'node:fs';

export const wasm = readFileSync(new URL('./scimlet-module.wasm', import.meta.url));
