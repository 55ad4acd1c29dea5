//! The statements that write the result of a commit.

use scimlet_store::{OrderedMap, OrderedSet};

use super::Stop;
use super::write::Target;
use super::{load, queries};
use crate::commit::{Change, ChangedEntry, FieldRows, LinkRows, Needed, NewEntry, TermRow};
use crate::database::connection::{Connection, execute};
use crate::database::insert::statements;
use crate::database::source::{List, Type, listed, numbers, texts};
use crate::{Dialect, Sql, Value};

/// Joins a list of sources and names with the link sets of theirs.
const OF_LINKSET: &str =
    " CROSS JOIN scimlet_linkset s WHERE s.source = w.source AND s.name = w.name";

/// The statements of one commit.
pub(super) struct Writer {
    pub(super) dialect: Dialect,
    /// The tenant's row.
    pub(super) tenant: i64,
}

impl Writer {
    /// Makes the rows of kinds and paths that are missing, and returns all that the change needs;
    /// `None` if none are missing. All commits insert them in one order, so that two which need the
    /// same new row hardly block each other.
    pub(super) fn make_rows(
        &self,
        connection: &impl Connection,
        target: &Target,
        change: &Change<'_>,
    ) -> Result<Option<FieldRows>, Stop> {
        let needed = Needed::of(change);
        if needed.is_known(&target.rows) {
            return Ok(None);
        }
        let (mut kinds, mut fields) = (List::new(), List::new());
        needed.kinds.iter().for_each(|kind| kinds.row(&[(*kind).into()]));
        let of_fields = needed.fields.iter();
        of_fields.for_each(|(kind, path)| fields.row(&[(*kind).into(), (*path).into()]));
        let make_kinds = Sql::new("INSERT INTO scimlet_kind(tenant, name) SELECT ?, w.name FROM ")
            .bind(self.tenant)
            .append(listed(self.dialect, &[("name", Type::Text)], kinds))
            .text(" WHERE TRUE ORDER BY w.place ON CONFLICT DO NOTHING");
        let columns = [("kind", Type::Text), ("path", Type::Text)];
        let make_fields = Sql::new(match self.dialect {
            Dialect::Sqlite => "INSERT INTO scimlet_field(kind, path) SELECT k.id, w.path FROM ",
            Dialect::Postgres => {
                "INSERT INTO scimlet_field(kind, path, tenant) SELECT k.id, w.path, k.tenant FROM "
            }
        })
        .append(listed(self.dialect, &columns, fields))
        .text(" JOIN scimlet_kind k ON k.tenant = ? AND k.name = w.kind")
        .bind(self.tenant)
        .text(" WHERE TRUE ORDER BY k.id, w.path ON CONFLICT DO NOTHING");
        let paths = needed.fields.iter().map(|(_, path)| *path).collect();
        let tenant = Sql::new("?").bind(self.tenant);
        let read = queries::field_rows(self.dialect, tenant, &needed.kinds, &paths);
        let mut found = execute(connection, vec![make_kinds, make_fields, read])?;
        Ok(Some(load::field_rows(found.pop().unwrap_or_default())?))
    }

