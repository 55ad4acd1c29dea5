"""One tenant's data in memory, by the whole contract of `wit/store.wit`.

A commit works on a copy, which takes the place of the data if nothing was refused; a database has transactions for
that. `find` evaluates no filter and no order, and says so: the plugin then does both itself.
"""

import dataclasses
import math
from copy import copy
from dataclasses import dataclass, field
from hashlib import sha256

from wasmtime.component import Record, Variant

# No counter may exceed this, so that a database could keep it as a signed number.
LARGEST = 2**63 - 1

# What one call may have, so that no single one takes all of the memory: the plugin relies on no more.
CHANGES, KEYS, NODES, HITS, LINKS = 120_000, 10_000, 500, 1_000, 10_000
# Bytes of a text in a term.
TEXT_BYTES = 512


class Refused(Exception):
    """A call was refused; `answer` is the error case of its result."""

    def __init__(self, answer):
        super().__init__(answer)
        self.answer = answer


@dataclass(frozen=True)
class Key(Record):
    kind: str
    id: str

    @classmethod
    def of(cls, key):
        """What the plugin sent, as something that can be looked up."""
        return cls(key.kind, key.id)


@dataclass(frozen=True)
class Link(Record):
    source: Key
    name: str
    target: Key

    @classmethod
    def of(cls, link):
        return cls(Key.of(link.source), link.name, Key.of(link.target))


@dataclass(frozen=True)
class Entry(Record):
    key: Key
    version: int
    created: int
    modified: int
    body: str
    # For the store alone: the place in the order of creation, and the unique terms.
    number: int
    claims: tuple = ()


@dataclass(frozen=True)
class Event:
    number: int
    at: int
    actor: str
    channel: str
    name: str
    subject: Key | None
    body: str
    # Of the body as it was appended.
    digest: str


@dataclass(frozen=True)
class Hit(Record):
    entry: Entry
    position: str


@dataclass(frozen=True)
class Page(Record):
    hits: list
    total: int | None
    exact: bool
    ordered: bool


@dataclass(frozen=True)
class LinkPage(Record):
    links: list
    next: str | None


@dataclass(frozen=True)
class Rejection(Record):
    write: int
    reason: Variant


@dataclass(frozen=True)
class Committed(Record):
    at: int
    versions: list


@dataclass
class Data:
    """Dictionaries keep the order of creation: what is replaced keeps its place."""

    entries: dict = field(default_factory=dict)  # Key -> Entry
    claims: dict = field(default_factory=dict)  # (kind, path, type, value) of a unique term -> Key
    links: dict = field(default_factory=dict)  # Link -> number
    counters: dict = field(default_factory=dict)
    events: list = field(default_factory=list)
    made: int = 0

    def copy(self):
        return Data(*map(copy, vars(self).values()))

    def next_number(self):
        self.made += 1
        return self.made


class Store:
    """What the plugin calls. `data.events` is there for the application."""

    def __init__(self):
        self.data = Data()

    def get(self, keys):
        at_most(KEYS, keys, "keys")
        return [self.data.entries.get(Key.of(key)) for key in keys]

    def find(self, query):
        at_most(NODES, query.filter, "nodes of the filter")
        if query.limit > HITS:
            raise Refused(Variant("too-many", "hits"))
        found = [entry for entry in self.data.entries.values() if entry.key.kind == query.kind]
        total = len(found) if query.count else None
        if isinstance(query.window, int):  # The case `offset`; `after` is a str.
            found = found[query.window :]
        else:
            after = parse_position(query.window)
            found = [entry for entry in found if entry.number > after]
        hits = [Hit(entry, position(entry.number)) for entry in found[: query.limit]]
        return Page(hits, total, exact=not query.filter, ordered=query.order is None)

    def links(self, anchors, name, direction, after, limit):
        at_most(KEYS, anchors, "anchors")
        if after is not None and len(anchors) != 1:
            raise Refused(Variant("invalid", "`after` goes with one anchor"))
        start = 0 if after is None else parse_position(after)
        found = {Key.of(anchor): [] for anchor in anchors}
        for link, number in self.data.links.items():
            anchor = link.source if direction == "outgoing" else link.target
            if link.name == name and anchor in found and number > start:
                found[anchor].append((number, link))
        return [link_page(found[Key.of(anchor)], start, limit) for anchor in anchors]

    def has(self, links):
        at_most(KEYS, links, "links")
        return [Link.of(link) in self.data.links for link in links]

    def commit(self, at, actor, writes):
        # Times never go back, whatever the clock does.
        newest = self.data.events[-1].at if self.data.events else -1
        change = Change(self.data.copy(), max(at, newest + 1), actor)
        versions = change.apply(writes)
        self.data = change.data
        # Both cases of the result are records: each is named.
        return Variant("ok", Committed(change.at, versions))


def at_most(limit, given, what):
    if len(given) > limit:
        raise Refused(Variant("too-many", what))


def link_page(found, start, limit):
    page = found[: min(limit, LINKS)]
    last = page[-1][0] if page else start
    more = len(found) > len(page)
    return LinkPage([link for _, link in page], position(last) if more else None)


def is_valid(value):
    if isinstance(value, str):
        return len(value.encode()) <= TEXT_BYTES
    return math.isfinite(value)


def position(number):
    return f"#{number}"


