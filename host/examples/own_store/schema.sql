-- What the store adds to a tenant's database, and what the application reads of it.

-- `version` is that before a running commit; `changed` and `draft` belong to the running commit:
-- whether it changes the entry, and the number of its write that set body and terms.
CREATE TABLE IF NOT EXISTS scim_entry (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  body TEXT NOT NULL,
  changed INTEGER NOT NULL,
  draft INTEGER,
  UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS scim_listed ON scim_entry (kind, seq);
CREATE INDEX IF NOT EXISTS scim_changed ON scim_entry (seq) WHERE changed;

-- `value` is JSON, so that the text "1", the number 1 and `true` differ.
CREATE TABLE IF NOT EXISTS scim_term (
  entry INTEGER NOT NULL REFERENCES scim_entry (seq) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  path TEXT NOT NULL,
  value TEXT NOT NULL,
  is_unique INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS scim_term_value ON scim_term (kind, path, value);
CREATE INDEX IF NOT EXISTS scim_term_entry ON scim_term (entry);

CREATE TABLE IF NOT EXISTS scim_link (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  source_kind TEXT NOT NULL,
  source_id TEXT NOT NULL,
  name TEXT NOT NULL,
  target_kind TEXT NOT NULL,
  target_id TEXT NOT NULL,
  UNIQUE (source_kind, source_id, name, target_kind, target_id)
);
CREATE INDEX IF NOT EXISTS scim_link_target ON scim_link (target_kind, target_id, name);

CREATE TABLE IF NOT EXISTS scim_counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS scim_event (
  sequence INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  is_audit INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind TEXT,
  id TEXT,
  body TEXT NOT NULL,
  body_digest BLOB NOT NULL,
  digest BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS scim_event_subject ON scim_event (kind, id);

-- The application's own view of its users: always as the last commit left them.
CREATE VIEW IF NOT EXISTS users AS
  SELECT id, body ->> 'userName' AS name, coalesce(body ->> 'active', 1) AS is_active
  FROM scim_entry WHERE kind = 'User';
