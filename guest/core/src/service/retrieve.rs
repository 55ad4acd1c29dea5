//! GET of one resource: RFC 7644 section 3.4.1.

use super::{Options, Session, Shown, update};
use crate::error::Error;
use crate::resource_type::ResourceType;

/// The resource; `None` if the client has this version already (If-None-Match).
pub fn retrieve(
    session: &Session<'_>,
    of: &ResourceType,
    id: &str,
    options: &Options,
) -> Result<Option<Shown>, Error> {
    let resource = session.load(of, id)?;
    let known = options.conditions.if_none_match.as_ref();
    if known.is_some_and(|condition| condition.holds(resource.version)) {
        return Ok(None);
    }
    update::show(session, of, &resource, &options.projection).map(Some)
}
