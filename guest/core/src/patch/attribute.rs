//! One action at one attribute: RFC 7644 sections 3.5.2.1 to 3.5.2.3.

use serde_json::Value;

use super::{Action, element};
use crate::error::{Error, ErrorKind};
use crate::filter::{Filter, Path};
use crate::mutability;
use crate::predicate;
use crate::schema::{Attribute, Checker, Content, Mutability};

/// Where an action happens, and the path that said so.
pub(super) struct Target<'a> {
    pub(super) attribute: &'a Attribute,
    pub(super) sub: Option<&'a Attribute>,
    pub(super) path: &'a Path,
}

impl Target<'_> {
    /// Does it to the object that holds the attribute.
    pub(super) fn apply(
        &self,
        content: &mut Content,
        checker: &mut Checker,
        action: Action,
    ) -> Result<(), Error> {
        let name = self.attribute.name.as_str();
        let before = content.remove(name);
        let after = match &self.path.filter {
            Some(filter) => self.elements(filter, before.clone(), checker, action)?,
            None => match self.sub {
                Some(sub) => self.sub_attribute(sub, before.clone(), checker, action)?,
                None => self.whole(before.clone(), checker, action)?,
            },
        };
        self.permitted(before.as_ref(), after.as_ref())?;
        if let Some(after) = after {
            content.insert(name.to_owned(), after);
        }
        Ok(())
    }

    /// The attribute itself.
    fn whole(
        &self,
        before: Option<Value>,
        checker: &mut Checker,
        action: Action,
    ) -> Result<Option<Value>, Error> {
        let path = self.path.to_string();
        match action {
            Action::Remove => Ok(None),
            Action::Add(value) | Action::Replace(value)
                if self.attribute.is_complex() && !self.attribute.multi_valued =>
            {
                let given = checker.value(self.attribute, &path, value)?;
                Ok(given.map(|given| merged(before, given)))
            }
            Action::Replace(value) => checker.value(self.attribute, &path, self.collection(value)),
            Action::Add(value) if self.attribute.multi_valued => {
                let given = checker.value(self.attribute, &path, self.collection(value))?;
                Ok(appended(before, given))
            }
            Action::Add(value) => checker.value(self.attribute, &path, value),
        }
    }

    /// One value of a multi-valued attribute stands for an array of it.
    fn collection(&self, value: Value) -> Value {
        match value {
            value @ (Value::Array(_) | Value::Null) => value,
            value if self.attribute.multi_valued => Value::Array(vec![value]),
            value => value,
        }
    }

    /// A sub-attribute, of all values where there are several.
    fn sub_attribute(
        &self,
        sub: &Attribute,
        before: Option<Value>,
        checker: &mut Checker,
        action: Action,
    ) -> Result<Option<Value>, Error> {
        match before {
            Some(Value::Array(values)) => {
                let change = |value| self.in_element(value, Some(sub), checker, action.clone());
                let values = values
                    .into_iter()
                    .map(change)
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(array(values.into_iter().flatten().collect()))
            }
            None if self.attribute.multi_valued && action != Action::Remove => {
                let made =
                    self.in_element(Value::Object(Content::new()), Some(sub), checker, action)?;
                Ok(array(made.into_iter().collect()))
            }
            before => {
                let before = before.unwrap_or_else(|| Content::new().into());
                self.in_element(before, Some(sub), checker, action)
            }
        }
    }

    /// The values that a filter selects.
    fn elements(
        &self,
        filter: &Filter,
        before: Option<Value>,
        checker: &mut Checker,
        action: Action,
    ) -> Result<Option<Value>, Error> {
        let selected = predicate::bind_element(filter, self.attribute)?;
        let values = match before {
            Some(Value::Array(values)) => values,
            other => other.into_iter().collect(),
        };
        if !values.iter().any(|value| selected.holds_for(value)) {
            return self.unmatched(filter, values, checker, action);
        }
        let mut after = Vec::with_capacity(values.len());
        let mut chosen = Vec::new();
        for value in values {
            if selected.holds_for(&value) {
                let value = self.in_element(value, self.sub, checker, action.clone())?;
                chosen.extend(value.is_some().then_some(after.len()));
                after.extend(value);
            } else {
                after.push(value);
            }
        }
        demote_primary(&mut after, &chosen);
        crate::schema::check::one_primary(self.attribute.name.as_str(), &after)?;
        Ok(self.collected(after))
    }

    /// No value matches: `add` makes the one that the filter describes, all else has no target (RFC 7644 table 9).
    fn unmatched(
        &self,
        filter: &Filter,
        mut values: Vec<Value>,
        checker: &mut Checker,
        action: Action,
    ) -> Result<Option<Value>, Error> {
        let described = element::described(filter).filter(|_| matches!(action, Action::Add(_)));
        let Some(described) = described else {
            let detail = format!("no value matches `{}`", self.path);
            return Err(Error::new(ErrorKind::NoTarget, detail));
        };
        let path = self.path.to_string();
        let described = checker.single(self.attribute, &path, described.into())?;
        let made = described.unwrap_or_else(|| Content::new().into());
        if let Some(made) = self.in_element(made, self.sub, checker, action)? {
            values.push(made);
            let last = values.len() - 1;
            demote_primary(&mut values, &[last]);
        }
        Ok(self.collected(values))
    }

    /// The action at one value: at its sub-attribute, or at itself. `None` if nothing is left of it.
    fn in_element(
        &self,
        value: Value,
        sub: Option<&Attribute>,
        checker: &mut Checker,
        action: Action,
    ) -> Result<Option<Value>, Error> {
        let path = self.path.to_string();
        let Some(sub) = sub else {
            return match action {
                Action::Remove => Ok(None),
                Action::Add(given) | Action::Replace(given) => {
                    let given = checker.single(self.attribute, &path, given)?;
                    Ok(given.map(|given| merged(Some(value), given)))
                }
            };
        };
        let Value::Object(mut object) = value else {
            return Ok(Some(value));
        };
        let given = match action {
            Action::Remove => None,
            Action::Add(given) | Action::Replace(given) => checker.value(sub, &path, given)?,
        };
        let name = sub.name.as_str();
        let before = object.remove(name);
        if sub.mutability == Mutability::Immutable && before.is_some() && before != given {
            return Err(mutability::refused(&path));
        }
        if let Some(given) = given {
            object.insert(name.to_owned(), given);
        }
        Ok((!object.is_empty()).then_some(Value::Object(object)))
    }

    /// Values as the attribute holds them: an array, or the one value.
    fn collected(&self, values: Vec<Value>) -> Option<Value> {
        if self.attribute.multi_valued {
            array(values)
        } else {
            values.into_iter().next()
        }
    }

    /// Immutable attributes may be set once (RFC 7643 section 7); required ones cannot go.
    fn permitted(&self, before: Option<&Value>, after: Option<&Value>) -> Result<(), Error> {
        let immutable = self.attribute.mutability == Mutability::Immutable;
        if immutable && before.is_some() && before != after {
            return Err(mutability::refused(&self.path.to_string()));
        }
        if let (Some(Value::Object(before)), Some(Value::Object(after))) = (before, after) {
            self.parts_permitted(before, after)?;
        }
        if self.attribute.required && before.is_some() && after.is_none() {
            return Err(irremovable(self.attribute.name.as_str()));
        }
        Ok(())
    }

    /// Immutable parts of a single value may be set once too, and required ones cannot go.
    fn parts_permitted(&self, before: &Content, after: &Content) -> Result<(), Error> {
        let parts = self.attribute.sub_attributes.iter();
        for part in parts.filter(|part| before.contains_key(part.name.as_str())) {
            let name = part.name.as_str();
            let path = || format!("{}.{name}", self.attribute.name);
            let immutable = part.mutability == Mutability::Immutable;
            if immutable && before.get(name) != after.get(name) {
                return Err(mutability::refused(&path()));
            }
            if part.required && !after.contains_key(name) {
                return Err(irremovable(&path()));
            }
        }
        Ok(())
    }
}

