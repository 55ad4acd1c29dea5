//! Clients' quirks as data: named rewritings before the strict parsers, switched on by the
//! profile's `clients` and noted in the journal when they fire. Each has a recorded exchange that
//! fails without it (`needs: NAME` in `tests/exchanges/`). What a quirk works on comes from the
//! schemas; words of the RFCs' own, such as `op` or `value`, are all that code names.

mod filters;
mod names;
mod operations;
mod scim_1;
mod sent;
mod text;
mod values;
mod visit;

use std::collections::BTreeSet;
use std::sync::LazyLock;

pub use sent::Sent;

use crate::resource_type::ResourceType;
use crate::sorted_map::SortedMap;

/// Rewrites what was sent for a resource of this type; returns whether there was anything to
/// rewrite.
type Rewrite = fn(&ResourceType, &mut Sent<'_>) -> bool;

/// A named rewriting.
#[derive(Debug)]
pub struct Quirk {
    /// As profiles and the journal name it.
    pub name: &'static str,
    rewrite: Rewrite,
}

impl Quirk {
    const fn new(name: &'static str, rewrite: Rewrite) -> Self {
        Self { name, rewrite }
    }

    /// Rewrites what was sent for a resource of this type; returns whether there was anything to
    /// rewrite.
    pub fn rewrite(&self, resource_type: &ResourceType, sent: &mut Sent<'_>) -> bool {
        (self.rewrite)(resource_type, sent)
    }
}

/// All quirks, in the order in which they apply whatever the order of a profile: first what is
/// said, then of what, then the values, then what to do with them.
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

/// The quirks that clients need, by the clients' names.
static CLIENTS: LazyLock<SortedMap<Vec<String>>> = LazyLock::new(|| {
    crate::json::from_str(crate::json::built_in!("profiles/clients.json")).unwrap_or_default()
});

/// All quirks, in the order in which they apply.
#[must_use]
pub fn all() -> &'static [Quirk] {
    &QUIRKS
}

/// A name that is neither a client's nor a quirk's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`clients[{at}]`: there is neither a client nor a quirk `{name}`")]
pub struct UnknownClient {
    at: usize,
    name: String,
}

/// The quirks of these names, and of the clients of these names, each once and in the order in
/// which they apply.
pub fn quirks(names: &[String]) -> Result<Vec<&'static Quirk>, UnknownClient> {
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
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
