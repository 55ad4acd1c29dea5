//! `scimlet tenant set` and `scimlet tenant gate`.

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};

use super::Desk;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("operator::settings_are_set", set),
        trial("operator::settings_are_set_together_or_not", together),
        trial("operator::a_value_without_quotes_is_refused", unquoted),
        trial("operator::a_gate_lets_requests_in", gate),
    ]
}

fn profile(desk: &Desk) -> anyhow::Result<Value> {
    Ok(desk.json(&["tenant", "show", "acme"])?["profile"].take())
}

async fn set() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let set = desk.json(&[
        "tenant",
        "set",
        "acme",
        "users.seats=5",
        r#"users.default-roles=["viewer"]"#,
    ])?;
    ensure!(set["version"] == 2, "{set}");
    let users = json!({"seats": 5, "default-roles": ["viewer"]});
    ensure!(profile(&desk)? == json!({"extends": "okta", "users": users}));
    let (_server, client) = desk.serve()?;
    client.get("/Users").await?.expect(200)?;
    desk.text(&["tenant", "set", "acme", "enabled=false"])?;
    ensure!(client.get("/Users").await?.status == 403, "it is still let in");
    Ok(())
}

async fn together() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let before = profile(&desk)?;
    let settings = ["tenant", "set", "acme", "users.seats=5", "users.chairs=6"];
    let sentence = desk.refused(&settings)?;
    ensure!(mentions(&sentence, "users.chairs"), "{sentence}");
    ensure!(profile(&desk)? == before, "one of them was set");
    Ok(())
}

async fn unquoted() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let output = desk.run(&["tenant", "set", "acme", "credentials.lifetime=600d"])?;
    let errors = String::from_utf8(output.stderr)?;
    ensure!(output.status.code() == Some(2), "{errors}");
    let right = r#"'credentials.lifetime="600d"'"#;
    ensure!(errors.contains(right), "{errors}");
    desk.text(&["tenant", "set", "acme", right.trim_matches('\'')])?;
    Ok(())
}

async fn gate() -> anyhow::Result<()> {
    let desk = Desk::new("keepnet")?;
    let (_server, client) = desk.serve()?;
    let answer = client.get("/Users").await?;
    answer.refusal(403, &["getting-started"])?;
    desk.text(&["tenant", "gate", "acme", "getting-started", "met"])?;
    client.get("/Users").await?.expect(200)?;
    desk.text(&["tenant", "gate", "acme", "getting-started", "unmet"])?;
    ensure!(client.get("/Users").await?.status == 403);
    let sentence = desk.refused(&["tenant", "gate", "acme", "getting-stated", "met"])?;
    ensure!(mentions(&sentence, "getting-started"), "{sentence}");
    Ok(())
}
