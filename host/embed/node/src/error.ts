/**
 * What went wrong:
 *
 * - `not-found`, `stale`, `invalid`, `refused`: an administrative call, by `problem` of `wit/admin.wit`.
 * - `unavailable`: the database failed, or the tables could not be reached. Where the answer to a commit did not come, the
 *   message says that whether it happened is unknown.
 * - `unsuitable`: the tables are not scimlet's, or those of a newer version.
 * - `unknown`: there is no tenant of this name.
 * - `time`: a call took longer than it may, and had committed nothing. It was rolled back.
 * - `fault`: the module trapped, or was called wrongly. What had been committed stands.
 */
export type ErrorKind =
  | 'not-found'
  | 'stale'
  | 'invalid'
  | 'refused'
  | 'unavailable'
  | 'unsuitable'
  | 'unknown'
  | 'time'
  | 'fault';

/** All that scimlet throws of its own accord. */
export class ScimletError extends Error {
  override readonly name = 'ScimletError';
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message?: string, options?: ErrorOptions) {
    super(message ?? kind, options);
    this.kind = kind;
  }
}
