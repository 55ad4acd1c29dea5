//! GET of one resource: RFC 7644 section 3.4.1.

use super::{Options, Session, Shown, update};
use crate::error::Error;
use crate::resource_type::ResourceType;

/// The resource, unless the client has this version already.
pub fn retrieve(
    session: &Session<'_>,
    of: &ResourceType,
    id: &str,
    options: &Options,
) -> Result<Shown, Error> {
    let resource = session.load(of, id)?;
    options.conditions.allow_reading(resource.version)?;
    if options.conditions.are_of_who_knows(resource.version) {
        return Ok(update::unshown(session, of, &resource));
    }
    update::show(session, of, resource, &options.projection)
}
