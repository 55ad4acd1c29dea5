//! The one harness of the whole-system tests. Each module yields trials, each with a name of its
//! own.

mod audit;
mod bulk;
mod callers;
mod characteristics;
mod client;
mod clocks;
mod component;
mod contract;
mod credentials;
mod cursor;
mod database;
mod decorator;
mod differential;
mod discovery_claims;
mod documents;
mod earlier;
mod edge;
mod embed;
mod events;
mod exchanges;
mod faults;
mod fuzz;
mod hostile;
mod journal;
mod lists;
mod load;
mod module;
mod neighbours;
mod operator;
mod packages;
mod people;
mod postgres;
mod profiles;
mod properties;
mod quirks;
mod reports;
mod rfc_examples;
mod seats;
mod signatures;
mod sqlite;
mod statuses;
mod systems;
mod tenants;
mod tidy;
mod unasked;
mod vectors;
mod wire;
mod wit;
mod wording;

use std::io;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::{Builder, Runtime};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(audit::trials());
    trials.extend(bulk::trials());
    trials.extend(component::trials());
    trials.extend(callers::trials());
    trials.extend(characteristics::trials());
    trials.extend(client::trials());
    trials.extend(clocks::trials());
    trials.extend(contract::trials());
    trials.extend(credentials::trials());
    trials.extend(cursor::trials());
    trials.extend(database::trials());
    trials.extend(decorator::trials());
    trials.extend(differential::trials());
    trials.extend(documents::trials());
    trials.extend(edge::trials());
    trials.extend(embed::trials());
    trials.extend(events::trials());
    trials.extend(exchanges::trials());
    trials.extend(faults::trials());
    trials.extend(fuzz::trials());
    trials.extend(hostile::trials());
    trials.extend(lists::trials());
    trials.extend(load::trials());
    trials.extend(module::trials());
    trials.extend(neighbours::trials());
    trials.extend(operator::trials());
    trials.extend(packages::trials());
    trials.extend(people::trials());
    trials.extend(rfc_examples::trials());
    trials.extend(postgres::trials());
    trials.extend(properties::trials());
    trials.extend(profiles::trials());
    trials.extend(quirks::trials());
    trials.extend(reports::trials());
    trials.extend(journal::trials());
    trials.extend(seats::trials());
    trials.extend(signatures::trials());
    trials.extend(sqlite::trials());
    trials.extend(statuses::trials());
    trials.extend(systems::trials());
    trials.extend(tidy::trials());
    trials.extend(tenants::trials());
    trials.extend(discovery_claims::trials());
    trials.extend(unasked::trials());
    trials.extend(vectors::trials());
    trials.extend(wire::trials());
    trials.extend(wit::trials());
    trials.extend(wording::trials());
    libtest_mimic::run(&arguments, trials).exit();
}

/// A trial on a runtime of its own, which fails with the whole chain of causes.
fn trial<R: Future<Output = anyhow::Result<()>>>(
    name: impl Into<String>,
    run: impl FnOnce() -> R + Send + 'static,
) -> Trial {
    let outcome = move || runtime()?.block_on(run());
    Trial::test(name, move || outcome().map_err(|error| format!("{error:#}").into()))
}

/// A runtime of a trial's own.
fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
