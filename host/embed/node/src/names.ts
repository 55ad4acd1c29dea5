// The WIT's names in JavaScript: `target-group` is `targetGroup`.

const camelName = (name: string) => name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const kebabName = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [rename(name), renamed(of, rename)]));
}

/** A record of the module, with JavaScript's names; what is absent is `null`. */
export function fromWit<T>(value: unknown): T {
  return renamed(value, camelName) as T;
}

export function toWit(value: unknown): unknown {
  return renamed(value, kebabName);
}
