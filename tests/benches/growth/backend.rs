//! The stores that grow: SQLite files in a folder, and a PostgreSQL cluster of their own.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use scimlet::store::Database;
use scimlet::store::postgres::Postgres;
use scimlet::store::sqlite::Sqlite;
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::bench_support::{Filling, Meter, Metered, Site};
use scimlet_tests::exchange::TENANT;
use scimlet_tests::postgres::Cluster;
use tempfile::TempDir;

/// Where databases are made.
pub enum Backend {
    Sqlite(Option<TempDir>),
    /// PostgreSQL with so many megabytes of shared buffers.
    Postgres(u32, Option<Cluster>),
}

/// A tenant that was filled.
pub struct Place {
    pub size: usize,
    pub site: Site,
    pub meter: Arc<Meter>,
}

impl Backend {
    pub fn all(shared_buffers: u32) -> [Self; 2] {
        [Self::Sqlite(None), Self::Postgres(shared_buffers, None)]
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(..) => "postgres",
        }
    }

    /// Under which conditions it is measured.
    pub fn says(&self) -> String {
        match self {
            Self::Sqlite(_) => "SQLite on disk, every write durable; page caches as the host has \
                them, 2 MiB for each reader and 64 MiB for the writer"
                .to_owned(),
            Self::Postgres(megabytes, _) => format!(
                "PostgreSQL through a socket, every write durable, shared_buffers {megabytes} MB"
            ),
        }
    }

    /// A database with a tenant of so many users, and a group for each connection.
    pub async fn place(&mut self, size: usize, groups: u32) -> anyhow::Result<Place> {
        let begun = Instant::now();
        let (database, after) = self.database(size).await?;
        let meter = Arc::new(Meter::default());
        let metered = Arc::new(Metered::new(database, meter.clone()));
        let plugin = Arc::new(Plugin::new(PluginOptions::default())?);
        let mut site = Site::serve(plugin.clone(), &plugin, metered.clone()).await?;
        let filling = Filling {
            site: &site,
            store: metered.open(TENANT).await?.context("no tenant")?,
            meter: &meter,
        };
        let known = filling.run(size, groups).await?;
        let megabytes = self.settle(&after)?;
        println!("{size} users: {megabytes} MB, filled in {:?}", begun.elapsed());
        site.known = Some(Arc::new(known));
        Ok(Place { size, site, meter })
    }

    /// A new database, and how it is called.
    async fn database(&mut self, size: usize) -> anyhow::Result<(Arc<dyn Database>, String)> {
        match self {
            Self::Sqlite(folder) => {
                let folder = match folder {
                    Some(folder) => folder,
                    None => folder.insert(TempDir::new()?),
                };
                let path = folder.path().join(format!("{size}.db"));
                let database = Arc::new(Sqlite::open(&path)?);
                Ok((database, path.display().to_string()))
            }
            Self::Postgres(megabytes, cluster) => {
                let cluster = match cluster {
                    Some(cluster) => cluster,
                    None => cluster.insert(Cluster::durable(*megabytes)?),
                };
                let url = cluster.database()?;
                let database = Arc::new(Postgres::open(&url, true).await?);
                let name = url.rsplit('/').next().unwrap_or_default();
                Ok((database, name.to_owned()))
            }
        }
    }

    /// Does what the database would do by itself some time after so many writes; how many megabytes
    /// it has.
    fn settle(&self, name: &str) -> anyhow::Result<u64> {
        let bytes = match self {
            Self::Postgres(_, Some(cluster)) => {
                cluster.sql_in(name, "VACUUM ANALYZE")?;
                cluster.sql(&format!("SELECT pg_database_size('{name}')"))?.parse()?
            }
            // What is committed last may be in the log beside it.
            _ => std::fs::metadata(name)?.len() + std::fs::metadata(format!("{name}-wal"))?.len(),
        };
        Ok(bytes >> 20)
    }
}