/// RFC 7644 section 3.5.2.2.
pub(super) fn irremovable(path: &str) -> Error {
    let detail = format!("`{path}` is required and cannot be removed");
    Error::new(ErrorKind::Mutability, detail)
}

fn array(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then_some(Value::Array(values))
}

/// An object with the members of another one put over its own; anything else is the newer value.
fn merged(before: Option<Value>, given: Value) -> Value {
    match (before, given) {
        (Some(Value::Object(mut before)), Value::Object(given)) => {
            before.extend(given);
            Value::Object(before)
        }
        (_, given) => given,
    }
}

/// The values with new ones behind them. What is there already is not added again (RFC 7644 section 3.5.2.1): a value of the same
/// `type` and `value` (RFC 7643 section 2.4) gets what else the new one has.
fn appended(before: Option<Value>, given: Option<Value>) -> Option<Value> {
    let list = |value| match value {
        Some(Value::Array(values)) => values,
        other => other.into_iter().collect::<Vec<Value>>(),
    };
    let mut values = list(before);
    let mut changed = Vec::new();
    for value in list(given) {
        match values
            .iter_mut()
            .enumerate()
            .find(|(_, old)| same(old, &value))
        {
            Some((i, old)) => {
                *old = merged(Some(old.take()), value);
                changed.push(i);
            }
            None => {
                changed.push(values.len());
                values.push(value);
            }
        }
    }
    demote_primary(&mut values, &changed);
    array(values)
}

/// Whether a new value is one that is there: equal, or with a `value` and of the same `value` and `type`.
fn same(old: &Value, new: &Value) -> bool {
    let part = |value: &Value, name: &str| value.get(name).cloned();
    let identified = part(new, "value").is_some() && part(old, "value") == part(new, "value");
    let of_type = part(new, "type").is_none_or(|of_type| part(old, "type") == Some(of_type));
    old == new || (identified && of_type)
}

/// A value that has become primary takes that from the others (RFC 7644 section 3.5.2).
fn demote_primary(values: &mut [Value], changed: &[usize]) {
    let is_primary = |value: &Value| value.get("primary") == Some(&Value::Bool(true));
    if !changed
        .iter()
        .filter_map(|&i| values.get(i))
        .any(is_primary)
    {
        return;
    }
    for (i, value) in values.iter_mut().enumerate() {
        if !changed.contains(&i) && is_primary(value) {
            value
                .as_object_mut()
                .map(|object| object.insert("primary".into(), false.into()));
        }
    }
}
