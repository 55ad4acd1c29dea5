//! Resources as clients see them, written as JSON: of what is large no more than the text is held.

use serde_json::Value;

use super::expand::Expansion;
use super::write::update::Updated;
use super::{Representation, Session};
use crate::error::{Error, ErrorKind};
use crate::etag;
use crate::json;
use crate::port::Level;
use crate::projection::Projection;
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::schema::Content;

/// The resource as a client may see it now.
pub(super) fn show(
    session: &Session<'_>,
    resource_type: &ResourceType,
    resource: Resource,
    projection: &Projection,
) -> Result<Representation, Error> {
    show_as(session, resource_type, resource, projection, None)
}

fn show_as(
    session: &Session<'_>,
    resource_type: &ResourceType,
    resource: Resource,
    projection: &Projection,
    known_as: Option<String>,
) -> Result<Representation, Error> {
    let known = headers_only(session, resource_type, &resource);
    let mut related =
        Expansion::new(session, resource_type, vec![resource.key.clone()], projection);
    let mut text = Vec::new();
    let out = (&mut related, &mut text);
    write(session, resource_type, resource, projection, known_as, out)?;
    Ok(Representation { resource: Some(json::text(text)?), ..known })
}

/// A changed resource as a client may see it now; one that is too large to be shown is changed all
/// the same.
pub(super) fn show_changed(
    session: &Session<'_>,
    resource_type: &ResourceType,
    updated: Updated,
    projection: &Projection,
) -> Result<Representation, Error> {
    let known = headers_only(session, resource_type, &updated.resource);
    let Updated { resource, known_as } = updated;
    match show_as(session, resource_type, resource, projection, known_as) {
        Err(error) if error.kind == ErrorKind::TooMany => Ok(known),
        Err(error) if is_unread(session, &error) => Ok(known),
        shown => shown,
    }
}

/// A created resource as a client may see it. If the store cannot be read after the commit, it is
/// shown from what was committed: wholly if `unlinked` says that no relation of it can have a
/// value, else where it is.
pub(super) fn show_created(
    session: &Session<'_>,
    resource_type: &ResourceType,
    resource: Resource,
    projection: &Projection,
    unlinked: bool,
) -> Result<Representation, Error> {
    let known = headers_only(session, resource_type, &resource);
    let whole = unlinked.then(|| resource.clone());
    match show(session, resource_type, resource, projection) {
        Err(error) if error.kind == ErrorKind::TooMany => Ok(known),
        Err(error) if is_unread(session, &error) => {
            let whole = whole.map(|resource| {
                let mut shown =
                    resource.shown(resource_type, &session.origin.base_url, Content::new());
                projection.apply(resource_type, &mut shown);
                let mut text = Vec::new();
                json::write(&mut text, &Value::Object(shown))?;
                json::text(text)
            });
            Ok(Representation { resource: whole.transpose()?, ..known })
        }
        shown => shown,
    }
}

/// Whether the store could not be read after a commit. The client is told what was committed, and
/// the journal why not more.
fn is_unread(session: &Session<'_>, error: &Error) -> bool {
    let unread = matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Internal);
    if unread {
        let cause = error.cause.as_deref().unwrap_or(&error.detail);
        let text = format!("committed, and could not be read afterwards: {cause}");
        session.note(Level::Error, "store", &text);
    }
    unread
}

/// Where the resource is, and in which version.
pub(super) fn headers_only(
    session: &Session<'_>,
    resource_type: &ResourceType,
    resource: &Resource,
) -> Representation {
    Representation {
        id: resource.key.id.clone(),
        resource: None,
        location: resource.location(resource_type, &session.origin.base_url),
        etag: etag::format(resource.version),
    }
}

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
