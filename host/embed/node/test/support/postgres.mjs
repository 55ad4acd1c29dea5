// A PostgreSQL of the tests' own, in a folder of its own, reached by a socket there. A shell watches over it and
// removes it when its input ends, however this process ends.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import pg from 'pg';

const WATCH = `
cd "$1" || exit 1
{ initdb -D data -U postgres -A trust -E UTF8 --no-sync --locale=C &&
  pg_ctl -D data -w -s -o "-c listen_addresses='' -c unix_socket_directories=$1 -c fsync=off -c deadlock_timeout=100ms" \\
    start </dev/null; } >log 2>&1 && echo started || { cat log; exit 1; }
read -r nothing
pg_ctl -D data -m immediate -w -s stop >>log 2>&1
cd / && rm -rf "$1"
`;

function programs() {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root)
    ? readdirSync(root)
        .map(Number)
        .sort((a, b) => b - a)
    : [];
  return versions.length > 0 ? `${root}/${versions[0]}/bin:${process.env.PATH}` : process.env.PATH;
}

/** PostgreSQL does not run as root. */
function unprivileged(folder) {
  if (process.getuid() !== 0) return {};
  const entry = readFileSync('/etc/passwd', 'utf8').match(/^(?:postgres|nobody):[^:]*:(\d+):(\d+):/m);
  const [uid, gid] = entry.slice(1).map(Number);
  chownSync(folder, uid, gid);
  return { uid, gid };
}

let made = 0;

/** A cluster, whose `database()` returns the settings of a client of a new database. */
export async function startPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'scimlet-pg-'));
  const watch = spawn('sh', ['-c', WATCH, 'sh', folder], {
    ...unprivileged(folder),
    env: { PATH: programs() },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = [];
  const output = createInterface(watch.stdout).on('line', (line) => lines.push(line));
  await Promise.race([once(output, 'line'), once(watch, 'exit')]);
  if (!lines.includes('started')) throw new Error(`PostgreSQL did not start: ${lines.join('\n')}`);
  const settings = { host: folder, user: 'postgres' };
  return {
    async database() {
      const database = `test_${made++}`;
      const client = new pg.Client({ ...settings, database: 'postgres' });
      await client.connect();
      await client.query(`CREATE DATABASE ${database}`);
      await client.end();
      return { ...settings, database };
    },
    async stop() {
      watch.stdin.end('\n');
      if (watch.exitCode === null) await once(watch, 'exit');
    },
  };
}
