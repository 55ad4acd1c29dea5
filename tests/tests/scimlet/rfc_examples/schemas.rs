//! The schemas that RFC 7643 section 8.7 prints: `/Schemas` shows the same characteristics, but for
//! what `tests/vectors/printed-schemas.tsv` gives a reason for.

use std::collections::BTreeSet;

use anyhow::ensure;
use scimlet_tests::client::text;
use scimlet_tests::tenant::Tenant;
use serde_json::Value;

/// The characteristics of an attribute (RFC 7643 section 7), except its description.
const CHARACTERISTICS: [&str; 9] = [
    "type",
    "multiValued",
    "required",
    "caseExact",
    "mutability",
    "returned",
    "uniqueness",
    "canonicalValues",
    "referenceTypes",
];

/// Compares a printed schema with the one that is shown.
pub fn judge(tenant: &Tenant, printed: &Value) -> anyhow::Result<()> {
    let uri = text(printed, "id")?;
    let own = tenant.get(&format!("/Schemas/{uri}"))?.expect(200)?;
    let mut found = BTreeSet::new();
    let prefix = format!("{uri}:");
    compare(&printed["attributes"], &own["attributes"], &prefix, &mut found);
    let decided: BTreeSet<String> = decisions()
        .filter(|(attribute, _)| attribute.rsplit_once(':').is_some_and(|(of, _)| of == uri))
        .map(|(attribute, what)| format!("{attribute}\t{what}"))
        .collect();
    let undecided: Vec<_> = found.difference(&decided).collect();
    ensure!(undecided.is_empty(), "no reason for {undecided:#?}");
    let stale: Vec<_> = decided.difference(&found).collect();
    ensure!(stale.is_empty(), "not so: {stale:#?}");
    Ok(())
}

/// Returns the decisions of `printed-schemas.tsv`: an attribute, and what differs.
fn decisions() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("../../../vectors/printed-schemas.tsv").lines().skip(1);
    lines.filter_map(|line| {
        let mut fields = line.splitn(3, '\t');
        let mut next = || fields.next().filter(|field| !field.is_empty());
        let (attribute, what, _) = (next()?, next()?, next()?);
        Some((attribute, what))
    })
}

fn named<'v>(attributes: &'v Value, name: &Value) -> Option<&'v Value> {
    let mut attributes = attributes.as_array()?.iter();
    attributes.find(|attribute| attribute["name"] == *name)
}

fn compare(printed: &Value, own: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    let all = |attributes: &Value| attributes.as_array().cloned().unwrap_or_default();
    let path =
        |attribute: &Value| format!("{prefix}{}", attribute["name"].as_str().unwrap_or_default());
    for own in all(own) {
        if named(printed, &own["name"]).is_none() {
            found.insert(format!("{}\tadded", path(&own)));
        }
    }
    for printed in all(printed) {
        let path = path(&printed);
        let Some(own) = named(own, &printed["name"]) else {
            found.insert(format!("{path}\tmissing"));
            continue;
        };
        // Absent is what needs no saying: no values, and for a Boolean no case.
        for name in CHARACTERISTICS.iter().filter(|name| {
            !printed[**name].is_null() && printed[**name] != Value::Array(Vec::new())
        }) {
            if printed[*name] != own[*name] {
                found.insert(format!("{path}\t{name}"));
            }
        }
        let prefix = format!("{path}.");
        compare(&printed["subAttributes"], &own["subAttributes"], &prefix, found);
    }
}
