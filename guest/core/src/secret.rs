//! Attributes that are written but never read, such as a password (RFC 7643 section 4.1.1):
//! discarded, or stored as salted, slow hashes.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use serde_json::Value;

use crate::error::Error;
use crate::port::{Level, Ports};
use crate::profile::Secrets;
use crate::resource_type::ResourceType;
use crate::schema::{Attribute, Content, Mutability};

/// Converts the secrets of a new content to their stored form. `before` is the content that it
/// replaces.
///
/// # Errors
/// If a secret cannot be hashed.
pub fn settle(
    ports: &Ports<'_>,
    secrets: Secrets,
    resource_type: &ResourceType,
    before: Option<&Content>,
    content: &mut Content,
) -> Result<(), Error> {
    for attribute in written_only(resource_type) {
        let name = attribute.name.as_str();
        let Some(given) = content.get(name).cloned() else {
            continue;
        };
        let kept = before.and_then(|before| before.get(name));
        if kept == Some(&given) {
            continue;
        }
        content.remove(name);
        if let Some(hashed) = settled(ports, secrets, name, &given, kept)? {
            content.insert(name.to_owned(), hashed);
        }
    }
    for name in discard_inner(resource_type, content) {
        not_kept(ports, &name);
    }
    Ok(())
}

/// Removes secrets of extensions and those inside complex values, which are never stored; returns
/// their names.
fn discard_inner(resource_type: &ResourceType, content: &mut Content) -> Vec<String> {
    let mut discarded = Vec::new();
    for attribute in &resource_type.core().attributes {
        discard_below(attribute, content, &mut discarded);
    }
    for (extension, _) in resource_type.extensions() {
        let inner = content.get_mut(&extension.id).and_then(Value::as_object_mut);
        let Some(inner) = inner else { continue };
        discard_in(&extension.attributes, inner, &mut discarded);
        if inner.is_empty() {
            content.remove(&extension.id);
        }
    }
    discarded
}

fn discard_in(attributes: &[Attribute], object: &mut Content, discarded: &mut Vec<String>) {
    for attribute in attributes {
        let name = attribute.name.as_str();
        if attribute.mutability == Mutability::WriteOnly && object.remove(name).is_some() {
            discarded.push(name.to_owned());
        }
        discard_below(attribute, object, discarded);
    }
}

fn discard_below(attribute: &Attribute, object: &mut Content, discarded: &mut Vec<String>) {
    let parts = object.get_mut(attribute.name.as_str()).filter(|_| attribute.is_complex());
    let values = match parts {
        Some(Value::Array(values)) => values.as_mut_slice(),
        Some(value) => std::slice::from_mut(value),
        None => return,
    };
    for value in values.iter_mut().filter_map(Value::as_object_mut) {
        discard_in(&attribute.sub_attributes, value, discarded);
    }
}

fn not_kept(ports: &Ports<'_>, name: &str) {
    ports.journal.write(Level::Info, "policy", &format!("`{name}` was received and not kept"));
}

/// Keeps the secrets that a PUT omits, since no client can repeat them.
pub fn carry_over(resource_type: &ResourceType, before: &Content, content: &mut Content) {
    for attribute in written_only(resource_type) {
        let name = attribute.name.as_str();
        if let (None, Some(kept)) = (content.get(name), before.get(name)) {
            content.insert(name.to_owned(), kept.clone());
        }
    }
}

fn written_only(resource_type: &ResourceType) -> impl Iterator<Item = &Attribute> {
    resource_type.core().attributes.iter().filter(|a| a.mutability == Mutability::WriteOnly)
}

/// Returns the hash to store: the existing one if it is of this secret, so that nothing changes.
fn settled(
    ports: &Ports<'_>,
    secrets: Secrets,
    name: &str,
    given: &Value,
    kept: Option<&Value>,
) -> Result<Option<Value>, Error> {
    let (Secrets::Hash, Some(given)) = (secrets, given.as_str()) else {
        not_kept(ports, name);
        return Ok(None);
    };
    let slow = Argon2::default();
    if let Some(kept) = kept.and_then(Value::as_str)
        && slow.verify_password(given.as_bytes(), kept).is_ok()
    {
        return Ok(Some(kept.into()));
    }
    let salt: [u8; 16] = ports.random_bytes();
    let hashed = slow.hash_password_with_salt(given.as_bytes(), &salt);
    let hashed = hashed.map_err(|error| Error::internal(format!("`{name}`: {error}")))?;
    Ok(Some(hashed.to_string().into()))
}
