//! How an exported function is called with the members of an object, and its result returned.

use std::fmt;

use scimlet_store::json::Integer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::admin::{Assignment, CredentialRequest};
use super::http::{Origin, Request, Response};
use crate::json::{Answer, write};

/// A result of an exported function.
pub trait Returned {
    /// Returns the answer to the call.
    fn returned(self) -> Vec<u8>;
}

impl<T: Serialize, E: Serialize> Returned for Result<T, E> {
    fn returned(self) -> Vec<u8> {
        let (outcome, value) = match self {
            Ok(value) => (r#"{"return":{"ok":"#, write(&value)),
            Err(error) => (r#"{"return":{"err":"#, write(&error)),
        };
        [outcome.as_bytes(), &value, b"}}"].concat()
    }
}

macro_rules! returned {
    ($($type:ty),*) => { $(
        impl Returned for $type {
            fn returned(self) -> Vec<u8> {
                write(&Answer::Return(self))
            }
        }
    )* };
}

returned!(Response, Option<String>, ());

/// A type of parameters. Its default stands for an argument that cannot be read.
pub trait Argument: Default {
    /// Reads an argument.
    fn read(text: &str) -> serde_json::Result<Self>;
}

macro_rules! argument {
    ($($type:ty),*) => { $(
        impl Argument for $type {
            fn read(text: &str) -> serde_json::Result<Self> {
                serde_json::from_str(text)
            }
        }
    )* };
}

argument!(String, Option<String>, Vec<String>, Vec<(String, String)>, bool, u32);
argument!(Origin, Request, CredentialRequest, Assignment);

impl Argument for u64 {
    fn read(text: &str) -> serde_json::Result<Self> {
        let Integer(value) = serde_json::from_str(text)?;
        Ok(value)
    }
}

impl Argument for Option<u64> {
    fn read(text: &str) -> serde_json::Result<Self> {
        let read: Option<Integer> = serde_json::from_str(text)?;
        Ok(read.map(|Integer(value)| value))
    }
}

/// The arguments of a call that are not read yet. One type for all functions: a type for each would
/// add a fortieth to the module.
pub struct Arguments<'a> {
    unread: Vec<(String, &'a RawValue)>,
    /// Why the first argument that could not be read could not.
    fault: Option<String>,
}

impl<'a> Arguments<'a> {
    /// Reads the names of the members of an object.
    pub fn read(text: &'a str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("the arguments: {error}"))
    }

    /// Reads the argument of a parameter. If it cannot be read, [`end`](Self::end) refuses it.
    pub fn take<T: Argument>(&mut self, parameter: &str) -> T {
        T::read(self.text(parameter)).unwrap_or_else(|error| {
            self.refuse(parameter, &error);
            T::default()
        })
    }

    /// Returns the text of the argument of a parameter; one that is missing is `null`.
    fn text(&mut self, parameter: &str) -> &'a str {
        // The WIT's name of a parameter, but for its hyphens.
        let is_it = |name: &str| {
            let bytes = name.bytes().map(|byte| if byte == b'-' { b'_' } else { byte });
            !name.contains('_') && bytes.eq(parameter.bytes())
        };
        let found = self.unread.iter().position(|(name, _)| is_it(name));
        found.map_or("null", |at| self.unread.swap_remove(at).1.get())
    }

    fn refuse(&mut self, parameter: &str, error: &serde_json::Error) {
        let name = parameter.replace('_', "-");
        self.fault.get_or_insert_with(|| format!("the argument `{name}`: {error}"));
    }

    /// Refuses arguments that could not be read, and those that were not.
    pub fn end(&mut self) -> Result<(), String> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        match self.unread.first() {
            Some((name, _)) => Err(format!("there is no parameter `{name}`, or it is given twice")),
            None => Ok(()),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Arguments<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Arguments<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Arguments<'de>, A::Error> {
        let mut unread = Vec::new();
        while let Some(member) = map.next_entry()? {
            unread.push(member);
        }
        Ok(Arguments { unread, fault: None })
    }
}

/// An exported interface: the trait `Guest` that the shell implements, and `call`, which calls a
/// function by its name in the WIT; `None` if it has no such function.
macro_rules! interface {
    ($($wit:literal $name:ident($($parameter:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        /// The functions of the interface.
        pub trait Guest {
            $(fn $name($($parameter: $type),*) $(-> $result)?;)*
        }

        /// Calls a function.
        pub fn call(
            name: &str,
            arguments: &mut super::Arguments<'_>,
        ) -> Result<Option<Vec<u8>>, String> {
            match name {
                $($wit => {
                    $(let $parameter: $type = arguments.take(stringify!($parameter));)*
                    arguments.end()?;
                    let result = <crate::Component as Guest>::$name($($parameter),*);
                    Ok(Some(super::Returned::returned(result)))
                })*
                _ => Ok(None),
            }
        }
    };
}

pub(super) use interface;
