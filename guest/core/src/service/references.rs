//! What the product's objects refer to by an e-mail address: owners, teams. Kept by address and apart from membership, so that who is
//! provisioned again under the address has them again.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Session, find_all};
use crate::error::Error;
use crate::json;
use crate::store::{Draft, Key, Node, Operator, Scalar, Term, Write};
use crate::text;

const KIND: &str = "$reference";
/// The path of the address in the index: a digest, so that erasure leaves none in it.
const ADDRESS: &str = "address";

/// An object that names somebody.
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

/// The write that keeps a reference; refused as taken if it is kept already.
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

/// What refers to an address, in the order in which it was entered.
pub(super) fn of(session: &Session<'_>, email: &str) -> Result<Vec<StoredReference>, Error> {
    Ok(entries(session, email)?.into_iter().map(|(_, kept)| kept).collect())
}

/// The writes that forget what refers to an address.
pub(super) fn forget(session: &Session<'_>, email: &str) -> Result<Vec<Write>, Error> {
    let entries = entries(session, email)?.into_iter();
    Ok(entries.map(|(key, _)| Write::Remove(key, None)).collect())
}

fn entries(session: &Session<'_>, email: &str) -> Result<Vec<(Key, StoredReference)>, Error> {
    let address = text::fold(email);
    let filter = [Node::Compare {
        path: ADDRESS.to_owned(),
        operator: Operator::Equal,
        value: Scalar::Text(digest(&[&address])),
    }];
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
