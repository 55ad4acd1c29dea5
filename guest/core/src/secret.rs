//! Attributes that are written and never read, such as a password (RFC 7643 section 4.1.1): left out, or kept as salted slow hashes.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use serde_json::Value;

use crate::error::Error;
use crate::port::{Level, Ports};
use crate::profile::Secrets;
use crate::resource_type::ResourceType;
use crate::schema::{Attribute, Content, Mutability};

/// Puts the secrets of a new content into the form in which they are kept. `before` is the content that it replaces.
pub fn settle(
    ports: &Ports<'_>,
    secrets: Secrets,
    of: &ResourceType,
    before: Option<&Content>,
    content: &mut Content,
) -> Result<(), Error> {
    for attribute in written_only(of) {
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
    Ok(())
}

/// What a PUT leaves out, since no client can repeat it, stays.
pub fn carry_over(of: &ResourceType, before: &Content, content: &mut Content) {
    for attribute in written_only(of) {
        let name = attribute.name.as_str();
        if let (None, Some(kept)) = (content.get(name), before.get(name)) {
            content.insert(name.to_owned(), kept.clone());
        }
    }
}

fn written_only(of: &ResourceType) -> impl Iterator<Item = &Attribute> {
    of.core()
        .attributes
        .iter()
        .filter(|a| a.mutability == Mutability::WriteOnly)
}

/// The hash to keep: the one that is there if it is of the same secret, so that nothing changes.
fn settled(
    ports: &Ports<'_>,
    secrets: Secrets,
    name: &str,
    given: &Value,
    kept: Option<&Value>,
) -> Result<Option<Value>, Error> {
    let (Secrets::Hash, Some(given)) = (secrets, given.as_str()) else {
        ports.journal.write(
            Level::Info,
            "policy",
            &format!("`{name}` was received and not kept"),
        );
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
