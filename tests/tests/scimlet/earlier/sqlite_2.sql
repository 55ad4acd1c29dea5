-- The tables of a scimlet database, version 2.
--
-- Removing something large (a tenant, a link set of a million) unhooks it at once and leaves its rows to the sweeper:
-- `sweep` lists what. Unhooked rows cannot be reached, since reads start from `tenant`, `kind` or `entry`.

CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE tenant(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  -- Number and digest of the last event.
  sequence INTEGER NOT NULL,
  digest BLOB NOT NULL
) STRICT;

-- A kind of entries in one tenant, and how many there are.
CREATE TABLE kind(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant INTEGER NOT NULL,
  name TEXT NOT NULL,
  entries INTEGER NOT NULL DEFAULT 0,
  UNIQUE(tenant, name)
) STRICT;

-- `seq` is the order of creation, and what terms and links point at.
CREATE TABLE entry(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  body TEXT NOT NULL,
  -- XXH3 of the body, and the version that it was written or left alone with last; files from before these columns get
  -- them when they are opened, and each row its values when its body is written.
  digest INTEGER,
  digest_version INTEGER,
  UNIQUE(kind, id)
) STRICT;
CREATE INDEX entry_order ON entry(kind, seq);

-- A path that entries of a kind have terms of, and how many entries have one.
CREATE TABLE field(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  path TEXT NOT NULL,
  entries INTEGER NOT NULL DEFAULT 0,
  UNIQUE(kind, path)
) STRICT;

-- `value` is TEXT, REAL, or for a boolean a BLOB of one byte: SQLite sorts them in the order REAL, TEXT, BLOB and never
-- takes one for another.
CREATE TABLE term(
  field INTEGER NOT NULL,
  value ANY NOT NULL,
  seq INTEGER NOT NULL,
  is_unique INTEGER NOT NULL,
  PRIMARY KEY(field, value, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX term_seq ON term(seq, field, value);
CREATE UNIQUE INDEX term_unique ON term(field, value) WHERE is_unique;

-- All links of one name that leave one entry.
CREATE TABLE linkset(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source INTEGER NOT NULL,
  name TEXT NOT NULL,
  UNIQUE(source, name)
) STRICT;

CREATE TABLE link(
  linkset INTEGER NOT NULL,
  target INTEGER NOT NULL,
  PRIMARY KEY(linkset, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_target ON link(target, linkset);

CREATE TABLE counter(
  tenant INTEGER NOT NULL,
  name TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY(tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE event(
  tenant INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  -- 0 feed, 1 audit
  channel INTEGER NOT NULL,
  name TEXT NOT NULL,
  subject_kind TEXT,
  subject_id TEXT,
  body TEXT NOT NULL,
  body_digest BLOB NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY(tenant, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_subject ON event(tenant, subject_kind, subject_id) WHERE body <> '';

-- What the host notes about a tenant for itself, such as how far a webhook has got.
CREATE TABLE memo(
  tenant INTEGER NOT NULL,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY(tenant, name)
) STRICT, WITHOUT ROWID;

-- What is unhooked and still has rows: 'kind' and 'linkset' by their id, 'tenant' for its events. 'log' if the
-- write-ahead log holds what was erased.
CREATE TABLE sweep(what TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY(what, id)) STRICT, WITHOUT ROWID;
