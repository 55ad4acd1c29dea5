//! The `detail` of an error (RFC 7644 section 3.12): recorded of it are names and values, no
//! sentences.

use anyhow::ensure;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::Call;

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Whether these are the members of an error.
pub(super) fn is_error(members: &Map<String, Value>) -> bool {
    members.get("schemas").is_some_and(|schemas| schemas[0] == ERROR)
}

/// Refuses a recorded body that says more of an error's `detail` than the names and values in it:
/// what has white space is a sentence, unless the request has it too.
pub(super) fn check(body: &Value, call: &Call) -> anyhow::Result<()> {
    match body {
        Value::Array(values) => values.iter().try_for_each(|value| check(value, call)),
        Value::Object(members) => {
            let detail = members.get("detail").filter(|_| is_error(members));
            detail.map_or(Ok(()), |detail| check_names(detail, call))?;
            members.values().try_for_each(|value| check(value, call))
        }
        _ => Ok(()),
    }
}

fn check_names(detail: &Value, call: &Call) -> anyhow::Result<()> {
    let sent = format!("{} {}", call.target, call.body.replace("\\\"", "\""));
    let sent = percent_decode_str(&sent).decode_utf8_lossy();
    let is_name = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        !name.is_empty() && (!name.contains(char::is_whitespace) || sent.contains(name))
    };
    let names = detail.as_array().map_or(&[][..], Vec::as_slice);
    ensure!(
        !names.is_empty() && names.iter().all(is_name),
        "`detail` is a list of names and values, not {detail}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_sentence_is_not_recorded() {
        let call = Call {
            method: "GET".to_owned(),
            target: "/Users/nobody%20here".to_owned(),
            headers: Vec::new(),
            body: r#"{"path": "emails[type eq \"work\"]"}"#.to_owned(),
        };
        let recorded = |detail: Value| {
            let error = json!({"schemas": [ERROR], "status": "400", "detail": detail});
            check(&json!({"Operations": [{"response": error}]}), &call).is_ok()
        };
        assert!(recorded(json!(["userName", "64"])));
        assert!(recorded(json!(["emails[type eq \"work\"]", "nobody here"])));
        assert!(!recorded(json!(["`userName` is required"])));
        assert!(!recorded(json!("userName")));
        assert!(!recorded(json!([])));
        assert!(!recorded(json!([""])));
    }
}
