// Prints how long a process takes from its start to its first answer, in milliseconds.

import { join } from 'node:path';

import Database from 'better-sqlite3';

import { Scimlet } from '../dist/esm/index.js';

const scimlet = new Scimlet({ database: new Database(join(process.argv[2], 'app.db')) });
await scimlet.tables.migrate();
const request = { method: 'GET', path: '/ServiceProviderConfig', headers: [], baseUrl: 'http://scim.test' };
const { status } = await scimlet.tenant('acme').handle(request);
if (status >= 500) process.exit(1);
// Since the process began.
console.log(performance.now());
