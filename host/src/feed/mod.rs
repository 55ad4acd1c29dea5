//! A tenant's events for clients that follow them: [`CommitNotifier`] wakes waiting followers,
//! [`Follower`] reads the events, [`Line`] is their JSON form, [`verify`] checks the hash chain,
//! and a [`Checkpoint`] is stored elsewhere to compare the chain with.
//!
//! ```
//! use scimlet::feed::{CommitNotifier, FeedPosition, Follower};
//! use scimlet::store::{Channel, Database as _, Event, Write, memory::Memory};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let database = Memory::exact();
//! database.create_tenant("acme", 0).await?;
//! let notifier = CommitNotifier::default();
//! let store = notifier.wrap("acme", database.open("acme").await?.ok_or("no such tenant")?);
//! # let (channel, name, body) = (Channel::Feed, "deactivate".to_owned(), "{}".to_owned());
//! # let event = Event { channel, name, subject: None, body };
//! # store.commit(0, "admin".to_owned(), vec![Write::Append(event)]).await?;
//!
//! let begin = FeedPosition::default(); // before the first event; or `id.parse()?` of one
//! let mut follower = Follower::new(&notifier, "acme", store, begin);
//! for recorded in follower.next().await? {
//!     println!("{} {}", recorded.sequence, recorded.event.name);
//! }
//! let id = follower.place(); // to go on from after a restart
//! # assert!(id.starts_with("1-"));
//! # Ok(())
//! # }
//! ```

mod checkpoint;
mod commit_notifier;
mod follower;
mod line;
mod position;
pub mod verify;

pub use checkpoint::{Checkpoint, End};
pub use commit_notifier::{CommitNotifier, POLL};
pub use follower::Follower;
pub use line::Line;
#[cfg(feature = "webhooks")]
pub(crate) use line::subject;
pub use position::{FeedPosition, FollowError, ParsePositionError, PositionLost, event_id};
