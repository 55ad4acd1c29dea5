//! A good credential of one tenant does nothing to another tenant, on the other's URLs nor on its
//! own.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::client::patch;
use scimlet_tests::exchange::Http;
use serde_json::{Value, json};

use super::Town;
use crate::trial;

const METHODS: [&str; 9] =
    ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"];

/// Targets of every kind, and some that do not exist.
const TARGETS: [&str; 18] = [
    "",
    "/",
    "/.search",
    "/Bulk",
    "/Groups",
    "/Groups/.search",
    "/Groups/{their group}",
    "/Me",
    "/ResourceTypes",
    "/ResourceTypes/User",
    "/Schemas",
    "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User",
    "/ServiceProviderConfig",
    "/Users",
    "/Users/.search",
    "/Users/{our user}",
    "/Users/{their user}",
    "/nonsense/a/b",
];

/// A request, and the status that it has to get.
type Case = (&'static str, &'static str, &'static str, u16);

/// Requests on our own URLs and the shared ones, with the ids of both tenants.
const CASES: [Case; 20] = [
    ("DELETE", "/Users/{their user}", "", 404),
    ("DELETE", "/Groups/{their group}", "", 404),
    ("GET", "/Users/{their user}", "", 404),
    ("GET", "/Groups/{their group}", "", 404),
    ("GET", "/Users", "", 200),
    ("GET", "/Groups", "", 200),
    ("GET", "/Users?filter=id%20eq%20%22{their user}%22", "", 200),
    ("GET", "/Users?filter=title%20eq%20%22theirs%22", "", 200),
    ("GET", "/Users?filter=groups.value%20eq%20%22{their group}%22", "", 200),
    ("GET", "/Groups?filter=members.value%20eq%20%22{their user}%22", "", 200),
    ("GET", "/Users?sortBy=userName&sortOrder=descending", "", 200),
    ("HEAD", "/Users/{their user}", "", 404),
    ("HEAD", "/Groups/{their group}", "", 404),
    ("PATCH", "/Users/{their user}", r#"[{"op":"replace","path":"title","value":"x"}]"#, 404),
    ("PATCH", "/Groups/{their group}", r#"[{"op":"remove","path":"members"}]"#, 404),
    (
        "PATCH",
        "/Groups/{our group}",
        r#"[{"op":"add","path":"members","value":[{"value":"{their user}"}]}]"#,
        400,
    ),
    ("POST", "/Groups", r#"{"displayName":"x","members":[{"value":"{their user}"}]}"#, 400),
    ("PUT", "/Users/{their user}", r#"{"userName":"x"}"#, 404),
    ("PUT", "/Groups/{their group}", r#"{"displayName":"x"}"#, 404),
    (
        "PUT",
        "/Groups/{our group}",
        r#"{"displayName":"x","members":[{"value":"{their group}"}]}"#,
        400,
    ),
];

pub fn trials() -> Vec<Trial> {
    let on_theirs = METHODS.map(|method| {
        let name = format!("tenants::on_their_url::{method}");
        trial(name, move || on_their_url(method))
    });
    let on_ours = CASES.map(|case| {
        let (method, target, ..) = case;
        let name = format!("tenants::on_our_url::{method} {target}");
        trial(name, move || on_our_url(case))
    });
    on_theirs.into_iter().chain(on_ours).collect()
}

/// Our credential is refused on each of their URLs with the 401 for no credential, and nothing
/// happens.
async fn on_their_url(method: &str) -> anyhow::Result<()> {
    let town = Town::build().await?;
    let before = town.theirs().await?;
    let nobody = Http::new(town.ours.http.base.clone(), "nothing")?;
    let guessed = nobody.get("/Users").await?.refusal(401, &[])?;
    for base in ["/theirs/scim/v2", "/theirs/scim"] {
        let http = town.ours.http.at(format!("{}{base}", town.server.url));
        for target in TARGETS {
            let target = town.fill(target);
            let body = json!({"userName": "x", "displayName": "x"});
            let answer = http.ask(method, &target, &body).await?;
            let error = answer.expect(401);
            let error = error.with_context(|| format!("{method} {base}{target}"))?;
            ensure!(method == "HEAD" || error == guessed, "{error}, not {guessed}");
        }
    }
    ensure!(town.theirs().await? == before, "something has changed");
    Ok(())
}

/// On our URLs the ids of the other tenant are unknown, and no answer has anything of it.
async fn on_our_url((method, target, body, status): Case) -> anyhow::Result<()> {
    let town = Town::build().await?;
    let before = town.theirs().await?;
    let body = body_of(&town.fill(body))?;
    let target = town.fill(target);
    for base in ["/ours/scim/v2", "/ours/scim", "/scim/v2", "/scim"] {
        let http = town.ours.http.at(format!("{}{base}", town.server.url));
        let answer = http.ask(method, &target, &body).await?;
        let judged = answer.expect(status);
        let document = judged.with_context(|| format!("{method} {base}{target}"))?;
        let asked = format!("{target} {body}");
        ensure!(!town.theirs.is_betrayed_by(&answer, &asked), "{answer:?}");
        let filtered = target.contains("filter=");
        ensure!(!filtered || document["totalResults"] == 0, "{document}");
    }
    ensure!(town.theirs().await? == before, "something has changed");
    let ours = town.ours.http.get("/Groups").await?.expect(200)?;
    ensure!(ours["totalResults"] == 1, "{ours}");
    ensure!(!ours.to_string().contains(&town.theirs.user), "{ours}");
    Ok(())
}

/// Returns the body that a text stands for; operations of a PATCH stand for the whole message.
fn body_of(text: &str) -> anyhow::Result<Value> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let body: Value = serde_json::from_str(text)?;
    Ok(match body {
        Value::Array(_) => patch(body),
        body => body,
    })
}
