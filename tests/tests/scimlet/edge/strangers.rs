//! Requests without a good credential are refused by their head, before their body is read; the
//! memory that they take is bounded.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::bench_support::Resident;
use scimlet_tests::client::together;
use scimlet_tests::exchange::TENANT;
use scimlet_tests::server;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::{PATIENCE, connect, serve, set};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("edge::strangers::a_body_is_not_waited_for", unread),
        trial("edge::strangers::bodies_take_no_memory", memory),
        trial("edge::strangers::few_passwords_are_hashed_at_once", passwords),
    ]
}

/// A request that announces a body of so many bytes.
fn head(bytes: usize) -> String {
    format!(
        "POST /{TENANT}/scim/v2/Users HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nothing\r\n\
         Content-Type: application/scim+json\r\nContent-Length: {bytes}\r\n\r\n"
    )
}

async fn unread() -> anyhow::Result<()> {
    let (_folder, server) = serve(&[])?;
    let mut connection = connect(&server).await?;
    connection.write_all(head(1 << 20).as_bytes()).await?;
    let mut status = [0; 12];
    timeout(PATIENCE, connection.read_exact(&mut status)).await??;
    ensure!(&status == b"HTTP/1.1 401", "{status:?}");
    Ok(())
}

/// Many connections each send all but the last byte of a mebibyte; the server's memory stays
/// bounded.
async fn memory() -> anyhow::Result<()> {
    let (_folder, server) = serve(&["--failures-per-minute", "100000"])?;
    let before = Resident::of(server.process())?.now;
    let mut held = Vec::new();
    for _ in 0..200 {
        let mut connection = connect(&server).await?;
        connection.write_all(head(1 << 20).as_bytes()).await?;
        // Refused already, and perhaps closed.
        drop(connection.write_all(&vec![b' '; (1 << 20) - 1]).await);
        held.push(connection);
    }
    let grown = Resident::of(server.process())?.peak - before;
    ensure!(grown < 100.0, "{grown} MiB for 200 strangers");
    Ok(())
}

async fn passwords() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    set(&folder, &["secrets=\"hash\""])?;
    let http = server.endpoint(TENANT)?;
    let creates = (0..60).map(|number| {
        let http = http.clone();
        let name = format!("user{number}@example.com");
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": name, "password": "correct horse battery staple"});
        async move { Ok(http.ask("POST", "/Users", &user).await?.status) }
    });
    let statuses = together(creates).await?;
    let made = statuses.iter().filter(|status| **status == 201).count();
    let busy = statuses.iter().filter(|status| **status == 503).count();
    ensure!(made > 0 && made + busy == 60, "{statuses:?}");
    let peak = Resident::of(server.process()).context("no memory")?.peak;
    ensure!(peak < 500.0, "{peak} MiB");
    Ok(())
}
