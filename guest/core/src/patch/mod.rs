//! PATCH: RFC 7644 section 3.5.2. Works on a copy of the content, which the caller stores or
//! discards, so a PATCH is applied as a whole or not at all. Changes of relations are collected,
//! not applied: the links need not be loaded.

mod attribute;
mod element;
mod request;
mod values;

use serde_json::{Value, json};

use request::PatchAction;
pub(crate) use request::{NO_OPERATION, NO_OPERATIONS_ARRAY, OPERATION_IS_NO_OBJECT};
pub use request::{Operation, operations};

use crate::error::{Error, ErrorKind};
use crate::filter::{AttrPath, Filter, Path};
use crate::mutability;
use crate::ordered;
use crate::predicate;
use crate::relation::{self, Change, Changes};
use crate::resource_type::{AttributePlace, Relation, ResourceType};
use crate::schema::{Attribute, Checker, Content, Mutability};

/// A resource during a PATCH.
#[derive(Debug)]
pub struct Patch<'a> {
    resource_type: &'a ResourceType,
    /// The attributes, with the operations so far applied.
    pub content: Content,
    /// The changes of relations that the operations so far ask for.
    pub changes: Changes,
    /// The values, before the PATCH, of the relations that [`reads`] returns.
    pub loaded: Content,
    /// Checks values, and collects those that no schema defines.
    pub checker: Checker,
}

impl<'a> Patch<'a> {
    /// Starts a PATCH of this content.
    #[must_use]
    pub fn new(resource_type: &'a ResourceType, content: Content) -> Self {
        Self {
            resource_type,
            content,
            changes: Changes::new(),
            loaded: Content::new(),
            checker: Checker::default(),
        }
    }

    /// Applies one operation; later ones see its result.
    ///
    /// # Errors
    /// The errors of RFC 7644 table 9, such as `invalidPath`, `noTarget`, `invalidValue` and
    /// `mutability`.
    pub fn apply(&mut self, operation: Operation) -> Result<(), Error> {
        match operation {
            Operation::Add(Some(path), value) => self.at_path(&path, PatchAction::Add(value)),
            Operation::Replace(Some(path), value) => {
                self.at_path(&path, PatchAction::Replace(value))
            }
            Operation::Remove(path, has_value) => {
                if has_value {
                    self.refuse_value(&path)?;
                }
                self.at_path(&path, PatchAction::Remove)
            }
            Operation::Add(None, value) => self.each_member(value, PatchAction::Add),
            Operation::Replace(None, value) => self.each_member(value, PatchAction::Replace),
        }
    }

    /// Refuses to remove all values of an attribute when the client sends some of them in `value`:
    /// according to the RFC all would be removed, but no client that sends a value means that.
    fn refuse_value(&self, path: &Path) -> Result<(), Error> {
        let of_all = path.filter.is_none() && path.sub.is_none();
        let several = match self.resource_type.place(&path.attribute) {
            Some(AttributePlace::Attribute { attribute, sub, .. }) => {
                sub.unwrap_or(attribute).multi_valued
            }
            _ => false,
        };
        if !of_all || !several {
            return Ok(());
        }
        let detail = format!(
            "`remove` takes no `value`; name the values of `{path}` by a filter in the path"
        );
        Err(Error::new(ErrorKind::InvalidSyntax, detail))
    }

    /// Applies an operation without a path, whose value contains the attributes to change.
    fn each_member(&mut self, value: Value, action: fn(Value) -> PatchAction) -> Result<(), Error> {
        let Value::Object(members) = value else {
            let detail = "without a `path`, `value` must be an object of attributes";
            return Err(Error::new(ErrorKind::InvalidValue, detail));
        };
        for (key, value) in members {
            if key.eq_ignore_ascii_case("schemas") {
                continue;
            }
            match key
                .parse::<AttrPath>()
                .ok()
                .filter(|path| self.resource_type.place(path).is_some())
            {
                Some(attribute) => {
                    let path = Path { attribute, filter: None, sub: None };
                    self.at_path(&path, action(value))?;
                }
                None => self.checker.unknown.push(key),
            }
        }
        Ok(())
    }

    fn at_path(&mut self, path: &Path, action: PatchAction) -> Result<(), Error> {
        match self.resource_type.place(&path.attribute) {
            None => Err(no_such_path(path)),
            Some(AttributePlace::Extension(schema)) if path.filter.is_none() => match action {
                PatchAction::Remove | PatchAction::Replace(Value::Null) => {
                    self.content.remove(&schema.id);
                    Ok(())
                }
                PatchAction::Add(Value::Null) => Ok(()),
                PatchAction::Add(value) => self.each_member_of(&schema.id, value, PatchAction::Add),
                PatchAction::Replace(value) => {
                    self.each_member_of(&schema.id, value, PatchAction::Replace)
                }
            },
            Some(AttributePlace::Extension(_)) => Err(no_such_path(path)),
            Some(AttributePlace::Attribute { extension, attribute, sub }) => {
                let relation =
                    self.resource_type.relation(&attribute.name).filter(|_| extension.is_none());
                if let Some(relation) = relation {
                    return self.relation(relation, path, action);
                }
                if extension.is_none() && attribute.name == *"schemas" {
                    return self.schemas(path, action);
                }
                writable(attribute, path)?;
                let sub = match &path.sub {
                    Some(name) => {
                        Some(attribute.sub(name.as_str()).ok_or_else(|| no_such_path(path))?)
                    }
                    None => sub,
                };
                sub.map_or(Ok(()), |sub| writable(sub, path))?;
                let target = attribute::Target { attribute, sub, path };
                let extension = extension.map(|schema| schema.id.as_str());
                self.inside(extension, |content, checker| target.apply(content, checker, action))
            }
        }
    }

