//! A profile's rules for users' attributes, in addition to their schema.

use crate::sorted_map::SortedMap;

use crate::json;
use crate::schema::Mutability;

/// Rules for the attributes of the users' resource type. Paths are written as in filters: `title`,
/// `name.givenName`, or after the URN of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The product's own names: from an attribute's path to a path in the product's view of a user.
    pub map: SortedMap<String>,
    /// Mutability that overrides the schema's; `*` for all attributes that are not named.
    pub mutability: SortedMap<Mutability>,
    /// Whether an attribute that `mutability` makes immutable may still be set after creation if it
    /// has no value (RFC 7644 section 3.5.1).
    pub set_later: bool,
    /// How a change is handled that the mutability forbids.
    pub refused_change: RefusedChange,
    /// How attributes and sub-attributes that no schema defines are handled, in resources of every
    /// type.
    pub unknown: UnknownAttribute,
    /// How a unique text is handled that readers cannot tell from another one, in resources of
    /// every type: with white space at an end, control characters, or characters without width.
    pub invisible_characters: Invisible,
}

json::decode_struct!(strict Attributes {
    map: "map",
    mutability: "mutability",
    set_later: "set-later",
    refused_change: "refused-change",
    unknown: "unknown",
    invisible_characters: "invisible-characters",
});

/// How a forbidden change is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedChange {
    /// The request is refused.
    Refuse,
    /// The change is ignored, and the journal records that.
    Ignore,
}

json::decode_enum!(RefusedChange { Refuse: "refuse", Ignore: "ignore" });

/// How attributes that no schema defines are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownAttribute {
    /// The request is refused with an error that names them.
    Refuse,
    /// They are ignored, and the journal records that.
    Ignore,
}

json::decode_enum!(UnknownAttribute { Refuse: "refuse", Ignore: "ignore" });

/// How texts are handled that readers cannot tell from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invisible {
    /// The request is refused.
    Refuse,
    /// They are accepted like other values.
    Allow,
}

json::decode_enum!(Invisible { Refuse: "refuse", Allow: "allow" });

/// The key of [`Attributes::mutability`] for all attributes that are not named.
pub const OTHERS: &str = "*";

impl Attributes {
    /// Returns the profile's mutability of an attribute or sub-attribute; `None` if the profile
    /// sets none. A setting for the whole attribute also applies to its sub-attributes.
    #[must_use]
    pub fn mutability(&self, path: &str, sub: Option<&str>) -> Option<Mutability> {
        let part = sub.and_then(|sub| self.named(&format!("{path}.{sub}")));
        part.or_else(|| self.named(path)).or_else(|| self.named(OTHERS))
    }

    /// Returns whether the profile names sub-attributes of this attribute.
    #[must_use]
    pub fn names_parts_of(&self, path: &str) -> bool {
        let mut named = self.mutability.keys();
        named.any(|key| {
            let split = key.split_at_checked(path.len());
            split.is_some_and(|(whole, part)| {
                whole.eq_ignore_ascii_case(path) && part.starts_with('.')
            })
        })
    }

    fn named(&self, path: &str) -> Option<Mutability> {
        let mut rules = self.mutability.iter();
        let found = rules.find(|(key, _)| key.eq_ignore_ascii_case(path));
        found.map(|(_, mutability)| *mutability)
    }
}
