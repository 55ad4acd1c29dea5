//! The memory and processor time that a server uses, as the kernel tells (Linux).

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use scimlet_tests::server::Server;
use tokio::time::sleep;

/// The time after which a server has released whatever no request needs any more.
const LETS_GO: Duration = Duration::from_secs(5);

/// Returns the most bytes that were resident since the server began.
pub fn memory(server: &Server) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.context("no high-water mark")?.trim();
    let kilobytes: u64 = kilobytes.trim_end_matches(" kB").parse()?;
    Ok(kilobytes << 10)
}

/// Waits until the server computes next to nothing, without requests.
pub async fn becomes_idle(server: &Server) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let before = ticks(server)?;
        sleep(Duration::from_millis(500)).await;
        let used = ticks(server)?.saturating_sub(before);
        // Of some fifty.
        if used < 10 {
            return Ok(());
        }
        ensure!(begun.elapsed() < LETS_GO, "it goes on computing: {used}");
    }
}

/// Returns the processor time that the server has used, in the kernel's ticks: a hundred a second.
fn ticks(server: &Server) -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.process()))?;
    let (_, fields) = stat.rsplit_once(") ").context("no fields")?;
    let of_process: Vec<&str> = fields.split(' ').skip(11).take(2).collect();
    of_process.iter().map(|field| Ok(field.parse::<u64>()?)).sum()
}
