//! Many clients that want the same thing at once.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::client::{patch, text, together};
use scimlet_tests::exchange::{Answer, Endpoint, Http, TENANT};
use scimlet_tests::rounds::rounds;
use scimlet_tests::server;
use serde_json::{Value, json};

use crate::trial;

/// Clients that change one user at the same time.
const CROWD: usize = 64;
/// Rounds of them in the test command; `SCIMLET_ROUNDS` says otherwise.
const ROUNDS: u64 = 3;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("faults::one_if_match_wins_once", one_if_match),
        trial("faults::all_joins_succeed", all_joins),
        trial("faults::all_patches_of_one_user_succeed", all_patches),
    ]
}

/// Of 32 PUTs with the same If-Match one succeeds, and the others get 412.
async fn one_if_match() -> anyhow::Result<()> {
    let (_folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    let made = create(&http, "racer").await?;
    let target = format!("/Users/{}", text(&made, "id")?);
    let puts = (0..32).map(|number| {
        let (http, target) = (http.clone(), target.clone());
        async move {
            let body = json!({"userName": "racer", "title": format!("{number}")});
            let mut call = http.call("PUT", &target, &body);
            call.headers.push(("if-match".into(), "W/\"1\"".into()));
            let answer = http.send(call).await?;
            Ok((number, answer))
        }
    });
    let answers = together(puts).await?;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|(_, a)| a.status == 200);
    ensure!(won.len() == 1, "{} won", won.len());
    for (_, answer) in lost {
        answer.expect(412)?;
    }
    let (number, winner) = won.first().context("nobody won")?;
    let now = http.get(&target).await?;
    ensure!(now.body == winner.body, "{} after {}", now.body, winner.body);
    let now = now.expect(200)?;
    ensure!(now["title"] == *number.to_string(), "{now}, not {number}");
    ensure!(now["meta"]["version"] == "W/\"2\"", "{now}");
    Ok(())
}

/// A hundred clients that each add a member at the same time all succeed without a retry.
async fn all_joins() -> anyhow::Result<()> {
    let (_folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    let users = (0..100).map(|number| {
        let http = http.clone();
        async move { create(&http, &format!("member{number}")).await }
    });
    let users = together(users).await?;
    let group = json!({"displayName": "all"});
    let group = http.ask("POST", "/Groups", &group).await?.expect(201)?;
    let target = format!("/Groups/{}", text(&group, "id")?);
    let joins = users.iter().map(|user| {
        let operation = json!({"op": "add", "path": "members", "value": [{"value": user["id"]}]});
        let (http, target) = (http.clone(), target.clone());
        async move { http.ask("PATCH", &target, &patch(json!([operation]))).await }
    });
    for answer in together(joins).await? {
        answer.expect(200)?;
    }
    let group = http.get(&target).await?.expect(200)?;
    let mut members = ids(&group["members"], "value");
    let mut expected = ids(&json!(users), "id");
    members.sort();
    expected.sort();
    ensure!(members == expected, "the members are {members:?}");
    ensure!(group["meta"]["version"] == "W/\"101\"", "{}", group["meta"]);
    Ok(())
}

/// 64 clients that change one user at the same time all succeed without a retry, and the last state
/// is one of theirs.
async fn all_patches() -> anyhow::Result<()> {
    let (_folder, server) = server::fresh()?;
    let http = server.endpoint(TENANT)?;
    for round in 0..rounds(ROUNDS)? {
        patches_of_one_user(std::slice::from_ref(&http), round).await?;
    }
    Ok(())
}

/// Returns the PATCH of one of the clients: it changes an attribute of every kind, by every way to
/// name one.
fn change(number: usize) -> Value {
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let text = number.to_string();
    patch(json!([
        {"op": "replace", "value": {"title": text, "active": number.is_multiple_of(2)}},
        {"op": "replace", "path": "name", "value": {"givenName": text}},
        {"op": "add", "path": "emails[type eq \"work\"].value", "value": format!("{text}@a.test")},
        {"op": "replace", "path": "phoneNumbers", "value": [{"value": text}]},
        {"op": "replace", "path": format!("{ENTERPRISE}:department"), "value": text},
        {"op": "replace", "value": {ENTERPRISE: {"manager": {"value": text}}}},
    ]))
}

/// One round: each of 64 clients, in turns at these endpoints, changes the same person.
pub async fn patches_of_one_user(clients: &[Http], round: u64) -> anyhow::Result<()> {
    let first = clients.first().context("no endpoint")?;
    let user = create(first, &format!("crowded{round}")).await?;
    let target = format!("/Users/{}", text(&user, "id")?);
    let patches = (0..CROWD).zip(clients.iter().cycle()).map(|(number, http)| {
        let (http, target) = (http.clone(), target.clone());
        let body = change(number);
        async move { http.ask("PATCH", &target, &body).await }
    });
    let mut seen = Vec::new();
    let mut refused = Vec::new();
    for answer in together(patches).await? {
        match answer.status {
            200 => seen.push(answer.expect(200)?),
            status => refused.push(format!("{status}: {}", answer.body)),
        }
    }
    ensure!(refused.is_empty(), "{} of {CROWD} were refused: {}", refused.len(), refused[0]);
    let state = |user: &Value| {
        let mut user = user.clone();
        user["meta"] = Value::Null;
        user
    };
    for http in clients {
        let now = http.get(&target).await?.expect(200)?;
        ensure!(seen.iter().any(|s| state(s) == state(&now)), "{now}");
        let version = format!("W/\"{}\"", CROWD + 1);
        ensure!(now["meta"]["version"] == version, "{}", now["meta"]);
    }
    Ok(())
}

async fn create(http: &Http, name: &str) -> anyhow::Result<Value> {
    let answer: Answer = http.ask("POST", "/Users", &json!({"userName": name})).await?;
    answer.expect(201)
}

fn ids(documents: &Value, name: &str) -> Vec<String> {
    let documents = documents.as_array().map_or(&[][..], Vec::as_slice);
    let id = |document: &Value| document[name].as_str().map(str::to_owned);
    documents.iter().filter_map(id).collect()
}
