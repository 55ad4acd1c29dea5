//! What the store can find: the index terms of an entry, which of their paths are complete, and
//! filters as far as terms and links decide them.

mod complete;
mod push;
mod terms;

pub use complete::{IndexedPaths, StoredIndexedPaths, index_key};
pub use push::{Nested, Pushed, order, push};
pub use terms::{TooLong, terms, unique_texts};
