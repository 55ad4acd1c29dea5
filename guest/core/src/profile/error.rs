//! What is wrong with a profile.

/// A profile is not one; says where and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProfileError(pub(super) String);

impl ProfileError {
    /// What is wrong with the field at this path.
    pub(super) fn at(path: &str, problem: &str) -> Self {
        match path {
            "" => Self(format!("the profile is wrong: {problem}")),
            path => Self(format!("`{path}`: {problem}")),
        }
    }
}
