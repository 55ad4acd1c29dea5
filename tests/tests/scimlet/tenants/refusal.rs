//! The answer without a good credential: a SCIM error (RFC 7644 sections 2 and 3.12, RFC 6750
//! section 3), the same whether or not the tenant exists.

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::client::text;
use scimlet_tests::exchange::{Answer, Call, Endpoint, Http};
use scimlet_tests::server;
use serde_json::{Map, Value};

use super::Town;
use crate::trial;

const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];

pub fn trials() -> Vec<Trial> {
    let same = |method| {
        let name = format!("tenants::unknown_or_refused::{method}");
        trial(name, move || unknown_or_refused(method))
    };
    let mut trials: Vec<_> = METHODS.into_iter().map(same).collect();
    trials.push(trial("tenants::refusal_is_a_scim_error", scim_error));
    trials
}

/// Tenants that exist, existed and never did give the same answer to every bad credential.
async fn unknown_or_refused(method: &str) -> anyhow::Result<()> {
    let town = Town::build().await?;
    let bad = bad_credentials(&town)?;
    let mut first = None;
    for path in ["ours/scim/v2", "gone/scim/v2", "nobody/scim/v2", "nobody/scim", "scim/v2", "scim"]
    {
        let http = town.ours.http.at(format!("{}/{path}", town.server.url));
        for authorization in &bad {
            for target in ["/Users", &town.fill("/Users/{our user}"), "/Schemas"] {
                let answer = ask(&http, method, target, authorization.as_deref()).await?;
                let first = first.get_or_insert_with(|| answer.clone());
                ensure!(
                    answer == *first,
                    "{path}{target} {authorization:?}: {answer:?}, not {first:?}"
                );
            }
        }
    }
    Ok(())
}

/// Returns Authorization headers that are refused; `None` for no header at all.
fn bad_credentials(town: &Town) -> anyhow::Result<Vec<Option<String>>> {
    let folder = town.folder.path();
    let make = |tenant: &str| server::json(folder, &["credential", "create", tenant]);
    let (revoked, rotated) = (make("ours")?, make("ours")?);
    server::json(folder, &["credential", "revoke", "ours", text(&revoked, "id")?])?;
    server::json(folder, &["credential", "rotate", "ours", text(&rotated, "id")?])?;
    server::json(folder, &["tenant", "create", "gone"])?;
    let gone = make("gone")?;
    server::json(folder, &["tenant", "delete", "gone"])?;
    let good = town.ours.http.secret.clone();
    let mut bad = vec![None, Some(String::new()), Some(format!("Basic {good}"))];
    let mistyped = [good[..good.len() - 1].to_owned(), "x".to_owned(), String::new()];
    let secrets =
        [&revoked, &rotated, &gone].map(|made| made["secret"].as_str().map(str::to_owned));
    for secret in mistyped.into_iter().chain(secrets.into_iter().flatten()) {
        bad.push(Some(format!("Bearer {secret}")));
    }
    ensure!(bad.len() == 9, "{bad:?}");
    Ok(bad)
}

/// Sends a request; returns the answer without its date.
async fn ask(
    http: &Http,
    method: &str,
    target: &str,
    authorization: Option<&str>,
) -> anyhow::Result<Answer> {
    let authorization = authorization.map(|value| ("authorization".to_owned(), value.to_owned()));
    let call = Call {
        headers: authorization.into_iter().collect(),
        ..http.call(method, target, &Value::Null)
    };
    let mut answer = http.send(call).await?;
    answer.headers.retain(|(name, _)| name != "date");
    Ok(answer)
}

async fn scim_error() -> anyhow::Result<()> {
    let town = Town::build().await?;
    let answer = ask(&town.ours.http, "GET", "/Users", None).await?;
    let error = answer.refusal(401, &[])?;
    let names: Vec<&String> = error.as_object().into_iter().flat_map(Map::keys).collect();
    ensure!(names == ["detail", "schemas", "status"], "{error}");
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    ensure!(challenge.starts_with("Bearer realm="), "{answer:?}");
    Ok(())
}
