// One tenant's data in memory, by the whole contract of `wit/store.wit`.
//
// A commit works on a copy, which takes the place of the data if nothing was refused; a database has transactions for
// that. `find` evaluates no filter and no order, and says so: the plugin then does both itself.

import { createHash } from 'node:crypto';

// No counter may exceed this, so that a database could keep it as a signed number.
const LARGEST = 2n ** 63n - 1n;

// What one call may have, so that no single one takes all of the memory: the plugin relies on no more.
const CHANGES = 120_000;
const KEYS = 10_000;
const NODES = 500;
const HITS = 1_000;
const LINKS = 10_000;
// Bytes of a text in a term.
const TEXT_BYTES = 512;

/** A call was refused. jco makes `payload` the error case of the result; any other error ends the request. */
export class Refused extends Error {
  constructor(payload) {
    super(JSON.stringify(payload));
    this.payload = payload;
  }
}

// Maps compare their keys by identity, so keys and links are looked up by text.
const text = (...parts) => JSON.stringify(parts);
const keyText = ({ kind, id }) => text(kind, id);
const linkText = ({ source, name, target }) => text(keyText(source), name, keyText(target));

/** Maps keep the order of creation: what is replaced keeps its place. */
class Data {
  constructor(data) {
    this.entries = new Map(data?.entries); // by keyText
    this.claims = new Map(data?.claims); // text of kind, path and value of a unique term -> keyText
    this.links = new Map(data?.links); // by linkText
    this.counters = new Map(data?.counters);
    this.events = [...(data?.events ?? [])];
    this.made = data?.made ?? 0;
  }

  nextNumber() {
    this.made += 1;
    return this.made;
  }
}

/** What the plugin calls. `data.events` is there for the application. */
export class Store {
  data = new Data();

  get(keys) {
    atMost(KEYS, keys.length, 'keys');
    return keys.map((key) => this.data.entries.get(keyText(key)));
  }

  find({ kind, filter, order, window, limit, count }) {
    atMost(NODES, filter.length, 'nodes of the filter');
    atMost(HITS, limit, 'hits');
    let found = [...this.data.entries.values()].filter((entry) => entry.key.kind === kind);
    const total = count ? BigInt(found.length) : undefined;
    if (window.tag === 'offset') {
      found = found.slice(Number(window.val));
    } else {
      const after = parsePosition(window.val);
      found = found.filter((entry) => entry.number > after);
    }
    const hit = (entry) => ({ entry, position: position(entry.number) });
    const hits = found.slice(0, limit).map(hit);
    return { hits, total, exact: filter.length === 0, ordered: order === undefined };
  }

  links(anchors, name, direction, after, limit) {
    atMost(KEYS, anchors.length, 'anchors');
    if (after !== undefined && anchors.length !== 1) {
      throw new Refused({ tag: 'invalid', val: '`after` goes with one anchor' });
    }
    const start = after === undefined ? 0 : parsePosition(after);
    const found = new Map(anchors.map((anchor) => [keyText(anchor), []]));
    for (const link of this.data.links.values()) {
      const anchor = direction === 'outgoing' ? link.source : link.target;
      if (link.name === name && link.number > start) found.get(keyText(anchor))?.push(link);
    }
    return anchors.map((anchor) => linkPage(found.get(keyText(anchor)), start, limit));
  }

  has(links) {
    atMost(KEYS, links.length, 'links');
    return links.map((link) => this.data.links.has(linkText(link)));
  }

  commit(at, actor, writes) {
    // Times never go back, whatever the clock does.
    const newest = this.data.events.at(-1)?.at ?? -1n;
    const change = new Change(new Data(this.data), at > newest ? at : newest + 1n, actor);
    const versions = change.apply(writes);
    this.data = change.data;
    return { at: change.at, versions };
  }
}

function atMost(limit, given, what) {
  if (given > limit) throw new Refused({ tag: 'too-many', val: what });
}

function isValid({ tag, val }) {
  if (tag === 'text') return Buffer.byteLength(val) <= TEXT_BYTES;
  return tag !== 'number' || Number.isFinite(val);
}

function linkPage(found, start, limit) {
  const links = found.slice(0, Math.min(limit, LINKS));
  const last = links.at(-1)?.number ?? start;
  return { links, next: found.length > links.length ? position(last) : undefined };
}

const position = (number) => `#${number}`;

function parsePosition(given) {
  const number = /^#(\d+)$/.exec(given)?.[1];
  if (number === undefined) {
    throw new Refused({ tag: 'invalid', val: 'a position that this store did not give' });
  }
  return Number(number);
}

/** A commit in progress: a method for each case of `write`. Versions stay as they were until the end. */
class Change {
  index = 0;
  changed = new Set();
  drafted = new Map(); // keyText -> the write that set body and terms

  constructor(data, at, actor) {
    Object.assign(this, { data, at, actor });
  }

