//! Guarantees under faults and races: a killed server, two servers on one file, an operator at
//! work, many clients that want the same thing. All with the real binary over HTTP.

mod afterwards;
#[cfg(target_os = "linux")]
mod checkpoint;
mod damage;
mod document;
mod kill;
mod ledger;
mod operator;
pub mod race;
mod shared;
mod state;
mod swap;
mod writer;

use libtest_mimic::Trial;

use crate::trial;

/// One trial for each fault.
pub fn trials() -> Vec<Trial> {
    let mut trials = vec![trial("faults::kill", kill::rounds)];
    trials.extend(afterwards::trials());
    #[cfg(target_os = "linux")]
    trials.push(trial("faults::a_failing_checkpoint_is_told", checkpoint::is_told));
    trials.push(trial("faults::a_damaged_file_is_not_try_again", damage::is_told));
    trials.extend(operator::trials());
    trials.extend(race::trials());
    trials.extend(shared::trials());
    trials.extend(swap::trials());
    trials
}
