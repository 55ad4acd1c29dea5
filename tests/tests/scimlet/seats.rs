//! Seats count exactly, however many ask at once: of 64 who want the last one, one gets it.
//! `SCIMLET_ROUNDS` says how often each race is run (3 times unless it does).

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::client::{patch, text, together};
use scimlet_tests::exchange::{Answer, Http, TENANT};
use scimlet_tests::rounds::rounds;
use scimlet_tests::server::{self, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::trial;

/// Clients that ask at once.
const CLIENTS: usize = 64;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("seats::one_is_created_on_the_last_seat", creates),
        trial("seats::one_is_reactivated_on_the_last_seat", reactivations),
    ]
}

/// A server whose tenant has so many seats, and a client.
fn seated(seats: u32) -> anyhow::Result<(TempDir, Server, Http)> {
    let (folder, server) = server::fresh()?;
    let seats = format!("users.seats={seats}");
    server::json(folder.path(), &["tenant", "set", TENANT, &seats])?;
    let http = server.endpoint(TENANT)?;
    Ok((folder, server, http))
}

async fn creates() -> anyhow::Result<()> {
    let (_folder, _server, http) = seated(2)?;
    let first = json!({"userName": "first"});
    http.ask("POST", "/Users", &first).await?.expect(201)?;
    for round in 1..=rounds(3)? {
        let creates = (0..CLIENTS).map(|number| {
            let http = http.clone();
            let user = json!({"userName": format!("round{round}-{number}")});
            async move { http.ask("POST", "/Users", &user).await }
        });
        let made = one(&together(creates).await?, 201)?;
        ensure!(active(&http).await? == 2, "round {round}: a seat too many");
        let target = format!("/Users/{}", text(&made, "id")?);
        http.ask("DELETE", &target, &Value::Null).await?.expect(204)?;
    }
    Ok(())
}

async fn reactivations() -> anyhow::Result<()> {
    let (_folder, _server, http) = seated(1)?;
    let mut targets = Vec::new();
    for number in 0..CLIENTS {
        let user = json!({"userName": format!("user{number}"), "active": false});
        let made = http.ask("POST", "/Users", &user).await?.expect(201)?;
        targets.push(format!("/Users/{}", text(&made, "id")?));
    }
    let active_is = |is: bool| patch(json!([{"op": "replace", "value": {"active": is}}]));
    for round in 1..=rounds(3)? {
        let patches = targets.iter().map(|target| {
            let (http, target, body) = (http.clone(), target.clone(), active_is(true));
            async move { http.ask("PATCH", &target, &body).await }
        });
        let back = one(&together(patches).await?, 200)?;
        ensure!(active(&http).await? == 1, "round {round}: a seat too many");
        let target = format!("/Users/{}", text(&back, "id")?);
        http.ask("PATCH", &target, &active_is(false)).await?.expect(200)?;
    }
    Ok(())
}

/// Expects that one request succeeded with this status and the others were refused; returns its
/// document.
fn one(answers: &[Answer], status: u16) -> anyhow::Result<Value> {
    let (won, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == status);
    ensure!(won.len() == 1, "{} got the last seat", won.len());
    for answer in refused {
        answer.refusal(403, &[])?;
    }
    won.first().context("nobody")?.expect(status)
}

async fn active(http: &Http) -> anyhow::Result<usize> {
    Ok(http.find("/Users", "active eq true or not (active pr)").await?.len())
}
