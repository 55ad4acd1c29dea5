//! Applies one action to one attribute: RFC 7644 sections 3.5.2.1 to 3.5.2.3.
//!
//! Nothing is deleted that the client did not name:
//! * A value that has only sub-attributes that no schema defines or that are readOnly changes
//!   nothing; nor does `{}`. "Sub-attributes that are not specified SHALL be left unchanged"
//!   (section 3.5.2.3), and `add` adds (section 3.5.2.1).
//! * null and `[]` mean that there is no value (RFC 7643 section 2.5): `replace` unassigns the
//!   attribute or sub-attribute; `add` changes nothing.
//! * Of an array only the values that are understood count; if there are none, nothing changes.

use serde_json::Value;

use super::element;
use super::request::PatchAction;
use super::values::{appended, array, demote_primary};
use crate::error::{Error, ErrorKind};
use crate::filter::{Filter, Path};
use crate::mutability;
use crate::predicate;
use crate::schema::{Attribute, Checker, Content, GivenValue, Mutability};

/// The attribute to which an action is applied, and the path that named it.
pub(super) struct Target<'a> {
    pub(super) attribute: &'a Attribute,
    pub(super) sub: Option<&'a Attribute>,
    pub(super) path: &'a Path,
}

/// The effect of an action on an attribute's value.
enum Outcome {
    /// No change: the operation names nothing that a client may write.
    Unchanged,
    /// The attribute now has this value, or none.
    Changed(Option<Value>),
}

impl Target<'_> {
    /// Applies the action to the object that contains the attribute.
    pub(super) fn apply(
        &self,
        content: &mut Content,
        checker: &mut Checker,
        action: PatchAction,
    ) -> Result<(), Error> {
        if let Some(filter) = &self.path.filter {
            predicate::bind_element(filter, self.attribute)?;
        }
        let Some(action) = self.effective(action) else {
            return Ok(());
        };
        let name = self.attribute.name.as_str();
        let before = content.remove(name);
        let outcome = match &self.path.filter {
            Some(filter) => self.elements(filter, before.clone(), checker, action)?,
            None => match self.sub {
                Some(sub) => self.sub_attribute(sub, before.clone(), checker, action)?,
                None => self.whole(self.attribute, before.clone(), checker, action)?,
            },
        };
        let after = match outcome {
            Outcome::Unchanged => before,
            Outcome::Changed(after) => {
                self.permitted(before.as_ref(), after.as_ref())?;
                after
            }
        };
        content.extend(after.map(|after| (name.to_owned(), after)));
        Ok(())
    }

    /// Returns the action that is to be done: null and `[]` unassign under `replace` (RFC 7643
    /// section 2.5) and add nothing under `add`; `None` if there is nothing to do.
    fn effective(&self, action: PatchAction) -> Option<PatchAction> {
        let leaf = self.sub.unwrap_or(self.attribute);
        let takes_array = leaf.multi_valued && (self.sub.is_some() || self.path.filter.is_none());
        let unassigns = |value: &Value| match value {
            Value::Null => true,
            Value::Array(values) => takes_array && values.is_empty(),
            _ => false,
        };
        match action {
            PatchAction::Add(value) if unassigns(&value) => None,
            PatchAction::Replace(value) if unassigns(&value) => Some(PatchAction::Remove),
            action => Some(action),
        }
    }

    /// Applies the action to a whole attribute or sub-attribute.
    fn whole(
        &self,
        attribute: &Attribute,
        before: Option<Value>,
        checker: &mut Checker,
        action: PatchAction,
    ) -> Result<Outcome, Error> {
        let (value, adds) = match action {
            PatchAction::Remove => return Ok(Outcome::Changed(None)),
            PatchAction::Add(value) => (value, true),
            PatchAction::Replace(value) => (value, false),
        };
        let value = match attribute.multi_valued {
            true => collection(value),
            false => value,
        };
        let given = checker.value(attribute, &self.path.to_string(), value)?;
        Ok(match given {
            GivenValue::Nothing => Outcome::Unchanged,
            GivenValue::Unassigned if adds => Outcome::Unchanged,
            given if adds && attribute.multi_valued => {
                Outcome::Changed(appended(before, given.assigned()))
            }
            given => merged(before, given, adds),
        })
    }

    /// Applies the action to a sub-attribute, in all values if there are several.
    fn sub_attribute(
        &self,
        sub: &Attribute,
        before: Option<Value>,
        checker: &mut Checker,
        action: PatchAction,
    ) -> Result<Outcome, Error> {
        match before {
            Some(Value::Array(values)) => {
                let mut after = Vec::with_capacity(values.len());
                for value in values {
                    after.extend(self.in_element(value, Some(sub), checker, action.clone())?);
                }
                Ok(Outcome::Changed(array(after)))
            }
            None if self.attribute.multi_valued => {
                let made = self.in_element(nothing(), Some(sub), checker, action)?;
                Ok(Outcome::Changed(array(made.into_iter().collect())))
            }
            before => {
                let before = before.unwrap_or_else(nothing);
                let after = self.in_element(before, Some(sub), checker, action)?;
                Ok(Outcome::Changed(after))
            }
        }
    }

    /// Applies the action to the values that a filter selects.
    fn elements(
        &self,
        filter: &Filter,
        before: Option<Value>,
        checker: &mut Checker,
        action: PatchAction,
    ) -> Result<Outcome, Error> {
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
        Ok(Outcome::Changed(self.collected(after)))
    }

    /// Handles a filter that selects no value: `add` creates the value that the filter describes,
    /// other actions fail with `noTarget` (RFC 7644 table 9).
    fn unmatched(
        &self,
        filter: &Filter,
        mut values: Vec<Value>,
        checker: &mut Checker,
        action: PatchAction,
    ) -> Result<Outcome, Error> {
        let described =
            element::described(filter).filter(|_| matches!(action, PatchAction::Add(_)));
        let Some(described) = described else {
            let detail = format!("no value matches `{}`", self.path);
            return Err(Error::new(ErrorKind::NoTarget, detail));
        };
        let Some(added) = self.in_element(nothing(), self.sub, checker, action)? else {
            return Ok(Outcome::Unchanged);
        };
        let path = self.path.to_string();
        let described = checker.single(self.attribute, &path, described.into())?;
        let made = match (described.assigned(), added) {
            (Some(Value::Object(mut made)), Value::Object(added)) => {
                made.extend(added);
                Value::Object(made)
            }
            (_, added) => added,
        };
        values.push(made);
        let last = values.len() - 1;
        demote_primary(&mut values, &[last]);
        Ok(Outcome::Changed(self.collected(values)))
    }

    /// Applies the action to one value, or to a sub-attribute of it. `None` if the value is
    /// removed.
    fn in_element(
        &self,
        value: Value,
        sub: Option<&Attribute>,
        checker: &mut Checker,
        action: PatchAction,
    ) -> Result<Option<Value>, Error> {
        let path = self.path.to_string();
        let Some(sub) = sub else {
            let (given, adds) = match action {
                PatchAction::Remove => return Ok(None),
                PatchAction::Add(given) => (given, true),
                PatchAction::Replace(given) => (given, false),
            };
            let given = checker.single(self.attribute, &path, given)?;
            return Ok(match merged(Some(value.clone()), given, adds) {
                Outcome::Unchanged => not_empty(value),
                Outcome::Changed(after) => after,
            });
        };
        let Value::Object(mut object) = value else {
            return Ok(Some(value));
        };
        let name = sub.name.as_str();
        let before = object.get(name).cloned();
        if let Outcome::Changed(after) = self.whole(sub, before.clone(), checker, action)? {
            if sub.mutability == Mutability::Immutable && before.is_some() && before != after {
                return Err(mutability::refused(&path));
            }
            match after {
                Some(after) => object.insert(name.to_owned(), after),
                None => object.remove(name),
            };
        }
        Ok(not_empty(Value::Object(object)))
    }

    /// Returns values in the form of the attribute: an array, or the only value.
    fn collected(&self, values: Vec<Value>) -> Option<Value> {
        if self.attribute.multi_valued { array(values) } else { values.into_iter().next() }
    }

    /// Checks that an immutable attribute is set only once (RFC 7643 section 7), and that a
    /// required one is not removed.
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

    /// Checks that immutable sub-attributes of a single value are set only once, and that required
    /// ones are not removed.
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

