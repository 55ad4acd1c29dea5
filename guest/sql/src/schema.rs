//! The tables of scimlet, for databases in which nobody has made them yet, and the steps that bring
//! earlier tables up to date.
//!
//! All names begin with `scimlet_`, so that the tables stand beside those of an application in one
//! SQLite file or PostgreSQL schema. Texts of several statements end each statement with `;`, and
//! have no other `;`, so that they can be split there.

/// The version of the tables, the one row of `scimlet_schema`.
pub const VERSION: i64 = 3;

/// Makes the table of the version, in both dialects. Its one row is also what a connection locks
/// in PostgreSQL while it makes tables.
pub const VERSION_TABLE: &str = "CREATE TABLE IF NOT EXISTS scimlet_schema(
  one BOOLEAN PRIMARY KEY CHECK (one),
  version BIGINT NOT NULL
)";

/// Inserts the row of the version, in both dialects: 0 says that no tables are made yet.
pub const VERSION_ROW: &str =
    "INSERT INTO scimlet_schema(one, version) VALUES (TRUE, 0) ON CONFLICT DO NOTHING";

/// Reads the version, in both dialects. Fails if there is no table of it.
pub const READ_VERSION: &str = "SELECT version FROM scimlet_schema";

/// Sets the version to [`VERSION`], in both dialects: the last step of making or changing tables.
pub const SET_VERSION: &str = "UPDATE scimlet_schema SET version = 3";

/// Makes all tables in SQLite but that of the version.
pub const SQLITE: &str = include_str!("schema/sqlite.sql");

/// Makes all tables in PostgreSQL but that of the version, without [`policies`].
pub const POSTGRES: &str = include_str!("schema/postgres.sql");

/// Asks whether a SQLite file has tables of version 2, which have no prefix and no table of the
/// version: one row with 1 or 0. No application has all of them.
pub const IS_UNPREFIXED_SQLITE: &str = "SELECT COUNT(*) = 12 FROM sqlite_schema
  WHERE type = 'table' AND sql LIKE '%STRICT%' AND name IN ('setting', 'tenant', 'kind', 'entry',
    'field', 'term', 'linkset', 'link', 'counter', 'event', 'memo', 'sweep')";

/// Gives the tables of version 2 in SQLite their prefix. Their indexes keep their names, as SQLite
/// could only build them again.
pub const RENAME_SQLITE: &str = include_str!("schema/rename_sqlite.sql");

/// Asks whether tables of version 2 in SQLite, before they are renamed, lack the columns of
/// digests, as the first do: one row with 1 or 0.
pub const LACKS_DIGESTS_SQLITE: &str = "SELECT COUNT(*) FROM sqlite_schema
  WHERE type = 'table' AND name = 'entry' AND sql NOT LIKE '%digest_version%'";

/// Adds the columns of digests to renamed tables that lack them.
pub const ADD_DIGESTS_SQLITE: &str = "ALTER TABLE scimlet_entry ADD COLUMN digest INTEGER;
ALTER TABLE scimlet_entry ADD COLUMN digest_version INTEGER;
";

/// Asks whether a PostgreSQL schema has tables of version 1, which have no prefix: one row with
/// 1 or 0. An application may have some of these, but not with these columns.
pub const IS_UNPREFIXED_POSTGRES: &str =
    "SELECT CAST(CASE COUNT(*) WHEN 7 THEN 1 ELSE 0 END AS BIGINT)
  FROM information_schema.columns
  WHERE table_schema = current_schema() AND table_name || '.' || column_name IN (
    'schema_version.one', 'schema_version.version', 'tenant.sequence', 'entry.kind',
    'term.is_unique', 'linkset.source', 'sweep.what')";

/// Gives the tables of version 1 in PostgreSQL their prefix. Their policies go with them. Their
/// table of the version, `schema_version`, stays and says 3, so that a scimlet that knows only
/// tables without a prefix refuses the database in place of making empty ones.
pub const RENAME_POSTGRES: &str = include_str!("schema/rename_postgres.sql");

