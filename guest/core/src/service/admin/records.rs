//! Users and groups that the application itself creates, changes and deletes, and its own ids of
//! them.

use serde_json::{Value, json};

use super::super::write::creation::{self, Creation, NewEntry};
use super::super::write::event::ChangeKind;
use super::super::write::update::{self, Prepared, Received, Update};
use super::super::{
    Options, Session, delete, find_all, modify, product_id, product_view, removed, represent,
};
use super::{Problem, as_product, assignments, user_rules};
use crate::error::{Error, ErrorKind};
use crate::json;
use crate::limits;
use crate::ordered::OrderedSet;
use crate::port::Ports;
use crate::projection::Projection;
use crate::relation::Changes;
use crate::resource::{self, State};
use crate::resource_type::ResourceType;
use crate::store::{Node, Operator, Scalar};
use crate::urn;

/// Finds the resource type of users or of groups.
type Find = for<'a> fn(&Session<'a>) -> Result<&'a ResourceType, Error>;

fn users<'a>(session: &Session<'a>) -> Result<&'a ResourceType, Error> {
    user_rules(session).map(|(resource_type, _)| resource_type)
}

fn groups<'a>(session: &Session<'a>) -> Result<&'a ResourceType, Error> {
    assignments::groups(session).map(|(resource_type, _)| resource_type)
}

/// Runs a function as the application. One for all functions here: each type of function adds the
/// code of the attempts to the module.
fn text(
    ports: &Ports<'_>,
    run: &mut dyn FnMut(&Session<'_>) -> Result<String, Error>,
) -> Result<String, Problem> {
    as_product(ports, run)
}

fn done(
    ports: &Ports<'_>,
    run: &mut dyn FnMut(&Session<'_>) -> Result<(), Error>,
) -> Result<(), Problem> {
    text(ports, &mut |session| run(session).map(|()| String::new())).map(drop)
}

/// Creates a user of the product from a document, and returns its id.
///
/// # Errors
/// If the document is wrong, the userName or the product's id is in use, or no seat is left.
pub fn create_user(
    ports: &Ports<'_>,
    user: &str,
    product_id: Option<&str>,
) -> Result<String, Problem> {
    create(ports, users, user, product_id)
}

/// Changes a user by the operations of a PatchOp document.
///
/// # Errors
/// If there is no such user, the document is wrong, or the profile does not allow the change.
pub fn patch_user(ports: &Ports<'_>, id: &str, patch: &str) -> Result<(), Problem> {
    change(ports, users, id, patch)
}

/// Creates a group from a document, and returns its id.
///
/// # Errors
/// If the document is wrong, a member does not exist, or the product's id is in use.
pub fn create_group(
    ports: &Ports<'_>,
    group: &str,
    product_id: Option<&str>,
) -> Result<String, Problem> {
    create(ports, groups, group, product_id)
}

/// Changes a group like [`patch_user`] a user.
///
/// # Errors
/// If there is no such group, the document is wrong, or a member does not exist.
pub fn patch_group(ports: &Ports<'_>, id: &str, patch: &str) -> Result<(), Problem> {
    change(ports, groups, id, patch)
}

/// Deletes a group, and withdraws what it grants to its members.
///
/// # Errors
/// If there is no such group.
pub fn delete_group(ports: &Ports<'_>, id: &str) -> Result<(), Problem> {
    done(ports, &mut |session| delete::delete(session, groups(session)?, id, &Options::default()))
}

/// Returns a group in the product's view.
///
/// # Errors
/// If there is no such group, or it has more members than a response may have.
pub fn group(ports: &Ports<'_>, id: &str) -> Result<String, Problem> {
    text(ports, &mut |session| {
        let resource_type = groups(session)?;
        let group = session.load(resource_type, id)?;
        let shown = represent::show(session, resource_type, group.clone(), &Projection::default())?;
        let shown = shown.resource.unwrap_or_default();
        let mut shown = Value::Object(json::written_object(&shown)?);
        let policy = &session.admission.policy;
        let view = product_view::view(policy, resource_type, &group, &shown, OrderedSet::new());
        if let Value::Object(shown) = &mut shown {
            shown.insert(product_view::PRODUCT.to_owned(), view.into());
        }
        Ok(shown.to_string())
    })
}

/// Sets the product's id of a resource of this type, or removes it.
///
/// # Errors
/// If there is no such resource or resource type, or the id is wrong or in use.
pub fn set_product_id(
    ports: &Ports<'_>,
    resource_type: &str,
    id: &str,
    product_id: Option<&str>,
) -> Result<(), Problem> {
    check(product_id)?;
    done(ports, &mut |session| {
        let resource_type = named(session, resource_type)?;
        let before = removed::load(session, resource_type, id)?;
        let content = before.content.clone();
        let (changes, step) = (Changes::default(), ChangeKind::Patch);
        let mut update = Update::new(resource_type, before, content, changes, step);
        update.state.product_id = product_id.map(ToOwned::to_owned);
        update.commit(session, &Options::default()).map(drop).map_err(of_product_id)
    })
}

/// Returns the id of the resource of this type that the product knows by an id of its own.
///
/// # Errors
/// If there is none, or no such resource type.
pub fn find_by_product_id(
    ports: &Ports<'_>,
    resource_type: &str,
    product_id: &str,
) -> Result<String, Problem> {
    text(ports, &mut |session| {
        let resource_type = named(session, resource_type)?;
        let live = resource_type.name().to_owned();
        for kind in [live, removed::kind(resource_type)] {
            if let Some(id) = known_by(session, &kind, product_id)? {
                return Ok(id);
            }
        }
        Err(Error::new(ErrorKind::NotFound, "the product's id belongs to nothing"))
    })
}

fn named<'a>(session: &Session<'a>, name: &str) -> Result<&'a ResourceType, Error> {
    let found = session.admission.policy.registry.named(name);
    found.ok_or_else(|| {
        let detail = format!("there is no resource type `{name}`");
        Error::new(ErrorKind::InvalidValue, detail)
    })
}

