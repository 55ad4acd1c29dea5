//! What a profile says of people's attributes beyond their schema.

use crate::sorted_map::SortedMap;

use crate::json;
use crate::schema::Mutability;

/// Rules for the attributes of the users' resource type. Paths are as in filters: `title`,
/// `name.givenName`, or behind the URN of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The product's own names: from the path of an attribute to a path in the product's view of a
    /// person.
    pub map: SortedMap<String>,
    /// Mutability in place of the schema's; `*` for all that are not named.
    pub mutability: SortedMap<Mutability>,
    /// Whether what `mutability` calls immutable and nobody has set may be set after creation (RFC
    /// 7644 section 3.5.1).
    pub set_later: bool,
    /// What becomes of a change that the mutability forbids.
    pub refused_change: RefusedChange,
    /// What becomes of attributes and sub-attributes that no schema has, in resources of every
    /// type.
    pub unknown: UnknownAttribute,
    /// What becomes of a unique text that people cannot tell from another one, in resources of
    /// every type: with white space at an end, or with control characters or characters of no
    /// width.
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

/// What becomes of a change that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedChange {
    /// The request is refused.
    Refuse,
    /// It is left out, and the journal says so.
    Ignore,
}

json::decode_enum!(RefusedChange { Refuse: "refuse", Ignore: "ignore" });

/// What becomes of what nobody knows: attributes that no schema has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownAttribute {
    /// The request is refused, and the client told what is unknown.
    Refuse,
    /// It is left out, and the journal says so.
    Ignore,
}

json::decode_enum!(UnknownAttribute { Refuse: "refuse", Ignore: "ignore" });

/// What becomes of texts that people cannot tell from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invisible {
    /// The request is refused.
    Refuse,
    /// They are values like others.
    Allow,
}

json::decode_enum!(Invisible { Refuse: "refuse", Allow: "allow" });

/// The key of [`Attributes::mutability`] for all that are not named.
pub const OTHERS: &str = "*";

impl Attributes {
    /// The mutability of an attribute, or of a sub-attribute of it, if the profile says any. What
    /// is said of the whole holds for its parts.
    #[must_use]
    pub fn mutability(&self, path: &str, sub: Option<&str>) -> Option<Mutability> {
        let part = sub.and_then(|sub| self.named(&format!("{path}.{sub}")));
        part.or_else(|| self.named(path)).or_else(|| self.named(OTHERS))
    }

    /// Whether the profile names parts of this attribute.
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
