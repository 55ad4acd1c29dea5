//! References from the product's objects, such as projects or teams, to users by e-mail address.
//! They are stored by address and separately from membership, so that a user who is provisioned
//! again under the address gets them back.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Session, find_all};
use crate::error::Error;
use crate::json;
use crate::store::{Draft, Key, Node, Operator, Scalar, Term, Write};
use crate::text;

const KIND: &str = "$reference";
/// The index path of the address; its terms are digests, so that no address remains after an
/// erasure.
const ADDRESS: &str = "address";

/// A reference to a user from an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct StoredReference {
    pub(super) email: String,
    pub(super) kind: String,
    pub(super) id: String,
}

json::decode_struct!(open StoredReference {
    email: "email",
    kind: "kind",
    id: "id",
});

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    base16ct::lower::encode_string(&hash.finalize())
}

/// Returns the write that stores a reference; it is refused as taken if the reference exists.
pub(super) fn keep(kept: &StoredReference) -> Result<Write, Error> {
    let email = text::fold(&kept.email);
    let body = serde_json::to_string(kept).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Write::Insert(Draft {
        key: Key::new(KIND, digest(&[&email, &kept.kind, &kept.id])),
        body,
        terms: vec![Term {
            path: ADDRESS.to_owned(),
            value: Scalar::Text(digest(&[&email])),
            unique: false,
        }],
    }))
}

/// Returns the references to an address, in the order in which they were added.
pub(super) fn of(session: &Session<'_>, email: &str) -> Result<Vec<StoredReference>, Error> {
    Ok(entries(session, email)?.into_iter().map(|(_, kept)| kept).collect())
}

/// Returns the writes that remove all references to an address.
pub(super) fn forget(session: &Session<'_>, email: &str) -> Result<Vec<Write>, Error> {
    let entries = entries(session, email)?.into_iter();
    Ok(entries.map(|(key, _)| Write::remove(key, None)).collect())
}

fn entries(session: &Session<'_>, email: &str) -> Result<Vec<(Key, StoredReference)>, Error> {
    let address = text::fold(email);
    let value = Scalar::Text(digest(&[&address]));
    let filter = [Node::compare(ADDRESS, Operator::Equal, value)];
    let entries = find_all::find_all(&session.ports, KIND, &filter, usize::MAX)?;
    let mut found = Vec::new();
    for entry in entries {
        let kept: StoredReference = crate::json::from_str(&entry.body)
            .map_err(|error| Error::broken(&entry.key, &error))?;
        if text::fold(&kept.email) == address {
            found.push((entry.key, kept));
        }
    }
    Ok(found)
}