def parse_position(text):
    digits = text.removeprefix("#")
    if digits == text or not digits.isdecimal():
        raise Refused(Variant("invalid", "a position that this store did not give"))
    return int(digits)


class Change:
    """A commit in progress: a method for each case of `write`. Versions stay as they were until the end."""

    def __init__(self, data, at, actor):
        self.data, self.at, self.actor = data, at, actor
        self.index = 0
        self.changed = set()
        self.drafted = {}  # Key -> the write that set body and terms

    def apply(self, writes):
        changes = 0
        for self.index, write in enumerate(writes):
            changes += len(write.payload) if write.tag in ("link", "unlink") else 1
            if changes > CHANGES:
                self.refuse("too-many", "changes")
            getattr(self, write.tag.replace("-", "_"))(write.payload)
        for self.index, write in enumerate(writes):
            self.judge(write)
        return [self.raise_version(key) for key in self.changed if key in self.data.entries]

    def refuse(self, case, what):
        raise Refused(Variant("err", Rejection(self.index, Variant(case, what))))

    def insert(self, draft):
        key = Key.of(draft.key)
        if key in self.data.entries:
            self.refuse("taken", "id")
        self.put(Entry(key, 0, self.at, self.at, draft.body, self.data.next_number()), draft)

    def replace(self, replacement):
        entry = self.expected(replacement.draft.key, replacement.version)
        self.release(entry)
        self.put(entry, replacement.draft)

    def remove(self, removal):
        entry = self.expected(removal.key, removal.version)
        self.release(entry)
        self.drafted.pop(entry.key, None)
        del self.data.entries[entry.key]
        self.cut(lambda link: entry.key in (link.source, link.target))

    def expect(self, expectation):
        self.expected(expectation.key, expectation.version)

    def link(self, links):
        for link in map(Link.of, links):
            if link in self.data.links:
                self.refuse("taken", link.name)
            self.data.links[link] = self.data.next_number()
            self.changed.add(link.source)

    def unlink(self, links):
        for link in map(Link.of, links):
            if self.data.links.pop(link, None) is None:
                self.refuse("missing", link.target)
            self.changed.add(link.source)

    def unlink_all(self, link_set):
        source = Key.of(link_set.source)
        self.cut(lambda link: link.source == source and link.name == link_set.name)

    def adjust(self, adjustment):
        counter, by = adjustment.counter, adjustment.by
        new = max(0, self.data.counters.get(counter, 0) + by)
        ceiling = LARGEST if adjustment.ceiling is None else min(adjustment.ceiling, LARGEST)
        # Seats can be given back also under a ceiling that was lowered.
        if by >= 0 and new > ceiling:
            self.refuse("over-ceiling", counter)
        self.data.counters[counter] = new

    def append(self, event):
        number = len(self.data.events) + 1
        subject = event.subject and Key.of(event.subject)
        digest = sha256(event.body.encode()).hexdigest()
        self.data.events.append(
            Event(number, self.at, self.actor, event.channel, event.name, subject, event.body, digest)
        )

    def redact(self, key):
        subject = Key.of(key)
        for place, event in enumerate(self.data.events):
            if event.subject == subject:
                self.data.events[place] = dataclasses.replace(event, body="")

    def expected(self, key, version):
        """The entry, if it is there in this version."""
        entry = self.data.entries.get(Key.of(key))
        if entry is None:
            self.refuse("missing", key)
        if version is not None and version != entry.version:
            self.refuse("stale", key)
        return entry

    def put(self, entry, draft):
        if not all(is_valid(term.value) for term in draft.terms):
            self.refuse("invalid", "a term has a text that is too long, or no finite number")
        kind = entry.key.kind
        claims = tuple(
            # With the type, because True == 1.0 here and not there.
            (kind, term.path, type(term.value), term.value) for term in draft.terms if term.unique
        )
        self.data.entries[entry.key] = dataclasses.replace(entry, body=draft.body, claims=claims)
        self.changed.add(entry.key)
        self.drafted[entry.key] = self.index

    def release(self, entry):
        """Gives up the unique terms. Those of this very commit are not claimed yet."""
        for claim in entry.claims:
            if self.data.claims.get(claim) == entry.key:
                del self.data.claims[claim]

    def cut(self, is_meant):
        for link in [link for link in self.data.links if is_meant(link)]:
            del self.data.links[link]
            self.changed.add(link.source)

    def judge(self, write):
        """What may only be judged after the last write: ends of links, and unique terms."""
        if write.tag == "link":
            for link in map(Link.of, write.payload):
                for end in (link.source, link.target):
                    if end not in self.data.entries:
                        self.refuse("missing", end)
        elif write.tag in ("insert", "replace"):
            draft = write.payload if write.tag == "insert" else write.payload.draft
            key = Key.of(draft.key)
            if self.drafted.get(key) == self.index:
                self.claim(self.data.entries[key])

    def claim(self, entry):
        for claim in entry.claims:
            if self.data.claims.setdefault(claim, entry.key) != entry.key:
                _, path, _, _ = claim
                self.refuse("taken", path)

    def raise_version(self, key):
        entry = self.data.entries[key]
        raised = dataclasses.replace(entry, version=entry.version + 1, modified=self.at)
        self.data.entries[key] = raised
        return key, raised.version
