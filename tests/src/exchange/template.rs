//! Texts with placeholders: `${name}` matches anything once, and the same ever after.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::detail::is_error;
use crate::wording::mentions;

type Object = Map<String, Value>;

/// The values of the placeholders that are known so far.
#[derive(Clone, Debug, Default)]
pub struct Bindings(BTreeMap<String, String>);

impl Bindings {
    /// Returns bindings that know the base URL.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self(BTreeMap::from([("base".to_owned(), base.to_owned())]))
    }

    /// The text with everything filled in that is known.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        self.0.iter().fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("${{{name}}}"), value)
        })
    }

    /// Whether a text is what the template says; binds the one placeholder that may be unknown.
    pub fn matches(&mut self, template: &str, text: &str) -> bool {
        let filled = self.fill(template);
        let Some((before, rest)) = filled.split_once("${") else {
            return filled == text;
        };
        let Some((name, after)) = rest.split_once('}') else {
            return filled == text;
        };
        let middle = text.strip_prefix(before).and_then(|text| text.strip_suffix(after));
        let Some(middle) = middle.filter(|middle| !middle.is_empty()) else {
            return false;
        };
        self.0.insert(name.to_owned(), middle.to_owned());
        true
    }

    /// Where a document differs from the template's; `None` if it does not. `at` is the path so
    /// far.
    pub fn difference(&mut self, template: &Value, document: &Value, at: &str) -> Option<String> {
        match (template, document) {
            (Value::String(template), Value::String(text)) if self.matches(template, text) => None,
            (Value::Array(templates), Value::Array(values)) if templates.len() == values.len() => {
                let pairs = templates.iter().zip(values).enumerate();
                pairs
                    .into_iter()
                    .find_map(|(i, (t, v))| self.difference(t, v, &format!("{at}/{i}")))
            }
            (Value::Object(templates), Value::Object(values)) => self.object(templates, values, at),
            (template, value) if template == value => None,
            (template, value) => {
                Some(format!("{at} is {value}, not {}", self.fill(&template.to_string())))
            }
        }
    }

    fn object(&mut self, templates: &Object, values: &Object, at: &str) -> Option<String> {
        let is_error = is_error(templates);
        let is_detail = |key: &String| is_error && key == "detail";
        let mut keys = values.keys().filter(|key| !is_detail(key));
        if let Some(extra) = keys.find(|key| !templates.contains_key(*key)) {
            return Some(format!("{at}/{extra} is there and should not be"));
        }
        let compared = templates.iter().filter(|(key, _)| !is_detail(key));
        for (key, template) in compared {
            let difference = match values.get(key) {
                Some(value) => self.difference(template, value, &format!("{at}/{key}")),
                None => Some(format!("{at}/{key} is not there")),
            };
            if difference.is_some() {
                return difference;
            }
        }
        let lacks = is_error.then(|| self.lacks(templates.get("detail"), values.get("detail")));
        lacks.flatten().map(|what| format!("{at}/detail {what}"))
    }

    /// Returns why a `detail` does not have the names that it must contain; `None` if it has all.
    fn lacks(&self, names: Option<&Value>, detail: Option<&Value>) -> Option<String> {
        let Some(detail) = detail.and_then(Value::as_str).filter(|text| !text.is_empty()) else {
            return Some("is no text".to_owned());
        };
        let names = names.and_then(Value::as_array).into_iter().flatten();
        let mut names = names.map(|name| self.fill(name.as_str().unwrap_or_default()));
        let missing = names.find(|name| !mentions(detail, name))?;
        Some(format!("is `{detail}`, without `{missing}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn placeholders_bind_once() {
        let mut bindings = Bindings::new("http://x");
        let template = json!({"id": "${id}", "at": "${base}/Users/${id}"});
        let good = json!({"id": "7", "at": "http://x/Users/7"});
        assert_eq!(bindings.difference(&template, &good, ""), None);
        let other = json!({"id": "8", "at": "http://x/Users/8"});
        assert!(bindings.difference(&template, &other, "").is_some());
        assert_eq!(bindings.fill("/Users/${id}"), "/Users/7");
    }

    #[test]
    fn a_detail_contains_its_names_in_any_words() {
        let mut bindings = Bindings::new("http://x");
        assert!(bindings.matches("${id}", "7"));
        let mut differs = |names: Value, detail: Value| {
            let error = |detail: Value| {
                let urn = "urn:ietf:params:scim:api:messages:2.0:Error";
                json!({"schemas": [urn], "status": "404", "detail": detail})
            };
            let mut template = error(names);
            if template["detail"].is_null() {
                template.as_object_mut().unwrap().remove("detail");
            }
            bindings.difference(&template, &error(detail), "").is_some()
        };
        assert!(!differs(json!(["User", "${id}"]), json!("no User `7`")));
        assert!(differs(json!(["User", "${id}"]), json!("no User `8`")));
        assert!(differs(json!(["${unknown}"]), json!("no User `7`")));
        assert!(!differs(json!(null), json!("whatever")));
        assert!(differs(json!(null), json!("")));
        assert!(differs(json!(null), json!(null)));
    }
}
