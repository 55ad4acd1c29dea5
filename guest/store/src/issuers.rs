//! The issuers of access tokens (RFC 9068) that a tenant's profile trusts, and the one rule about
//! them that concerns several tenants: no two tenants may accept each other's tokens. A store with
//! several tenants asks for a [`conflict`] in the transaction of each commit that writes a profile.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Draft, Refusal, Rejection, Write};

/// The kind of the entry that holds a tenant's profile.
pub const PROFILE_KIND: &str = "$profile";

/// An issuer of a profile's `credentials.access-tokens`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The `iss` claim of its tokens.
    pub issuer: String,
    /// The `aud` claim of its tokens.
    pub audience: String,
    claims: BTreeMap<String, String>,
}

impl Issuer {
    /// Returns whether one token may be valid for both: issuer and audience are equal, and no claim
    /// must have different values.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let differs = |(name, value): (&String, &String)| {
            let theirs = other.claims.get(name);
            theirs.is_some_and(|theirs| theirs != value)
        };
        self.issuer == other.issuer
            && self.audience == other.audience
            && !self.claims.iter().any(differs)
    }
}

/// Returns the issuers in a profile document, in their order. No preset has issuers, so the profile
/// that this one extends does not matter.
#[must_use]
pub fn of_profile(document: &str) -> Vec<Issuer> {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let issuers = document.pointer("/credentials/access-tokens");
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let issuers = issuers.and_then(Value::as_array).into_iter().flatten();
    let issuer = |issuer: &Value| {
        let claims = issuer["claims"].as_object().into_iter().flatten();
        Some(Issuer {
            issuer: text(&issuer["issuer"])?,
            audience: text(&issuer["audience"])?,
            claims: claims.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect(),
        })
    };
    issuers.filter_map(issuer).collect()
}

/// A write that gives a tenant issuers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    write: u32,
    issuers: Vec<Issuer>,
}

/// Returns the issuers that a commit gives its tenant; `None` if it writes no profile with issuers.
#[must_use]
pub fn given(writes: &[Write]) -> Option<Given> {
    let is_profile = |draft: &&Draft| draft.key.kind == PROFILE_KIND;
    let mut given = (0_u32..).zip(writes).filter_map(|(index, write)| {
        let draft = draft(write).filter(is_profile)?;
        let (write, issuers) = (index, of_profile(&draft.body));
        (!issuers.is_empty()).then_some(Given { write, issuers })
    });
    given.next()
}

fn draft(write: &Write) -> Option<&Draft> {
    match write {
        Write::Insert(draft) => Some(draft),
        Write::Replace(replacement) => Some(&replacement.draft),
        _ => None,
    }
}

/// A stored profile of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The tenant's name.
    pub tenant: String,
    /// Whether this is the tenant whose commit is checked.
    pub is_own: bool,
    /// The profile as JSON.
    pub document: String,
}

/// An issuer that another tenant has too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The other tenant's name.
    pub tenant: String,
    /// The `iss` claim of the tokens that both would accept.
    pub issuer: String,
    write: u32,
    index: usize,
}

/// Returns the first issuer that another tenant has, unless the tenant has exactly these issuers
/// already: profiles that were stored before this rule may stay, and the rest of such a profile may
/// change.
pub fn conflict(given: &Given, kept: impl IntoIterator<Item = Kept>) -> Option<Conflict> {
    let (own, others): (Vec<Kept>, Vec<Kept>) = kept.into_iter().partition(|kept| kept.is_own);
    if own.iter().any(|own| of_profile(&own.document) == given.issuers) {
        return None;
    }
    others.into_iter().find_map(|other| {
        let theirs = of_profile(&other.document);
        let overlaps = |issuer: &Issuer| theirs.iter().any(|their| their.overlaps(issuer));
        let index = given.issuers.iter().position(overlaps)?;
        let issuer = given.issuers.get(index)?.issuer.clone();
        Some(Conflict { tenant: other.tenant, issuer, write: given.write, index })
    })
}

/// Does not name the other tenant: the operator of this tenant may be its customer.
impl From<Conflict> for Rejection {
    fn from(conflict: Conflict) -> Self {
        let reason = Refusal::Invalid(format!(
            "`credentials.access-tokens[{}]`: another tenant takes tokens of this issuer and \
             audience; give each tenant an audience of its own, or a claim in `claims`, with a \
             value of its own",
            conflict.index
        ));
        Self { write: conflict.write, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_any_kind_are_read() {
        for none in [
            "",
            "[]",
            "{}",
            r#"{"credentials": 1}"#,
            r#"{"credentials": {"access-tokens": [1, {"issuer": 1}]}}"#,
        ] {
            assert_eq!(of_profile(none), [], "{none}");
        }
    }
}
