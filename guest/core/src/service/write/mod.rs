//! What use cases that change something share: from a content to the writes of one commit, the
//! links and events among them, and what the audit keeps.

pub mod audit;
pub(super) mod creation;
pub mod event;
pub(super) mod link_writes;
pub(super) mod links;
pub(super) mod update;
