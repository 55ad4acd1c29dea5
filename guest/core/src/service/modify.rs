//! PATCH: RFC 7644 section 3.5.2.

use serde_json::Value;

use super::update::{self, Update};
use super::{Options, Session, Shown};
use crate::dialect::Sent;
use crate::error::{Error, ErrorKind};
use crate::patch::{self, Patch};
use crate::resource::Resource;
use crate::resource_type::ResourceType;

/// Changes a resource and returns it; `None` if it has become too large to show, which answers 204.
pub fn modify(
    session: &Session<'_>,
    of: &ResourceType,
    id: &str,
    body: Value,
    options: &Options,
) -> Result<Option<Shown>, Error> {
    let after = apply(session, of, id, body, options)?;
    match update::show(session, of, &after, &options.projection) {
        Ok(shown) => Ok(Some(shown)),
        Err(Error {
            kind: ErrorKind::TooMany,
            ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Changes a resource; returns it as it is now.
pub(super) fn apply(
    session: &Session<'_>,
    of: &ResourceType,
    id: &str,
    mut body: Value,
    options: &Options,
) -> Result<Resource, Error> {
    let before = session.load(of, id)?;
    update::precondition(options, &before)?;
    session.rewrite(Sent {
        of,
        is_patch: true,
        body: &mut body,
    });
    let mut patch = Patch::new(of, before.content.clone());
    for operation in patch::operations(body)? {
        patch.apply(operation)?;
    }
    session.note_ignored(of, &patch.checker.ignored);
    let Patch {
        content, changes, ..
    } = patch;
    Update {
        of,
        before,
        content,
        changes,
        step: "patch",
    }
    .commit(session, options)
}
