//! Cases that need threads, in which several commits run at once, and cases about what the
//! reference host stores and `wit/store.wit` does not have: events, metadata, tenants.

mod database;
mod events;
mod issuers;
mod metadata;
mod parallel;
mod times;

use std::sync::Arc;

use async_trait::async_trait;
use libtest_mimic::{Arguments, Conclusion, Trial};
use scimlet::store::{Database, TenantStorage};
use tokio::runtime::Builder;
use tokio::task::{JoinHandle, JoinSet};

use crate::{Broken, Case, Checked, Running, Stores, case_table, sequential_cases};

/// Makes the tenants under test: stores that the reference host can use.
#[async_trait]
pub trait Tenants: Send + Sync + 'static {
    /// Returns a new, empty tenant. All that it returns share one storage.
    ///
    /// # Errors
    /// If it cannot be made.
    async fn fresh(&self) -> Checked<Arc<dyn TenantStorage>>;
}

/// A case of the contract of stores that the reference host can use.
pub type TenantCase = (&'static str, fn(Arc<dyn Tenants>) -> Running);

/// A case of the contract of databases.
pub type DatabaseCase = (&'static str, fn(Arc<dyn Database>) -> Running);

/// Runs every case for stores as a test of libtest's form, which takes the arguments of `cargo
/// test`; `make` is called anew for each. The conclusion says how many passed and failed.
pub fn run(make: fn() -> Arc<dyn Stores>) -> Conclusion {
    let trials = cases().into_iter().map(|(name, case)| {
        Trial::test(name, move || {
            let runtime = Builder::new_multi_thread().enable_all().build()?;
            Ok(runtime.block_on(case(make()))?)
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect())
}

/// All cases for stores. Each wants a multi-threaded tokio runtime with time enabled.
pub fn cases() -> Vec<Case> {
    let mut cases = sequential_cases();
    cases.extend(concurrent_cases());
    cases
}

fn concurrent_cases() -> Vec<Case> {
    case_table![
        times:
            who_has_read_finds_all_that_is_later;
        parallel:
            a_hundred_links_to_one_group a_hundred_inserts_of_one_unique_term the_last_free_seat
            expectations_hold_until_the_commit a_ceiling_hides_no_earlier_refusal
            a_walk_during_removals_misses_nothing readers_see_whole_commits;
    ]
}

/// Waits for a task, and returns its outcome.
async fn ended<T>(task: JoinHandle<Checked<T>>) -> Checked<T> {
    task.await.map_err(|panicked| Broken::new(panicked.to_string()))?
}

/// Waits for all tasks; the error is that of one of them.
async fn joined(tasks: JoinSet<Checked>) -> Checked {
    tasks.join_all().await.into_iter().collect()
}

/// All cases for what the reference host reads and keeps beyond [`cases`]: events and metadata.
pub fn tenant_cases() -> Vec<TenantCase> {
    case_table![
        events:
            events_are_recorded_as_appended numbers_have_no_gaps the_chain_holds
            redaction_empties_bodies_alone redaction_spares_others redaction_outlives_the_entry
            pages_of_events the_head_is_the_last_event a_refused_commit_changes_no_event
            events_have_the_time_of_their_commit tenants_share_no_events;
        metadata:
            names_are_found_by_prefix changes_are_guarded one_of_many_sets_an_entry
            metadata_is_apart_from_entries;
        parallel:
            numbers_follow_the_order_of_commits no_event_follows_a_revocation;
    ]
}

/// All cases for databases.
pub fn database_cases() -> Vec<DatabaseCase> {
    case_table![
        database:
            tenants_are_made_and_listed names_are_checked settings_are_kept
            a_deleted_tenant_is_gone_for_good deleting_a_large_tenant;
        issuers:
            an_issuer_and_audience_are_one_tenants a_claim_tells_tenants_apart
            one_of_many_gets_an_issuer;
    ]
}
