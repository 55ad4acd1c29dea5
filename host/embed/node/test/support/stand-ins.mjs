// The interfaces of `node:sqlite` (Node.js 22.5) and of a Durable Object's storage, over better-sqlite3.

import Database from 'better-sqlite3';

/** `DatabaseSync`, as far as it is used, with its refusals. */
export class NodeSqliteStandIn {
  #database;

  constructor(path) {
    this.#database = new Database(path);
  }

  get isTransaction() {
    return this.#database.inTransaction;
  }

  open() {}

  exec(text) {
    this.#database.exec(text);
  }

  prepare(text) {
    const statement = this.#database.prepare(text);
    const withErrors = (run) => {
      try {
        return run();
      } catch (error) {
        if (error.code === 'SQLITE_BUSY')
          throw Object.assign(new Error(error.message), { code: 'ERR_SQLITE_ERROR', errcode: 5 });
        throw error;
      }
    };
    return {
      setReadBigInts: (enabled) => void statement.safeIntegers(enabled),
      setReturnArrays: (enabled) => void (statement.reader && statement.raw(enabled)),
      all: (...values) => withErrors(() => rowsOf(statement, values)),
    };
  }

  close() {
    this.#database.close();
  }
}

/** `ctx.storage` of an object with SQLite: it executes no statement of transactions, and binds no `bigint`. */
export class DurableObjectStandIn {
  #database = new Database(':memory:');
  #depth = 0;

  sql = {
    exec: (query, ...bindings) => {
      if (/^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)/i.test(query))
        throw new Error('use transactionSync() instead');
      for (const binding of bindings) {
        const isKnown =
          ['string', 'number'].includes(typeof binding) || binding === null || binding instanceof Uint8Array;
        if (!isKnown) throw new TypeError(`${typeof binding} cannot be bound`);
      }
      if (bindings.length > 100) throw new Error('too many SQL variables');
      if (Buffer.byteLength(query) > 100_000) throw new Error('statement too long');
      const statement = this.#database.prepare(query);
      if (statement.reader) statement.raw(true);
      const rows = rowsOf(statement, bindings);
      const column = (value) => (value instanceof Buffer ? Uint8Array.from(value).buffer : value);
      const names = statement.reader ? statement.columns().map(({ name }) => name) : [];
      return {
        raw: () => rows.map((row) => row.map(column)).values(),
        toArray: () => rows.map((row) => Object.fromEntries(names.map((name, at) => [name, column(row[at])]))),
      };
    },
  };

  transactionSync(closure) {
    this.#depth += 1;
    const name = `level_${this.#depth}`;
    this.#database.exec(`SAVEPOINT ${name}`);
    try {
      const result = closure();
      this.#database.exec(`RELEASE ${name}`);
      return result;
    } catch (error) {
      this.#database.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  close() {
    this.#database.close();
  }
}

function rowsOf(statement, values) {
  if (statement.reader) return statement.all(...values);
  statement.run(...values);
  return [];
}
