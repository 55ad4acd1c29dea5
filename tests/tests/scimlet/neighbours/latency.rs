//! How long a neighbour's requests take.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::{Endpoint, Http};
use serde_json::json;

/// No request of a neighbour takes longer, however slow the machine is: this is about who waits
/// behind an attack.
const MOST: Duration = Duration::from_secs(5);

/// The latencies of the neighbour's requests, by kind of request.
pub struct Latencies {
    kinds: [(&'static str, Vec<Duration>); 4],
}

impl Latencies {
    /// Reads, searches and changes a user, so many times each.
    pub async fn of(http: &Http, name: &str, times: u64) -> anyhow::Result<Self> {
        let user = json!({"userName": name});
        let user = http.ask("POST", "/Users", &user).await?.expect(201)?;
        let target = format!("/Users/{}", text(&user, "id")?);
        let (origin, _) = http.base.split_once("/neighbour/").context("no tenant")?;
        let health = http.at(origin);
        let search = format!("/Users?filter=userName%20eq%20%22{name}%22");
        let mut kinds = [
            ("GET", Vec::new()),
            ("eq", Vec::new()),
            ("PATCH", Vec::new()),
            ("health", Vec::new()),
        ];
        for number in 0..times {
            let value = json!([{"op": "replace", "path": "title", "value": number.to_string()}]);
            let calls = [
                http.call("GET", &target, &json!(null)),
                http.call("GET", &search, &json!(null)),
                http.call("PATCH", &target, &patch(value)),
            ];
            let calls = calls.into_iter().map(|call| (http, call));
            let calls = calls.chain([(&health, health.call("GET", "/health", &json!(null)))]);
            for ((to, call), (kind, took)) in calls.zip(&mut kinds) {
                let begun = Instant::now();
                let answer = to.send(call).await?;
                let elapsed = begun.elapsed();
                ensure!(answer.status == 200, "{kind}: {}: {}", answer.status, answer.body);
                ensure!(elapsed < MOST, "{kind} took {elapsed:?}");
                took.push(elapsed);
            }
        }
        Ok(Self { kinds })
    }

    /// Prints them beside those of a quiet time.
    pub fn print(mut self, attack: &str, mut quiet: Self) {
        for ((kind, took), (_, quiet)) in self.kinds.iter_mut().zip(&mut quiet.kinds) {
            let (busy, quiet) = (p99(took), p99(quiet));
            let ratio = busy.as_secs_f64() / quiet.as_secs_f64();
            println!("{attack}: {kind} p99 {busy:?}, quiet {quiet:?}: {ratio:.1} times");
        }
    }
}

fn p99(took: &mut [Duration]) -> Duration {
    took.sort();
    let place = took.len().saturating_sub(1) * 99 / 100;
    took.get(place).copied().unwrap_or_default()
}
