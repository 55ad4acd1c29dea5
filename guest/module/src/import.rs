//! The calls of the module to the host, as texts.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::abi;
use crate::json::{self, Answer, Outcome};

#[derive(Serialize)]
struct Asked<'a, T> {
    call: &'a str,
    arguments: &'a T,
}

/// Calls a function of the host that returns a result. `unanswered` makes an error of the sentence
/// that says why there is no answer.
pub fn ask<T: DeserializeOwned, E: DeserializeOwned>(
    call: &str,
    arguments: &impl Serialize,
    unanswered: fn(String) -> E,
) -> Result<T, E> {
    let answer = tell(call, arguments);
    // The type of a result is read by itself: the code that reads what is around it is there once.
    let result = match outcome(&answer) {
        Ok(Answer::Return(Outcome::Ok(value))) => read(value).map(Ok),
        Ok(Answer::Return(Outcome::Err(error))) => read(error).map(Err),
        Ok(Answer::Error(sentence)) => return Err(unanswered(sentence)),
        Err(error) => Err(error),
    };
    result.unwrap_or_else(|error| Err(unanswered(format!("the answer to {call}: {error}"))))
}

fn outcome(answer: &[u8]) -> Result<Answer<Outcome<&RawValue, &RawValue>>, String> {
    let text = str::from_utf8(answer).map_err(|error| error.to_string())?;
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn read<T: DeserializeOwned>(value: &RawValue) -> Result<T, String> {
    serde_json::from_str(value.get()).map_err(|error| error.to_string())
}

/// Calls a function of the host, and returns its answer as it is.
pub fn tell(call: &str, arguments: &impl Serialize) -> Vec<u8> {
    abi::ask(&json::write(&Asked { call, arguments }))
}
