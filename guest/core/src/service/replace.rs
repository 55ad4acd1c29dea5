//! PUT: RFC 7644 section 3.5.1.

use serde_json::Value;

use super::event::Step;
use super::update::{self, Update, Updated};
use super::{Options, Session, Shown};
use crate::error::Error;
use crate::mutability;
use crate::relation::Change;
use crate::resource_type::ResourceType;
use crate::secret;

/// Replaces a resource and returns it. What the body leaves out goes, relations included.
pub fn replace(
    session: &Session<'_>,
    of: &ResourceType,
    id: &str,
    body: Value,
    options: &Options,
) -> Result<Shown, Error> {
    let after = apply(session, of, id, body, options)?;
    update::show_changed(session, of, after, &options.projection)
}

/// Replaces a resource; returns it as it is now.
pub(super) fn apply(
    session: &Session<'_>,
    of: &ResourceType,
    id: &str,
    body: Value,
    options: &Options,
) -> Result<Updated, Error> {
    let before = session.load(of, id)?;
    options.conditions.allow_changing(before.version)?;
    let (mut content, mut changes) = update::received(session, of, body)?;
    mutability::keep_immutable(of, &before.content, &mut content)?;
    secret::carry_over(of, &before.content, &mut content);
    for relation in &of.definition.relations {
        let nothing = || Change::to_exactly(Vec::new());
        changes.of(relation.attribute.as_str(), nothing);
    }
    Update::new(of, before, content, changes, Step::Put).commit(session, options)
}
