//! Databases as earlier versions of scimlet left them: the rows of a database of this version, in
//! tables that the texts of those versions make.

use std::fs;
use std::path::Path;

use anyhow::Context;
use rusqlite::Connection;
use scimlet_tests::postgres::Cluster;

/// The tables of version 2 in SQLite, the last without the prefix `scimlet_`.
const SQLITE_2: &str = include_str!("sqlite_2.sql");

/// Those of version 1 in PostgreSQL.
const POSTGRES_1: &str = include_str!("postgres_1.sql");

/// Those with rows of tenants, each with the column of the tenant's id.
const FENCED: [(&str, &str); 11] = [
    ("tenant", "id"),
    ("kind", "tenant"),
    ("entry", "tenant"),
    ("field", "tenant"),
    ("term", "tenant"),
    ("linkset", "tenant"),
    ("link", "tenant"),
    ("counter", "tenant"),
    ("event", "tenant"),
    ("memo", "tenant"),
    ("sweep", "tenant"),
];

/// The tables that count their rows by a sequence in PostgreSQL.
const COUNTED: [&str; 4] = ["tenant", "kind", "field", "linkset"];

/// Puts a file of version 2 in the place of a SQLite file that nobody has open.
pub fn sqlite(path: &Path) -> anyhow::Result<()> {
    let old = path.with_extension("earlier");
    let db = Connection::open(&old)?;
    db.execute_batch("PRAGMA application_id = 0x5343494D; PRAGMA user_version = 2")?;
    db.execute_batch(SQLITE_2)?;
    db.execute("ATTACH ? AS now", [path.to_str().context("a name")?])?;
    for table in FENCED.map(|(table, _)| table).into_iter().chain(["setting"]) {
        db.execute(&format!("INSERT INTO {table} SELECT * FROM now.scimlet_{table}"), [])?;
    }
    db.execute_batch(
        "DELETE FROM main.sqlite_sequence;
         INSERT INTO main.sqlite_sequence
           SELECT substr(name, length('scimlet_') + 1), seq FROM now.sqlite_sequence;
         DETACH now",
    )?;
    drop(db);
    Ok(fs::rename(old, path)?)
}

/// Puts tables of version 1 in the place of those of a PostgreSQL database that nobody uses.
pub fn postgres(cluster: &Cluster, name: &str) -> anyhow::Result<()> {
    let mut sql = format!(
        "SET ROLE scimlet; SET scimlet.tenant = '*';
         CREATE TABLE schema_version(one BOOLEAN PRIMARY KEY CHECK (one), version BIGINT NOT NULL);
         INSERT INTO schema_version VALUES (TRUE, 1); {POSTGRES_1};
         INSERT INTO setting SELECT * FROM scimlet_setting;"
    );
    for (table, column) in FENCED {
        sql += &format!(
            "INSERT INTO {table} SELECT * FROM scimlet_{table};
             ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
             ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
             CREATE POLICY one_tenant ON {table} USING (
               (SELECT current_setting('scimlet.tenant', TRUE)) = '*'
               OR {column} = (SELECT NULLIF(NULLIF(
                 (SELECT current_setting('scimlet.tenant', TRUE)), '*'), '')::BIGINT));"
        );
    }
    for sequence in
        COUNTED.map(|table| format!("{table}_id_seq")).iter().chain([&"entry_seq".into()])
    {
        sql +=
            &format!("SELECT setval('{sequence}', last_value, is_called) FROM scimlet_{sequence};");
    }
    for table in FENCED.map(|(table, _)| table).into_iter().chain(["setting", "schema"]) {
        sql += &format!("DROP TABLE scimlet_{table};");
    }
    cluster.sql_in(name, &(sql + "DROP SEQUENCE scimlet_entry_seq"))?;
    Ok(())
}
