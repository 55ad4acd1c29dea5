//! The PostgreSQL role of the host. Row-level security, the second separation of tenants, does not
//! apply to a superuser or to a role that bypasses it.

use super::connections::Connections;
use super::error::PostgresResult;
use super::session::Scope;
use crate::store::DatabaseError;

/// Logs a warning if row-level security does not apply to the role of this pool.
pub(super) async fn warn_if_powerful(pool: &Connections) -> Result<(), DatabaseError> {
    if is_powerful(pool).await? {
        tracing::warn!(
            "the PostgreSQL role is a superuser or bypasses row-level security, which then keeps \
            no tenants apart: \
             let a role of its own own the database"
        );
    }
    Ok(())
}

async fn is_powerful(pool: &Connections) -> PostgresResult<bool> {
    let connection = pool.get(Scope::Host).await?;
    let client = &connection.client;
    let query = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
    let role = client.query_opt(query, &[]).await?;
    Ok(role.is_some_and(|role| role.get(0)))
}
