//! What the product's objects refer to by an e-mail address: owners, teams. Kept by address and apart from membership, so that who is
//! provisioned again under the address has them again.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Session;
use crate::error::Error;
use crate::limits;
use crate::store::{Draft, Key, Node, Operator, Query, Scalar, Term, Window, Write};
use crate::text;

const KIND: &str = "$reference";
/// The path of the address in the index: a digest, so that erasure leaves none in it.
const ADDRESS: &str = "address";

/// An object that names somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) email: String,
    pub(super) kind: String,
    pub(super) id: String,
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    HEXLOWER.encode(&hash.finalize())
}

/// The write that keeps a reference; refused as taken if it is kept already.
pub(super) fn keep(kept: &Kept) -> Result<Write, Error> {
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
pub(super) fn of(session: &Session<'_>, email: &str) -> Result<Vec<Kept>, Error> {
    Ok(entries(session, email)?
        .into_iter()
        .map(|(_, kept)| kept)
        .collect())
}

/// The writes that forget what refers to an address.
pub(super) fn forget(session: &Session<'_>, email: &str) -> Result<Vec<Write>, Error> {
    let entries = entries(session, email)?.into_iter();
    Ok(entries.map(|(key, _)| Write::Remove(key, None)).collect())
}

fn entries(session: &Session<'_>, email: &str) -> Result<Vec<(Key, Kept)>, Error> {
    let address = text::fold(email);
    let mut found = Vec::new();
    let mut window = Window::Offset(0);
    loop {
        let page = session.ports.store.find(Query {
            kind: KIND.to_owned(),
            filter: vec![Node::Compare {
                path: ADDRESS.to_owned(),
                operator: Operator::Equal,
                value: Scalar::Text(digest(&[&address])),
            }],
            order: None,
            window,
            limit: limits::SCAN_PAGE,
            count: false,
        })?;
        let full = u32::try_from(page.hits.len()).is_ok_and(|n| n >= limits::SCAN_PAGE);
        let last = page.hits.last().map(|(_, position)| position.clone());
        for (entry, _) in page.hits {
            let kept: Kept = serde_json::from_str(&entry.body).map_err(|error| {
                Error::internal(format!("{} has a broken body: {error}", entry.key))
            })?;
            if text::fold(&kept.email) == address {
                found.push((entry.key, kept));
            }
        }
        match last {
            Some(position) if full => window = Window::After(position),
            _ => return Ok(found),
        }
    }
}
