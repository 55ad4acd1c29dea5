//! The audit: what is in it, and that nothing can be taken out of it or changed in it unnoticed.

mod bodies;
mod checkpoint;
mod host;
mod record;
mod verify;

use libtest_mimic::Trial;

/// The trials of all modules.
pub fn trials() -> Vec<Trial> {
    let mut trials = bodies::trials();
    trials.extend(checkpoint::trials());
    trials.extend(host::trials());
    trials.extend(record::trials());
    trials.extend(verify::trials());
    trials
}
