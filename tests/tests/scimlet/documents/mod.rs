//! The promises of documents to their readers: commands are run as they are written, links lead
//! somewhere, and what there is to know is named.

mod coverage;
mod links;
mod markdown;
mod scripts;

use anyhow::ensure;
use libtest_mimic::{Failed, Trial};

/// The most lines of the README: few read a longer one to its end.
const README_LINES: usize = 130;

/// Characters of a line, tables aside.
const WIDTH: usize = 120;

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn() -> anyhow::Result<()>| {
        Trial::test(format!("documents::{name}"), move || failing(run()))
    };
    let mut trials = scripts::trials();
    trials.extend([
        trial("links_lead_somewhere", links::lead_somewhere),
        trial("paths_are_there", links::paths_are_there),
        trial("each_says_who_it_is_for", audiences),
        trial("lines_are_short", sizes),
        trial("commands_are_listed", coverage::commands),
        trial("options_are_listed", coverage::options),
        trial("sections_of_profiles_are_listed", coverage::sections),
        trial("longer_runs_are_listed", coverage::runs),
        trial("the_contract_is_listed", coverage::contract),
        trial("events_are_listed", coverage::events),
    ]);
    trials
}

fn failing(outcome: anyhow::Result<()>) -> Result<(), Failed> {
    outcome.map_err(|error| format!("{error:#}").into())
}

/// Every document begins with whom it is for.
fn audiences() -> anyhow::Result<()> {
    for document in markdown::all()? {
        let named = document.opening.starts_with("For ");
        ensure!(named, "{} begins `{}`", document.name, document.opening);
    }
    Ok(())
}

fn sizes() -> anyhow::Result<()> {
    for document in markdown::all()? {
        let lines = document.text.lines().count();
        let is_long = document.name == "README.md" && lines > README_LINES;
        ensure!(!is_long, "README.md has {lines} lines");
        let wide = document.text.lines().find(|line| {
            let is_table = line.starts_with('|');
            !is_table && line.chars().count() > WIDTH
        });
        ensure!(wide.is_none(), "{}: {wide:?}", document.name);
    }
    Ok(())
}
