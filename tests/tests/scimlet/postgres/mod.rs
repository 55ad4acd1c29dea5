//! Expectations of PostgreSQL's users beyond the contract of stores: several servers on one
//! database, its loss and return, and the fence between tenants. All with the real binary over HTTP
//! where it can be.

mod connections;
mod exchanges;
mod fence;
mod loss;
mod opening;
mod races;
mod revoked;
mod silence;
mod tables;
mod two;

use libtest_mimic::Trial;
use scimlet_tests::needs;
use scimlet_tests::postgres::{self, Cluster};

/// How often each race is run in the test command; `SCIMLET_ROUNDS` says otherwise.
const ROUNDS: u32 = 3;

/// One trial for each case.
pub fn trials() -> Vec<Trial> {
    vec![
        trial("exchanges", exchanges::all),
        trial("tenants_are_fenced_off", fence::tenants_are_fenced_off),
        trial("a_lost_database_comes_back", loss::comes_back),
        trial("silence_ends", silence::ends),
        trial("a_failover_leaves_no_dead_sessions", silence::failover),
        trial("secrets_are_not_repeated", opening::secrets),
        trial("an_empty_database_is_not_taken_for_one", opening::empty),
        trial("many_may_open_a_new_one", opening::many),
        trial("a_newer_one_is_refused", opening::newer),
        trial("a_superuser_is_warned_of", opening::superuser),
        trial("tables::earlier_ones_are_renamed", tables::renamed),
        trial("tables::earlier_ones_are_renamed_once", tables::renamed_once),
        trial("tables::earlier_ones_are_renamed_by_an_embedding", tables::renamed_by_an_embedding),
        trial("tables::a_transaction_may_be_in_the_way", tables::in_the_way),
        trial("tables::those_of_an_application_stay", tables::shared),
        trial("connections_are_left_for_the_host", connections::reserve),
        trial("a_long_search_stops_nothing_else", connections::long_search),
        trial("races::one_of_equal_names_is_made", races::names),
        trial("races::one_if_match_wins_once", races::one_if_match),
        trial("races::all_joins_succeed", races::all_joins),
        trial("races::all_patches_of_one_user_succeed", races::all_patches),
        trial("races::revocation_holds_everywhere", revoked::everywhere),
    ]
}

fn trial<R: Future<Output = anyhow::Result<()>>>(
    name: &str,
    run: impl FnOnce(&'static Cluster) -> R + Send + 'static,
) -> Trial {
    Trial::ignorable_test(format!("postgres::{name}"), move || {
        needs::with(postgres::shared(), |cluster| super::runtime()?.block_on(run(cluster)))
    })
}

/// How often a race is run.
fn rounds() -> anyhow::Result<u32> {
    match std::env::var("SCIMLET_ROUNDS") {
        Ok(rounds) => Ok(rounds.parse()?),
        Err(_) => Ok(ROUNDS),
    }
}