    /// Applies an operation to each attribute of an extension, as if each had its own path.
    fn each_member_of(
        &mut self,
        uri: &str,
        value: Value,
        action: fn(Value) -> PatchAction,
    ) -> Result<(), Error> {
        let Value::Object(members) = value else {
            let detail = format!("the value of `{uri}` must be an object of attributes");
            return Err(Error::new(ErrorKind::InvalidValue, detail));
        };
        let named = members.into_iter().map(|(key, value)| (format!("{uri}:{key}"), value));
        self.each_member(Value::Object(ordered::object(named)), action)
    }

    /// Applies a change to the main attributes or to those of an extension, and removes the
    /// extension if it becomes empty.
    fn inside(
        &mut self,
        extension: Option<&str>,
        work: impl FnOnce(&mut Content, &mut Checker) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(uri) = extension else {
            return work(&mut self.content, &mut self.checker);
        };
        let mut inner = match self.content.remove(uri) {
            Some(Value::Object(inner)) => inner,
            _ => Content::new(),
        };
        work(&mut inner, &mut self.checker)?;
        if !inner.is_empty() {
            self.content.insert(uri.to_owned(), inner.into());
        }
        Ok(())
    }

    /// Checks an operation on `schemas`, which follows from the values: naming schemas of the type
    /// is allowed and changes nothing.
    fn schemas(&self, path: &Path, action: PatchAction) -> Result<(), Error> {
        let (PatchAction::Add(given) | PatchAction::Replace(given)) = action else {
            return match path.filter {
                Some(_) => Ok(()),
                None => Err(attribute::irremovable("schemas")),
            };
        };
        let given = match given {
            Value::Array(given) => given,
            one => vec![one],
        };
        crate::resource::check::known_schemas(self.resource_type, &given)
    }

    /// Records a change of a relation, whose values are identified only by their `value`.
    fn relation(
        &mut self,
        relation: &Relation,
        path: &Path,
        action: PatchAction,
    ) -> Result<(), Error> {
        let name = relation.attribute.as_str().to_owned();
        let change = self.changes.of(&name, Change::default);
        if path.sub.is_some() || path.attribute.sub.is_some() {
            return Err(mutability::refused(&path.to_string()));
        }
        match (action, &path.filter) {
            (PatchAction::Add(Value::Null), None) => {}
            (PatchAction::Add(value), None) => change.add(relation::ids(relation, &value)?),
            (PatchAction::Replace(Value::Null) | PatchAction::Remove, None) => {
                *change = Change::to_exactly(Vec::new());
            }
            (PatchAction::Replace(value), None) => {
                *change = Change::to_exactly(relation::ids(relation, &value)?);
            }
            (PatchAction::Remove, Some(filter)) => {
                let ids = match element::ids(filter) {
                    Some(ids) => ids,
                    None => self.selected(relation, filter)?,
                };
                self.changes.of(&name, Change::default).remove(ids);
            }
            (PatchAction::Add(_) | PatchAction::Replace(_), Some(_)) => {
                return Err(mutability::refused(&path.to_string()));
            }
        }
        Ok(())
    }

    /// Returns the ids of the values that a filter selects among those that were loaded and those
    /// added since.
    fn selected(&self, relation: &Relation, filter: &Filter) -> Result<Vec<String>, Error> {
        let name = relation.attribute.as_str();
        let attribute = self.resource_type.attribute(name);
        let attribute = attribute.ok_or_else(|| Error::internal("a relation without attribute"))?;
        let selects = predicate::bind_element(filter, attribute)?;
        let untouched = Change::default();
        let change = self.changes.get(name).unwrap_or(&untouched);
        let loaded = self.loaded.get(name).and_then(Value::as_array).into_iter().flatten();
        let known = loaded.filter(|value| selects.holds_for(value));
        let known = known.filter_map(|value| value.get("value")?.as_str()).map(ToOwned::to_owned);
        let added = change.ids(true).filter(|id| selects.holds_for(&json!({ "value": id })));
        Ok(known.chain(added.map(ToOwned::to_owned)).collect())
    }
}

/// Returns the relations whose values must be loaded for a PATCH, since a filter tests more than
/// ids.
#[must_use]
pub fn reads<'a>(resource_type: &'a ResourceType, operations: &[Operation]) -> Vec<&'a Relation> {
    let read = |operation: &Operation| match operation {
        Operation::Remove(Path { attribute, filter: Some(filter), .. }, _) => {
            resource_type.relation(&attribute.name).filter(|_| element::ids(filter).is_none())
        }
        _ => None,
    };
    operations.iter().filter_map(read).collect()
}

fn writable(attribute: &Attribute, path: &Path) -> Result<(), Error> {
    match attribute.mutability {
        Mutability::ReadOnly => Err(mutability::refused(&path.to_string())),
        Mutability::ReadWrite | Mutability::Immutable | Mutability::WriteOnly => Ok(()),
    }
}

fn no_such_path(path: &Path) -> Error {
    Error::new(ErrorKind::InvalidPath, format!("`{path}` is no attribute of this resource"))
}

#[cfg(test)]
mod tests;
