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
    const isFull = this.#statements.size >= this.#size;
    if (known !== undefined && !isFull) return known;
    const statement = known ?? this.#prepare(text);
    // A map is in the order of insertion, so its first is the one that was not used for longest.
    this.#statements.delete(text);
    const [oldest] = isFull ? this.#statements.keys() : [];
    if (oldest !== undefined && known === undefined) this.#statements.delete(oldest);
    this.#statements.set(text, statement);
    return statement;
  }
}
