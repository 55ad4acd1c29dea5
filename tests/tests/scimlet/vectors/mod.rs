//! The supplied vectors: filters, paths, matches and patches of other projects. `core` cases are
//! decided by the RFC's text.

mod bound;
mod idp;
mod interop;
mod patch;

use libtest_mimic::{Failed, Trial};
use scimlet_core::filter::{Filter, Path};
use scimlet_core::predicate;
use scimlet_core::profile::Policy;
use scimlet_tests::inferred::{Inferred, case};
use scimlet_tests::{needs, supplied};
use serde_json::{Map, Value};

/// Core cases that are not as the RFC has it, each with the sentence that says so.
const EXCEPTIONS: [(&str, &str); 7] = [
    ("match-0424", BOOLEAN),
    ("match-0425", BOOLEAN),
    ("match-0442", BOOLEAN),
    ("match-0443", BOOLEAN),
    ("patch-0133", TWICE),
    ("patch-0146", TWICE),
    ("patch-0278", EMPTY),
];

/// `Display` beside `display` is one attribute that is given twice.
const TWICE: &str = "RFC 7643 section 2.1: Attribute names are case insensitive";

/// A PATCH without operations is refused.
const EMPTY: &str = "RFC 7644 section 3.5.2: the \"Operations\" attribute, whose value is an \
    array of one or more PATCH operations";

/// Whatever the resource holds, an attribute that is compared with `false` is Boolean.
const BOOLEAN: &str = "RFC 7644 section 3.4.2.2, table 3: Boolean and Binary attributes SHALL \
    cause a failed response (HTTP status code 400) with \"scimType\" of \"invalidFilter\"";

/// One trial for each core case, for each that needs a decision, and for each exchange of a real
/// client.
pub fn trials() -> Vec<Trial> {
    let files: [(&str, Judge); 4] =
        [("filters", filter), ("paths", path), ("matches", matches), ("patches", patch::judge)];
    let core = files.into_iter().flat_map(|(file, judge)| of(file, judge));
    core.chain(interop::trials()).chain(idp::trials()).collect()
}

/// Returns what is wrong with how a case comes out.
type Judge = fn(&Value) -> Result<(), String>;

fn of(file: &'static str, judge: Judge) -> Vec<Trial> {
    let cases = match supplied::cases(&format!("vectors/{file}.jsonl")) {
        Ok(cases) => cases,
        Err(error) => {
            let missing = move || needs::with(Err::<(), _>(error), |()| Ok(()));
            return vec![Trial::ignorable_test(format!("vectors::{file}"), missing)];
        }
    };
    let excepted = |case: &Value| EXCEPTIONS.iter().any(|(id, _)| *id == text(case, "id"));
    let core = cases.into_iter().filter(|case| case["use"] == "core" && !excepted(case));
    let trial = |case: Value| {
        let name = format!("vectors::{file}::{}", text(&case, "id"));
        Trial::test(name, move || judge(&case).map_err(Failed::from))
    };
    core.map(trial).collect()
}

fn text<'c>(case: &'c Value, name: &str) -> &'c str {
    case[name].as_str().unwrap_or_default()
}

/// Whether two judgements agree.
fn agree(expected: &Value, found: Result<(), String>) -> Result<(), String> {
    match (expected.as_bool(), found) {
        (Some(true), Err(error)) => Err(format!("refused: {error}")),
        (Some(false), Ok(())) => Err("accepted".to_owned()),
        _ => Ok(()),
    }
}

fn filter(case: &Value) -> Result<(), String> {
    let text = text(case, "filter");
    let parsed = text.parse::<Filter>();
    agree(&case["valid"], parsed.as_ref().map(drop).map_err(ToString::to_string))
        .map_err(|error| format!("{text}: {error}"))?;
    if let Ok(filter) = &parsed {
        let printed = filter.to_string();
        if printed.parse::<Filter>().as_ref() != Ok(filter) {
            return Err(format!("{text}: printed as {printed}, which is another filter"));
        }
        bound::filter(case, filter)?;
    }
    Ok(())
}

fn path(case: &Value) -> Result<(), String> {
    let text = text(case, "path");
    let parsed = text.parse::<Path>();
    agree(&case["valid"], parsed.as_ref().map(drop).map_err(ToString::to_string))
        .map_err(|error| format!("{text}: {error}"))?;
    if let Ok(path) = &parsed {
        let printed = path.to_string();
        if printed.parse::<Path>().as_ref() != Ok(path) {
            return Err(format!("{text}: printed as {printed}, which is another path"));
        }
        bound::path(case, path)?;
    }
    Ok(())
}

fn matches(case_: &Value) -> Result<(), String> {
    let found = holds(case_)?;
    if case_["match"].as_bool() == Some(found) {
        return Ok(());
    }
    let text = text(case_, "filter");
    Err(format!("{text} is {found} for {}", case_["resource"]))
}

/// Whether the case's filter holds for its resource; an error if it cannot be asked.
fn holds(case_: &Value) -> Result<bool, String> {
    let text = text(case_, "filter");
    let filter: Filter = text.parse().map_err(|error| format!("{text}: {error}"))?;
    let resource = &nested(case_["resource"].as_object().ok_or("no resource")?);
    let named = case_["schema"].as_str().is_some_and(|uri| uri.ends_with(":User"));
    let policy = if named {
        Policy::preset("default").map_err(|error| error.to_string())?
    } else {
        let mut inferred = Inferred::default();
        inferred.resource(resource);
        inferred.filter(&filter);
        inferred.case_exact(case_["caseExact"].as_str().unwrap_or_default());
        inferred.policy()
    };
    let of = if named { policy.registry.named("User").ok_or("no type")? } else { case(&policy) };
    let predicate = predicate::bind(&filter, of).map_err(|error| format!("{text}: {error}"))?;
    Ok(predicate.holds(resource))
}

/// Some projects write an extension's attributes flat, each behind the schema's URI.
fn nested(resource: &Map<String, Value>) -> Map<String, Value> {
    let mut nested = Map::new();
    for (key, value) in resource {
        match key.rsplit_once(':') {
            Some((uri, name)) if name.starts_with(|c: char| c.is_ascii_lowercase()) => {
                let extension = nested.entry(uri).or_insert_with(|| Map::new().into());
                if let Some(extension) = extension.as_object_mut() {
                    extension.insert(name.to_owned(), value.clone());
                }
            }
            _ => drop(nested.insert(key.clone(), value.clone())),
        }
    }
    nested
}
