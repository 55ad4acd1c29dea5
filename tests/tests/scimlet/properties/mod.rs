//! Properties that hold for all inputs, tried with generated ones. `SCIMLET_CASES` says how many; a
//! failure names the smallest input that fails, and becomes a case of its own.

mod bytes;
mod grammar;
mod patches;
mod queries;
mod resources;
mod secrets;
mod versions;

use std::fmt::Debug;

use libtest_mimic::{Failed, Trial};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Cases of each property in the test command.
const CASES: u32 = 200;

/// One trial for each property.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("property::filters_print_what_they_parse", grammar::filters),
        Trial::test("property::paths_print_what_they_parse", grammar::paths),
        Trial::test("property::all_stores_give_the_same_answers", queries::stores_agree),
        Trial::test("property::pages_join_up", queries::pages_join_up),
        Trial::test("property::a_patch_happens_whole_or_not_at_all", patches::all_or_nothing),
        Trial::test("property::a_secret_never_comes_back", secrets::never_returned),
        Trial::test("property::no_change_is_no_version", versions::unchanged),
        Trial::test("property::any_bytes_get_an_answer", bytes::answered),
    ]
}

/// Whether the property holds for all generated inputs.
fn hold<S: Strategy>(
    strategy: &S,
    property: impl Fn(S::Value) -> anyhow::Result<()>,
) -> Result<(), Failed>
where
    S::Value: Debug,
{
    let cases = std::env::var("SCIMLET_CASES").ok();
    let cases = cases.map_or(Ok(CASES), |cases| cases.parse())?;
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let test = |input| property(input).map_err(|error| TestCaseError::fail(format!("{error:#}")));
    runner.run(strategy, test).map_err(|error| error.to_string().into())
}
