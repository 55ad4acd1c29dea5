//! How a case says what a store did against the contract: as an error, since a panic could not be
//! told from within WebAssembly.

use std::fmt::{self, Debug, Display};

/// A sentence about what a store did.
#[derive(Clone, PartialEq, Eq)]
pub struct Broken(String);

/// The outcome of a case, or of a part of one.
pub type Checked<T = ()> = Result<T, Broken>;

impl Broken {
    /// Makes the error of a sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Debug for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

/// Gives what has to be there, or the error that says what is expected.
pub trait OrBroken<T> {
    /// Returns the value.
    ///
    /// # Errors
    /// An error or no value, with a sentence about what was `expected` and what was found.
    fn or_broken(self, expected: &str) -> Checked<T>;
}

impl<T> OrBroken<T> for Option<T> {
    fn or_broken(self, expected: &str) -> Checked<T> {
        self.ok_or_else(|| Broken::new(format!("expected: {expected}")))
    }
}

impl<T, E: Debug> OrBroken<T> for Result<T, E> {
    fn or_broken(self, expected: &str) -> Checked<T> {
        self.map_err(|error| Broken::new(format!("expected: {expected}; got {}", short(&error))))
    }
}

/// Returns a value's form for a sentence, which may be a page of large bodies.
pub fn short(value: &(impl Debug + ?Sized)) -> String {
    const LONGEST: usize = 500;
    let mut text = format!("{value:?}");
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Returns from the function with an error, unless the condition holds. What follows says what is
/// expected.
macro_rules! check {
    ($condition:expr $(,)?) => {
        check!($condition, "{}", stringify!($condition))
    };
    ($condition:expr, $($expected:tt)+) => {
        if !$condition {
            let expected = format!($($expected)+);
            return Err($crate::broken::Broken::new(format!("expected: {expected}")));
        }
    };
}

/// Returns from the function with an error, unless the first value is the second.
macro_rules! check_eq {
    ($found:expr, $expected:expr $(,)?) => {
        check_eq!(@ $found, $expected, String::new())
    };
    ($found:expr, $expected:expr, $($why:tt)+) => {
        check_eq!(@ $found, $expected, format!(" ({})", format_args!($($why)+)))
    };
    (@ $found:expr, $expected:expr, $why:expr) => {
        match (&$found, &$expected) {
            (found, expected) => {
                if *found != *expected {
                    let (found, expected) =
                        ($crate::broken::short(found), $crate::broken::short(expected));
                    return Err($crate::broken::Broken::new(format!(
                        "expected {expected}, got {found}{}", $why
                    )));
                }
            }
        }
    };
}

pub(crate) use {check, check_eq};
