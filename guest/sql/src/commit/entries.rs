//! The rows of entries that a commit writes.

use scimlet_store::{Key, Refusal, Rejection, digest};

use super::change::Change;
use super::fields::FieldRows;

/// The row of an inserted entry, whose version is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewEntry<'a> {
    /// The row id.
    pub seq: i64,
    /// The row id of the kind.
    pub kind: i64,
    /// The id.
    pub id: &'a str,
    /// The body.
    pub body: &'a str,
    /// The body's digest.
    pub digest: i64,
    write: u32,
}

impl NewEntry<'_> {
    /// Returns the refusal for a key that another commit has inserted meanwhile.
    #[must_use]
    pub fn taken(&self) -> Rejection {
        Rejection { write: self.write, reason: Refusal::Taken("id".into()) }
    }
}

/// The new values of an existing entry's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangedEntry<'a> {
    /// The row id.
    pub seq: i64,
    /// The new version.
    pub version: i64,
    /// The new body; `None` if the entry keeps its body.
    pub body: Option<&'a str>,
    /// The digest of the new body.
    pub digest: Option<i64>,
}

impl Change<'_> {
    /// Returns the rows of inserted entries, in key order, as all commits insert them.
    #[must_use]
    pub fn new_entries(&self, rows: &FieldRows) -> Vec<NewEntry<'_>> {
        let new = self.entries.iter().filter(|(_, held)| held.before == 0);
        new.filter_map(|(key, held)| {
            let body = held.body.unwrap_or_default();
            Some(NewEntry {
                seq: held.seq,
                kind: rows.kind(&key.kind)?,
                id: &key.id,
                body,
                digest: digest::of(body.as_bytes()),
                write: held.terms.map_or(0, |(write, _)| write),
            })
        })
        .collect()
    }

    /// Returns the new values of the existing entries that change.
    #[must_use]
    pub fn changed_entries(&self) -> Vec<ChangedEntry<'_>> {
        let changed = self.entries.values().filter(|held| held.changed && held.before > 0);
        changed
            .map(|held| ChangedEntry {
                seq: held.seq,
                version: held.before + 1,
                body: held.body,
                digest: held.body.map(|body| digest::of(body.as_bytes())),
            })
            .collect()
    }

    /// Returns the row ids of the existing entries that are removed.
    #[must_use]
    pub fn removed_rows(&self) -> Vec<i64> {
        self.removed.iter().map(|(_, seq)| *seq).collect()
    }

    /// Returns the new version of each entry that changed, without removed ones.
    #[must_use]
    pub fn versions(self) -> Vec<(Key, u64)> {
        let changed = self.entries.into_iter().filter(|(_, held)| held.changed);
        changed.map(|(key, held)| (key, u64::try_from(held.before + 1).unwrap_or(1))).collect()
    }
}
