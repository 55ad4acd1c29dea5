//! Reads from SQLite what [`issuers`] needs to check a commit.

use rusqlite::{Connection, Row};

use super::error::{SqliteError, SqliteResult};
use crate::store::issuers::{self, Kept, PROFILE_KIND};
use crate::store::{Rejection, Write};

/// Refuses a commit that would give the tenant an issuer of another tenant. Must run in the
/// commit's transaction.
pub(super) fn judge(db: &Connection, tenant: i64, writes: &[Write]) -> Result<(), Rejection> {
    let Some(given) = issuers::given(writes) else {
        return Ok(());
    };
    let kept =
        profiles(db, tenant).map_err(|fault| Rejection { write: 0, reason: fault.into() })?;
    issuers::judge(&given, kept)
}

/// Returns the profiles of all tenants that may have issuers.
fn profiles(db: &Connection, own: i64) -> SqliteResult<Vec<Kept>> {
    let sql = "SELECT tenant.name, tenant.id = ?1, entry.body
               FROM kind JOIN tenant ON tenant.id = kind.tenant JOIN entry ON entry.kind = kind.id
               WHERE kind.name = ?2
               AND (instr(entry.body, 'access-tokens') OR instr(entry.body, '\\'))";
    let mut statement = db.prepare_cached(sql)?;
    let kept = |row: &Row<'_>| {
        Ok(Kept { tenant: row.get(0)?, is_own: row.get(1)?, document: row.get(2)? })
    };
    let kept = statement.query_map((own, PROFILE_KIND), kept)?;
    kept.map(|kept| kept.map_err(SqliteError::from)).collect()
}
