//! Expiry and its notice, rotation, one credential at a time, and when one was last used.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::plugin::{CredentialRequest, Issued};
use scimlet_tests::client::text;
use scimlet_tests::exchange::TENANT;
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};

use super::place::{BEGIN, DAY, Place};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("credentials::an_expired_one_is_told_so", expired),
        trial("credentials::the_end_is_announced_once_ahead_of_it", announced),
        trial("credentials::a_rotation_replaces_at_once", at_once),
        trial("credentials::a_rotation_overlaps_where_the_profile_says_so", overlapping),
        trial("credentials::a_pair_is_a_user_name_and_a_password", pair),
        trial("credentials::the_last_use_is_known_to_the_hour", used),
    ]
}

fn bearer(issued: &Issued) -> String {
    format!("Bearer {}", issued.secret)
}

/// The profile's lifetime counts where no other is given.
async fn expired() -> anyhow::Result<()> {
    let place =
        Place::new(&json!({"extends": "default", "credentials": {"lifetime": "30d"}})).await?;
    let issued = place.issue(&[]).await?;
    let secret = bearer(&issued);
    place.at(30 * DAY - 1);
    ensure!(place.reads(&secret).await? == 200);
    place.at(30 * DAY);
    let refused = place.ask(&secret, ("GET", "/Users", &Value::Null)).await?;
    let end = "2026-01-31";
    let error = refused.refusal(401, &[])?;
    ensure!(text(&error, "detail")?.contains(end), "{error}");
    let noted = place.refused();
    ensure!(mentions(&noted, &issued.credential.id), "{noted}");
    let wrong = format!("{secret}x");
    let refused = place.ask(&wrong, ("GET", "/Users", &Value::Null)).await?;
    let error = refused.refusal(401, &[])?;
    ensure!(!text(&error, "detail")?.contains(end), "a wrong secret is told: {error}");
    ensure!(place.refused() != noted, "{noted}");
    Ok(())
}

async fn announced() -> anyhow::Result<()> {
    let profile = json!({"extends": "default", "credentials": {"lifetime": "30d", "notice": "7d"}});
    let place = Place::new(&profile).await?;
    let id = place.issue(&[]).await?.credential.id;
    let due = place.admin().maintain().await?;
    ensure!(due == Some((BEGIN + 23 * DAY) * 1000), "{due:?}");
    let notices = async || -> anyhow::Result<usize> {
        let events = place.store.events(0, 100).await.ok().context("no events")?;
        let said = events.iter().filter(|event| {
            let subject = event.event.subject.as_ref();
            event.event.name == "credential-expiring" && subject.is_some_and(|key| key.id == id)
        });
        Ok(said.count())
    };
    ensure!(notices().await? == 0);
    place.at(23 * DAY);
    for _ in 0..2 {
        ensure!(place.admin().maintain().await?.is_none());
        ensure!(notices().await? == 1, "{} notices", notices().await?);
    }
    place.admin().rotate_credential(&id).await?;
    let due = place.admin().maintain().await?;
    ensure!(due == Some((BEGIN + 46 * DAY) * 1000), "a new secret has a new end: {due:?}");
    Ok(())
}

async fn at_once() -> anyhow::Result<()> {
    let place = Place::new(&json!({"extends": "default"})).await?;
    let old = place.issue(&[]).await?;
    let new = place.admin().rotate_credential(&old.credential.id).await?;
    ensure!(place.reads(&bearer(&old)).await? == 401);
    ensure!(place.reads(&bearer(&new)).await? == 200);
    Ok(())
}

async fn overlapping() -> anyhow::Result<()> {
    let place =
        Place::new(&json!({"extends": "default", "credentials": {"overlap": "24h"}})).await?;
    let old = place.issue(&[]).await?;
    let new = place.admin().rotate_credential(&old.credential.id).await?;
    place.at(DAY - 1);
    ensure!(place.reads(&bearer(&old)).await? == 200, "the old secret died early");
    place.at(DAY);
    ensure!(place.reads(&bearer(&old)).await? == 401, "the old secret lives on");
    ensure!(place.reads(&bearer(&new)).await? == 200);
    place.admin().revoke_credential(&old.credential.id).await?;
    ensure!(place.reads(&bearer(&new)).await? == 401);
    Ok(())
}

async fn pair() -> anyhow::Result<()> {
    let place = Place::new(&json!({"extends": "default"})).await?;
    let request = CredentialRequest {
        scheme: "basic".to_owned(),
        ..CredentialRequest::bearer(TENANT, "pair")
    };
    let issued = place.admin().issue_credential(&request).await?;
    let name = issued.username.as_deref().context("no user name")?;
    let header = |name: &str, password: &str| {
        let pair = format!("{name}:{password}");
        format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes()))
    };
    ensure!(place.reads(&header(name, &issued.secret)).await? == 200);
    ensure!(place.reads(&header(name, "wrong")).await? == 401);
    ensure!(place.reads(&header("wrong", &issued.secret)).await? == 401);
    let as_bearer = format!("Bearer {name}_{}", issued.secret);
    ensure!(place.reads(&as_bearer).await? == 401, "a pair is taken as a bearer");
    Ok(())
}

async fn used() -> anyhow::Result<()> {
    let place = Place::new(&json!({"extends": "default"})).await?;
    let secret = bearer(&place.issue(&[]).await?);
    let last = async || -> anyhow::Result<Option<u64>> {
        let listed = place.admin().credentials().await?;
        let only = listed.first().context("no credential")?;
        Ok(only.last_used.map(|at| at / 1000 - BEGIN))
    };
    ensure!(last().await?.is_none());
    for (now, known) in [(10, 0), (3599, 0), (3600, 3600), (7300, 7200)] {
        place.at(now);
        place.reads(&secret).await?;
        ensure!(last().await? == Some(known), "at {now}: {:?}", last().await?);
    }
    Ok(())
}
