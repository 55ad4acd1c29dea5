//! Headers that every answer has, headers that every request must have, and signals.

use std::process::Command;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::exchange::TENANT;
use scimlet_tests::server;

use super::{exchange, healthy, serve};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("edge::wire::no_cache_keeps_an_answer", headers),
        trial("edge::wire::a_request_has_one_host", hosts),
        trial("edge::wire::a_hangup_ends_nothing", hangup),
        trial("edge::wire::last_use_is_told_to_the_hour", hour),
    ]
}

async fn headers() -> anyhow::Result<()> {
    let (_folder, server) = serve(&[])?;
    let http = server.endpoint(TENANT)?;
    for (url, secret, status) in [
        (format!("{}/Users", http.base), http.secret.as_str(), 200),
        (format!("{}/Users/none", http.base), &http.secret, 404),
        (format!("{}/Users", http.base), "nothing", 401),
        (format!("{}/{TENANT}/events", server.url), &http.secret, 403),
        (format!("{}/health", server.url), "", 200),
        (format!("{}/nothing", server.url), "", 404),
    ] {
        let answer = http.client.get(&url).bearer_auth(secret).send().await?;
        ensure!(answer.status() == status, "{url}: {}", answer.status());
        for (name, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")]
        {
            let said: Vec<_> = answer.headers().get_all(name).iter().collect();
            ensure!(said == [value], "{url}: {name}: {said:?}");
        }
    }
    Ok(())
}

async fn hosts() -> anyhow::Result<()> {
    let (_folder, server) = serve(&[])?;
    for (head, status) in [
        ("HTTP/1.1\r\nHost: a", "200"),
        ("HTTP/1.1", "400"),
        ("HTTP/1.1\r\nHost: a\r\nHost: b", "400"),
        ("HTTP/1.1\r\nHost: a b", "400"),
        ("HTTP/1.0", "200"),
    ] {
        let ask = format!("GET /health {head}\r\nConnection: close\r\n\r\n");
        let answer = exchange(&server, ask.as_bytes()).await?;
        let said = answer.split(' ').nth(1).context("no answer")?;
        ensure!(said == status, "{head}: {answer}");
    }
    Ok(())
}

async fn hangup() -> anyhow::Result<()> {
    let (_folder, server) = serve(&[])?;
    let process = server.process().to_string();
    let told = Command::new("kill").args(["-HUP", &process]).status()?;
    ensure!(told.success());
    for _ in 0..3 {
        healthy(&server).await?;
    }
    server.stop()
}

async fn hour() -> anyhow::Result<()> {
    let (folder, server) = serve(&[])?;
    server.endpoint(TENANT)?.get("/Users").await?.expect(200)?;
    let list = ["credential", "list", TENANT];
    let listed = server::json(folder.path(), &list)?;
    let used = listed.as_array().context("no list")?.iter();
    let used: Vec<u64> = used.filter_map(|one| one["lastUsed"].as_u64()).collect();
    ensure!(used.len() == 1 && used[0].is_multiple_of(3600), "{used:?}");
    let printed = server::command(folder.path())?.args(list).output()?.stdout;
    let printed = String::from_utf8(printed)?;
    let is_hour = |word: &str| word.len() == 14 && word.ends_with('Z');
    ensure!(printed.split_whitespace().any(is_hour), "{printed}");
    Ok(())
}
