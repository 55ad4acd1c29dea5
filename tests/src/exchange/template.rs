//! Texts with placeholders: `${name}` matches anything once, and the same ever after.

use std::collections::BTreeMap;

use serde_json::Value;

/// What the placeholders stand for by now.
#[derive(Clone, Debug, Default)]
pub struct Bindings(BTreeMap<String, String>);

impl Bindings {
    /// Begins with the base URL.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self(BTreeMap::from([("base".to_owned(), base.to_owned())]))
    }

    /// The text with everything filled in that is known.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        self.0
            .iter()
            .fold(template.to_owned(), |text, (name, value)| {
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
        let middle = text
            .strip_prefix(before)
            .and_then(|text| text.strip_suffix(after));
        let Some(middle) = middle.filter(|middle| !middle.is_empty()) else {
            return false;
        };
        self.0.insert(name.to_owned(), middle.to_owned());
        true
    }

    /// Where a document differs from the template's; `None` if it does not. `at` is the path so far.
    pub fn difference(&mut self, template: &Value, document: &Value, at: &str) -> Option<String> {
        match (template, document) {
            (Value::String(template), Value::String(text)) if self.matches(template, text) => None,
            (Value::Array(templates), Value::Array(values)) if templates.len() == values.len() => {
                let pairs = templates.iter().zip(values).enumerate();
                pairs
                    .into_iter()
                    .find_map(|(i, (t, v))| self.difference(t, v, &format!("{at}/{i}")))
            }
            (Value::Object(templates), Value::Object(values)) => {
                if let Some(extra) = values.keys().find(|key| !templates.contains_key(*key)) {
                    return Some(format!("{at}/{extra} is there and should not be"));
                }
                templates
                    .iter()
                    .find_map(|(key, template)| match values.get(key) {
                        Some(value) => self.difference(template, value, &format!("{at}/{key}")),
                        None => Some(format!("{at}/{key} is not there")),
                    })
            }
            (template, value) if template == value => None,
            (template, value) => Some(format!(
                "{at} is {value}, not {}",
                self.fill(&template.to_string())
            )),
        }
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
}
