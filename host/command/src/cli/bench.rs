//! `scimlet bench`: measures how fast a SCIM service answers.

use std::io::{IsTerminal as _, stderr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use scimlet_bench::{Mix, Options, Progress};

use super::context::print;

/// Ask a SCIM service what identity providers ask, and say how fast it answers.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    SCIMLET_SECRET=\u{2026} scimlet bench http://127.0.0.1:8080/demo/scim/v2\n  \
    scimlet bench https://scim.example.com/acme/scim/v2 --mix entra --rate 200 --seconds 60\n\n\
    The secret is that of a credential which may do everything. Users and groups whose names begin \
    with `bench-` are made, and removed in the end: where removal only deactivates, they stay. \
    With --rate, latencies count from when a request should have been sent, so that a service \
    which stalls does not look better than it is.")]
pub(super) struct Bench {
    /// The service's SCIM base URL.
    url: String,
    /// The bearer secret; better in the environment variable SCIMLET_SECRET, where other users of
    /// this machine do not see it.
    #[arg(long)]
    secret: Option<String>,
    /// The requests that are sent: as `okta` or `entra` do, or one operation: get, eq, email, list,
    /// page, create, patch, put, activate, member-add, member-remove.
    #[arg(long, default_value = "okta")]
    mix: Mix,
    /// Requests under way at the same time.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 8,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    connections: u32,
    /// Requests a second of all connections together; without it as many as are answered.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Seconds for which requests are sent.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    seconds: u64,
    /// Users that are made beforehand to be looked up and changed.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    users: u32,
    /// The seed of random choices; equal seeds make equal choices.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Keep the users and groups that were created.
    #[arg(long)]
    keep: bool,
}

impl Bench {
    pub(super) async fn run(self, as_json: bool) -> anyhow::Result<()> {
        let secret = self.secret.or_else(|| std::env::var("SCIMLET_SECRET").ok());
        let secret = secret.context("set SCIMLET_SECRET to the credential's secret")?;
        let options = Options {
            url: self.url,
            authorization: format!("Bearer {secret}"),
            mix: self.mix,
            connections: self.connections,
            rate: self.rate.map(f64::from),
            duration: Duration::from_secs(self.seconds),
            users: self.users,
            known: None,
            seed: self.seed,
            keep: self.keep,
        };
        let progress = Arc::new(Progress::default());
        let report = tokio::select! {
            report = scimlet_bench::run(options, &progress) => report?,
            () = print_progress(&progress) => anyhow::bail!("the run has no end"),
        };
        print(as_json, report.to_string().trim_end(), &report.json())
    }
}

/// Prints the progress on a terminal, once a second.
async fn print_progress(progress: &Progress) {
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let answered = progress.answered();
        if stderr().is_terminal() && answered > before {
            eprintln!("{answered} answered, {} in the last second", answered - before);
        }
        before = answered;
    }
}
