//! The parts of a document as texts, for what needs few of them, or needs to read them otherwise.

use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::limits;

/// The members of an object, or with empty names the elements of an array, as they stand there.
pub(super) type Parts<'t> = Vec<(String, &'t RawValue)>;

/// The members of an object, or the elements of an array, as they stand there: of so many that none
/// could be taken, the first.
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
            // Further ones could only be unknown.
            if all.len() > limits::JSON_MEMBERS {
                return Err(serde::de::Error::custom("too many members"));
            }
        }
        Ok(all)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(element) = elements.next_element()? {
            // One too many is enough to be refused.
            if all.len() <= limits::LINKS_PER_REQUEST {
                all.push((String::new(), element));
            }
        }
        Ok(all)
    }
}
