//! PATCH: RFC 7644 section 3.5.2.

use serde_json::Value;

use super::expand::Expansion;
use super::write::event::ChangeKind;
use super::write::update::{Update, Updated};
use super::{Options, Representation, Session, fork, represent};
use crate::dialect::Sent;
use crate::error::Error;
use crate::filter::AttrPath;
use crate::limits;
use crate::patch::{self, Operation, Patch};
use crate::projection::Projection;
use crate::resource::Resource;
use crate::resource_type::{Relation, ResourceType};
use crate::schema::Content;

/// Changes a resource and returns it, unless it is large and the client has not named the
/// attributes that it wants.
///
/// # Errors
/// 404 if there is none; 412 if a condition does not hold; the errors of RFC 7644 table 9.
pub fn modify(
    session: &Session<'_>,
    resource_type: &ResourceType,
    id: &str,
    body: Value,
    options: &Options,
) -> Result<Representation, Error> {
    let after = apply(session, resource_type, id, body, options)?;
    let mut projection = options.projection.clone();
    if projection == Projection::default() {
        projection.links = Some(limits::LINKS_AFTER_CHANGE);
    }
    represent::show_changed(session, resource_type, after, &projection)
}

/// Changes a resource; returns its new state.
pub(super) fn apply(
    session: &Session<'_>,
    resource_type: &ResourceType,
    id: &str,
    mut body: Value,
    options: &Options,
) -> Result<Updated, Error> {
    let before = session.load(resource_type, id)?;
    options.conditions.allow_changing(before.version)?;
    session.rewrite(resource_type, Sent::patch(&mut body));
    let operations = patch::operations(body)?;
    let mut patch = Patch::new(resource_type, before.content.clone());
    patch.loaded = loaded(session, resource_type, &before, &operations)?;
    for operation in operations {
        patch.apply(operation)?;
    }
    session.settle_dropped(resource_type, &patch.checker)?;
    let Patch { content, changes, .. } = patch;
    let update = Update::new(resource_type, before, content, changes, ChangeKind::Patch);
    fork::commit(session, update, options)
}

/// Returns the relations that the operations' filters read; others are not loaded, however large
/// they are.
fn loaded(
    session: &Session<'_>,
    resource_type: &ResourceType,
    before: &Resource,
    operations: &[Operation],
) -> Result<Content, Error> {
    let path =
        |relation: &Relation| AttrPath { uri: None, name: relation.attribute.clone(), sub: None };
    let read: Vec<AttrPath> =
        patch::reads(resource_type, operations).into_iter().map(path).collect();
    if read.is_empty() {
        return Ok(Content::new());
    }
    let projection = Projection { attributes: Some(read), ..Projection::default() };
    Expansion::whole(session, resource_type, vec![before.key.clone()], &projection).values()
}