/// Speeds up substring searches in PostgreSQL; needs the extension `pg_trgm`.
pub const TRIGRAMS: &str = "CREATE INDEX IF NOT EXISTS scimlet_term_trigram ON scimlet_term
    USING gin (value gin_trgm_ops) WHERE value >= 't' AND value < 'u'";

/// The tables with rows of tenants, each with the column of the tenant's id.
const FENCED: [(&str, &str); 11] = [
    ("scimlet_tenant", "id"),
    ("scimlet_kind", "tenant"),
    ("scimlet_entry", "tenant"),
    ("scimlet_field", "tenant"),
    ("scimlet_term", "tenant"),
    ("scimlet_linkset", "tenant"),
    ("scimlet_link", "tenant"),
    ("scimlet_counter", "tenant"),
    ("scimlet_event", "tenant"),
    ("scimlet_memo", "tenant"),
    ("scimlet_sweep", "tenant"),
];

/// Returns the statements that set up row-level security in PostgreSQL, the second separation of
/// tenants: a transaction sees only the rows of the tenant whose id it put into the setting
/// `scimlet.tenant`, all rows if that is `*`, and none if it set nothing. This does not apply to
/// superusers. Systems that lack such policies work without.
#[must_use]
pub fn policies() -> Vec<String> {
    FENCED.into_iter().flat_map(|(table, column)| policy(table, column)).collect()
}

/// The subselect makes PostgreSQL read the setting once per statement, not once per row.
fn policy(table: &str, column: &str) -> [String; 3] {
    let scope = "(SELECT current_setting('scimlet.tenant', TRUE))";
    [
        format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"),
        format!("ALTER TABLE {table} FORCE ROW LEVEL SECURITY"),
        format!(
            "CREATE POLICY one_tenant ON {table} USING (
               {scope} = '*' OR {column} = (SELECT NULLIF(NULLIF({scope}, '*'), '')::BIGINT))"
        ),
    ]
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a failing test may panic")]
mod tests {
    use super::*;

    /// Returns the statements of a text, without its comments.
    fn statements(text: &str) -> Vec<String> {
        let code = |part: &str| {
            let lines = part.lines().filter(|line| !line.trim_start().starts_with("--"));
            lines.collect::<Vec<_>>().join("\n").trim().to_owned()
        };
        text.split(';').map(code).filter(|statement| !statement.is_empty()).collect()
    }

    #[test]
    fn texts_can_be_split_into_their_statements() {
        for text in [SQLITE, POSTGRES] {
            for statement in statements(text) {
                assert!(statement.starts_with("CREATE "), "{statement}");
                assert_eq!(statement.matches("CREATE ").count(), 1, "{statement}");
            }
        }
        for text in [RENAME_SQLITE, ADD_DIGESTS_SQLITE, RENAME_POSTGRES] {
            for statement in statements(text) {
                let (first, _) = statement.split_once(' ').unwrap();
                assert!(["ALTER", "UPDATE", "PRAGMA"].contains(&first), "{statement}");
            }
        }
    }

    #[test]
    fn all_names_have_the_prefix() {
        for text in [SQLITE, POSTGRES] {
            for statement in statements(text) {
                let words: Vec<&str> = statement.split_whitespace().collect();
                let named = |after: &str| {
                    words.windows(2).filter(|pair| pair[0] == after).map(|pair| pair[1]).next()
                };
                for after in ["TABLE", "INDEX", "SEQUENCE", "ON"] {
                    let name = named(after).unwrap_or("scimlet_");
                    assert!(name.starts_with("scimlet_"), "{statement}");
                }
            }
        }
    }

    #[test]
    fn the_version_that_is_set_is_the_version() {
        assert!(SET_VERSION.ends_with(&format!(" {VERSION}")));
    }
}
