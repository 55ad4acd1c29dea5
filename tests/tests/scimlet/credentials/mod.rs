//! The rights of a credential and their end: scopes, expiry, rotation, one credential at a time,
//! last use, access tokens.

mod place;
mod scopes;
mod time;
mod tokens;

use libtest_mimic::Trial;

/// The trials.
pub fn trials() -> Vec<Trial> {
    let mut trials = scopes::trials();
    trials.extend(time::trials());
    trials.extend(tokens::trials());
    trials
}
