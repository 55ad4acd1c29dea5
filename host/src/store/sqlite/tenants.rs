//! [`Database`] on SQLite: the tenants and the host's settings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use tokio::time::{sleep, timeout};

use super::error::{SqliteError, SqliteResult};
use super::queue::Size;
use super::readers::Snapshot;
use super::rows::unsigned;
use super::store::TenantStore;
use super::{Sqlite, sweep};
use crate::store::hash_chain::START;
use crate::store::{
    Database, DatabaseError, Refusal, Tenant, TenantStorage, epoch, is_tenant_name, no_tenant_name,
};

/// How often the file is checked when nothing is written.
const LOOK: Duration = Duration::from_secs(1);

/// How often [`Database::swept`] checks whether sweeping is done.
const SWEEPING: Duration = Duration::from_millis(20);

#[async_trait]
impl Database for Sqlite {
    async fn create_tenant(&self, name: &str, at: u64) -> Result<(), DatabaseError> {
        if !is_tenant_name(name) {
            return Err(no_tenant_name(name));
        }
        let (name, at) = (name.to_owned(), i64::try_from(at).unwrap_or(i64::MAX));
        self.write(move |db| create(db, name, at)).await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, DatabaseError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT name, created FROM scimlet_tenant ORDER BY name")?;
            let tenants = statement.query_map([], |row| {
                Ok(Tenant { name: row.get(0)?, created: unsigned(row.get(1)?) })
            })?;
            Ok(tenants.collect::<Result<_, _>>()?)
        })
    }

    async fn delete_tenant(&self, name: &str) -> Result<(), DatabaseError> {
        let name = name.to_owned();
        self.write(move |db| match find(db, &name).map_err(unavailable)? {
            Some(tenant) => sweep::retire_tenant(db, tenant).map_err(unavailable),
            None => Err(DatabaseError::Unknown(name)),
        })
        .await?;
        if !self.is_restored() {
            self.renew_record()?;
        }
        Ok(())
    }

    async fn swept(&self, timeout: Duration) -> Result<bool, DatabaseError> {
        let begun = Instant::now();
        loop {
            // The writer starts sweeping after each commit, even an empty one.
            self.write(|_| Ok(())).await?;
            if !self.read(|db| Ok(sweep::is_due(db)?))? {
                return Ok(true);
            }
            if begun.elapsed() > timeout {
                return Ok(false);
            }
            sleep(SWEEPING).await;
        }
    }

    async fn open(&self, name: &str) -> Result<Option<Arc<dyn TenantStorage>>, DatabaseError> {
        let tenant = self.read(|db| Ok(find(db, name)?))?;
        Ok(tenant.map(|tenant| -> Arc<dyn TenantStorage> {
            Arc::new(TenantStore::new(self.shared.clone(), tenant, Snapshot::PerCall))
        }))
    }

    async fn lost(&self) -> String {
        let mut lost = self.shared.guard.follow();
        loop {
            if let Err(why) = self.shared.guard.check() {
                return why;
            }
            // Each commit checks the file too; this interval is for a server without writes.
            drop(timeout(LOOK, lost.changed()).await);
        }
    }

    fn is_lost(&self) -> bool {
        self.shared.guard.still().is_err()
    }

    fn checkpoints_failing(&self) -> Option<Duration> {
        self.shared.checkpoints.failing_for()
    }

    async fn newest_event(&self) -> Result<Option<u64>, DatabaseError> {
        let sqlite = self.clone();
        // Reads one row per tenant, so not on the async thread.
        let read = tokio::task::spawn_blocking(move || sqlite.read(newest_event));
        read.await.map_err(|error| DatabaseError::Unavailable(error.to_string()))?
    }

    fn is_restored(&self) -> bool {
        self.shared.record.is_restored()
    }

    async fn raise_epochs(&self, at: u64) -> Result<usize, DatabaseError> {
        let raised = epoch::raise_all(self, at).await?;
        self.renew_record()?;
        Ok(raised)
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, DatabaseError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT value FROM scimlet_setting WHERE name = ?")?;
            Ok(statement.query_row([name], |row| row.get(0)).optional()?)
        })
    }

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), DatabaseError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(move |db| {
            let sql = "INSERT INTO scimlet_setting VALUES (?, ?)
                       ON CONFLICT DO UPDATE SET value = excluded.value";
            db.execute(sql, params![name, value]).map(drop).map_err(unavailable)
        })
        .await
    }
}

impl Sqlite {
    async fn write(
        &self,
        work: impl FnOnce(&Connection) -> Result<(), DatabaseError> + Send + 'static,
    ) -> Result<(), DatabaseError> {
        self.shared
            .writer
            .run(None, Size::Small, move |group| work(group))
            .await
            .map_err(DatabaseError::from)?
    }

    /// Records the newest event in the file beside the database.
    fn renew_record(&self) -> Result<(), DatabaseError> {
        self.read(|db| {
            self.shared.record.renew(db);
            Ok(())
        })
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> SqliteResult<T>,
    ) -> Result<T, DatabaseError> {
        self.shared.readers.point(&Snapshot::PerCall, read).map_err(DatabaseError::from)
    }
}

fn create(db: &Connection, name: String, at: i64) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO scimlet_tenant(name, created, sequence, digest) VALUES (?, ?, 0, ?)";
    match db.execute(sql, params![name, at, START]) {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(DatabaseError::Exists(name))
        }
        Err(error) => Err(unavailable(error)),
    }
}

fn newest_event(db: &Connection) -> SqliteResult<Option<u64>> {
    let sql = "SELECT MAX(e.at) FROM scimlet_tenant t
               JOIN scimlet_event e ON e.tenant = t.id AND e.sequence = t.sequence";
    let newest: Option<i64> = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(newest.map(unsigned))
}

fn find(db: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM scimlet_tenant WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()
}

fn unavailable(error: rusqlite::Error) -> DatabaseError {
    Refusal::from(SqliteError::from(error)).into()
}
