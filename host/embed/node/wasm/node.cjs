const { readFileSync } = require('node:fs');
const { join } = require('node:path');

exports.wasm = readFileSync(join(__dirname, 'scimlet-module.wasm'));
