// One call's transactions, over a driver that answers at once and over one that answers later.

import { DONE, done, failed, type ModuleCall, NOTHING } from './call.js';
import type { AsyncConnection, AsyncDatabase, SyncDatabase } from './databases/database.js';
import { ScimletError } from './error.js';
import type { Hooks } from './hooks.js';
import { type JsonStatement, type Mode, type Row, readStatement, writeValue } from './sql.js';

/** Whom a session asks beside the database. */
export interface Surroundings {
  /** Writes the journal. */
  log(note: Record<string, unknown>): void;
  hooks: Hooks | undefined;
}

const rowsOf = (rows: Row[]) => rows.map((row) => row.map(writeValue));
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
const unknownCall = (name: string) => new ScimletError('fault', `the module calls ${name}, which is not known here`);

const TIME_UP = 'the call took longer than it may';
const timeUp = () => new ScimletError('time', TIME_UP);

/** Transactions on a connection that answers at once. */
export class SyncSession {
  readonly #database: SyncDatabase;
  readonly #surroundings: Surroundings;
  readonly #joins: boolean;
  readonly #deadline: number;
  #open: 'nothing' | 'transaction' | 'savepoint' = 'nothing';
  #hasWritten = false;
  #hasCommitted = false;

  /** @param joins whether a transaction that is open is the application's, to be joined. */
  constructor(database: SyncDatabase, surroundings: Surroundings, joins: boolean, milliseconds: number) {
    this.#database = database;
    this.#surroundings = surroundings;
    this.#joins = joins;
    this.#deadline = performance.now() + milliseconds;
  }

  /** Something may have been written in the transaction that is open. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  answer({ call, arguments: args }: ModuleCall): string {
    if (performance.now() > this.#deadline) {
      if (!this.#hasCommitted) throw timeUp();
      // What was committed stays: the module shall say so, and ends without the database.
      if (call !== 'sql.roll-back' && call !== 'journal.write') return failed('failed', TIME_UP);
    }
    switch (call) {
      case 'sql.begin':
        return this.#attempt(() => this.#begin(args.mode as Mode));
      case 'sql.execute':
        return this.#execute(args.statements as JsonStatement[]);
      case 'sql.commit':
        return this.#attempt(() => {
          const hasWritten = this.#hasWritten;
          this.#end('COMMIT', 'RELEASE scimlet');
          this.#hasCommitted ||= hasWritten;
        });
      case 'sql.roll-back':
        this.rollBack();
        return NOTHING;
      case 'journal.write':
        this.#surroundings.log(args.note as Record<string, unknown>);
        return NOTHING;
      default:
        return this.#hook(call, args);
    }
  }

  /** Undoes what is open: after the call there must be nothing. */
  rollBack(): void {
    // SQLite has rolled back itself after some errors, and the application may have ended what it should not.
    if (!this.#database.inTransaction()) this.#open = 'nothing';
    this.#end('ROLLBACK', 'ROLLBACK TO scimlet', 'RELEASE scimlet');
  }

  #begin(mode: Mode): void {
    const isOpen = this.#database.inTransaction();
    if (isOpen && !this.#joins) {
      throw Object.assign(new Error('the application has a transaction open on this connection'), {
        code: 'SQLITE_BUSY',
      });
    }
    this.#run(isOpen ? 'SAVEPOINT scimlet' : mode === 'read' ? 'BEGIN' : 'BEGIN IMMEDIATE');
    this.#open = isOpen ? 'savepoint' : 'transaction';
    this.#hasWritten = mode === 'write';
  }

