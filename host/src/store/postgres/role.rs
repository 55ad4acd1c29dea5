//! The role that the host works as. For a superuser, and for one that bypasses row-level security,
//! the database does not keep tenants apart a second time.

use deadpool_postgres::Pool;

use super::fault::{Fault, Step};
use crate::store::DatabaseError;

/// Says so in the log where the role of this pool is such.
pub(super) async fn warn_if_powerful(pool: &Pool) -> Result<(), DatabaseError> {
    if is_powerful(pool).await? {
        tracing::warn!(
            "the PostgreSQL role is a superuser or bypasses row-level security, which then keeps no tenants apart: \
             let a role of its own own the database"
        );
    }
    Ok(())
}

async fn is_powerful(pool: &Pool) -> Step<bool> {
    let client = pool.get().await.map_err(Fault::from)?;
    let query = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
    let role = client.query_opt(query, &[]).await?;
    Ok(role.is_some_and(|role| role.get(0)))
}
