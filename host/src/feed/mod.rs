//! A tenant's events for clients that follow them: [`CommitNotifier`] wakes waiting followers,
//! [`Follower`] reads the events, [`Line`] is their JSON form, [`verify`] checks the hash chain,
//! and a [`Checkpoint`] is stored elsewhere to compare the chain with.

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
