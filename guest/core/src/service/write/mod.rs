//! The common part of use cases that change something: from a content to the writes of one commit,
//! including links and events, and the records of the audit.

pub mod audit;
pub(super) mod creation;
pub mod event;
pub(super) mod link_writes;
pub(super) mod links;
pub(super) mod update;
