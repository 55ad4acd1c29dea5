//! GET of one resource: RFC 7644 section 3.4.1.

use super::{Options, Session, Shown, update};
use crate::error::Error;
use crate::etag;
use crate::resource_type::ResourceType;

/// What a client gets that may know the resource already.
#[derive(Clone, Debug, PartialEq)]
pub enum Retrieved {
    /// The resource.
    Found(Shown),
    /// The entity tag of the version that the client has (If-None-Match).
    NotModified(String),
}

/// The resource, unless the client has this version already.
pub fn retrieve(
    session: &Session<'_>,
    of: &ResourceType,
    id: &str,
    options: &Options,
) -> Result<Retrieved, Error> {
    let resource = session.load(of, id)?;
    let known = options.conditions.if_none_match.as_ref();
    if known.is_some_and(|condition| condition.holds(resource.version)) {
        return Ok(Retrieved::NotModified(etag::format(resource.version)));
    }
    update::show(session, of, &resource, &options.projection).map(Retrieved::Found)
}
