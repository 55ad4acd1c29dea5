//! The events of a tenant for those who follow them: [`Bell`] wakes whoever waits, [`Follower`] reads on, [`Line`] is how an
//! event is shown, and [`verify`] finds out whether the chain is whole.

mod bell;
mod follower;
mod line;
pub mod verify;

pub use bell::{Bell, POLL};
pub use follower::Follower;
pub use line::{Line, subject};
