//! The one harness of the whole-system tests. Each module yields trials, each with a name of its own.

mod component;
mod contract;
mod exchanges;
mod sqlite;
mod tidy;

use std::io;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::{Builder, Runtime};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(component::trials());
    trials.extend(contract::trials());
    trials.extend(exchanges::trials());
    trials.extend(sqlite::trials());
    trials.extend(tidy::trials());
    libtest_mimic::run(&arguments, trials).exit();
}

/// A runtime of a trial's own.
fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}
