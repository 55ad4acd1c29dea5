//! Errors in profiles.

/// A profile is invalid; the message says where and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProfileError(pub(super) String);

impl ProfileError {
    /// An error in the field at this path.
    pub(super) fn at(path: &str, problem: &str) -> Self {
        match path {
            "" => Self(format!("the profile is wrong: {problem}")),
            path => Self(format!("`{path}`: {problem}")),
        }
    }
}