  apply(writes) {
    let changes = 0;
    writes.forEach((write, index) => {
      this.index = index;
      changes += write.tag === 'link' || write.tag === 'unlink' ? write.val.length : 1;
      if (changes > CHANGES) this.refuse('too-many', 'changes');
      this[write.tag](write.val);
    });
    writes.forEach((write, index) => {
      this.index = index;
      this.judge(write);
    });
    const left = [...this.changed].filter((key) => this.data.entries.has(key));
    return left.map((key) => this.raiseVersion(key));
  }

  refuse(tag, val) {
    throw new Refused({ write: this.index, reason: { tag, val } });
  }

  insert(draft) {
    if (this.data.entries.has(keyText(draft.key))) this.refuse('taken', 'id');
    const number = this.data.nextNumber();
    this.put({ key: draft.key, version: 0n, created: this.at, number }, draft);
  }

  replace({ draft, version }) {
    const entry = this.expected(draft.key, version);
    this.release(entry);
    this.put(entry, draft);
  }

  remove({ key, version }) {
    const entry = this.expected(key, version);
    const gone = keyText(key);
    this.release(entry);
    this.drafted.delete(gone);
    this.data.entries.delete(gone);
    this.cut((link) => keyText(link.source) === gone || keyText(link.target) === gone);
  }

  expect({ key, version }) {
    this.expected(key, version);
  }

  link(links) {
    for (const link of links) {
      if (this.data.links.has(linkText(link))) this.refuse('taken', link.name);
      this.data.links.set(linkText(link), { ...link, number: this.data.nextNumber() });
      this.changed.add(keyText(link.source));
    }
  }

  unlink(links) {
    for (const link of links) {
      if (!this.data.links.delete(linkText(link))) this.refuse('missing', link.target);
      this.changed.add(keyText(link.source));
    }
  }

  'unlink-all'({ source, name }) {
    this.cut((link) => link.name === name && keyText(link.source) === keyText(source));
  }

  adjust({ counter, by, ceiling }) {
    const sum = (this.data.counters.get(counter) ?? 0n) + by;
    const value = sum < 0n ? 0n : sum;
    const most = ceiling === undefined || ceiling > LARGEST ? LARGEST : ceiling;
    // Seats can be given back also under a ceiling that was lowered.
    if (by >= 0n && value > most) this.refuse('over-ceiling', counter);
    this.data.counters.set(counter, value);
  }

  append(event) {
    const number = this.data.events.length + 1;
    // Of the body as it was appended.
    const digest = createHash('sha256').update(event.body).digest('hex');
    this.data.events.push({ number, at: this.at, actor: this.actor, ...event, digest });
  }

  redact(key) {
    const isAbout = ({ subject }) => subject && keyText(subject) === keyText(key);
    this.data.events = this.data.events.map((event) => (isAbout(event) ? { ...event, body: '' } : event));
  }

  /** The entry, if it is there in this version. */
  expected(key, version) {
    const entry = this.data.entries.get(keyText(key));
    if (!entry) this.refuse('missing', key);
    if (version !== undefined && version !== entry.version) this.refuse('stale', key);
    return entry;
  }

  put(entry, { key, body, terms }) {
    if (!terms.every(({ value }) => isValid(value))) {
      this.refuse('invalid', 'a term has a text that is too long, or no finite number');
    }
    const unique = terms.filter((term) => term.unique);
    const claims = unique.map(({ path, value }) => ({ path, text: text(key.kind, path, value.val) }));
    this.data.entries.set(keyText(key), { ...entry, body, claims });
    this.changed.add(keyText(key));
    this.drafted.set(keyText(key), this.index);
  }

  /** Gives up the unique terms. Those of this very commit are not claimed yet. */
  release({ key, claims }) {
    for (const claim of claims) {
      if (this.data.claims.get(claim.text) === keyText(key)) this.data.claims.delete(claim.text);
    }
  }

  cut(isMeant) {
    for (const [key, link] of this.data.links) {
      if (!isMeant(link)) continue;
      this.data.links.delete(key);
      this.changed.add(keyText(link.source));
    }
  }

  /** What may only be judged after the last write: ends of links, and unique terms. */
  judge({ tag, val }) {
    if (tag === 'link') {
      for (const end of val.flatMap(({ source, target }) => [source, target])) {
        if (!this.data.entries.has(keyText(end))) this.refuse('missing', end);
      }
    } else if (tag === 'insert' || tag === 'replace') {
      const { key } = tag === 'insert' ? val : val.draft;
      if (this.drafted.get(keyText(key)) === this.index) this.claim(keyText(key));
    }
  }

  claim(key) {
    for (const claim of this.data.entries.get(key).claims) {
      const holder = this.data.claims.get(claim.text) ?? key;
      if (holder !== key) this.refuse('taken', claim.path);
      this.data.claims.set(claim.text, key);
    }
  }

  raiseVersion(key) {
    const entry = this.data.entries.get(key);
    const version = entry.version + 1n;
    this.data.entries.set(key, { ...entry, version, modified: this.at });
    return [entry.key, version];
  }
}
