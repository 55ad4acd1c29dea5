//! The contract of stores, run over the example's own store: a test that an embedder can copy.

#[path = "../examples/own_store/commit.rs"]
mod commit;
#[path = "../examples/own_store/store.rs"]
mod store;

use std::sync::{Arc, Mutex};

use scimlet::store::Store;
use scimlet_contract::Checked;

/// Each store is a database of its own.
struct Databases;

#[async_trait::async_trait]
impl scimlet_contract::Stores for Databases {
    async fn fresh(&self) -> Checked<Arc<dyn Store>> {
        let connection = rusqlite::Connection::open_in_memory().expect("a database in memory");
        let application = Arc::new(Mutex::new(connection));
        Ok(Arc::new(store::SqlStore::new(application).expect("it takes the tables")))
    }
}

fn main() {
    scimlet_contract::run(|| Arc::new(Databases)).exit();
}
