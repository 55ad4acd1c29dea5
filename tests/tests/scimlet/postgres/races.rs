//! Many clients of two servers that want the same thing at once.

use anyhow::{Context, ensure};
use scimlet_tests::client::{patch, text, together};
use scimlet_tests::exchange::{Endpoint, Http};
use scimlet_tests::postgres::Cluster;
use serde_json::{Value, json};

use super::two::Two;
use crate::faults::race::patches_of_one_user;

/// Of 64 POSTs of one userName, in as many spellings, one succeeds.
pub async fn names(cluster: &Cluster) -> anyhow::Result<()> {
    let two = Two::start(cluster).await?;
    let clients = two.clients(&two.credential().await?.secret)?;
    for round in 0..super::rounds()? {
        let creates = (0..64).map(|number| {
            let http = clients[number % 2].clone();
            let user = json!({"userName": spelling(&format!("jos\u{e9}.racer{round}"), number)});
            async move { http.ask("POST", "/Users", &user).await }
        });
        let answers = together(creates).await?;
        let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
        ensure!(made.len() == 1, "{} were made", made.len());
        for answer in refused {
            let error = answer.expect(409)?;
            ensure!(error["scimType"] == "uniqueness", "{error}");
        }
        for http in &clients {
            let filter = format!("userName eq \"JOSE\u{301}.racer{round}\"");
            let found = http.find("/Users", &filter).await?;
            let ids: Vec<&Value> = found.iter().map(|user| &user["id"]).collect();
            ensure!(ids == [&made[0].expect(201)?["id"]], "{found:?}");
        }
    }
    Ok(())
}

/// Returns the text with a capital for each letter whose bit is set, and every other time its
/// accent as a character of its own.
fn spelling(text: &str, bits: usize) -> String {
    let letter = |(at, letter): (usize, char)| match bits >> at & 1 {
        1 => letter.to_uppercase().to_string(),
        _ => letter.to_string(),
    };
    let spelt: String = text.chars().enumerate().map(letter).collect();
    if bits.is_multiple_of(2) {
        return spelt;
    }
    spelt.replace('\u{e9}', "e\u{301}").replace('\u{c9}', "E\u{301}")
}

/// Of 32 PUTs with the same If-Match one succeeds, and the others get 412.
pub async fn one_if_match(cluster: &Cluster) -> anyhow::Result<()> {
    let two = Two::start(cluster).await?;
    let clients = two.clients(&two.credential().await?.secret)?;
    for round in 0..super::rounds()? {
        let made = create(&clients[0], &format!("racer{round}")).await?;
        let target = format!("/Users/{}", text(&made, "id")?);
        let puts = (0..32).map(|number: usize| {
            let http = clients[number % 2].clone();
            let body = json!({"userName": made["userName"], "title": number.to_string()});
            let mut call = http.call("PUT", &target, &body);
            call.headers.push(("if-match".into(), "W/\"1\"".into()));
            async move { http.send(call).await }
        });
        let answers = together(puts).await?;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
        ensure!(won.len() == 1, "{} won", won.len());
        for answer in lost {
            answer.expect(412)?;
        }
        let winner = won.first().context("nobody won")?.expect(200)?;
        for http in &clients {
            let now = http.get(&target).await?.expect(200)?;
            ensure!(now["title"] == winner["title"], "{now}, not {winner}");
            ensure!(now["meta"]["version"] == "W/\"2\"", "{now}");
        }
    }
    Ok(())
}

/// A hundred clients that each add a member at the same time all succeed without a retry.
pub async fn all_joins(cluster: &Cluster) -> anyhow::Result<()> {
    let two = Two::start(cluster).await?;
    let clients = two.clients(&two.credential().await?.secret)?;
    let users = (0..100).map(|number: usize| {
        let http = clients[number % 2].clone();
        async move { create(&http, &format!("member{number}")).await }
    });
    let users = together(users).await?;
    let group = json!({"displayName": "all"});
    let group = clients[0].ask("POST", "/Groups", &group).await?.expect(201)?;
    let target = format!("/Groups/{}", text(&group, "id")?);
    let joins = users.iter().enumerate().map(|(number, user)| {
        let operation = json!({"op": "add", "path": "members", "value": [{"value": user["id"]}]});
        let (http, target) = (clients[number % 2].clone(), target.clone());
        async move { http.ask("PATCH", &target, &patch(json!([operation]))).await }
    });
    for answer in together(joins).await? {
        answer.expect(200)?;
    }
    for http in &clients {
        let group = http.get(&target).await?.expect(200)?;
        let members = group["members"].as_array().map_or(0, Vec::len);
        ensure!(members == 100, "{members} members");
        ensure!(group["meta"]["version"] == "W/\"101\"", "{}", group["meta"]);
    }
    Ok(())
}

/// 64 clients that change one user at the same time all succeed: on one server, and on two.
pub async fn all_patches(cluster: &Cluster) -> anyhow::Result<()> {
    let two = Two::start(cluster).await?;
    let clients = two.clients(&two.credential().await?.secret)?;
    for round in 0..super::rounds()? {
        let round = u64::from(round) * 2;
        patches_of_one_user(&clients[..1], round).await?;
        patches_of_one_user(&clients, round + 1).await?;
    }
    Ok(())
}

async fn create(http: &Http, name: &str) -> anyhow::Result<Value> {
    let answer = http.ask("POST", "/Users", &json!({"userName": name})).await?;
    answer.expect(201)
}
