//! The rows of kinds and of their terms' paths, inserted when they are first needed.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use crate::store::postgres::error::PostgresResult;
use crate::store::postgres::session::Session;

/// Row ids of kinds by name, and of fields by kind and path.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) kinds: BTreeMap<String, i64>,
    fields: BTreeMap<(String, String), i64>,
}

impl Rows {
    pub(super) fn field(&self, kind: &str, path: &str) -> Option<i64> {
        let key = (kind.to_owned(), path.to_owned());
        self.fields.get(&key).copied()
    }

    /// Returns the rows of all kinds and fields that a change needs, and inserts those that are
    /// missing.
    pub(super) async fn of(
        session: &Session,
        tenant: i64,
        change: &Change<'_>,
    ) -> PostgresResult<Rows> {
        let wanted = change.wanted();
        let mut kinds: BTreeSet<&str> = change.removed.iter().map(|(kind, _)| *kind).collect();
        kinds.extend(wanted.iter().map(|wanted| wanted.kind));
        let mut fields: BTreeSet<(&str, &str)> = BTreeSet::new();
        for wanted in &wanted {
            fields.extend(wanted.terms.iter().map(|term| (wanted.kind, term.path.as_str())));
        }
        let mut rows = Rows::default();
        if kinds.is_empty() {
            return Ok(rows);
        }
        rows.look_up(session, tenant, &kinds, &fields).await?;
        let known = kinds.iter().all(|kind| rows.kinds.contains_key(*kind));
        if !known || rows.fields.len() < fields.len() {
            make(session, tenant, &kinds, &fields).await?;
            rows.look_up(session, tenant, &kinds, &fields).await?;
        }
        Ok(rows)
    }

    async fn look_up(
        &mut self,
        session: &Session,
        tenant: i64,
        kinds: &BTreeSet<&str>,
        fields: &BTreeSet<(&str, &str)>,
    ) -> PostgresResult<()> {
        let kinds: Vec<&str> = kinds.iter().copied().collect();
        let paths: BTreeSet<&str> = fields.iter().map(|(_, path)| *path).collect();
        let paths: Vec<&str> = paths.into_iter().collect();
        let sql = "SELECT k.name, k.id, f.path, f.id AS field
                   FROM kind k LEFT JOIN field f ON f.kind = k.id AND f.path = ANY($3)
                   WHERE k.tenant = $1 AND k.name = ANY($2)";
        for row in session.rows(sql, &[&tenant, &kinds, &paths]).await? {
            let kind: String = row.get("name");
            if let (Some(path), Some(field)) =
                (row.get::<_, Option<String>>("path"), row.get("field"))
                && fields.contains(&(kind.as_str(), path.as_str()))
            {
                self.fields.insert((kind.clone(), path), field);
            }
            self.kinds.insert(kind, row.get("id"));
        }
        Ok(())
    }
}

/// Inserts the missing rows, in one order, so that two commits that need the same new row hardly
/// block each other.
async fn make(
    session: &Session,
    tenant: i64,
    kinds: &BTreeSet<&str>,
    fields: &BTreeSet<(&str, &str)>,
) -> PostgresResult<()> {
    let names: Vec<&str> = kinds.iter().copied().collect();
    let sql = "INSERT INTO kind(tenant, name) SELECT $1, name FROM unnest($2::TEXT[]) AS w(name)
               ORDER BY name ON CONFLICT DO NOTHING";
    session.run(sql, &[&tenant, &names]).await?;
    let of: Vec<&str> = fields.iter().map(|(kind, _)| *kind).collect();
    let paths: Vec<&str> = fields.iter().map(|(_, path)| *path).collect();
    let sql = "INSERT INTO field(tenant, kind, path) SELECT $1, k.id, w.path
               FROM unnest($2::TEXT[], $3::TEXT[]) AS w(kind, path)
               JOIN kind k ON k.tenant = $1 AND k.name = w.kind
               ORDER BY k.id, w.path ON CONFLICT DO NOTHING";
    session.run(sql, &[&tenant, &of, &paths]).await
}
