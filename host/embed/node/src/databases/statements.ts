/** Prepared statements by their text: the `size` that were used last. */
export class StatementCache<S> {
  readonly #prepare: (text: string) => S;
  readonly #size: number;
  readonly #statements = new Map<string, S>();

  constructor(prepare: (text: string) => S, size = 256) {
    this.#prepare = prepare;
    this.#size = size;
  }

  get(text: string): S {
    const known = this.#statements.get(text);
    const statement = known ?? this.#prepare(text);
    // A map is in the order of insertion, so its first is the one that was not used for longest.
    this.#statements.delete(text);
    this.#statements.set(text, statement);
    if (this.#statements.size > this.#size) {
      for (const oldest of this.#statements.keys()) {
        this.#statements.delete(oldest);
        break;
      }
    }
    return statement;
  }
}
