// Workers compile no bytes: their bundler has compiled the file.
import wasm from './scimlet-module.wasm';

export { wasm };
