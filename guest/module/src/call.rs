//! The calls of the host to the module, as texts.

use std::cell::Cell;

use scimlet_store::json::wide;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::bindings::Arguments;
use crate::bindings::exports::scimlet::plugin::{admin, directory, provider, tables};
use crate::connection::{self, BoundDatabase};
use crate::json::{self, Answer};
use crate::source::{self, Seed};

/// Functions that call no import, and so need neither time nor randomness.
const PURE: [&str; 3] = ["provider.prepare", "provider.tenant-of", "admin.explain"];

thread_local! {
    /// Whether a call has begun and not returned. A trap leaves it set, so that an instance with a
    /// half-done call in its memory answers no others.
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call<'a> {
    call: String,
    #[serde(default, deserialize_with = "wide")]
    now: Option<u64>,
    seed: Option<String>,
    database: Option<BoundDatabase>,
    #[serde(default)]
    application: bool,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

/// Runs a call of the host, and returns the answer.
pub fn run(text: Vec<u8>) -> Vec<u8> {
    if RUNNING.replace(true) {
        let sentence = "an earlier call of this instance has not returned";
        return json::write(&Answer::<()>::Error(sentence.to_owned()));
    }
    let read = str::from_utf8(&text).map_err(|error| error.to_string());
    let answer = read.and_then(answered);
    source::clear();
    connection::bind(None);
    RUNNING.set(false);
    answer.unwrap_or_else(|sentence| json::write(&Answer::<()>::Error(sentence)))
}

fn answered(text: &str) -> Result<Vec<u8>, String> {
    let call: Call<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    source::set_application(call.application);
    if !PURE.contains(&call.call.as_str()) {
        let now = call.now.ok_or("missing field `now`")?;
        source::set(now, &seed(call.seed.as_deref().ok_or("missing field `seed`")?)?);
    }
    let is_bound = call.database.is_some();
    connection::bind(call.database);
    let mut arguments = Arguments::read(call.arguments.map_or("{}", RawValue::get))?;
    let answer = match call.call.split_once('.') {
        Some(("provider", name)) => provider::call(name, &mut arguments)?,
        Some(("admin", name)) => admin::call(name, &mut arguments)?,
        Some(("tables", _)) if !is_bound => return Err("missing field `database`".to_owned()),
        Some(("tables", name)) => tables::call(name, &mut arguments)?,
        Some(("directory", name)) => directory::call(name, &mut arguments)?,
        _ => None,
    };
    answer.ok_or_else(|| format!("there is no function `{}`", call.call))
}

fn seed(digits: &str) -> Result<Seed, String> {
    let mut seed = Seed::default();
    let decoded = base16ct::mixed::decode(digits, &mut seed).map(<[u8]>::len);
    match decoded {
        Ok(length) if length == seed.len() => Ok(seed),
        _ => Err("`seed` is 64 hexadecimal digits".to_owned()),
    }
}
