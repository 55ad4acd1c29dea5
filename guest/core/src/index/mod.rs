//! Evaluation by the store: the index terms of an entry, which of their paths are complete, and the
//! translation of filters to terms and links.

mod complete;
mod push;
mod terms;

pub use complete::{IndexedPaths, StoredIndexedPaths, index_key};
pub use push::{Nested, Pushed, order, push};
pub use terms::{TooLong, terms, unique_texts};
