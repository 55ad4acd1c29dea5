//! Commits that are refused on the way.

use anyhow::ensure;
use libtest_mimic::Trial;
use serde_json::Value;

use super::faulty_store::Fault;
use super::tenant::{Tenant, post_user};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("bulk::retries_are_bounded", bounded),
        trial("bulk::a_credential_that_goes_stops_what_is_left", revoked),
    ]
}

fn statuses(results: &[Value]) -> Vec<&str> {
    let results = results.iter();
    results.map(|result| result["status"].as_str().unwrap_or("none")).collect()
}

/// A bulk over a store that refuses every commit as stale tries each operation once, and 500 times
/// more altogether.
async fn bounded() -> anyhow::Result<()> {
    let tenant = Tenant::new(Fault::StaleAlways).await?;
    let operations: Vec<Value> = (0..60).map(post_user).collect();
    let results = tenant.bulk(&operations).await?;
    ensure!(statuses(&results) == vec!["503"; 60], "{results:?}");
    let commits = tenant.meddling.commits();
    ensure!(commits == 60 + 500, "{commits} commits");
    ensure!(tenant.events().await?.is_empty(), "something happened");
    Ok(())
}

/// Operations after the revocation of the credential are refused and those before it stand, as with
/// single requests.
async fn revoked() -> anyhow::Result<()> {
    let tenant = Tenant::new(Fault::Revoked(2)).await?;
    let operations: Vec<Value> = (0..5).map(post_user).collect();
    let results = tenant.bulk(&operations).await?;
    let expected = ["201", "201", "401", "401", "401"];
    ensure!(statuses(&results) == expected, "{results:?}");
    let events = tenant.events().await?;
    ensure!(events.len() == 2, "{events:?}");
    Ok(())
}
