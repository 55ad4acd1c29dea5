//! A commit as values, in the steps that a store takes:
//!
//! 1. [`LockPlan`]: what the writes name, so that a few statements can lock and load it;
//! 2. [`Loaded`]: the state before the commit, as far as the plan names it;
//! 3. [`Change::of`]: the writes applied to that state, or the first refusal. With a change comes
//!    the first failure of the checks that follow the last write;
//! 4. the rows to write: [`NewEntry`], [`ChangedEntry`], [`LinkRows`], [`TermRows`], [`Counts`] and
//!    the records of [`events`].
//!
//! The statements and their order are the store's, as are conflicts that only the database can see:
//! unique terms of entries that were not loaded, and what another commit has inserted meanwhile. A
//! store inserts the terms before it refuses a commit for the failure of step 3: what
//! [`AddedTerm::first_taken`] returns may be of an earlier write, and the earliest is reported.

mod change;
mod counters;
mod entries;
pub mod events;
mod fields;
mod links;
mod loaded;
mod lock_plan;
mod terms;
#[cfg(test)]
mod tests;

pub use self::change::{Change, Held, Wanted};
pub use self::counters::adjusted;
pub use self::entries::{ChangedEntry, NewEntry};
pub use self::fields::{FieldRows, Needed};
pub use self::links::LinkRows;
pub use self::loaded::{Before, Loaded, Terms};
pub use self::lock_plan::{LockMode, LockPlan};
pub use self::terms::{AddedTerm, Counts, TermRow, TermRows};
