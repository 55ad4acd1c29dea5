//! Reads from PostgreSQL what [`issuers`] needs to check a commit.

use tokio_postgres::Row;

use super::Stop;
use crate::store::Write;
use crate::store::issuers::{self, Kept, PROFILE_KIND};
use crate::store::postgres::session::{Scope, Session};

/// Refuses a commit that would give the tenant an issuer of another tenant. Only one such commit at
/// a time holds the lock, so that the next one sees its effect; other commits do not wait.
pub(super) async fn judge(session: &Session, tenant: i64, writes: &[Write]) -> Result<(), Stop> {
    let Some(given) = issuers::given(writes) else {
        return Ok(());
    };
    let lock = "SELECT 1 FROM scimlet_schema FOR UPDATE";
    session.rows(lock, &[]).await?;
    // An error between the two changes of scope ends the transaction, and the scope with it.
    session.rescope(Scope::Host).await?;
    let sql = "SELECT t.name, t.id = $1 AS own, e.body
               FROM scimlet_kind k JOIN scimlet_tenant t ON t.id = k.tenant
               JOIN scimlet_entry e ON e.kind = k.id
               WHERE k.name = $2
               AND (e.body LIKE '%access-tokens%' OR strpos(e.body, chr(92)) > 0)";
    let rows = session.rows(sql, &[&tenant, &PROFILE_KIND]).await?;
    session.rescope(Scope::Tenant(tenant)).await?;
    let kept = |row: &Row| Kept {
        tenant: row.get("name"),
        is_own: row.get("own"),
        document: row.get("body"),
    };
    Ok(issuers::judge(&given, rows.iter().map(kept))?)
}
