//! Supplied cases that the RFC leaves open, or that are lenient: what is decided for each, under
//! the default profile and under the strict one, with a reason, in `tests/vectors/interop.tsv`.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use scimlet_core::filter::{Filter, Path};
use scimlet_tests::{needs, supplied};
use serde_json::Value;

use super::{holds, patch, text};

/// The outcome under the default profile, that under the strict one, and the reason.
type Decision = (&'static str, &'static str, &'static str);

/// One trial for each case.
pub fn trials() -> Vec<Trial> {
    let mut decisions: BTreeMap<&str, Decision> = decisions().collect();
    let mut trials = Vec::new();
    for (file, decide) in [
        ("filters", parsed::<Filter> as Decide),
        ("paths", parsed::<Path>),
        ("matches", matched),
        ("patches", patch::decide),
    ] {
        let cases = match supplied::cases(&format!("vectors/{file}.jsonl")) {
            Ok(cases) => cases,
            Err(error) => {
                let missing = move || needs::with(Err::<(), _>(error), |()| Ok(()));
                return vec![Trial::ignorable_test("vectors::interop", missing)];
            }
        };
        for case in cases.into_iter().filter(|case| case["use"] == "interop") {
            let decision = decisions.remove(text(&case, "id"));
            let name = format!("vectors::interop::{}", text(&case, "id"));
            trials.push(Trial::test(name, move || Ok(judge(&case, decision, decide)?)));
        }
    }
    trials.extend(decisions.into_keys().map(|id| {
        Trial::test(format!("vectors::interop::{id}"), || Err("there is no such case".into()))
    }));
    trials
}

/// Returns the outcome of a case under a preset.
type Decide = fn(&Value, &str) -> Result<&'static str, String>;

fn decisions() -> impl Iterator<Item = (&'static str, Decision)> {
    let lines = include_str!("../../../vectors/interop.tsv").lines().skip(1);
    lines.filter_map(|line| {
        let mut fields = line.split('\t');
        let mut next = || fields.next();
        Some((next()?, (next()?, next()?, next().filter(|reason| !reason.is_empty())?)))
    })
}

fn judge(case: &Value, decision: Option<Decision>, decide: Decide) -> Result<(), String> {
    let found = (decide(case, "default")?, decide(case, "strict")?);
    match decision {
        Some((default, strict, _)) if (default, strict) == found => Ok(()),
        Some(decision) => Err(format!("{decision:?} is decided, and it is {found:?}")),
        None => Err(format!("no decision: {}\t{}\t{}", text(case, "id"), found.0, found.1)),
    }
}

/// Filters and paths are the same for all profiles.
fn parsed<T: std::str::FromStr>(case: &Value, _: &str) -> Result<&'static str, String> {
    let given = case["filter"].as_str().or(case["path"].as_str()).ok_or("no text")?;
    Ok(given.parse::<T>().map_or("refuse", |_| "accept"))
}

fn matched(case: &Value, _: &str) -> Result<&'static str, String> {
    Ok(match holds(case) {
        Err(_) => "refuse",
        Ok(found) if case["match"].as_bool() == Some(found) => "as-expected",
        Ok(_) => "differs",
    })
}
