//! Schemas as data: RFC 7643 sections 2 and 7.

mod attribute;
pub mod check;
mod definition;
pub mod size;

pub use attribute::{Attribute, DataType, Mutability, Returned, Uniqueness, find};
pub use check::{Checker, Content, GivenValue};
pub use definition::Schema;
