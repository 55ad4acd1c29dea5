//! [`Database`] on PostgreSQL: the tenants and the host's settings.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::time::sleep;

use super::error::{PostgresError, PostgresResult};
use super::read::unsigned;
use super::session::{Parameters, Scope, Session};
use super::store::TenantStore;
use super::{Postgres, sweep};
use crate::store::hash_chain::START;
use crate::store::{
    Database, DatabaseError, Tenant, TenantStorage, is_tenant_name, no_tenant_name,
};

/// How often [`Database::swept`] checks whether sweeping is done.
const SWEEPING: Duration = Duration::from_millis(50);

#[async_trait]
impl Database for Postgres {
    async fn create_tenant(&self, name: &str, at: u64) -> Result<(), DatabaseError> {
        if !is_tenant_name(name) {
            return Err(no_tenant_name(name));
        }
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        let sql =
            "INSERT INTO scimlet_tenant(name, created, sequence, digest) VALUES ($1, $2, 0, $3)
                   ON CONFLICT DO NOTHING RETURNING id";
        let made = self.write(sql, &[&name, &at, &START.as_slice()]).await?;
        match made {
            0 => Err(DatabaseError::Exists(name.to_owned())),
            _ => Ok(()),
        }
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, DatabaseError> {
        let rows = self.rows("SELECT name, created FROM scimlet_tenant ORDER BY name", &[]).await?;
        let tenant = |row: &tokio_postgres::Row| Tenant {
            name: row.get("name"),
            created: unsigned(row.get("created")),
        };
        Ok(rows.iter().map(tenant).collect())
    }

    async fn delete_tenant(&self, name: &str) -> Result<(), DatabaseError> {
        let session = Session::write(&self.shared.pool, Scope::Host).await?;
        // Waits for the tenant's running commits; later ones wait for this transaction and find the
        // tenant deleted.
        let sql = "SELECT id FROM scimlet_tenant WHERE name = $1 FOR UPDATE";
        let rows = session.rows(sql, &[&name]).await?;
        let Some(tenant) = rows.first().map(|row| row.get::<_, i64>(0)) else {
            return Err(DatabaseError::Unknown(name.to_owned()));
        };
        sweep::retire_tenant(&session, tenant).await?;
        session.commit().await?;
        self.shared.garbage.notify_one();
        Ok(())
    }

    async fn swept(&self, timeout: Duration) -> Result<bool, DatabaseError> {
        let begun = Instant::now();
        while !self.rows("SELECT 1 FROM scimlet_sweep LIMIT 1", &[]).await?.is_empty() {
            if begun.elapsed() > timeout {
                return Ok(false);
            }
            sleep(SWEEPING).await;
        }
        Ok(true)
    }

    async fn open(&self, name: &str) -> Result<Option<Arc<dyn TenantStorage>>, DatabaseError> {
        if !is_tenant_name(name) {
            return Ok(None);
        }
        let sql = "SELECT id FROM scimlet_tenant WHERE name = $1";
        let session = Session::read(&self.shared.pool, scope_of(name)).await?;
        let rows = session.rows(sql, &[&name]).await;
        let rows = session.end(rows)?;
        let tenant: Option<i64> = rows.first().map(|row| row.get("id"));
        Ok(tenant.map(|tenant| -> Arc<dyn TenantStorage> {
            Arc::new(TenantStore { shared: self.shared.clone(), tenant })
        }))
    }

    async fn newest_event(&self) -> Result<Option<u64>, DatabaseError> {
        let sql = "SELECT MAX(e.at) AS at FROM scimlet_tenant t
                   JOIN scimlet_event e ON e.tenant = t.id AND e.sequence = t.sequence";
        let rows = self.rows(sql, &[]).await?;
        let newest = rows.first().and_then(|row| row.get::<_, Option<i64>>("at"));
        Ok(newest.map(unsigned))
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, DatabaseError> {
        let rows = self.rows("SELECT value FROM scimlet_setting WHERE name = $1", &[&name]).await?;
        Ok(rows.first().map(|row| row.get("value")))
    }

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO scimlet_setting VALUES ($1, $2)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value RETURNING name";
        self.write(sql, &[&name, &value]).await?;
        Ok(())
    }
}

fn scope_of(name: &str) -> Scope {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    Scope::Name(hasher.finish())
}

impl Postgres {
    async fn rows(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> PostgresResult<Vec<tokio_postgres::Row>> {
        let session = Session::read(&self.shared.pool, Scope::Host).await?;
        let rows = session.rows(sql, parameters).await;
        session.end(rows)
    }

    /// Runs one statement and returns its number of rows.
    async fn write(&self, sql: &str, parameters: Parameters<'_>) -> Result<usize, PostgresError> {
        let session = Session::write(&self.shared.pool, Scope::Host).await?;
        let rows = session.rows(sql, parameters).await?;
        session.commit().await?;
        Ok(rows.len())
    }
}
