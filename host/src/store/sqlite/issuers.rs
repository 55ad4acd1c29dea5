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
    let sql = "SELECT t.name, t.id = ?1, e.body
               FROM scimlet_kind k JOIN scimlet_tenant t ON t.id = k.tenant
               JOIN scimlet_entry e ON e.kind = k.id
               WHERE k.name = ?2
               AND (instr(e.body, 'access-tokens') OR instr(e.body, '\\'))";
    let mut statement = db.prepare_cached(sql)?;
    let kept = |row: &Row<'_>| {
        Ok(Kept { tenant: row.get(0)?, is_own: row.get(1)?, document: row.get(2)? })
    };
    let kept = statement.query_map((own, PROFILE_KIND), kept)?;
    kept.map(|kept| kept.map_err(SqliteError::from)).collect()
}
