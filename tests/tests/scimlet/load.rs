//! `scimlet bench`, against the reference host.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::exchange::{Call, Endpoint};
use scimlet_tests::server;
use serde_json::Value;

/// A trial for each client's mix.
pub fn trials() -> Vec<Trial> {
    let trial = |mix: &'static str| {
        super::trial(format!("load::{mix}"), move || every_answer_is_right(mix))
    };
    vec![trial("okta"), trial("entra")]
}

/// Nothing fails, latencies are told of each operation, and nothing is left behind.
async fn every_answer_is_right(mix: &str) -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let endpoint = server.endpoint("demo")?;
    let output = server::command(folder.path())?
        .args(["bench", endpoint.base(), "--mix", mix, "--seconds", "2"])
        .args(["--users", "10", "--connections", "4", "--rate", "100", "--json"])
        .env("SCIMLET_SECRET", endpoint.secret())
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "it failed: {errors}");
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let total = &report["total"];
    ensure!(total["failed"] == 0, "{report:#}");
    let requests = total["requests"].as_u64().context("no number")?;
    // At a fixed rate none is left out, however slow the machine is.
    ensure!(requests == 200, "{requests} requests");
    let operations = report["operations"].as_object().context("no operations")?;
    ensure!(operations.len() >= 6, "{report:#}");
    for (name, figures) in operations {
        let of = |share: &str| figures["latencyMilliseconds"][share].as_f64();
        ensure!(of("p50") > Some(0.0) && of("p50") <= of("max"), "{name}: {figures}");
    }
    for path in ["/Users", "/Groups"] {
        let left = endpoint.send(listing(path, endpoint.secret())).await?;
        let left: Value = serde_json::from_str(&left.body)?;
        ensure!(left["totalResults"] == 0, "{path}: {left}");
    }
    Ok(())
}

fn listing(path: &str, secret: &str) -> Call {
    Call {
        method: "GET".to_owned(),
        target: path.to_owned(),
        headers: vec![("authorization".to_owned(), format!("Bearer {secret}"))],
        body: String::new(),
    }
}
