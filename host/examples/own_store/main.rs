//! A store of one's own, over the SQL database that an application has already. `schema.sql` is
//! what it adds there, `store.rs` how the component reads, and `commit.rs` how it writes: one
//! transaction for each commit. The test `host/tests/own_store.rs` runs the contract over it.
//!
//! `cargo run -p scimlet --example own_store`

mod commit;
mod store;

use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use scimlet::http::{Caller, Origin, Request};
use scimlet::{Plugin, PluginOptions};

use store::{SqlStore, lock};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let application = Arc::new(Mutex::new(Connection::open_in_memory()?));
    let store = Arc::new(SqlStore::new(application.clone())?);
    let plugin = Plugin::new(PluginOptions::default())?;
    plugin.admin(store.clone()).configure(r#"{"extends": "okta"}"#, None).await?;

    let gateway = Caller::client("gateway");
    let origin = Origin::new("acme", "https://scim.example.com/acme").with_caller(gateway);
    let request = Request::new("POST", "/Users")
        .with_header("content-type", "application/scim+json")
        .with_body(
            r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"}"#,
        );
    let response = plugin.handle(store, origin, request).await?;
    println!("{} {}", response.status, response.body);

    // The application reads its own tables, with what else it has there.
    let application = lock(&application);
    let mut users = application.prepare("SELECT name FROM users WHERE is_active")?;
    for name in users.query_map([], |row| row.get::<_, String>(0))? {
        println!("{} is active", name?);
    }
    let mut events = application.prepare("SELECT name, id FROM scim_event WHERE NOT is_audit")?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    for event in events.query_map([], row)? {
        let (name, id): (String, Option<String>) = event?;
        println!("{name} {}", id.unwrap_or_default());
    }
    Ok(())
}
