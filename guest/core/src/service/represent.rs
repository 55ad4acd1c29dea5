//! Resources in their response form, written as JSON; of large attributes only the text is held in
//! memory.

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

/// Returns the resource in its response form.
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

/// Returns a changed resource in its response form; one that is too large to be returned is changed
/// all the same.
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

/// Returns a created resource in its response form. `unlinked` says that none of its relations can
/// have a value: nothing has to be read then. Otherwise, if the store cannot be read after the
/// commit, returns only the headers.
pub(super) fn show_created(
    session: &Session<'_>,
    resource_type: &ResourceType,
    resource: Resource,
    projection: &Projection,
    unlinked: bool,
) -> Result<Representation, Error> {
    if !unlinked {
        let updated = Updated { resource, known_as: None };
        return show_changed(session, resource_type, updated, projection);
    }
    let known = headers_only(session, resource_type, &resource);
    let shown = own_attributes(session, resource_type, resource, projection);
    let mut text = Vec::new();
    json::write(&mut text, &Value::Object(shown))?;
    Ok(Representation { resource: Some(json::text(text)?), ..known })
}

/// Returns whether the store could not be read after a commit. The client then gets what was
/// committed; the journal records the cause.
fn is_unread(session: &Session<'_>, error: &Error) -> bool {
    let unread = matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Internal);
    if unread {
        let cause = error.cause.as_deref().unwrap_or(&error.detail);
        let text = format!("committed, and could not be read afterwards: {cause}");
        session.note(Level::Error, "store", &text);
    }
    unread
}

/// Returns the URL and version of the resource, without a body.
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

/// Writes the next resource of the expansion. `known_as` is the id that the client knows it by, if
/// that differs.
pub(super) fn write(
    session: &Session<'_>,
    resource_type: &ResourceType,
    resource: Resource,
    projection: &Projection,
    known_as: Option<String>,
    (related, out): (&mut Expansion<'_>, &mut Vec<u8>),
) -> Result<(), Error> {
    let mut shown = own_attributes(session, resource_type, resource, projection);
    if let Some(id) = known_as {
        shown.insert("id".to_owned(), id.into());
    }
    json::write(out, &Value::Object(shown))?;
    // Reopens the object to append relations and mirrors.
    out.pop();
    related.write(out)?;
    out.push(b'}');
    Ok(())
}

/// Returns what the response contains of the resource, without relations and mirrors.
fn own_attributes(
    session: &Session<'_>,
    resource_type: &ResourceType,
    resource: Resource,
    projection: &Projection,
) -> Content {
    let base = &session.origin.base_url;
    let mut shown = resource.shown(resource_type, base, Content::new());
    projection.apply(resource_type, &mut shown);
    shown
}
