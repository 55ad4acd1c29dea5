//! Bulk requests beyond what the recorded exchanges show: limits, trouble on the way, and that a
//! bulk of many is as many singles.

mod faulty_store;
mod limits;
mod singles;
mod tenant;
mod trouble;

use libtest_mimic::Trial;

/// The trials.
pub fn trials() -> Vec<Trial> {
    let mut trials = limits::trials();
    trials.extend(singles::trials());
    trials.extend(trouble::trials());
    trials
}
