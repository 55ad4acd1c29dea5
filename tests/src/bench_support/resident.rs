//! The memory of another process, as Linux tells it.

use anyhow::Context;

/// The resident memory of a process, in mebibytes.
#[derive(Clone, Copy, Debug)]
pub struct Resident {
    /// The memory at present.
    pub now: f64,
    /// The most so far.
    pub peak: f64,
}

impl Resident {
    /// Returns the memory of the process with this id.
    ///
    /// # Errors
    /// If the machine does not tell.
    pub fn of(process: u32) -> anyhow::Result<Self> {
        let path = format!("/proc/{process}/status");
        let status = std::fs::read_to_string(&path).context("only Linux tells")?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            let kibibytes: f64 = kibibytes.with_context(|| format!("{path} has no {name}"))?;
            anyhow::Ok(kibibytes / 1024.0)
        };
        Ok(Self { now: field("VmRSS:")?, peak: field("VmHWM:")? })
    }
}
