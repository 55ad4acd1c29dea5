//! Parsing what a tree prints gives the same tree, and the same print again.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use anyhow::{Context, ensure};
use libtest_mimic::Failed;
use proptest::prelude::*;
use scimlet_core::filter::{AttrPath, CompValue, CompareOp, Filter, Path};
use scimlet_core::name::AttributeName;
use serde_json::Number;

/// The property for filters.
pub fn filters() -> Result<(), Failed> {
    super::hold(&filter(), |filter| round_trip(&filter))
}

/// The property for paths of PATCH.
pub fn paths() -> Result<(), Failed> {
    super::hold(&path(), |path| round_trip(&path))
}

fn round_trip<T>(tree: &T) -> anyhow::Result<()>
where
    T: Display + Debug + FromStr<Err: std::error::Error + Send + Sync + 'static> + PartialEq,
{
    let text = tree.to_string();
    let parsed: T = text.parse().with_context(|| text.clone())?;
    ensure!(parsed == *tree, "`{text}` is parsed as {parsed:?}");
    let again = parsed.to_string();
    ensure!(again == text, "`{text}` is printed as `{again}`");
    Ok(())
}

fn name() -> impl Strategy<Value = AttributeName> {
    let words = prop::sample::select(vec!["$ref", "not", "and", "or", "pr", "eq", "true", "null"]);
    let text = prop_oneof![
        8 => "[A-Za-z][A-Za-z0-9_-]{0,8}",
        1 => words.prop_map(str::to_owned)
    ];
    text.prop_map(|text| text.parse().expect("it is a name"))
}

fn attr_path() -> impl Strategy<Value = AttrPath> {
    let uris = prop_oneof![
        "urn:[a-z]{1,8}(:[A-Za-z0-9.]{1,8}){1,3}",
        "[a-z][a-z0-9+.-]{0,5}:[!#-'*-Z^-~]{1,12}",
    ];
    (prop::option::of(uris), name(), prop::option::of(name()))
        .prop_map(|(uri, name, sub)| AttrPath { uri, name, sub })
}

fn value() -> impl Strategy<Value = CompValue> {
    prop_oneof![
        Just(CompValue::Null),
        any::<bool>().prop_map(CompValue::Boolean),
        any::<i64>().prop_map(|n| CompValue::Number(n.into())),
        any::<u64>().prop_map(|n| CompValue::Number(n.into())),
        any::<f64>().prop_filter_map("finite", Number::from_f64).prop_map(CompValue::Number),
        any::<String>().prop_map(CompValue::Text),
    ]
}

fn operator() -> impl Strategy<Value = CompareOp> {
    let names = ["eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le"];
    prop::sample::select(names.map(|name| CompareOp::named(name).expect("it is one")).to_vec())
}

fn leaf() -> impl Strategy<Value = Filter> {
    prop_oneof![
        1 => attr_path().prop_map(Filter::Present),
        3 => (attr_path(), operator(), value())
            .prop_map(|(path, operator, value)| Filter::Compare(path, operator, value)),
    ]
}

/// Trees over these leaves.
fn tree(leaf: impl Strategy<Value = Filter> + 'static) -> impl Strategy<Value = Filter> {
    leaf.prop_recursive(4, 16, 4, |inner| {
        let parts = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            parts().prop_map(Filter::And),
            parts().prop_map(Filter::Or),
            inner.clone().prop_map(|inner| Filter::Not(Box::new(inner))),
        ]
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let value_path = (attr_path(), tree(leaf()))
        .prop_map(|(path, inner)| Filter::ValuePath(path, Box::new(inner)));
    tree(prop_oneof![3 => leaf(), 1 => value_path])
}

fn path() -> impl Strategy<Value = Path> {
    let whole = attr_path().prop_map(|attribute| Path { attribute, filter: None, sub: None });
    let chosen = (attr_path(), tree(leaf()), prop::option::of(name()));
    let chosen = chosen.prop_map(|(attribute, filter, sub)| Path {
        attribute: AttrPath { sub: None, ..attribute },
        filter: Some(filter),
        sub,
    });
    prop_oneof![whole, chosen]
}
