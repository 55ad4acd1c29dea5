//! The position of a follower in the feed, and the error for a position that the feed does not
//! have.

use std::str::FromStr;

use data_encoding::HEXLOWER;

use crate::store::{Epoch, Refusal, hash_chain};

/// The number of bytes of an event's digest in its id.
const DIGEST: usize = 8;

/// Returns the id of an event: its sequence number and the beginning of its digest, which tells it
/// from any other event with that number.
#[must_use]
pub fn event_id(sequence: u64, digest: &hash_chain::Digest) -> String {
    let digest = digest.get(..DIGEST).unwrap_or_default();
    format!("{sequence}-{}", HEXLOWER.encode(digest))
}

/// A position in a tenant's feed as a follower gives it: after an event, by its number (`17`) or
/// its id (`17-0123456789abcdef`); 0 is before the first event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedPosition {
    /// The event's sequence number.
    pub number: u64,
    /// The beginning of the event's digest, if the position was given as an id.
    digest: Option<Vec<u8>>,
    /// The epoch of the number, if the follower named one.
    epoch: Option<String>,
}

impl FeedPosition {
    /// Returns this position in the given epoch; `None` if the follower named none.
    #[must_use]
    pub fn with_epoch(self, epoch: Option<String>) -> Self {
        Self { epoch, ..self }
    }

    /// Whether the event with this number is the one that the follower means, according to its
    /// digest and the feed's epoch.
    pub(super) fn matches(&self, digest: &hash_chain::Digest, epoch: &Epoch) -> bool {
        if self.epoch.as_ref().is_some_and(|named| *named != epoch.id) {
            return false;
        }
        match &self.digest {
            Some(given) => digest.starts_with(given),
            // A bare number does not tell its epoch.
            None => self.epoch.is_some() || epoch.common.is_none_or(|common| self.number <= common),
        }
    }
}

impl From<u64> for FeedPosition {
    fn from(number: u64) -> Self {
        Self { number, ..Self::default() }
    }
}

/// A position that is neither a number nor an event's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be the number of an event, or its id")]
pub struct ParsePositionError;

impl FromStr for FeedPosition {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, ParsePositionError> {
        let (number, digest) = match text.split_once('-') {
            Some((number, digest)) => (number, Some(digest)),
            None => (text, None),
        };
        let decode = |digest: &str| HEXLOWER.decode(digest.as_bytes()).ok();
        let digest = match digest {
            None => None,
            Some(digest) => Some(
                decode(digest).filter(|bytes| bytes.len() == DIGEST).ok_or(ParsePositionError)?,
            ),
        };
        Ok(Self { number: number.parse().map_err(|_| ParsePositionError)?, digest, epoch: None })
    }
}

/// A follower's position that is not in the feed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "event {number} of this feed is not the one that you have read, or there is none: an older \
    copy of the database was put in \
     its place, and events that you have read are gone; compare all resources with what you know, \
     and follow from `{newest}` on"
)]
#[non_exhaustive]
pub struct PositionLost {
    /// The sequence number of the position.
    pub number: u64,
    /// The id of the newest event; `0` if there are none.
    pub newest: String,
    /// The feed's current epoch.
    pub epoch: String,
}

/// Why a follower gets no events.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The position is not in the feed; trying again does not help.
    #[error(transparent)]
    Lost(#[from] PositionLost),
    /// The store failed; the position stays the same.
    #[error("the events cannot be read: {0:?}")]
    Store(Refusal),
}

impl From<Refusal> for FollowError {
    fn from(refusal: Refusal) -> Self {
        Self::Store(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(common: Option<u64>) -> Epoch {
        Epoch { id: "b".repeat(16), start: 0, common }
    }

    #[test]
    fn a_place_is_a_number_or_an_id() {
        let digest = [0xAB; 32];
        let id = event_id(17, &digest);
        assert_eq!(id, "17-abababababababab");
        let place: FeedPosition = id.parse().unwrap();
        assert!(place.number == 17 && place.matches(&digest, &epoch(Some(0))));
        assert!(!place.matches(&[0; 32], &epoch(None)));
        assert_eq!("17".parse(), Ok(FeedPosition::from(17)));
        for wrong in
            ["", "-", "x", "17-", "17-ab", "17-abababababababzz", "-1", "17-ABABABABABABABAB"]
        {
            assert_eq!(wrong.parse::<FeedPosition>(), Err(ParsePositionError), "{wrong}");
        }
    }

    #[test]
    fn a_bare_number_is_of_the_first_epoch() {
        let place = FeedPosition::from(17);
        assert!(place.matches(&[0; 32], &epoch(None)));
        assert!(place.matches(&[0; 32], &epoch(Some(17))));
        assert!(!place.matches(&[0; 32], &epoch(Some(16))));
        let named = |id: &str| place.clone().with_epoch(Some(id.repeat(16)));
        assert!(named("b").matches(&[0; 32], &epoch(Some(16))));
        assert!(!named("a").matches(&[0; 32], &epoch(Some(16))));
        assert!(!named("a").matches(&[0; 32], &epoch(None)));
    }
}