/// Returns the id of the last resource stored under this kind that has the product's id.
fn known_by(session: &Session<'_>, kind: &str, product_id: &str) -> Result<Option<String>, Error> {
    let wanted = Node::Compare {
        path: resource::PRODUCT_ID.to_owned(),
        operator: Operator::Equal,
        value: Scalar::Text(product_id.to_owned()),
    };
    let entries = find_all::find_all(&session.ports, kind, &[wanted], limits::SCAN_ENTRIES)?;
    // A store may ignore the filter.
    let found = entries.into_iter().rfind(|entry| {
        let id = resource::product_id(&entry.body).ok().flatten();
        id.as_deref() == Some(product_id)
    });
    Ok(found.map(|entry| entry.key.id))
}

fn create(
    ports: &Ports<'_>,
    find: Find,
    document: &str,
    product_id: Option<&str>,
) -> Result<String, Problem> {
    check(product_id)?;
    let document = parsed(document)?;
    text(ports, &mut |session| {
        let resource_type = find(session)?;
        let body = with_schema(document.clone(), &resource_type.core().id);
        let Received { content, changes, .. } = update::received(session, resource_type, body)?;
        let at = session.ports.clock.now();
        let key = creation::new_key(session, resource_type, at);
        let inserted = OrderedSet::from_iter([key.clone()]);
        let product_id = product_id.map(ToOwned::to_owned);
        let state = State { imported: true, product_id, ..State::default() };
        let (place, what) = (NewEntry { key, at }, (content, changes, state));
        let made = creation::make(session, resource_type, place, what, &inserted)?;
        let Creation { resource, writes } = made;
        let made = update::commit(session, resource_type, at, Prepared { resource, writes });
        made.map(|made| made.key.id).map_err(of_product_id)
    })
}

fn change(ports: &Ports<'_>, find: Find, id: &str, patch: &str) -> Result<(), Problem> {
    let patch = parsed(patch)?;
    done(ports, &mut |session| {
        let resource_type = find(session)?;
        let body = with_schema(patch.clone(), urn::PATCH_OP);
        modify::apply(session, resource_type, id, body, &Options::default()).map(drop)
    })
}

fn check(product_id: Option<&str>) -> Result<(), Problem> {
    product_id.map_or(Ok(()), |id| product_id::check(id).map_err(Problem::Invalid))
}

fn parsed(document: &str) -> Result<Value, Problem> {
    json::parse(document).map_err(|error| Problem::Invalid(format!("it is no JSON: {error}")))
}

/// The application's documents need not contain `schemas`.
fn with_schema(mut document: Value, schema: &str) -> Value {
    if let Value::Object(members) = &mut document {
        members.entry("schemas").or_insert_with(|| json!([schema]));
    }
    document
}

/// Names the product's id in an error as the application knows it.
fn of_product_id(error: Error) -> Error {
    match error.kind {
        ErrorKind::Uniqueness if error.detail.contains(resource::PRODUCT_ID) => {
            Error::new(ErrorKind::Uniqueness, "the product's id belongs to another resource")
        }
        _ => error,
    }
}
