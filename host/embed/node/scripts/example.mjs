// Runs the README's first example in a folder where its packages are installed, and is a client of it:
// `node scripts/example.mjs FOLDER`. Exits with 0 if all is as the README says.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

const LINES = 25;
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
// What the program itself does when a user asks for that, which no client can.
const ERASE = `
process.on('message', async (id) => {
  await acme.admin.eraseUser(id);
  process.send('erased');
});
`;

/** The first program in the README. */
function example() {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const program = readme.match(/```js\n([\s\S]*?)```/)[1];
  const lines = program.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('//'));
  assert.ok(lines.length <= LINES, `the first example has ${lines.length} lines`);
  return program;
}

/** Starts the program, with a free port in place of its own. */
async function start(folder) {
  const preload = pathToFileURL(fileURLToPath(new URL('./any-port.mjs', import.meta.url)));
  const options = { cwd: folder, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] };
  const child = spawn(process.execPath, ['--import', preload.href, 'app.mjs'], options);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const secret = (await lines.next()).value;
  const [port] = await once(child, 'message');
  return { child, secret, url: `http://127.0.0.1:${port}/scim/v2` };
}

async function run(folder) {
  writeFileSync(join(folder, 'app.mjs'), example() + ERASE);
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(join(folder, `app.db${end}`), { force: true });
  const { child, secret, url } = await start(folder);
  try {
    const database = createRequire(join(folder, 'app.mjs'))('better-sqlite3')(join(folder, 'app.db'));
    const ada = await provision(url, secret, database);
    child.send(ada.id);
    await once(child, 'message');
    const erased = { id: ada.row, email: null, given: null, family: null, active: 0 };
    assert.deepEqual(database.prepare('SELECT * FROM users WHERE id = ?').get(ada.row), erased);
  } finally {
    child.kill();
  }
}

/** Does what Okta does, and looks into the application's own tables. Returns a user's id, and that of its row. */
async function provision(url, secret, database) {
  const send = async (status, method, path, body) => {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/scim+json' };
    const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    assert.equal(response.status, status, text);
    return JSON.parse(text);
  };
  const create = (status, userName) => {
    const name = { givenName: 'Ada', familyName: 'Lovelace' };
    return send(status, 'POST', '/Users', { schemas: [USER], userName, name, active: true });
  };
  const setActive = (status, id, active) =>
    send(status, 'PATCH', `/Users/${id}`, { schemas: [PATCH], Operations: [{ op: 'replace', value: { active } }] });
  const row = (email) => database.prepare('SELECT * FROM users WHERE email = ?').get(email);

  const ada = await create(201, 'ada@example.com');
  await create(201, 'bo@example.com');
  const { id } = row('ada@example.com');
  assert.deepEqual(row('ada@example.com'), {
    id,
    email: 'ada@example.com',
    given: 'Ada',
    family: 'Lovelace',
    active: 1,
  });
  // Two seats: the third one is refused, and leaves no row.
  const refused = await create(403, 'cy@example.com');
  assert.equal(row('cy@example.com'), undefined, refused.detail);
  database.prepare('INSERT INTO sessions VALUES (?, ?)').run(id, 'token');
  await setActive(200, ada.id, false);
  assert.equal(row('ada@example.com').active, 0);
  assert.equal(database.prepare('SELECT count(*) FROM sessions').pluck().get(), 0);
  await create(201, 'cy@example.com');
  assert.equal(database.prepare('SELECT count(*) FROM users').pluck().get(), 3);
  return { id: ada.id, row: id };
}

await run(process.argv[2]);
console.log('the first example does what the README says');
process.exit();
