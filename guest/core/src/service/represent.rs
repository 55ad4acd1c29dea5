//! Resources as clients see them, written as JSON: of what is large no more than the text is held.

use serde_json::Value;

use super::Session;
use super::expand::Expansion;
use crate::error::Error;
use crate::json;
use crate::projection::Projection;
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::schema::Content;

/// Writes a resource, the next one of the related. `known_as` is the id that the client knows it
/// by, where that is another one.
pub(super) fn write(
    session: &Session<'_>,
    resource_type: &ResourceType,
    resource: Resource,
    projection: &Projection,
    known_as: Option<String>,
    (related, out): (&mut Expansion<'_>, &mut Vec<u8>),
) -> Result<(), Error> {
    let mut shown = resource.shown(resource_type, &session.origin.base_url, Content::new());
    projection.apply(resource_type, &mut shown);
    if let Some(id) = known_as {
        shown.insert("id".to_owned(), id.into());
    }
    json::write(out, &Value::Object(shown))?;
    // Opened again for what the links show.
    out.pop();
    related.write(out)?;
    out.push(b'}');
    Ok(())
}
