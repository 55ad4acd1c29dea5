//! PUT: RFC 7644 section 3.5.1.

use serde_json::Value;

use super::write::event::ChangeKind;
use super::write::update::{self, Received, Update, Updated};
use super::{Options, Representation, Session, fork, represent};
use crate::error::Error;
use crate::mutability;
use crate::relation::Change;
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::secret;

/// Replaces a resource and returns it. Attributes that the body omits are removed, including
/// relations.
///
/// # Errors
/// 404 if there is none; 412 if a condition does not hold; `uniqueness`, `mutability` or
/// `invalidValue`.
pub fn replace(
    session: &Session<'_>,
    resource_type: &ResourceType,
    id: &str,
    body: Value,
    options: &Options,
) -> Result<Representation, Error> {
    let after = apply(session, resource_type, id, body, options)?;
    represent::show_changed(session, resource_type, after, &options.projection)
}

/// Replaces a resource; returns its new state.
pub(super) fn apply(
    session: &Session<'_>,
    resource_type: &ResourceType,
    id: &str,
    body: Value,
    options: &Options,
) -> Result<Updated, Error> {
    let before = session.load(resource_type, id)?;
    options.conditions.allow_changing(before.version)?;
    let Received { mut content, mut changes, not_understood } =
        update::received(session, resource_type, body)?;
    keep(&not_understood, &before.content, &mut content);
    mutability::keep_immutable(resource_type, &before.content, &mut content)?;
    secret::carry_over(resource_type, &before.content, &mut content);
    for relation in &resource_type.definition.relations {
        let nothing = || Change::to_exactly(Vec::new());
        changes.of(relation.attribute.as_str(), nothing);
    }
    let update = Update::new(resource_type, before, content, changes, ChangeKind::Put);
    fork::commit(session, update, options)
}

/// Keeps the old values of these attributes. A client that sent a value of which nothing was
/// understood did not ask to remove the attribute; RFC 7644 section 3.5.1 lets the service clear
/// only what is omitted.
fn keep(paths: &[String], before: &Content, content: &mut Content) {
    for path in paths {
        let (uri, name) = match path.rsplit_once(':') {
            Some((uri, name)) => (Some(uri), name),
            None => (None, path.as_str()),
        };
        let old = match uri {
            Some(uri) => before.get(uri).and_then(|inner| inner.get(name)),
            None => before.get(name),
        };
        let Some(old) = old.cloned() else { continue };
        let holder = match uri {
            Some(uri) => {
                content.entry(uri).or_insert_with(|| Value::Object(Content::new())).as_object_mut()
            }
            None => Some(&mut *content),
        };
        holder.map(|holder| holder.insert(name.to_owned(), old));
    }
}
