//! Documents that are large because of one list, such as the members of a group. Of each value in
//! such a list only the `value` is kept, in a packed form, so that a hundred thousand values take a
//! few megabytes.

use serde_json::{Map, Value};

use super::parts::parts;
use super::{JsonError, Reader, member};
use crate::limits;

/// Precedes each text in a packed list. No string that [`super::parse`] accepts contains it.
const MARK: char = '\0';

/// Returns the texts of a packed list; `None` if the value is not packed.
#[must_use]
pub fn unpacked(value: &Value) -> Option<impl Iterator<Item = &str>> {
    Some(value.as_str()?.strip_prefix(MARK)?.split(MARK))
}

/// Parses the body of a POST, PUT or PATCH. An array that an attribute with one of these names is
/// set to, or that is added to it, is packed if only the `value` of its elements matters. Also
/// returns how many bytes of the text the packed arrays took.
///
/// # Errors
/// If the text is not JSON, or breaks one of the rules of [`JsonError`].
pub fn parse_large(text: &str, names: &[&str]) -> Result<(Value, usize), JsonError> {
    let mut large = Large { names, reader: Reader::new(), packed: 0 };
    let value = large.document(text)?;
    Ok((value, large.packed))
}

struct Large<'n> {
    names: &'n [&'n str],
    /// Reads everything that is not packed.
    reader: Reader,
    packed: usize,
}

impl Large<'_> {
    fn document(&mut self, text: &str) -> Result<Value, JsonError> {
        self.object(text, |large, name, value| {
            if large.is_list(name) {
                return large.list(value);
            }
            if name.eq_ignore_ascii_case("Operations") && value.starts_with('[') {
                let operations = parts(value)?;
                let each = operations.iter().take(limits::PATCH_OPERATIONS + 1);
                let each = each.map(|(_, operation)| large.operation(operation.get()));
                return Ok(Value::Array(each.collect::<Result<_, _>>()?));
            }
            large.reader.read(value)
        })
    }

    /// Reads an object member by member from their texts, and any other value as it is.
    fn object(
        &mut self,
        text: &str,
        mut read: impl FnMut(&mut Self, &str, &str) -> Result<Value, JsonError>,
    ) -> Result<Value, JsonError> {
        if !text.trim_start().starts_with('{') {
            return self.reader.read(text);
        }
        let mut object = Map::new();
        for (name, value) in parts(text)? {
            let value = read(self, &name, value.get())?;
            if name.contains(MARK) {
                return Err(JsonError::Nul);
            }
            if object.contains_key(&name) {
                return Err(JsonError::Twice(name));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }

    fn operation(&mut self, text: &str) -> Result<Value, JsonError> {
        if !text.starts_with('{') {
            return self.reader.read(text);
        }
        let said = parts(text)?;
        let text_of = |name: &str| {
            let mut said = said.iter();
            let found = said.find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.and_then(|(_, value)| Reader::new().read(value.get()).ok())
        };
        // The value of a removal is a filter on values, so it is not packed.
        let op = text_of("op");
        let op = op.as_ref().and_then(Value::as_str).unwrap_or_default();
        let sets = ["add", "replace"].iter().any(|name| op.eq_ignore_ascii_case(name));
        let path = text_of("path").filter(|path| !path.is_null());
        let name = path.as_ref().and_then(|path| path.as_str()?.trim().rsplit(':').next());
        let is_list = name.is_some_and(|name| self.is_list(name));
        self.object(text, |large, name, value| {
            if !sets || !name.eq_ignore_ascii_case("value") {
                return large.reader.read(value);
            }
            match path {
                Some(_) if is_list => large.list(value),
                None => large.object(value, |large, name, value| match large.is_list(name) {
                    true => large.list(value),
                    false => large.reader.read(value),
                }),
                Some(_) => large.reader.read(value),
            }
        })
    }

    fn is_list(&self, name: &str) -> bool {
        let mut names = self.names.iter();
        names.any(|list| list.eq_ignore_ascii_case(name))
    }

    fn list(&mut self, text: &str) -> Result<Value, JsonError> {
        if !text.starts_with('[') {
            return self.reader.read(text);
        }
        let mut texts = String::new();
        for (_, element) in parts(text)? {
            let element = Reader::new().read(element.get())?;
            let object = element.as_object();
            let value = object.and_then(|object| member(object, "value")?.as_str());
            match value.filter(|value| !value.is_empty()) {
                Some(value) => {
                    texts.push(MARK);
                    texts.push_str(value);
                }
                None => return self.reader.read(text),
            }
        }
        if texts.is_empty() {
            return self.reader.read(text);
        }
        self.packed += text.len();
        Ok(Value::String(texts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ids(value: &Value) -> Vec<&str> {
        unpacked(value).into_iter().flatten().collect()
    }

    #[test]
    fn lists_are_packed_where_they_are_set() {
        let members = json!([{"value": "a", "display": "A"}, {"VALUE": "b"}]);
        let body = json!({"displayName": "x", "Members": members});
        let (read, packed) = parse_large(&body.to_string(), &["members"]).unwrap();
        assert_eq!(ids(&read["Members"]), ["a", "b"]);
        assert_eq!(read["displayName"], "x");
        assert!(packed > 30);
        let of = |operation: Value| {
            let body = json!({"Operations": [operation]}).to_string();
            parse_large(&body, &["members"]).unwrap().0["Operations"][0]["value"].take()
        };
        let list = json!([{"value": "a"}]);
        let path = |op: &str, path: &str| json!({"value": list, "op": op, "path": path});
        assert_eq!(ids(&of(path("Replace", "members"))), ["a"]);
        assert_eq!(ids(&of(path("add", "urn:x:Group:members"))), ["a"]);
        assert_eq!(of(path("remove", "members")), list);
        assert_eq!(of(path("add", "emails")), list);
        let bare = of(json!({"op": "add", "value": {"members": list, "x": list}}));
        assert_eq!((ids(&bare["members"]), &bare["x"]), (vec!["a"], &list));
    }

    #[test]
    fn what_is_no_list_of_values_is_read_as_it_is() {
        for list in [
            json!(["a"]),
            json!([]),
            json!(null),
            json!([{"value": 1}]),
            json!([{"value": "a"}, 2]),
        ] {
            let body = json!({"members": list}).to_string();
            let (read, packed) = parse_large(&body, &["members"]).unwrap();
            assert_eq!((&read["members"], packed), (&list, 0));
        }
        for text in [r#"{"members":[{"value":"a\u0000b"}]}"#, r#"{"members":"\u0000a"}"#] {
            assert!(matches!(parse_large(text, &["members"]), Err(JsonError::Nul)), "{text}");
        }
        assert!(matches!(parse_large(r#"{"a":1,"a":2}"#, &[]), Err(JsonError::Twice(_))));
        assert!(parse_large(r#"{"members":[{"value":"a"}"#, &["members"]).is_err());
        assert!(parse_large("{} x", &[]).is_err());
    }
}
