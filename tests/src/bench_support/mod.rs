//! Shared by the benchmarks: the servers that they ask, their options, spreads, and the files of
//! their figures.

mod direct;
mod fill;
mod meter;
mod peer;
mod plot;
mod resident;
mod site;

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context;
use serde_json::{Value, json};

pub use direct::{Asker, COMPARED, Direct};
pub use fill::Filling;
pub use meter::{Meter, Metered};
pub use peer::Peer;
pub use plot::{Bars, Series};
pub use resident::Resident;
pub use site::{Site, Turn, measure};

/// Runs a benchmark to its end.
///
/// # Errors
/// Those of the benchmark, or if there can be no threads for it.
pub fn run(benchmark: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().build()?.block_on(benchmark)
}

/// The option `--NAME VALUE` of the command line.
///
/// # Errors
/// If the value is none.
pub fn option<T: FromStr>(name: &str, default: T) -> anyhow::Result<T> {
    let mut arguments = std::env::args().skip_while(|argument| *argument != format!("--{name}"));
    if arguments.next().is_none() {
        return Ok(default);
    }
    let value = arguments.next().and_then(|value| value.parse().ok());
    value.with_context(|| format!("--{name} needs a value"))
}

/// The least, the median and the greatest of some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The least.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The greatest.
    pub high: f64,
}

impl Spread {
    /// Returns the spread of some values; `None` if there are none.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        Some(Self {
            low: *values.first()?,
            median: *values.get(values.len() / 2)?,
            high: *values.last()?,
        })
    }

    /// Returns the spread as JSON.
    #[must_use]
    pub fn json(self) -> Value {
        json!({"low": self.low, "median": self.median, "high": self.high})
    }
}

/// Displays the median, and the least and the greatest: `0.52 (0.50 to 0.55)`.
impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { low, median, high } = self;
        f.pad(&format!("{median:.2} ({low:.2} to {high:.2})"))
    }
}

/// Writes `target/bench/NAME.json` and `.svg`, and says so.
///
/// # Errors
/// If they cannot be written.
pub fn save(name: &str, figures: &Value, plot: &Bars) -> anyhow::Result<()> {
    let folder = folder()?;
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    std::fs::write(path.with_extension("json"), format!("{figures:#}\n"))?;
    std::fs::write(path.with_extension("svg"), plot.svg())?;
    println!("written to {}.json and .svg", path.display());
    Ok(())
}

fn folder() -> anyhow::Result<PathBuf> {
    let executable = std::env::current_exe()?;
    let target = executable.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    Ok(target.context("no target folder")?.join("bench"))
}
