//! Authentication and authorization: RFC 7644 section 2. Credentials and their secrets, tokens and
//! their signatures, the admission of a request, the conditions that apply after it, and scopes.

mod admission;
pub mod credential;
mod gate;
mod scope;
pub mod signature;
mod token;

pub use admission::{Admission, admit, note_use, require};
pub(crate) use admission::{Use, hour_of};
pub use gate::pass;
pub use scope::{Scope, Scopes};
