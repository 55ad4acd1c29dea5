//! Secrets of webhooks: made strong, shown once, kept where they are left out.

use anyhow::{Context, ensure};
use data_encoding::BASE64;
use libtest_mimic::Trial;
use scimlet::Plugin;
use scimlet::PluginOptions;
use scimlet::store::Database;
use scimlet::store::sqlite::Sqlite;
use serde_json::{Value, json};

use super::Desk;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("operator::a_webhooks_secret_is_never_shown", hidden),
        trial("operator::a_webhook_without_a_secret_gets_one", made),
    ]
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const URL: &str = "https://hooks.example.com/";

fn setting(webhooks: &Value) -> String {
    format!("webhooks={webhooks}")
}

/// The secrets as they are stored, in the order of the webhooks.
async fn kept(desk: &Desk) -> anyhow::Result<Vec<String>> {
    let database = Sqlite::open(desk.folder().join("scimlet.db"))?;
    let store = database.open("acme").await?.context("no tenant")?;
    let plugin = Plugin::new(PluginOptions::default())?;
    let webhooks = plugin.admin(store).webhooks().await?;
    Ok(webhooks.into_iter().map(|webhook| webhook.secret).collect())
}

async fn hidden() -> anyhow::Result<()> {
    let desk = Desk::new("default")?;
    let webhooks = json!([{"url": URL, "secret": SECRET, "events": []}]);
    let set = ["tenant", "set", "acme", &setting(&webhooks)];
    let file = json!({"extends": "default", "webhooks": webhooks});
    desk.write("other.json", &file.to_string())?;
    for arguments in [
        &set[..],
        &["tenant", "create", "other", "--profile", "./other.json"],
        &["tenant", "show", "acme"],
        &["tenant", "show", "other"],
        &["tenant", "list"],
        &["webhook", "list", "acme"],
        &["profile", "check", "./other.json"],
        &["events", "acme", "--channel", "all"],
    ] {
        let text = desk.text(arguments)?;
        ensure!(!text.contains(&SECRET[6..]), "{arguments:?}: {text}");
        let arguments = [arguments, &["--json"]].concat();
        if arguments[1] != "create" {
            let json = desk.text(&arguments)?;
            ensure!(!json.contains(&SECRET[6..]), "{arguments:?}: {json}");
        }
    }
    let shown = desk.json(&["tenant", "show", "acme"])?;
    ensure!(shown["profile"]["webhooks"][0]["url"] == URL, "{shown}");
    ensure!(kept(&desk).await? == [SECRET]);
    Ok(())
}

/// A profile that is set as it was shown keeps its secrets: a webhook without one keeps that of its
/// URL, and a webhook of a new URL gets one, which is shown this once.
async fn made() -> anyhow::Result<()> {
    let desk = Desk::new("default")?;
    let webhooks = json!([{"url": URL, "secret": SECRET}]);
    desk.json(&["tenant", "set", "acme", &setting(&webhooks)])?;
    let mut shown = desk.json(&["tenant", "show", "acme"])?;
    let mut webhooks = shown["profile"]["webhooks"].take();
    webhooks[0]["events"] = json!(["urn:ietf:params:scim:event:prov:"]);
    let more = json!({"url": "https://more.example.com/"});
    webhooks.as_array_mut().context("no list")?.push(more);
    let set = desk.json(&["tenant", "set", "acme", &setting(&webhooks)])?;
    let made = set["secrets"]["https://more.example.com/"].as_str();
    let made = made.with_context(|| format!("no secret is shown: {set}"))?;
    let key = made.strip_prefix("whsec_").context("not of the form")?;
    let key_bytes = BASE64.decode(key.as_bytes()).ok().context("no base64")?;
    ensure!((24..=64).contains(&key_bytes.len()));
    ensure!(kept(&desk).await? == [SECRET, made]);
    let again = desk.text(&["tenant", "show", "acme"])?;
    ensure!(!again.contains(key), "{again}");
    let file = json!({"extends": "default", "webhooks": [{"url": URL}]});
    desk.write("other.json", &file.to_string())?;
    let text = desk.text(&["tenant", "create", "other", "--profile", "./other.json"])?;
    ensure!(text.contains("whsec_"), "{text}");
    let other = desk.text(&["tenant", "show", "other"])?;
    let shown_once = text.lines().find(|line| line.contains("whsec_"));
    let secret = shown_once.and_then(|line| line.split_whitespace().last());
    ensure!(secret.is_some_and(|secret| !other.contains(secret)), "{other}");
    Ok(())
}
