//! Clients' quirks as data: named rewritings before the strict parsers, enabled by the profile's
//! `clients` and recorded in the journal when they apply. Each has a recorded exchange that fails
//! without it (`needs: NAME` in `tests/exchanges/`). Quirks take attribute names from the schemas;
//! the code names only words of the RFCs, such as `op` or `value`.

mod filters;
mod names;
mod operations;
mod scim_1;
mod sent;
mod text;
mod values;
mod visit;

use std::sync::LazyLock;

pub use sent::Sent;

use crate::ordered::OrderedSet;
use crate::resource_type::ResourceType;
use crate::sorted_map::SortedMap;

/// Rewrites a request for resources of this type; returns whether it changed.
type Rewrite = fn(&ResourceType, &mut Sent<'_>) -> bool;

/// A named rewriting.
#[derive(Debug)]
pub struct Quirk {
    /// The name in profiles and the journal.
    pub name: &'static str,
    rewrite: Rewrite,
}

impl Quirk {
    const fn new(name: &'static str, rewrite: Rewrite) -> Self {
        Self { name, rewrite }
    }

    /// Rewrites a request for resources of this type; returns whether it changed.
    pub fn rewrite(&self, resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
        (self.rewrite)(resource_type, sent)
    }
}

/// All quirks, in the order in which they are applied, whatever the order in a profile: first those
/// of structure, then of names, then of values, then of operations.
static QUIRKS: [Quirk; 17] = [
    Quirk::new("search-as-text", values::search_as_text),
    Quirk::new("op-in-any-case", operations::op_in_any_case),
    Quirk::new("unquoted-filter-values", filters::unquoted_filter_values),
    Quirk::new("comparison-behind-brackets", filters::comparison_behind_brackets),
    Quirk::new("scim-1-names", scim_1::scim_1_names),
    Quirk::new("schemas-omitted", names::schemas_omitted),
    Quirk::new("unknown-schemas", names::unknown_schemas),
    Quirk::new("extension-attribute-without-urn", names::extension_attribute_without_urn),
    Quirk::new("array-for-single-value", values::array_for_single_value),
    Quirk::new("empty-text-for-complex", values::empty_text_for_complex),
    Quirk::new("text-for-complex", values::text_for_complex),
    Quirk::new("json-as-text", values::json_as_text),
    Quirk::new("boolean-as-text", values::boolean_as_text),
    Quirk::new("readonly-id-in-patch", operations::readonly_id_in_patch),
    Quirk::new("remove-by-value", operations::remove_by_value),
    Quirk::new("no-operations", operations::no_operations),
    Quirk::new("replace-without-match", operations::replace_without_match),
];

/// The quirks that each client needs, by the client's name.
static CLIENTS: LazyLock<SortedMap<Vec<String>>> = LazyLock::new(|| {
    crate::json::from_str(crate::json::built_in!("profiles/clients.json")).unwrap_or_default()
});

/// Returns all quirks, in the order in which they are applied.
#[must_use]
pub fn all() -> &'static [Quirk] {
    &QUIRKS
}

/// A name of neither a client nor a quirk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`clients[{at}]`: there is neither a client nor a quirk `{name}`")]
pub struct UnknownClient {
    at: usize,
    name: String,
}

/// Returns the quirks with these names and those that clients with these names need, without
/// duplicates, in the order in which they are applied.
///
/// # Errors
/// The first unknown name.
pub fn quirks(names: &[String]) -> Result<Vec<&'static Quirk>, UnknownClient> {
    let mut wanted: OrderedSet<&str> = OrderedSet::new();
    for (at, name) in names.iter().enumerate() {
        if let Some(needed) = CLIENTS.get(name) {
            wanted.extend(needed.iter().map(String::as_str));
        } else if QUIRKS.iter().any(|quirk| quirk.name == name) {
            wanted.insert(name);
        } else {
            let name = name.clone();
            return Err(UnknownClient { at, name });
        }
    }
    let wanted = |quirk: &&Quirk| wanted.contains(quirk.name);
    Ok(QUIRKS.iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Result<Vec<&'static str>, UnknownClient> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        Ok(quirks(&names)?.iter().map(|quirk| quirk.name).collect())
    }

    #[test]
    fn every_client_is_made_of_quirks() {
        assert!(CLIENTS.len() >= 9);
        for (client, quirks) in CLIENTS.iter() {
            let names: Vec<&str> = quirks.iter().map(String::as_str).collect();
            let known = named(&names).map(|known| known.len());
            assert_eq!(known, Ok(names.len()), "{client}");
            assert!(!QUIRKS.iter().any(|quirk| quirk.name == client), "{client}");
        }
    }

    #[test]
    fn the_order_is_that_of_the_table() {
        let expected = ["schemas-omitted", "readonly-id-in-patch", "remove-by-value"];
        assert_eq!(named(&["okta", "schemas-omitted", "okta"]).unwrap(), expected);
        let unknown = named(&["okta", "otka"]).unwrap_err().to_string();
        assert!(unknown.contains("`clients[1]`"), "{unknown}");
    }
}
