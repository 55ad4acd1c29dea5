//! Whether a tenant's chain of events is as it was written. Whoever can write the database and knows how the digests are made
//! can forge a whole chain from some event on, up to the tenant's record of its end: keep the last digest elsewhere to find that.

use crate::store::{Head, RecordedEvent, Refusal, Store, chain};

/// Events of one page.
const PAGE: u32 = 1000;

/// What is wrong with a chain, at the first place where something is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Numbers are left out.
    #[error("event {0} is removed: event {1} follows in its place")]
    Removed(u64, u64),
    /// The body is another than was appended.
    #[error("event {0} is edited: its body is not the one that was recorded")]
    Body(u64),
    /// An event stands in another's place.
    #[error("event {0} is reordered: the one that was recorded there has the number {1}")]
    Reordered(u64, u64),
    /// The event is not the one that was recorded.
    #[error("event {0} is edited: it does not have the digest that was recorded")]
    Edited(u64),
    /// The tenant's record of its last event names a later one.
    #[error("event {0} is removed, and all that follow up to {1}: the end is cut off")]
    CutOff(u64, u64),
    /// The tenant's record of its last event is of another one.
    #[error("event {0} is replaced: the tenant's record of its last event has another digest")]
    Replaced(u64),
}

/// A walk over a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The last event that was read.
    pub head: Head,
    /// How many bodies are empty because a person was erased.
    pub emptied: u64,
}

/// Walks from the first event to the last. The outer error is the store's.
///
/// # Errors
/// If the store fails.
pub async fn chain(store: &dyn Store) -> Result<Result<Chain, Break>, Refusal> {
    let recorded = store.head().await?;
    let mut chain = Chain {
        head: Head::START,
        emptied: 0,
    };
    loop {
        let events = store.events(chain.head.sequence, PAGE).await?;
        if events.is_empty() {
            break;
        }
        for event in &events {
            let next = chain.head.sequence + 1;
            if event.sequence != next {
                return Ok(Err(Break::Removed(next, event.sequence)));
            }
            if !chain::holds(&chain.head.digest, event) {
                return Ok(Err(reason(store, chain.head, event).await?));
            }
            chain.head = Head {
                sequence: next,
                digest: event.digest,
            };
            chain.emptied += u64::from(event.event.body.is_empty());
            if next == recorded.sequence && event.digest != recorded.digest {
                return Ok(Err(Break::Replaced(next)));
            }
        }
    }
    let last = chain.head.sequence;
    if last < recorded.sequence {
        return Ok(Err(Break::CutOff(last + 1, recorded.sequence)));
    }
    Ok(Ok(chain))
}

/// Why an event does not hold behind the one before it: it was edited, unless another one holds in its place.
async fn reason(store: &dyn Store, before: Head, event: &RecordedEvent) -> Result<Break, Refusal> {
    let place = before.sequence + 1;
    if chain::digest(&before.digest, event) == event.digest {
        return Ok(Break::Body(place));
    }
    let mut after = place;
    loop {
        let others = store.events(after, PAGE).await?;
        let Some(last) = others.last() else {
            return Ok(Break::Edited(place));
        };
        after = last.sequence;
        for mut other in others {
            let number = std::mem::replace(&mut other.sequence, place);
            if chain::digest(&before.digest, &other) == other.digest {
                return Ok(Break::Reordered(place, number));
            }
        }
    }
}
