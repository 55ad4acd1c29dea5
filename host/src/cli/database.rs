//! Which database `--database` means.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use scimlet::store::Database;
use scimlet::store::postgres::{self, Postgres};
use scimlet::store::sqlite::Sqlite;

/// Opens the database at a location. `make` allows it to be a new one.
pub(super) async fn open(location: &str, make: bool) -> anyhow::Result<Arc<dyn Database>> {
    if location.starts_with("postgres://") || location.starts_with("postgresql://") {
        let database = Postgres::open(location, make).await;
        return Ok(Arc::new(database.with_context(|| {
            format!(
                "cannot open the database `{}`",
                postgres::redacted(location)
            )
        })?));
    }
    let path = Path::new(location);
    if !make && !path.exists() {
        bail!(
            "there is no database `{location}` yet: `scimlet serve` and `scimlet tenant create` make one"
        );
    }
    let database = Sqlite::open(path);
    Ok(Arc::new(database.with_context(|| {
        format!("cannot open the database `{location}`")
    })?))
}
