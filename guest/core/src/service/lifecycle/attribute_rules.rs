//! The profile's rules for attributes in addition to their schema: which cannot change, and how a
//! change of them is handled.

use serde_json::Value;

use crate::error::Error;
use crate::mutability;
use crate::port::Level;
use crate::profile::{Attributes, RefusedChange};
use crate::resource_type::ResourceType;
use crate::schema::{Attribute, Content, Mutability};
use crate::service::Session;
use crate::service::write::event::ChangeKind as Asked;

/// Refuses changes that the profile forbids, or reverts them if the profile says so.
pub(super) fn protect(
    session: &Session<'_>,
    resource_type: &ResourceType,
    before: Option<&Content>,
    content: &mut Content,
    asked: Asked,
) -> Result<(), Error> {
    let rules = &session.admission.policy.attributes;
    if rules.mutability.is_empty() {
        return Ok(());
    }
    let mut guard = AttributeRules {
        rules,
        asked,
        is_settled: asked != Asked::Create && !rules.set_later,
        ignored: Vec::new(),
    };
    let nothing = Content::new();
    let old = before.unwrap_or(&nothing);
    guard.object(&resource_type.core().attributes, "", old, content)?;
    for (extension, _) in resource_type.extensions() {
        let prefix = format!("{}:", extension.id);
        let old = old.get(&extension.id).and_then(Value::as_object);
        let mut inner = taken(content, &extension.id);
        guard.object(&extension.attributes, &prefix, old.unwrap_or(&nothing), &mut inner)?;
        if !inner.is_empty() {
            content.insert(extension.id.clone(), inner.into());
        }
    }
    if !guard.ignored.is_empty() {
        let text = format!("changes were ignored: {}", guard.ignored.join(", "));
        session.note(Level::Info, "policy", &text);
    }
    Ok(())
}

/// Removes and returns an object; an empty one if it is absent.
fn taken(content: &mut Content, name: &str) -> Content {
    match content.remove(name) {
        Some(Value::Object(inner)) => inner,
        _ => Content::new(),
    }
}

struct AttributeRules<'a> {
    rules: &'a Attributes,
    asked: Asked,
    /// Whether an immutable attribute without a value must stay without one.
    is_settled: bool,
    ignored: Vec<String>,
}

impl AttributeRules<'_> {
    fn object(
        &mut self,
        attributes: &[Attribute],
        prefix: &str,
        old: &Content,
        new: &mut Content,
    ) -> Result<(), Error> {
        for attribute in attributes {
            let path = format!("{prefix}{}", attribute.name);
            let by_parts = attribute.is_complex() && !attribute.multi_valued;
            if by_parts && self.rules.names_parts_of(&path) {
                self.parts(attribute, &path, old, new)?;
            } else {
                let rule = self.rules.mutability(&path, None);
                self.value(rule, attribute.name.as_str(), &path, old, new)?;
            }
        }
        Ok(())
    }

    fn parts(
        &mut self,
        attribute: &Attribute,
        path: &str,
        old: &Content,
        new: &mut Content,
    ) -> Result<(), Error> {
        let nothing = Content::new();
        let name = attribute.name.as_str();
        let old = old.get(name).and_then(Value::as_object).unwrap_or(&nothing);
        let mut inner = taken(new, name);
        for sub in &attribute.sub_attributes {
            let rule = self.rules.mutability(path, Some(sub.name.as_str()));
            let path = format!("{path}.{}", sub.name);
            self.value(rule, sub.name.as_str(), &path, old, &mut inner)?;
        }
        if !inner.is_empty() {
            new.insert(name.to_owned(), inner.into());
        }
        Ok(())
    }

    fn value(
        &mut self,
        rule: Option<Mutability>,
        name: &str,
        path: &str,
        old: &Content,
        new: &mut Content,
    ) -> Result<(), Error> {
        let (before, after) = (old.get(name), new.get(name));
        let is_forbidden = match rule {
            Some(Mutability::ReadOnly) => true,
            Some(Mutability::Immutable) => before.is_some() || self.is_settled,
            _ => false,
        };
        if !is_forbidden || before == after {
            return Ok(());
        }
        // A whole resource that omits an attribute, or contains one that only the service sets,
        // does not ask to change it (RFC 7644 section 3.5.1).
        let asks =
            self.asked == Asked::Patch || (after.is_some() && rule == Some(Mutability::Immutable));
        if asks && self.rules.refused_change == RefusedChange::Refuse {
            return Err(mutability::refused(path));
        }
        if asks || after.is_some() {
            self.ignored.push(path.to_owned());
        }
        match before {
            Some(before) => new.insert(name.to_owned(), before.clone()),
            None => new.remove(name),
        };
        Ok(())
    }
}
