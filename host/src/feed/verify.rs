//! Verifies that a tenant's hash chain and its stored bodies are as they were written. An attacker
//! who can write the database and knows how digests are computed can forge a chain from some event
//! on, including the tenant's record of its end; a checkpoint that is stored elsewhere detects
//! that.

use std::collections::BTreeMap;

use crate::store::{
    BodyPosition, ChainHead, CheckedBodies, EventLog, Key, RecordedEvent, Refusal, TenantStorage,
    hash_chain,
};

/// The most events of one page.
const PAGE: u32 = 1000;

/// The event that records an erasure: a resource was deleted (RFC 9967 section 2.4.3), and
/// [`ERASER`] did it. A client's DELETE appends this event too, with its own actor, and redacts
/// nothing.
const ERASURE: &str = "urn:ietf:params:scim:event:prov:delete";

/// The actor of erasures: only the application can erase.
const ERASER: &str = "admin";

/// The first inconsistency in a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Break {
    /// Sequence numbers are missing.
    #[error("event {0} is removed: event {1} follows in its place")]
    Removed(u64, u64),
    /// The body differs from the one that was appended.
    #[error("event {0} is edited: its body is not the one that was recorded")]
    Body(u64),
    /// The body is empty, and the subject was not erased afterwards.
    #[error("event {0} is emptied: no erasure of its subject is recorded after it")]
    Emptied(u64),
    /// Another event is in this one's place.
    #[error("event {0} is reordered: the one that was recorded there has the number {1}")]
    Reordered(u64, u64),
    /// The event is not the one that was recorded.
    #[error("event {0} is edited: it does not have the digest that was recorded")]
    Edited(u64),
    /// The tenant's record of its last event names a later event.
    #[error("event {0} is removed, and all that follow up to {1}: the end is cut off")]
    CutOff(u64, u64),
    /// The tenant's record of its last event has another digest.
    #[error("event {0} is replaced: the tenant's record of its last event has another digest")]
    Replaced(u64),
    /// The checkpoint names a later event than the last one.
    #[error("event {0} is gone, and all that follow up to {1}: the checkpoint has them")]
    Shortened(u64, u64),
    /// The checkpoint has another digest for this number.
    #[error("event {0}, or one before it, is rewritten: the checkpoint has another digest")]
    Rewritten(u64),
}

impl Break {
    /// Returns the sequence number of the event at which the chain breaks.
    #[must_use]
    pub fn event(&self) -> u64 {
        match self {
            Self::Removed(event, _)
            | Self::Body(event)
            | Self::Emptied(event)
            | Self::Reordered(event, _)
            | Self::Edited(event)
            | Self::CutOff(event, _)
            | Self::Replaced(event)
            | Self::Shortened(event, _)
            | Self::Rewritten(event) => *event,
        }
    }
}

/// The result of verifying a whole chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chain {
    /// The last event that was read.
    pub head: ChainHead,
    /// The number of bodies that are empty because their subject was erased.
    pub erased: u64,
}

/// Verifies the chain from the first event to the last, and that it contains `checkpoint`. Returns
/// the first inconsistency as the inner error.
///
/// # Errors
/// If the log cannot be read.
pub async fn chain(
    log: &dyn EventLog,
    checkpoint: Option<ChainHead>,
) -> Result<Result<Chain, Break>, Refusal> {
    let recorded = log.head().await?;
    let mut walk = Walk::default();
    loop {
        let events = log.events(walk.head.sequence, PAGE).await?;
        if events.is_empty() {
            break;
        }
        for event in &events {
            let next = walk.head.sequence + 1;
            if event.sequence != next {
                return Ok(Err(Break::Removed(next, event.sequence)));
            }
            if !hash_chain::holds(&walk.head.digest, event) {
                return Ok(Err(reason(log, walk.head, event).await?));
            }
            walk.step(event);
            if next == recorded.sequence && event.digest != recorded.digest {
                return Ok(Err(Break::Replaced(next)));
            }
            let known = checkpoint.filter(|known| known.sequence == next);
            if known.is_some_and(|known| known.digest != event.digest) {
                return Ok(Err(Break::Rewritten(next)));
            }
        }
    }
    let last = walk.head.sequence;
    if last < recorded.sequence {
        return Ok(Err(Break::CutOff(last + 1, recorded.sequence)));
    }
    match checkpoint {
        Some(known) if last < known.sequence => Ok(Err(Break::Shortened(last + 1, known.sequence))),
        _ => Ok(walk.end()),
    }
}

/// Checks all stored bodies against the digests that were written with them.
///
/// # Errors
/// If the store fails.
pub async fn bodies(store: &dyn TenantStorage) -> Result<CheckedBodies, Refusal> {
    let mut all = CheckedBodies::default();
    let mut next = Some(BodyPosition::default());
    while let Some(after) = next {
        let found = store.check_bodies(after).await?;
        all.checked += found.checked;
        all.without_digest += found.without_digest;
        all.damaged.extend(found.damaged);
        next = found.next;
    }
    Ok(all)
}

/// The progress of verifying a chain.
struct Walk {
    head: ChainHead,
    erased: u64,
    /// Subjects with empty bodies and no later erasure: the first such event, and the number of
    /// bodies.
    emptied: BTreeMap<Option<(String, String)>, (u64, u64)>,
}

impl Default for Walk {
    fn default() -> Self {
        Self { head: ChainHead::START, erased: 0, emptied: BTreeMap::new() }
    }
}

impl Walk {
    /// Adds an event that correctly follows the previous one.
    fn step(&mut self, event: &RecordedEvent) {
        self.head = ChainHead { sequence: event.sequence, digest: event.digest };
        let key = |key: &Key| (key.kind.clone(), key.id.clone());
        let subject = event.event.subject.as_ref().map(key);
        if subject.is_some() && event.event.name == ERASURE && event.actor == ERASER {
            let (_, count) = self.emptied.remove(&subject).unwrap_or_default();
            self.erased += count;
        }
        if hash_chain::is_emptied(event) {
            let new = (event.sequence, 0);
            let (_, count) = self.emptied.entry(subject).or_insert(new);
            *count += 1;
        }
    }

    fn end(self) -> Result<Chain, Break> {
        match self.emptied.values().map(|(first, _)| *first).min() {
            Some(first) => Err(Break::Emptied(first)),
            None => Ok(Chain { head: self.head, erased: self.erased }),
        }
    }
}

/// Returns why an event does not follow the previous one: it was edited, unless another event
/// belongs in its place.
async fn reason(
    log: &dyn EventLog,
    before: ChainHead,
    event: &RecordedEvent,
) -> Result<Break, Refusal> {
    let sequence = before.sequence + 1;
    if hash_chain::digest(&before.digest, event) == event.digest {
        return Ok(Break::Body(sequence));
    }
    let mut after = sequence;
    loop {
        let others = log.events(after, PAGE).await?;
        let Some(last) = others.last() else {
            return Ok(Break::Edited(sequence));
        };
        after = last.sequence;
        for mut other in others {
            let number = std::mem::replace(&mut other.sequence, sequence);
            if hash_chain::digest(&before.digest, &other) == other.digest {
                return Ok(Break::Reordered(sequence, number));
            }
        }
    }
}
