//! Opens the database that `--database` names.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use scimlet::store::Database;
use scimlet::store::postgres::{self, Postgres};
use scimlet::store::sqlite::Sqlite;

/// Whether a command may create its database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    /// Never: the database must exist.
    Never,
    /// Only where no database was before.
    New,
    /// Also where a database was that is gone.
    Anew,
}

/// Opens the database at a location.
pub(super) async fn open(location: &str, make: Make) -> anyhow::Result<Arc<dyn Database>> {
    if location.starts_with("postgres://") || location.starts_with("postgresql://") {
        let database = Postgres::open(location, make != Make::Never).await;
        return Ok(Arc::new(database.with_context(|| {
            format!("cannot open the database `{}`", postgres::redacted(location))
        })?));
    }
    let path = Path::new(location);
    if make == Make::Never && !path.exists() && !Sqlite::was_at(path) {
        bail!(
            "there is no database `{location}` yet: `scimlet serve` and `scimlet tenant create` \
             make one"
        );
    }
    let database = match make {
        Make::Anew => Sqlite::open_or_create(path),
        Make::New | Make::Never => Sqlite::open(path),
    };
    Ok(Arc::new(database.with_context(|| format!("cannot open the database `{location}`"))?))
}
