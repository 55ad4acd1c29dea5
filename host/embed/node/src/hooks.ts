// The application's part in a commit (`wit/application.wit`).

import { done, failed } from './call.js';
import { fromWit } from './names.js';
import type { FailureKind } from './sql.js';

/** What happens to a resource. */
export type Step = 'created' | 'linked' | 'updated' | 'deactivated' | 'reactivated' | 'removed' | 'erased';

/** A resource by its type's name and its id, and by the id of the application's own row. */
export interface Identity {
  resourceType: string;
  id: string;
  productId: string | null;
}

/** What the profile asks of the application, such as `revoke-sessions`. */
export interface Effect {
  name: string;
  /** The group that grants or withdraws roles or a seat. */
  group: Identity | null;
  roles: string[];
  seatType: string | null;
  /** The groups that a deactivated user leaves. */
  groups: Identity[];
  /** Kind and id of each object of the application that refers to the user. */
  references: [kind: string, id: string][];
}

/** A SCIM resource in the product's view. */
// biome-ignore lint/suspicious/noExplicitAny: a tenant's schemas say what it has
export type Resource = Record<string, any>;

/** A change of one resource that is about to be committed. */
export interface Change {
  readonly resourceType: string;
  readonly id: string;
  /** The id of the application's own row. Set it, and `admin` and events show it from then on. */
  productId: string | number | bigint | null;
  readonly step: Step;
  /** The paths of the attributes that differ. */
  readonly attributes: string[];
  /** The resource before, as `admin.user` returns it, but without relations; `null` if there was none. */
  readonly before: Resource | null;
  /** The resource after; `null` if nothing remains. */
  readonly after: Resource | null;
  readonly membersAdded: Identity[];
  readonly membersRemoved: Identity[];
  readonly effects: Effect[];
}

/** Whose change it is. */
export interface Context<Connection> {
  readonly tenant: string;
  /** The connection with the transaction: what is written on it is committed with the change, or not at all. */
  readonly connection: Connection;
}

/** The application that hears of changes. */
export interface Application<Connection = unknown> {
  /**
   * Called in the transaction of a change, before its commit. If it throws, nothing is changed: a `Refusal` is told to
   * the client, after any other error it gets 503. If the transaction has to be repeated, it is called again. It must
   * not end the transaction.
   *
   * Over a driver that answers at once it must not return a promise.
   */
  beforeCommit(changes: Change[], context: Context<Connection>): void | Promise<void>;
}

/** Thrown by `beforeCommit`: the change is refused, and the client gets this sentence. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** 400: the change is wrong. 403: this client may not make it. */
  readonly status: 400 | 403;

  constructor(message: string, status: 400 | 403 = 400) {
    super(message);
    this.status = status;
  }
}

const CALL = 'application.before-commit';
// To release it fails if the application has ended the transaction: what follows would not be in one.
const SAVEPOINT = 'SAVEPOINT scimlet_application';
const RELEASE = 'RELEASE SAVEPOINT scimlet_application';

/** Calls the application. */
export class Hooks {
  readonly #application: Application;
  readonly #tenant: string;
  readonly #failure: (error: unknown) => FailureKind;
  readonly #report: (error: unknown) => void;

  constructor(
    application: Application,
    tenant: string,
    failure: (error: unknown) => FailureKind,
    report: (error: unknown) => void,
  ) {
    this.#application = application;
    this.#tenant = tenant;
    this.#failure = failure;
    this.#report = report;
  }

  has(call: string): boolean {
    return call === CALL;
  }

  /**
   * Throws if the database fails before the application is called.
   *
   * @param execute executes a statement in the transaction.
   */
  answerSync(args: Record<string, unknown>, connection: unknown, execute: (text: string) => void): string {
    const changes = changesOf(args);
    execute(SAVEPOINT);
    try {
      const result = this.#call(changes, connection);
      if (result instanceof Promise) {
        result.catch(() => {});
        throw new TypeError('`beforeCommit` returned a promise, but the database driver is synchronous');
      }
      execute(RELEASE);
      return idsOf(changes);
    } catch (error) {
      return this.#declined(error);
    }
  }

  /** Likewise. */
  async answer(
    args: Record<string, unknown>,
    connection: unknown,
    execute: (text: string) => Promise<unknown>,
  ): Promise<string> {
    const changes = changesOf(args);
    await execute(SAVEPOINT);
    try {
      await this.#call(changes, connection);
      await execute(RELEASE);
      return idsOf(changes);
    } catch (error) {
      return this.#declined(error);
    }
  }

  #call(changes: Change[], connection: unknown): void | Promise<void> {
    return this.#application.beforeCommit(changes, { tenant: this.#tenant, connection });
  }

  #declined(error: unknown): string {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof Refusal) return failed(error.status === 403 ? 'forbidden' : 'invalid', message);
    const kind = this.#failure(error);
    if (kind === 'failed') this.#report(error);
    return failed(kind, message);
  }
}

function changesOf({ changes }: Record<string, unknown>): Change[] {
  return fromWit<(Change & { before: string | null; after: string | null })[]>(changes).map((change) => ({
    ...change,
    before: change.before === null ? null : JSON.parse(change.before),
    after: change.after === null ? null : JSON.parse(change.after),
  }));
}

function idsOf(changes: Change[]): string {
  return done(changes.map(({ productId }) => (productId == null ? null : String(productId))));
}