    /// Returns the beginning of a statement that inserts rows of these columns.
    fn into(&self, table: &str, columns: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("INSERT INTO {table}({columns}) VALUES "),
            Dialect::Postgres => format!("INSERT INTO {table}({columns}, tenant) VALUES "),
        }
    }

    /// Returns a row of these values; in PostgreSQL each row says whose it is.
    fn row(&self, mut values: Vec<Value>) -> Vec<Value> {
        if self.dialect == Dialect::Postgres {
            values.push(self.tenant.into());
        }
        values
    }

    pub(super) fn delete_terms(&self, gone: &OrderedSet<TermRow>) -> Vec<Sql> {
        let row = |(field, value, seq): &TermRow| {
            vec![(*field).into(), value.clone().into(), (*seq).into()]
        };
        let head = "DELETE FROM scimlet_term WHERE (field, value, seq) IN (VALUES ";
        statements(self.dialect, gone.iter().map(row).collect(), head, ")")
    }

    /// Inserts terms. A unique one that another entry holds is left out of the rows that the
    /// statements return; an uncommitted one is waited for.
    pub(super) fn insert_terms<'t>(
        &self,
        terms: impl Iterator<Item = &'t TermRow>,
        unique: bool,
    ) -> Vec<Sql> {
        let row = |(field, value, seq): &TermRow| {
            let values = vec![(*field).into(), value.clone().into(), (*seq).into()];
            self.row([values, vec![Value::Boolean(unique)]].concat())
        };
        let head = self.into("scimlet_term", "field, value, seq, is_unique");
        let tail = if unique { " ON CONFLICT DO NOTHING RETURNING field, seq" } else { "" };
        statements(self.dialect, terms.map(row).collect(), &head, tail)
    }

    pub(super) fn links(&self, links: &LinkRows<'_>) -> Vec<Sql> {
        let mut statements = Vec::new();
        if !links.deleted.is_empty() {
            let head =
                "DELETE FROM scimlet_link WHERE (linkset, target) IN (SELECT s.id, w.target FROM ";
            let listed = self.listed_links(&links.deleted);
            statements.push(Sql::new(head).append(listed).text(OF_LINKSET).text(")"));
        }
        if !links.emptied.is_empty() {
            let head = "DELETE FROM scimlet_link WHERE linkset IN (SELECT s.id FROM ";
            let listed = self.listed_linksets(links.emptied.iter());
            statements.push(Sql::new(head).append(listed).text(OF_LINKSET).text(")"));
        }
        if !links.inserted.is_empty() {
            let sets: OrderedSet<(i64, &str)> =
                links.inserted.iter().map(|link| (link.0, link.1)).collect();
            statements.push(
                self.select("scimlet_linkset", "source, name", "w.source, w.name")
                    .append(self.listed_linksets(sets.iter()))
                    .text(" WHERE TRUE ORDER BY w.place ON CONFLICT DO NOTHING"),
            );
            statements.push(
                self.select("scimlet_link", "linkset, target", "s.id, w.target")
                    .append(self.listed_links(&links.inserted))
                    .text(OF_LINKSET),
            );
        }
        statements
    }

    fn listed_links(&self, links: &[(i64, &str, i64)]) -> Sql {
        let mut list = List::new();
        links.iter().for_each(|link| list.row(&[link.0.into(), link.1.into(), link.2.into()]));
        let columns = [("source", Type::Integer), ("name", Type::Text), ("target", Type::Integer)];
        listed(self.dialect, &columns, list)
    }

    fn listed_linksets<'s>(&self, sets: impl Iterator<Item = &'s (i64, &'s str)>) -> Sql {
        let mut list = List::new();
        sets.for_each(|set| list.row(&[set.0.into(), set.1.into()]));
        listed(self.dialect, &[("source", Type::Integer), ("name", Type::Text)], list)
    }

    /// Returns the beginning of a statement that inserts what it selects from a list.
    fn select(&self, table: &str, columns: &str, values: &str) -> Sql {
        match self.dialect {
            Dialect::Sqlite => {
                Sql::new(&format!("INSERT INTO {table}({columns}) SELECT {values} FROM "))
            }
            Dialect::Postgres => {
                let head =
                    format!("INSERT INTO {table}({columns}, tenant) SELECT {values}, ? FROM ");
                Sql::new(&head).bind(self.tenant)
            }
        }
    }

    /// Removes entries, their link sets, and the links from and to them.
    pub(super) fn remove(&self, removed: &[i64]) -> Vec<Sql> {
        if removed.is_empty() {
            return Vec::new();
        }
        let these = || numbers(self.dialect, removed);
        let delete = |condition: &str, end: &str| {
            Sql::new("DELETE FROM ").text(condition).append(these()).text(end)
        };
        vec![
            delete(
                "scimlet_link WHERE linkset IN (
                   SELECT id FROM scimlet_linkset WHERE source IN (",
                "))",
            ),
            delete("scimlet_linkset WHERE source IN (", ")"),
            delete("scimlet_link WHERE target IN (", ")"),
            delete("scimlet_entry WHERE seq IN (", ")"),
        ]
    }

    /// Inserts the new entries in key order. A key that another commit has inserted meanwhile is
    /// left out of the rows that the statements return.
    pub(super) fn insert(&self, new: &[NewEntry<'_>], at: i64) -> Vec<Sql> {
        let row = |entry: &NewEntry<'_>| {
            self.row(vec![
                entry.seq.into(),
                entry.kind.into(),
                entry.id.to_owned().into(),
                1.into(),
                at.into(),
                at.into(),
                entry.body.to_owned().into(),
                entry.digest.into(),
                1.into(),
            ])
        };
        let columns = "seq, kind, id, version, created, modified, body, digest, digest_version";
        let head = self.into("scimlet_entry", columns);
        let rows = new.iter().map(row).collect();
        statements(self.dialect, rows, &head, " ON CONFLICT DO NOTHING RETURNING seq")
    }

    /// Writes new bodies and versions of existing entries, which are locked already.
    pub(super) fn update(&self, changed: &[ChangedEntry<'_>], at: i64) -> Vec<Sql> {
        let mut statements = Vec::new();
        let mut kept = Vec::new();
        for entry in changed {
            match (entry.body, entry.digest) {
                (Some(body), Some(digest)) => statements.push(
                    Sql::new(
                        "UPDATE scimlet_entry SET version = ?, modified = ?, body = ?, digest = ?,
                         digest_version = ? WHERE seq = ?",
                    )
                    .bind(entry.version)
                    .bind(at)
                    .bind(body.to_owned())
                    .bind(digest)
                    .bind(entry.version)
                    .bind(entry.seq),
                ),
                _ => kept.push(entry.seq),
            }
        }
        if !kept.is_empty() {
            let sql = "UPDATE scimlet_entry SET version = version + 1, modified = ?,
                       digest_version = CASE WHEN digest_version = version THEN version + 1 END
                       WHERE seq IN (";
            let these = numbers(self.dialect, &kept);
            statements.push(Sql::new(sql).bind(at).append(these).text(")"));
        }
        statements
    }

    /// Sets counters, of which those that are missing are made.
    pub(super) fn counters(&self, values: &OrderedMap<&str, i64>) -> Option<Sql> {
        let mut list = List::new();
        values.iter().for_each(|(name, value)| list.row(&[(*name).into(), (*value).into()]));
        let columns = [("name", Type::Text), ("value", Type::Integer)];
        (!values.is_empty()).then(|| {
            Sql::new(
                "INSERT INTO scimlet_counter(tenant, name, value) SELECT ?, w.name, w.value FROM ",
            )
            .bind(self.tenant)
            .append(listed(self.dialect, &columns, list))
            .text(" WHERE TRUE ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value")
        })
    }

    /// Locks the tenant's row until the commit is durable, so that the commits of one tenant pass
    /// one at a time from here on: a reader that sees an event has seen all earlier ones. In SQLite
    /// the transaction is that lock.
    pub(super) fn lock_tenant(&self) -> Option<Sql> {
        let lock = "SELECT id FROM scimlet_tenant WHERE id = ? FOR NO KEY UPDATE";
        (self.dialect == Dialect::Postgres).then(|| Sql::new(lock).bind(self.tenant))
    }

    /// Adds to the numbers of entries of kinds or fields.
    pub(super) fn count(&self, table: &str, counts: &OrderedMap<i64, i64>) -> Option<Sql> {
        let mut list = List::new();
        counts.iter().for_each(|(id, by)| list.row(&[(*id).into(), (*by).into()]));
        let columns = [("id", Type::Integer), ("change", Type::Integer)];
        counts.values().any(|by| *by != 0).then(|| {
            Sql::new(&format!("UPDATE {table} SET entries = entries + w.change FROM "))
                .append(listed(self.dialect, &columns, list))
                .text(&format!(" WHERE {table}.id = w.id"))
        })
    }

    /// Returns the query for the tenant's last event, and for how many expected entries still have
    /// their versions; each row names a counter and its value too, or none. It is a statement of
    /// its own after the one that waited for the lock, since that sees other tables as they were
    /// before it waited.
    pub(super) fn end<'n>(
        &self,
        expected: &[(i64, i64)],
        counters: impl Iterator<Item = &'n str>,
    ) -> Sql {
        let columns = [("seq", Type::Integer), ("version", Type::Integer)];
        let mut listing = List::new();
        expected.iter().for_each(|one| listing.row(&[one.0.into(), one.1.into()]));
        Sql::new("SELECT t.sequence, t.digest, v.at, (SELECT COUNT(*) FROM ")
            .append(listed(self.dialect, &columns, listing))
            .text(
                " JOIN scimlet_entry e ON e.seq = w.seq AND e.version = w.version),
                 c.name, c.value FROM scimlet_tenant t
                 LEFT JOIN scimlet_event v ON v.tenant = t.id AND v.sequence = t.sequence
                 LEFT JOIN scimlet_counter c ON c.tenant = t.id AND c.name IN (",
            )
            .append(texts(self.dialect, counters))
            .text(") WHERE t.id = ?")
            .bind(self.tenant)
    }
}
