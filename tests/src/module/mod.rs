//! A host of the core module, written from `wit/module.md`: what the component is for
//! [`scimlet::Plugin`], the module is for [`Embedded`].

mod embedded;
mod instance;
mod moment;
mod store;

pub use embedded::{Application, Embedded, outcome};
pub use instance::{Import, Instance, MODULE, interface};
pub use moment::Moment;
pub use store::{answer, over};
