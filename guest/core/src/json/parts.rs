//! Splits a document into the texts of its parts, for callers that need only a few of them or parse
//! them differently.

use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::limits;

/// The texts of an object's members by name, or of an array's elements with empty names.
pub(super) type Parts<'t> = Vec<(String, &'t RawValue)>;

/// Returns the texts of an object's members or an array's elements; only the first ones if there
/// are more than any request may have.
pub(super) fn parts(text: &str) -> Result<Parts<'_>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let all = json.deserialize_any(All)?;
    json.end()?;
    Ok(all)
}

struct All;

impl<'de> Visitor<'de> for All {
    type Value = Parts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            all.push((name, map.next_value()?));
            // Members beyond the limit could only be unknown ones.
            if all.len() > limits::JSON_MEMBERS {
                return Err(serde::de::Error::custom("too many members"));
            }
        }
        Ok(all)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(element) = elements.next_element()? {
            // One element above the limit suffices for the request to be refused.
            if all.len() <= limits::LINKS_PER_REQUEST {
                all.push((String::new(), element));
            }
        }
        Ok(all)
    }
}
