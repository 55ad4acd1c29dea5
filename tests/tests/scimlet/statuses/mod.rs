//! Each status of RFC 7644 table 8 and each scimType of its table 9 and of RFC 9865 table 3, for
//! each method that the table names: what brings it about, and that nothing else is answered.

mod large;
mod rows;
mod tenant;

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use self::rows::{ROWS, Row};
use self::tenant::{Prepared, SCHEMAS};

/// Statuses of table 8 and kinds of table 9 that the service has no use for.
const NOT_OURS: [(&str, &str); 3] = [
    ("307", "nothing of a tenant is at another place for a while"),
    ("308", "nothing of a tenant moves"),
    (
        "sensitive",
        "which filters are, a service may decide (RFC 7644 section 7.5.2); this one keeps queries \
         out of its logs",
    ),
];

/// Table 8 as printed, and what RFC 9110 has besides for the same conditions.
const STATUSES: [&str; 14] = [
    "307", "308", "400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "500",
    "501",
];

/// Tables 9 and 3: the kinds, and the methods that they apply to.
const KINDS: [(&str, &str); 13] = [
    ("invalidFilter", "GET SEARCH PATCH"),
    ("tooMany", "GET SEARCH"),
    ("uniqueness", "POST PUT PATCH"),
    ("mutability", "PUT PATCH"),
    ("invalidSyntax", "SEARCH POST BULK PUT"),
    ("invalidPath", "PATCH"),
    ("noTarget", "PATCH"),
    ("invalidValue", "GET POST SEARCH PUT PATCH"),
    ("invalidVers", "GET POST SEARCH BULK PUT PATCH DELETE"),
    ("sensitive", "GET"),
    ("invalidCursor", "GET SEARCH"),
    ("expiredCursor", "GET SEARCH"),
    ("invalidCount", "GET SEARCH"),
];

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn() -> anyhow::Result<()>| {
        let outcome = move || run().map_err(|error| Failed::from(format!("{error:#}")));
        Trial::test(format!("statuses::{name}"), outcome)
    };
    vec![
        trial("each_row_is_answered_as_the_tables_say", answered),
        trial("a_group_may_be_too_large_to_be_shown", large::changes),
        trial("a_change_of_many_members_shows_none", large::answers),
        trial("the_rows_are_all_that_the_tables_have", complete),
    ]
}

fn answered() -> anyhow::Result<()> {
    let prepared = Prepared::new()?;
    let (crowded, free): (Vec<&Row>, Vec<&Row>) =
        ROWS.iter().partition(|row| row.kind == "tooMany");
    each(&prepared, &free)?;
    prepared.crowd()?;
    each(&prepared, &crowded)
}

fn each(prepared: &Prepared, rows: &[&Row]) -> anyhow::Result<()> {
    for row in rows {
        let answer = prepared.ask(row)?;
        let error: Value = serde_json::from_str(&answer.body).context(row.what)?;
        let (what, status) = (row.what, row.status);
        ensure!(answer.status.to_string() == status, "{what}: {answer:?}");
        ensure!(error["status"] == status, "{what}: {error}");
        ensure!(error["schemas"][0] == SCHEMAS[3], "{what}: {error}");
        let kind = (!row.kind.is_empty()).then_some(row.kind);
        ensure!(error["scimType"].as_str() == kind, "{what}: {error}");
        ensure!(error["detail"].is_string(), "{what}: {error}");
        let media_type = answer.header("content-type");
        ensure!(media_type == Some("application/scim+json"), "{what}");
    }
    Ok(())
}

fn complete() -> anyhow::Result<()> {
    let of = |select: fn(&Row) -> String| -> BTreeSet<String> { ROWS.iter().map(select).collect() };
    let is_ours = |word: &&str| NOT_OURS.iter().all(|(other, _)| other != word);
    let statuses = STATUSES.into_iter().filter(is_ours).map(str::to_owned);
    ensure!(of(|row| row.status.to_owned()) == statuses.collect(), "statuses");
    let kinds = KINDS.into_iter().filter(|(kind, _)| is_ours(kind));
    let pairs = kinds.flat_map(|(kind, methods)| {
        let methods = methods.split(' ');
        methods.map(move |method| format!("{kind} {method}"))
    });
    let pairs: BTreeSet<String> = pairs.collect();
    let rows = of(|row| format!("{} {}", row.kind, row.applies_to()));
    let missing: Vec<_> = pairs.difference(&rows).collect();
    ensure!(missing.is_empty(), "no row for {missing:?}");
    Ok(())
}
