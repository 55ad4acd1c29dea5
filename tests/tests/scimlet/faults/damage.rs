//! A database file whose pages are damaged: clients are not told to try again, and the log says
//! what to do.

use std::fs;

use anyhow::ensure;
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::server::{self, Server};
use serde_json::json;

/// A word of SQLite's message for a damaged file.
const SQLITE_SAYS: &str = "malformed";

/// Pages that stay, of 4096 bytes: the header and the lists of tables and tenants are in them.
const INTACT: usize = 28;

pub async fn is_told() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    // With a second tenant a start looks at none of them.
    server::json(folder, &["tenant", "create", "acme"])?;
    let http = server.endpoint(TENANT)?;
    for number in 0..200 {
        let user = json!({"userName": format!("user{number}")});
        http.ask("POST", "/Users", &user).await?.expect(201)?;
    }
    server.stop()?;
    let mut file = fs::read(folder.join("scimlet.db"))?;
    ensure!(file.len() > (INTACT + 10) * 4096, "{}", file.len());
    file.iter_mut().skip(INTACT * 4096).for_each(|byte| *byte = 0xFF);
    fs::write(folder.join("scimlet.db"), file)?;
    let server = Server::start(folder)?;
    let http = Http::new(server.base(TENANT), &http.secret)?;
    let user = json!({"userName": "another"});
    for answer in [http.get("/Users?count=200").await?, http.ask("POST", "/Users", &user).await?] {
        answer.expect(500)?;
        ensure!(answer.header("retry-after").is_none(), "{answer:?}");
        ensure!(!answer.body.contains(SQLITE_SAYS), "{answer:?}");
    }
    let log = fs::read_to_string(folder.join("log"))?;
    let told = |line: &str| line.contains("ERROR") && line.contains(SQLITE_SAYS);
    ensure!(log.lines().any(told), "{log}");
    Ok(())
}
