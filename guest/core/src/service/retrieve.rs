//! GET of one resource: RFC 7644 section 3.4.1.

use super::{Options, Representation, Session, represent};
use crate::error::Error;
use crate::resource_type::ResourceType;

/// Returns the resource, without a body if the client has this version already.
///
/// # Errors
/// 404 if there is none; 412 if If-Match does not hold.
pub fn retrieve(
    session: &Session<'_>,
    resource_type: &ResourceType,
    id: &str,
    options: &Options,
) -> Result<Representation, Error> {
    let resource = session.load(resource_type, id)?;
    options.conditions.allow_reading(resource.version)?;
    if options.conditions.client_has(resource.version) {
        return Ok(represent::headers_only(session, resource_type, &resource));
    }
    represent::show(session, resource_type, resource, &options.projection)
}
