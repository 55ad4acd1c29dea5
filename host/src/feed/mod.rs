//! The events of a tenant for those who follow them: [`Bell`] wakes whoever waits, [`Follower`]
//! reads on, [`Line`] is how an event is shown, [`verify`] finds out whether the chain is whole,
//! and a [`Checkpoint`] is what is kept elsewhere to compare it with.

mod bell;
mod checkpoint;
mod follower;
mod line;
mod place;
pub mod verify;

pub use bell::{Bell, POLL};
pub use checkpoint::{Checkpoint, End};
pub use follower::Follower;
pub use line::{Line, subject};
pub use place::{FollowError, Lost, NoPlace, Place, event_id};
