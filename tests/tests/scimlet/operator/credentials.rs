//! `scimlet credential` and `scimlet identity-provider`.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use reqwest::{Client, StatusCode};
use scimlet_tests::client::text;
use scimlet_tests::server::Server;
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};

use super::Desk;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("operator::a_pair_of_name_and_password_is_good", pair),
        trial("operator::a_pair_is_printed_with_a_line_that_works", line),
        trial("operator::a_list_says_what_credentials_are_for", listed),
        trial("operator::a_role_is_one_of_the_profile", role),
        trial("operator::an_identity_provider_gets_a_pair", identity_provider),
    ]
}

/// The status of a list of users that is asked for with a pair.
async fn status(server: &Server, name: &str, password: &str) -> anyhow::Result<StatusCode> {
    let client = Client::builder().no_proxy().build()?;
    let url = format!("{}/Users", server.base("acme"));
    let request = client.get(url).basic_auth(name, Some(password));
    Ok(request.send().await?.status())
}

async fn pair() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let server = Server::start(desk.folder())?;
    let issued = desk.json(&["credential", "create", "acme", "--scheme", "basic"])?;
    let (name, password) = (text(&issued, "username")?, text(&issued, "secret")?);
    ensure!(status(&server, name, password).await? == StatusCode::OK);
    ensure!(status(&server, name, "wrong").await? == StatusCode::UNAUTHORIZED);
    let bearer = desk.json(&["credential", "create", "acme"])?;
    ensure!(bearer["username"].is_null(), "{bearer}");
    Ok(())
}

async fn line() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let server = Server::start(desk.folder())?;
    let printed = desk.text(&["credential", "create", "acme", "--scheme", "basic"])?;
    let line = printed.lines().find(|line| line.starts_with("curl "));
    let line = line.with_context(|| format!("no line to paste in {printed}"))?;
    let url = format!("{}/Users", server.base("acme"));
    let pair =
        line.strip_prefix("curl -u '").and_then(|rest| rest.strip_suffix(&format!("' {url}")));
    let (name, password) = pair.and_then(|pair| pair.split_once(':')).context(line.to_owned())?;
    for value in [name, password] {
        let mut ends = printed.lines().filter_map(|line| line.rsplit(' ').next());
        ensure!(ends.any(|end| end == value), "no line for `{value}`: {printed}");
    }
    ensure!(status(&server, name, password).await? == StatusCode::OK);
    Ok(())
}

async fn listed() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let server = Server::start(desk.folder())?;
    let issued = desk.json(&[
        "credential",
        "create",
        "acme",
        "--scheme",
        "basic",
        "--scope",
        "users",
        "--scope",
        "read-only",
        "--target-group",
        "Imported",
        "--lifetime",
        "1d",
    ])?;
    let (name, password) = (text(&issued, "username")?, text(&issued, "secret")?);
    let list = || anyhow::Ok(desk.json(&["credential", "list", "acme"])?[0].take());
    let before = list()?;
    ensure!(before["scopes"] == json!(["read-only", "users"]), "{before}");
    ensure!(before["scheme"] == "basic" && before["role"].is_null(), "{before}");
    ensure!(before["targetGroup"].is_string() && before["revoked"].is_null(), "{before}");
    let times = ["expires", "created"].map(|name| before[name].as_u64().unwrap_or_default());
    ensure!(times[0] - times[1] == 24 * 60 * 60, "{before}");
    ensure!(before["lastUsed"].is_null(), "{before}");
    ensure!(!before.to_string().contains(password), "the list shows the secret");
    ensure!(status(&server, name, password).await? == StatusCode::OK);
    ensure!(list()?["lastUsed"].is_u64(), "no word of its use");
    desk.text(&["credential", "revoke", "acme", text(&before, "id")?])?;
    ensure!(list()?["revoked"].is_u64(), "no word of its end");
    Ok(())
}

async fn role() -> anyhow::Result<()> {
    let desk = Desk::new("cortex")?;
    let issued = desk.json(&["credential", "create", "acme", "--role", "admin"])?;
    ensure!(issued["role"] == "admin", "{issued}");
    let sentence = desk.refused(&["credential", "create", "acme", "--role", "king"])?;
    ensure!(mentions(&sentence, "king") && mentions(&sentence, "admin"), "{sentence}");
    Ok(())
}

async fn identity_provider() -> anyhow::Result<()> {
    let desk = Desk::new("cyolo")?;
    let server = Server::start(desk.folder())?;
    let plain = desk.json(&["identity-provider", "add", "acme", "Manual"])?;
    ensure!(plain["name"] == "Manual" && plain["secret"].is_null(), "{plain}");
    let add = ["identity-provider", "add", "acme", "Okta", "--auto-provisioning"];
    let added = desk.json(&add)?;
    let (name, password) = (text(&added, "username")?, text(&added, "secret")?);
    ensure!(added["name"] == "Okta", "{added}");
    ensure!(status(&server, name, password).await? == StatusCode::OK);
    ensure!(mentions(&desk.refused(&add)?, "Okta"));
    let list = desk.json(&["identity-provider", "list", "acme"])?;
    let seen =
        |of: &Value| (of["name"].clone(), of["autoProvisioning"].clone(), of["credential"].clone());
    ensure!(seen(&list[0]) == ("Manual".into(), false.into(), Value::Null), "{list}");
    ensure!(seen(&list[1]) == ("Okta".into(), true.into(), added["id"].clone()), "{list}");
    Ok(())
}
