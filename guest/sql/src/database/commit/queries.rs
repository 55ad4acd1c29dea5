//! The queries that lock and load what a commit names. Each takes any number of names; of none
//! there is no query.

use scimlet_store::{Key, Link, OrderedSet, Write};

use crate::commit::{LockMode, LockPlan};
use crate::database::read::{TENANT, existing};
use crate::database::source::{List, Type, listed, texts};
use crate::{Dialect, Sql};

/// The queries of one tenant.
pub(super) struct Queries<'a> {
    pub(super) dialect: Dialect,
    /// The tenant's name.
    pub(super) tenant: &'a str,
}

impl Queries<'_> {
    /// Returns the query for the tenant's row.
    pub(super) fn tenant(&self) -> Sql {
        let sql = "SELECT id FROM scimlet_tenant WHERE name = ?";
        Sql::new(sql).bind(self.tenant.to_owned())
    }

    /// Returns one statement for each run of equal lock modes, or one for all where there are no
    /// such locks.
    pub(super) fn locks(&self, plan: &LockPlan) -> Vec<Sql> {
        match self.dialect {
            Dialect::Sqlite if plan.locks.is_empty() => Vec::new(),
            Dialect::Sqlite => vec![self.lock(LockMode::None, plan.locks.keys())],
            Dialect::Postgres => {
                let runs = plan.runs().into_iter();
                runs.map(|(mode, keys)| self.lock(mode, keys.into_iter())).collect()
            }
        }
    }

    /// Returns the statement that locks rows in the order of the given keys, and returns kind, id,
    /// row and version.
    pub(super) fn lock<'k>(&self, mode: LockMode, keys: impl Iterator<Item = &'k Key>) -> Sql {
        let mut list = List::new();
        keys.for_each(|key| list.row(&[(&key.kind).into(), (&key.id).into()]));
        let columns = [("kind", Type::Text), ("id", Type::Text)];
        Sql::new("SELECT k.name, e.id, e.seq, e.version FROM ")
            .append(listed(self.dialect, &columns, list))
            .text(" CROSS JOIN scimlet_kind k CROSS JOIN scimlet_entry e WHERE k.tenant = ")
            .text(TENANT)
            .bind(self.tenant.to_owned())
            .text(" AND k.name = w.kind AND e.kind = k.id AND e.id = w.id ORDER BY w.place")
            .text(match mode {
                LockMode::None => "",
                LockMode::KeyShare => " FOR KEY SHARE OF e",
                LockMode::NoKeyUpdate => " FOR NO KEY UPDATE OF e",
                LockMode::Update => " FOR UPDATE OF e",
            })
    }

    /// Returns the query for the rows of all kinds in the writes, and of the paths of their terms.
    pub(super) fn fields(&self, writes: &[Write]) -> Option<Sql> {
        let (mut kinds, mut paths) = (OrderedSet::new(), OrderedSet::new());
        for write in writes {
            match write {
                Write::Insert(draft) => {
                    kinds.insert(draft.key.kind.as_str());
                    paths.extend(draft.terms.iter().map(|term| term.path.as_str()));
                }
                Write::Replace(replacement) => {
                    kinds.insert(&replacement.draft.key.kind);
                    let terms = replacement.draft.terms.iter();
                    paths.extend(terms.map(|term| term.path.as_str()));
                }
                Write::Remove(removal) => {
                    kinds.insert(&removal.key.kind);
                }
                _ => {}
            }
        }
        let tenant = Sql::new(TENANT).bind(self.tenant.to_owned());
        (!kinds.is_empty()).then(|| field_rows(self.dialect, tenant, &kinds, &paths))
    }

    /// Returns the query for the terms of entries: entry, path, value, and whether it is unique.
    pub(super) fn terms(&self, rewritten: &OrderedSet<Key>) -> Option<Sql> {
        if rewritten.is_empty() {
            return None;
        }
        let mut list = List::new();
        rewritten.iter().for_each(|key| list.row(&[(&key.kind).into(), (&key.id).into()]));
        let columns = [("kind", Type::Text), ("id", Type::Text)];
        let sql = Sql::new("SELECT t.seq, t.field, t.value, t.is_unique FROM ")
            .append(listed(self.dialect, &columns, list))
            .text(
                " CROSS JOIN scimlet_kind k CROSS JOIN scimlet_entry e CROSS JOIN scimlet_term t
                 WHERE k.tenant = ",
            )
            .text(TENANT)
            .bind(self.tenant.to_owned())
            .text(" AND k.name = w.kind AND e.kind = k.id AND e.id = w.id AND t.seq = e.seq");
        Some(sql)
    }

    /// Returns the query for those of these links that exist, as [`existing`] does.
    pub(super) fn links(&self, links: &[&Link]) -> Option<Sql> {
        let named = || existing(self.dialect, self.tenant, links.iter().copied());
        (!links.is_empty()).then(named)
    }

    /// Returns the query for names and values of counters.
    pub(super) fn counters(&self, counters: &OrderedSet<String>) -> Option<Sql> {
        let query = || {
            Sql::new("SELECT name, value FROM scimlet_counter WHERE tenant = ")
                .text(TENANT)
                .bind(self.tenant.to_owned())
                .text(" AND name IN (")
                .append(texts(self.dialect, counters.iter().map(String::as_str)))
                .text(")")
        };
        (!counters.is_empty()).then(query)
    }

    /// Returns the query for the row ids of new entries: in SQLite for the last one that was given.
    pub(super) fn seqs(&self, count: usize) -> Option<Sql> {
        (count > 0).then(|| match self.dialect {
            Dialect::Sqlite => Sql::new(
                "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'scimlet_entry'",
            ),
            Dialect::Postgres => Sql::new(
                "SELECT nextval('scimlet_entry_seq') FROM generate_series(1, ?) ORDER BY 1",
            )
            .bind(count as i64),
        })
    }
}

/// Returns the query for the rows of kinds and of paths in them: name and id of the kind, path and
/// id of the field. `tenant` is the tenant's row.
pub(super) fn field_rows(
    dialect: Dialect,
    tenant: Sql,
    kinds: &OrderedSet<&str>,
    paths: &OrderedSet<&str>,
) -> Sql {
    Sql::new(
        "SELECT k.name, k.id, f.path, f.id FROM scimlet_kind k
         LEFT JOIN scimlet_field f ON f.kind = k.id AND f.path IN (",
    )
    .append(texts(dialect, paths.iter().copied()))
    .text(") WHERE k.tenant = ")
    .append(tenant)
    .text(" AND k.name IN (")
    .append(texts(dialect, kinds.iter().copied()))
    .text(")")
}