/// The error for removing what is required: RFC 7644 section 3.5.2.2.
pub(super) fn irremovable(path: &str) -> Error {
    let detail = format!("`{path}` is required and cannot be removed");
    Error::new(ErrorKind::Mutability, detail)
}

/// Returns an object without members, to which sub-attributes are added.
fn nothing() -> Value {
    Value::Object(Content::new())
}

fn not_empty(value: Value) -> Option<Value> {
    let is_empty = value.as_object().is_some_and(Content::is_empty);
    (!is_empty).then_some(value)
}

/// Wraps a single value of a multi-valued attribute in an array.
fn collection(value: Value) -> Value {
    match value {
        value @ (Value::Array(_) | Value::Null) => value,
        value => Value::Array(vec![value]),
    }
}

/// Returns the value after a client gave one. Sub-attributes of a complex value that were not given
/// stay as they are (RFC 7644 section 3.5.2.3); those given as null are removed, unless the value
/// `adds` (section 3.5.2.1).
fn merged(before: Option<Value>, given: GivenValue, adds: bool) -> Outcome {
    let given = match given {
        GivenValue::Nothing => return Outcome::Unchanged,
        GivenValue::Unassigned if adds => return Outcome::Unchanged,
        GivenValue::Unassigned => return Outcome::Changed(None),
        GivenValue::Value(given) => given,
    };
    let Value::Object(given) = given else {
        return Outcome::Changed(Some(given));
    };
    let mut after = match before {
        Some(Value::Object(before)) => before,
        _ => Content::new(),
    };
    for (name, value) in given {
        match value {
            Value::Null if adds => {}
            Value::Null => drop(after.remove(&name)),
            value => drop(after.insert(name, value)),
        }
    }
    Outcome::Changed(not_empty(Value::Object(after)))
}
