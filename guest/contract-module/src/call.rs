//! The calls of the host to the module, as texts.

use scimlet_contract::blocking;
use serde::Deserialize;
use serde_json::Value;

use crate::connection::{self, BoundDatabase};
use crate::imported::ImportedStores;
use crate::json::{self, Answer};
use crate::tenants::SqlTenants;

/// A call. What the plugin needs in other calls may be given: hosts give it with each.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    call: String,
    #[serde(default, rename = "now")]
    _now: Value,
    #[serde(default, rename = "seed")]
    _seed: Value,
    #[serde(default, rename = "application")]
    _application: bool,
    database: Option<BoundDatabase>,
    #[serde(default)]
    arguments: Arguments,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    #[serde(default)]
    cases: Vec<String>,
}

/// Runs a call of the host, and returns the answer.
pub fn run(text: Vec<u8>) -> Vec<u8> {
    let answer = answered(&text).map_or_else(Answer::Error, Answer::Return);
    connection::bind(None);
    json::write(&answer)
}

fn answered(text: &[u8]) -> Result<Vec<String>, String> {
    let call: Call = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    connection::bind(call.database);
    let mut cases = call.arguments.cases;
    if cases.is_empty() {
        cases = names();
    }
    match call.call.as_str() {
        "contract.cases" => Ok(names()),
        "contract.run" if connection::is_bound() => {
            Ok(blocking::broken_rules(SqlTenants::default, &cases))
        }
        "contract.run" => Ok(blocking::broken_rules(ImportedStores::default, &cases)),
        name => Err(format!("there is no function `{name}`")),
    }
}

/// Returns the names of the cases that a store can be asked in JSON.
fn names() -> Vec<String> {
    let has_form = |name: &&str| connection::is_bound() || !blocking::NOT_IN_JSON.contains(name);
    blocking::names().into_iter().filter(has_form).map(str::to_owned).collect()
}
