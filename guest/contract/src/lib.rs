//! The contract of `wit/store.wit`, executable: every store must pass every case. An embedder runs
//! an own store through it with a test of ten lines (`harness = false` in its `Cargo.toml`):
//!
//! ```
//! use std::sync::Arc;
//! use scimlet::store::{Database as _, Store, memory::Memory};
//! use scimlet_contract::Checked;
//!
//! struct Mine(Memory);
//!
//! #[async_trait::async_trait]
//! impl scimlet_contract::Stores for Mine {
//!     async fn fresh(&self) -> Checked<Arc<dyn Store>> {
//!         let name = format!("t{}", self.0.tenants().await.unwrap().len());
//!         self.0.create_tenant(&name, 1).await.unwrap();
//!         Ok(self.0.open(&name).await.unwrap().unwrap())
//!     }
//! }
//!
//! scimlet_contract::run(|| Arc::new(Mine(Memory::exact()))).exit();
//! ```
//!
//! Embedders in other languages run the cases as WebAssembly. Cases in which several commits run at
//! once are left out there, since WebAssembly has one thread.
//!
//! A store that is also an event log and keeps the host's metadata has further cases
//! ([`tenant_cases`]), a database has its own ([`database_cases`]).
//!
//! What the contract permits, the cases permit: a store may return hits that do not match (`exact:
//! false`) or out of order (`ordered: false`); they are then filtered and sorted by the plain
//! evaluator before they are judged.

pub mod blocking;
mod broken;
mod counters;
mod find;
pub mod fixture;
mod get_commit;
mod isolation;
pub mod kit;
mod limits;
mod links;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod order;
mod pages;
#[cfg(target_arch = "wasm32")]
mod store;
mod table;
mod times;
mod unique;
mod unlinking;

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;

pub use broken::{Broken, Checked, OrBroken};
#[cfg(not(target_arch = "wasm32"))]
pub use native::{DatabaseCase, TenantCase, Tenants, cases, database_cases, run, tenant_cases};
#[cfg(not(target_arch = "wasm32"))]
pub use scimlet::store::Store;
#[cfg(target_arch = "wasm32")]
pub use store::Store;

/// Makes the stores under test.
#[async_trait]
pub trait Stores: Send + Sync + 'static {
    /// Returns a new, empty store. All that it returns share one storage, as tenants of a database
    /// do.
    ///
    /// # Errors
    /// If the store cannot be made.
    async fn fresh(&self) -> Checked<Arc<dyn Store>>;
}

/// A case in progress. Its error says how the store breaks the contract.
pub type Running = Pin<Box<dyn Future<Output = Checked> + Send>>;

/// A case of the contract of stores: its name, and how to run it.
pub type Case = (&'static str, fn(Arc<dyn Stores>) -> Running);

macro_rules! case_table {
    ($($module:ident: $($case:ident)+;)+) => {
        vec![$($((
            concat!(stringify!($module), "::", stringify!($case)),
            |subject| Box::pin($module::$case(subject)),
        ),)+)+]
    };
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use case_table;

/// The cases of which each calls a store from one task, one call after the other.
pub fn sequential_cases() -> Vec<Case> {
    case_table![
        get_commit:
            an_inserted_entry_is_read_back keys_are_compared_bytewise
            a_replacement_raises_the_version a_commit_raises_a_version_once
            wrong_versions_are_stale absent_entries_are_missing
            versions_are_those_before_the_commit an_inserted_entry_counts_as_version_0
            a_key_is_taken_once a_removed_key_is_free_again a_refused_commit_leaves_no_trace
            changed_entries_are_returned an_empty_commit_changes_nothing expecting_changes_nothing;
        unique:
            a_unique_term_is_taken_once others_may_hold_the_value entries_may_swap_a_unique_term
            a_given_up_term_is_free one_commit_cannot_take_it_twice types_are_kept_apart
            a_term_may_become_unique an_entry_may_repeat_its_term;
        links:
            a_link_is_there_until_unlinked ends_are_checked_after_the_last_write
            entries_may_link_in_a_circle an_entry_may_link_to_itself links_are_taken_and_missing
            pages_of_links_join_up several_anchors_are_answered_in_their_order
            what_is_no_position_is_invalid linking_raises_the_source_alone;
        unlinking:
            removing_takes_links_at_both_ends unlink_all_takes_one_name
            a_new_entry_does_not_inherit_links large_link_sets_vanish_at_once
            writes_on_links_happen_in_order;
        find:
            every_operator_on_every_type text_operators_take_any_character
            several_terms_of_a_path combinations_nest links_are_found_both_ways absent_names
            malformed_filters_are_invalid numbers_of_filters_are_finite
            replaced_terms_are_found_anew kinds_are_kept_apart;
        pages:
            totals_and_offsets a_deep_filter wide_filters many_entries;
        order:
            text_is_ordered_by_its_bytes numbers_and_booleans_are_ordered
            entries_without_the_term_stand_at_the_end ties_stay_in_the_order_of_creation
            positions_outlive_their_entries an_ordered_walk_with_a_filter
            what_is_no_position_is_invalid a_long_ordered_walk;
        counters:
            a_counter_starts_at_0 a_counter_stays_at_0 a_ceiling_holds
            seats_can_be_given_back_under_a_lowered_ceiling adjustments_add_up;
        times:
            times_never_go_back a_time_is_the_same_everywhere;
        limits:
            too_many_changes too_many_keys too_many_hits long_texts_are_invalid
            numbers_are_finite large_bodies pages_of_large_bodies nul_is_kept_or_invalid
            nul_may_be_asked_for;
        isolation:
            tenants_share_nothing;
        table:
            create link fork seat revoke circular_bulk nested_group sort_with_cursor root_search
            erase;
    ]
}
