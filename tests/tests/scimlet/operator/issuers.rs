//! Issuers of access tokens, as operators configure them: one issuer and audience is one tenant's.

use std::path::Path;

use anyhow::ensure;
use libtest_mimic::Trial;
use rusqlite::Connection;
use scimlet::plugin::AdminError;
use scimlet::store::Database;
use scimlet::store::sqlite::Sqlite;
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::server::{self, Server};
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};

use super::Desk;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("operator::an_issuer_is_one_tenants", commands),
        trial("operator::an_issuer_is_one_tenants_at_once", at_once),
        trial("operator::an_issuer_is_one_tenants_in_admin", admin),
        trial("operator::what_would_be_refused_today_is_said", said),
    ]
}

fn issuer() -> Value {
    json!([{"issuer": "https://auth.example", "audience": "scim", "keys": []}])
}

fn profile() -> String {
    json!({"extends": "default", "credentials": {"access-tokens": issuer()}}).to_string()
}

/// Both commands that configure a tenant refuse an issuer of another tenant, in both orders.
async fn commands() -> anyhow::Result<()> {
    let desk = Desk::new("default")?;
    desk.write("issuer.json", &profile())?;
    desk.json(&["tenant", "create", "other", "--profile", "./issuer.json"])?;
    let setting = format!("credentials.access-tokens={}", issuer());
    let refused = |arguments: &[&str]| -> anyhow::Result<()> {
        let output = desk.run(arguments)?;
        let errors = String::from_utf8(output.stderr)?;
        let told = mentions(&errors, "credentials.access-tokens[0]") && mentions(&errors, "claims");
        ensure!(output.status.code() == Some(1) && told, "{errors}");
        Ok(())
    };
    refused(&["tenant", "set", "acme", &setting])?;
    refused(&["tenant", "create", "third", "--profile", "./issuer.json"])?;
    let names = desk.json(&["tenant", "list"])?;
    ensure!(
        names.as_array().is_some_and(|names| names.len() == 2),
        "a tenant is left half made: {names}"
    );
    desk.json(&["tenant", "set", "other", "credentials.access-tokens=[]"])?;
    desk.json(&["tenant", "set", "acme", &setting])?;
    refused(&["tenant", "set", "other", &setting])?;
    // With a claim in both of them they share it.
    let with = |tenant: &str| {
        let mut issuer = issuer();
        issuer[0]["claims"] = json!({ "tid": tenant });
        format!("credentials.access-tokens={issuer}")
    };
    refused(&["tenant", "set", "other", &with("other")])?;
    desk.json(&["tenant", "set", "acme", &with("acme")])?;
    desk.json(&["tenant", "set", "other", &with("other")])?;
    Ok(())
}

/// Of several commands that configure one issuer at once, on one file, one succeeds.
async fn at_once() -> anyhow::Result<()> {
    let desk = Desk::new("default")?;
    let names = ["acme", "b", "c", "d"];
    for name in &names[1..] {
        desk.json(&["tenant", "create", name])?;
    }
    let setting = format!("credentials.access-tokens={}", issuer());
    let begun = names.map(|name| {
        let mut command = server::command(desk.folder())?;
        Ok::<_, anyhow::Error>(command.args(["tenant", "set", name, &setting]).spawn()?)
    });
    let mut good = 0;
    for command in begun {
        good += i32::from(command?.wait()?.success());
    }
    ensure!(good == 1, "{good} tenants have it");
    Ok(())
}

async fn admin() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let database = Sqlite::open(folder.path().join("test.db"))?;
    let plugin = Plugin::new(PluginOptions::default())?;
    for (first, second) in [("a", "b"), ("b", "a")] {
        for name in ["a", "b"] {
            database.create_tenant(name, 0).await?;
        }
        let admin = async |name: &str| -> anyhow::Result<_> {
            let store = database.open(name).await?;
            Ok(plugin.admin(store.ok_or_else(|| anyhow::anyhow!("no tenant"))?))
        };
        admin(first).await?.configure(&profile(), None).await?;
        let other = admin(second).await?;
        let refused = other.configure(&profile(), None).await;
        let told =
            |text: &str| mentions(text, "credentials.access-tokens[0]") && !text.contains("`a`");
        ensure!(matches!(&refused, Err(AdminError::Invalid(text)) if told(text)), "{refused:?}");
        other.configure(r#"{"extends":"default"}"#, None).await?;
        let setting = ("credentials".to_owned(), json!({"access-tokens": issuer()}).to_string());
        let refused = other.set(&[setting]).await;
        ensure!(matches!(refused, Err(AdminError::Invalid(_))), "{refused:?}");
        for name in ["a", "b"] {
            database.delete_tenant(name).await?;
        }
    }
    Ok(())
}

/// Writes a profile into the file in the form that an older release stored.
fn store(folder: &Path, tenant: &str, profile: &Value) -> anyhow::Result<()> {
    let db = Connection::open(folder.join("scimlet.db"))?;
    let sql = "UPDATE scimlet_entry SET body = ?2, digest = NULL WHERE id = 'current' AND kind = (
                 SELECT k.id FROM scimlet_kind k JOIN scimlet_tenant t ON t.id = k.tenant
                 WHERE t.name = ?1 AND k.name = '$profile')";
    let changed = db.execute(sql, (tenant, profile.to_string()))?;
    ensure!(changed == 1, "{tenant} has no profile");
    Ok(())
}

/// A server over profiles that would be refused today starts, serves and says which they are; the
/// profiles may be changed elsewhere.
async fn said() -> anyhow::Result<()> {
    let desk = Desk::new("default")?;
    let shared: Value = serde_json::from_str(&profile())?;
    for name in ["b", "c"] {
        desk.json(&["tenant", "create", name])?;
        store(desk.folder(), name, &shared)?;
    }
    let weak = json!([{"url": "https://a.example/", "secret": "weak"}]);
    let weak = json!({"extends": "default", "webhooks": weak});
    store(desk.folder(), "acme", &weak)?;
    let server = Server::start(desk.folder())?;
    for name in ["acme", "b", "c"] {
        server.endpoint(name)?.get("/Users").await?.expect(200)?;
    }
    let wanted = |line: &&str| line.contains("WARN");
    for tells in [["acme", "webhooks[0].secret"], ["\"b\"", "\"c\""]] {
        let mut tries = 0..200;
        loop {
            let log = server.log()?;
            let mut warnings = log.lines().filter(wanted);
            if warnings.any(|line| tells.iter().all(|told| line.contains(told))) {
                break;
            }
            ensure!(tries.next().is_some(), "{tells:?} is not in {log}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    desk.json(&["tenant", "set", "b", "users.seats=5"])?;
    desk.json(&["tenant", "set", "acme", "users.seats=5"])?;
    Ok(())
}
