// Writes a component that has the imports and exports of a world, and traps when it is called:
// `node dummy.mjs WIT-FOLDER WORLD FILE`, in a folder with jco-transpile.

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [witPath, world, file] = process.argv.slice(2);
const require = createRequire(join(process.cwd(), 'package.json'));
const name = require.resolve('@bytecodealliance/jco-transpile/wasm-tools');
const { componentEmbed, componentNew } = await import(pathToFileURL(name));
const module = await componentEmbed({ witPath, world, dummy: true });
writeFileSync(file, await componentNew(module));
