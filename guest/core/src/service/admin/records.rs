//! Users and groups that the application itself creates, changes and deletes, and its own ids of
//! them.

use serde_json::{Value, json};

use super::super::write::creation::{self, Creation, NewEntry};
use super::super::write::event::ChangeKind;
use super::super::write::update::{self, Prepared, Received, Update};
use super::super::{
    Options, Session, delete, modify, product_id, product_view, removed, represent,
};
use super::{Problem, as_product, assignments, user_rules};
use crate::error::{Error, ErrorKind};
use crate::json;
use crate::ordered::OrderedSet;
use crate::port::Ports;
use crate::projection::Projection;
use crate::relation::Changes;
use crate::resource::{self, State};
use crate::resource_type::ResourceType;
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

/// Why a product's id is refused.
const IN_USE: &str = "the product's id belongs to another resource";

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
        refuse_known(session, resource_type, product_id, Some(id))?;
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
/// If no resource has it, or there is no such resource type.
pub fn find_by_product_id(
    ports: &Ports<'_>,
    resource_type: &str,
    product_id: &str,
) -> Result<String, Problem> {
    text(ports, &mut |session| {
        let resource_type = named(session, resource_type)?;
        let found = known_by(session, resource_type, product_id)?.into_iter().next();
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, "the product's id belongs to nothing"))
    })
}

fn named<'a>(session: &Session<'a>, name: &str) -> Result<&'a ResourceType, Error> {
    let found = session.admission.policy.registry.named(name);
    found.ok_or_else(|| {
        let detail = format!("there is no resource type `{name}`");
        Error::new(ErrorKind::InvalidValue, detail)
    })
}

/// Refuses a product's id that another resource of the type has than the one with this id. Stores
/// see that themselves of resources that clients see, and not of users that clients deleted.
fn refuse_known(
    session: &Session<'_>,
    resource_type: &ResourceType,
    product_id: Option<&str>,
    id: Option<&str>,
) -> Result<(), Error> {
    let known = product_id.map(|wanted| known_by(session, resource_type, wanted)).transpose()?;
    if known.into_iter().flatten().any(|known| Some(known.as_str()) != id) {
        return Err(Error::new(ErrorKind::Uniqueness, IN_USE));
    }
    Ok(())
}

/// Returns the ids of the resources of a type that have the product's id: of one that clients see,
/// and after it of a user that a client deleted.
fn known_by(
    session: &Session<'_>,
    resource_type: &ResourceType,
    wanted: &str,
) -> Result<Vec<String>, Error> {
    let mut known = Vec::new();
    for kind in [resource_type.name().to_owned(), removed::kind(resource_type)] {
        known.extend(product_id::owner(&session.ports, &kind, wanted)?);
    }
    Ok(known)
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
        refuse_known(session, resource_type, product_id, None)?;
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
            Error::new(ErrorKind::Uniqueness, IN_USE)
        }
        _ => error,
    }
}
