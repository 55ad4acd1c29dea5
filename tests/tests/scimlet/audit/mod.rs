//! The audit: what is in it, and that nothing can be taken out of it or changed in it unnoticed.

mod host;
mod record;
mod verify;

use libtest_mimic::Trial;

/// The trials of all three.
pub fn trials() -> Vec<Trial> {
    let mut trials = host::trials();
    trials.extend(record::trials());
    trials.extend(verify::trials());
    trials
}