  #end(transaction: string, ...savepoint: string[]): void {
    if (this.#open === 'transaction') this.#run(transaction);
    if (this.#open === 'savepoint') for (const text of savepoint) this.#run(text);
    this.#open = 'nothing';
    this.#hasWritten = false;
  }

  #run(text: string): void {
    // Where transactions are functions, the call runs in one.
    if (this.#database.transaction === undefined) this.#database.execute(text, []);
  }

  #execute(statements: JsonStatement[]): string {
    try {
      const results = statements.map((statement) => {
        const { text, parameters } = readStatement(statement);
        return rowsOf(this.#database.execute(text, parameters));
      });
      return done(results);
    } catch (error) {
      return failed(this.#database.failure(error), messageOf(error));
    }
  }

  #attempt(run: () => void): string {
    try {
      run();
      return DONE;
    } catch (error) {
      return failed(this.#database.failure(error), messageOf(error));
    }
  }

  #hook(call: string, args: Record<string, unknown>): string {
    const { hooks } = this.#surroundings;
    if (!hooks?.has(call)) throw unknownCall(call);
    try {
      return hooks.answerSync(args, this.#database.connection, (text) => this.#run(text));
    } catch (error) {
      return failed(this.#database.failure(error), messageOf(error));
    }
  }
}

/** A part of a session that is answered later. */
export type Later = () => Promise<string>;

/** Transactions on connections that answer later, each on one of its own. */
export class AsyncSession {
  readonly #database: AsyncDatabase;
  readonly #surroundings: Surroundings;
  #connection: AsyncConnection | undefined;
  /** What is begun: its mode, before anything of it was sent. */
  #begun: Mode | undefined;
  #isOpen = false;
  /** What was sent last and is not awaited: the end of a transaction that nothing depends on. */
  #ending: Promise<void> = Promise.resolve();
  #isCommitting = false;
  #hasCommitted = false;
  #isCancelled = false;

  constructor(database: AsyncDatabase, surroundings: Surroundings) {
    this.#database = database;
    this.#surroundings = surroundings;
  }

  /** A commit has been sent, so that only its answer says whether it happened. */
  get isCommitting(): boolean {
    return this.#isCommitting;
  }

  /** The answer, or how to get it. */
  answer({ call, arguments: args }: ModuleCall): string | Later {
    if (this.#isCancelled && call !== 'journal.write') {
      return call === 'sql.roll-back' ? NOTHING : failed('failed', TIME_UP);
    }
    switch (call) {
      case 'sql.begin':
        // Sent with what is executed first: a run that stops less.
        this.#begun = args.mode as Mode;
        return DONE;
      case 'sql.execute':
        return () => this.#execute(args.statements as JsonStatement[]);
      case 'sql.commit':
        return this.#commit();
      case 'sql.roll-back':
        this.#forget(true);
        return NOTHING;
      case 'journal.write':
        this.#surroundings.log(args.note as Record<string, unknown>);
        return NOTHING;
      default:
        return this.#hook(call, args);
    }
  }

  /** Undoes what is open, and gives the connection back; returns when that is done. */
  end(): Promise<void> {
    this.#forget(true);
    return this.#ending;
  }

  /**
   * Ends what the call is doing, since its time is up. If something of it stays, or may stay, the module shall say so:
   * then this is the answer that it gets, and from now on it ends without the database.
   */
  giveUp(): string {
    const isCommitting = this.#isCommitting;
    this.cancel();
    if (isCommitting) return failed('unknown', 'the commit was not answered in time');
    if (this.#hasCommitted) return failed('failed', TIME_UP);
    throw timeUp();
  }

  /** Closes the connection in the middle of what it does, which undoes it. */
  cancel(): void {
    this.#isCancelled = true;
    this.#leave(true);
  }

  async #execute(statements: JsonStatement[]): Promise<string> {
    try {
      const on = (await this.#open()) ?? this.#database;
      const results = await on.execute(statements.map(readStatement));
      return done(results.map(rowsOf));
    } catch (error) {
      return failed(this.#database.failure(error, false), messageOf(error));
    }
  }

  /** Sends the beginning of the transaction, if that has to be. */
  async #open(): Promise<AsyncConnection | undefined> {
    if (this.#begun === undefined || this.#isOpen) return this.#connection;
    const mode = this.#begun;
    const connection = await this.#database.acquire();
    if (this.#isCancelled) {
      connection.release(false);
      throw timeUp();
    }
    this.#connection = connection;
    this.#isOpen = true;
    await connection.begin(mode);
    return connection;
  }

  #commit(): string | Later {
    // Of a transaction that only reads nothing depends on how it ends.
    if (!this.#isOpen || this.#begun === 'read') {
      this.#forget(false);
      return DONE;
    }
    return async () => {
      const connection = this.#connection;
      this.#isCommitting = true;
      try {
        await connection?.commit();
        this.#hasCommitted = true;
        this.#leave(false);
        return DONE;
      } catch (error) {
        const kind = this.#database.failure(error, true);
        if (kind === 'unknown') this.#leave(true);
        return failed(kind, messageOf(error));
      } finally {
        this.#isCommitting = false;
      }
    };
  }

  /** Ends the transaction without waiting for the end. */
  #forget(undo: boolean): void {
    const connection = this.#connection;
    const wasOpen = this.#isOpen;
    this.#connection = undefined;
    this.#isOpen = false;
    this.#begun = undefined;
    if (connection === undefined) return;
    const end = async () => {
      try {
        if (wasOpen) await (undo ? connection.rollBack() : connection.commit());
        connection.release(false);
      } catch {
        connection.release(true);
      }
    };
    this.#ending = this.#ending.then(end);
  }

  #leave(broken: boolean): void {
    this.#connection?.release(broken);
    this.#connection = undefined;
    this.#isOpen = false;
    this.#begun = undefined;
  }

  #hook(call: string, args: Record<string, unknown>): Later {
    const { hooks } = this.#surroundings;
    if (!hooks?.has(call)) throw unknownCall(call);
    return async () => {
      try {
        const connection = await this.#open();
        const execute = async (text: string) => connection?.execute([{ text, parameters: [] }]);
        return await hooks.answer(args, connection?.connection, execute);
      } catch (error) {
        return failed(this.#database.failure(error, false), messageOf(error));
      }
    };
  }
}
