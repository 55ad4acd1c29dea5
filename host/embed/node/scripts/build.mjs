// Builds `dist/` from `src/`, and the module into `wasm/`: `npm run build`.
//
// The module is `SCIMLET_MODULE` if that names a file, and otherwise built by cargo.

import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const root = join(here, '../../..');

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function moduleFile() {
  const given = process.env.SCIMLET_MODULE;
  if (given) return given;
  const target = 'wasm32-unknown-unknown';
  const folder = join(root, 'target/guest');
  const options = ['--profile', 'guest', '-p', 'scimlet-module', '--target', target, '--target-dir', folder];
  run('cargo', ['build', ...options], root);
  return join(folder, target, 'guest/scimlet_module.wasm');
}

copyFileSync(join(root, 'LICENSE'), join(here, 'LICENSE'));
copyFileSync(moduleFile(), join(here, 'wasm/scimlet-module.wasm'));
rmSync(join(here, 'dist'), { recursive: true, force: true });
const compiler = join(here, 'node_modules/typescript/bin/tsc');
run(process.execPath, [compiler], here);
run(process.execPath, [compiler, '-p', 'tsconfig.cjs.json'], here);
// `#wasm` means what the nearest package.json says, which may not name files outside of its folder.
writeFileSync(join(here, 'dist/cjs/package.json'), '{ "type": "commonjs", "imports": { "#wasm": "./wasm.js" } }\n');
writeFileSync(join(here, 'dist/cjs/wasm.js'), "module.exports = require('../../wasm/node.cjs');\n");
