//! If-Match and If-None-Match: RFC 7644 section 3.14, RFC 9110 section 13. What does not exist is not found, whatever they say
//! (RFC 9110 section 13.2.1).

use crate::error::{Error, ErrorKind};
use crate::etag::Condition;

/// The If-Match and If-None-Match of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The request goes ahead only if this holds.
    pub if_match: Option<Condition>,
    /// The answer is worth sending, or the change goes ahead, only if this does not hold.
    pub if_none_match: Option<Condition>,
}

impl Conditions {
    /// Whether there is any.
    pub(super) fn are_given(&self) -> bool {
        self.if_match.is_some() || self.if_none_match.is_some()
    }

    /// Whether a resource in this version may be shown.
    pub(super) fn allow_reading(&self, version: u64) -> Result<(), Error> {
        let holds = |condition: &Condition| condition.holds(version);
        require(self.if_match.as_ref().is_none_or(holds))
    }

    /// Whether the client knows this version of a resource already, so that there is nothing to show.
    pub(super) fn are_of_who_knows(&self, version: u64) -> bool {
        let known = self.if_none_match.as_ref();
        known.is_some_and(|condition| condition.holds(version))
    }

    /// Whether a resource in this version may be changed.
    pub(super) fn allow_changing(&self, version: u64) -> Result<(), Error> {
        self.allow_reading(version)?;
        require(!self.are_of_who_knows(version))
    }

    /// Whether what has no version, such as a list, may be asked: no entity tag is one of it.
    pub fn allow_unversioned(&self) -> Result<(), Error> {
        let any = |condition: &Condition| *condition == Condition::Any;
        require(self.if_match.as_ref().is_none_or(any))
    }
}

fn require(holds: bool) -> Result<(), Error> {
    let detail = "the resource is not in the version that the request demands";
    let failed = || Error::new(ErrorKind::PreconditionFailed, detail);
    if holds { Ok(()) } else { Err(failed()) }
}
