//! The events of a tenant for those who follow them: [`Bell`] wakes whoever waits, [`Follower`]
//! reads on, [`Line`] is how an event is shown, [`verify`] finds out whether the chain is whole,
//! and a [`Checkpoint`] is what is kept elsewhere to compare it with.

mod checkpoint;
mod commit_notifier;
mod follower;
mod line;
mod position;
pub mod verify;

pub use checkpoint::{Checkpoint, End};
pub use commit_notifier::{CommitNotifier, POLL};
pub use follower::Follower;
pub use line::{Line, subject};
pub use position::{FeedPosition, FollowError, ParsePositionError, PositionLost, event_id};
