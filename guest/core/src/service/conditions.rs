//! If-Match and If-None-Match: RFC 7644 section 3.14, RFC 9110 section 13. A resource that does not
//! exist is a 404 whatever they say (RFC 9110 section 13.2.1).

use crate::error::{Error, ErrorKind};
use crate::etag::Condition;

/// The If-Match and If-None-Match of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The request proceeds only if this condition holds.
    pub if_match: Option<Condition>,
    /// The resource is returned or changed only if this condition does not hold.
    pub if_none_match: Option<Condition>,
}

impl Conditions {
    /// Returns whether the request has any condition.
    pub(super) fn are_given(&self) -> bool {
        self.if_match.is_some() || self.if_none_match.is_some()
    }

    /// Checks that a resource with this version may be read.
    ///
    /// # Errors
    /// 412 if If-Match does not hold.
    pub(super) fn allow_reading(&self, version: u64) -> Result<(), Error> {
        let holds = |condition: &Condition| condition.holds(version);
        require(self.if_match.as_ref().is_none_or(holds))
    }

    /// Returns whether the client has this version of the resource already, so that it need not be
    /// returned.
    pub(super) fn client_has(&self, version: u64) -> bool {
        let known = self.if_none_match.as_ref();
        known.is_some_and(|condition| condition.holds(version))
    }

    /// Checks that a resource with this version may be changed.
    ///
    /// # Errors
    /// 412 if If-Match does not hold, or If-None-Match does.
    pub(super) fn allow_changing(&self, version: u64) -> Result<(), Error> {
        self.allow_reading(version)?;
        require(!self.client_has(version))
    }

    /// Checks the conditions of a request for something without a version, such as a list, which no
    /// entity tag matches.
    ///
    /// # Errors
    /// 412 if If-Match names entity tags.
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
