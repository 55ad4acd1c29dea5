//! A decorated store loses nothing of the store that it decorates.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use libtest_mimic::{Failed, Trial};
use syn::{ImplItem, Item, TraitItem};

/// One trial.
pub fn trials() -> Vec<Trial> {
    vec![Trial::test("store::decorator_forwards_everything", || {
        forwards_everything().map_err(|error| Failed::from(format!("{error:#}")))
    })]
}

/// The traits of a tenant's storage, and the files that define them.
const TRAITS: [(&str, &str); 4] = [
    ("Store", "mod.rs"),
    ("EventLog", "event_log.rs"),
    ("HostMetadata", "host_metadata.rs"),
    ("TenantStorage", "database.rs"),
];

/// Every function of these traits, also those with a default, is forwarded by the decorator.
fn forwards_everything() -> anyhow::Result<()> {
    let decorator = parse("decorator.rs")?;
    for (name, file) in TRAITS {
        let functions =
            declared(&parse(file)?, name).with_context(|| format!("no trait {name}"))?;
        let forwarded = implemented(&decorator, name);
        let forwarded = forwarded.with_context(|| format!("no implementation of {name}"))?;
        let missing: Vec<&String> = functions.difference(&forwarded).collect();
        anyhow::ensure!(!functions.is_empty() && missing.is_empty(), "{name}: {missing:?}");
    }
    Ok(())
}

fn parse(file: &str) -> anyhow::Result<syn::File> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src/store");
    Ok(syn::parse_file(&fs::read_to_string(folder.join(file))?)?)
}

fn declared(file: &syn::File, name: &str) -> Option<BTreeSet<String>> {
    let items = file.items.iter().find_map(|item| match item {
        Item::Trait(of) if of.ident == name => Some(&of.items),
        _ => None,
    })?;
    let function = |item: &TraitItem| match item {
        TraitItem::Fn(function) => Some(function.sig.ident.to_string()),
        _ => None,
    };
    Some(items.iter().filter_map(function).collect())
}

fn implemented(file: &syn::File, name: &str) -> Option<BTreeSet<String>> {
    let items = file.items.iter().find_map(|item| match item {
        Item::Impl(of) if of.trait_.as_ref()?.1.is_ident(name) => Some(&of.items),
        _ => None,
    })?;
    let function = |item: &ImplItem| match item {
        ImplItem::Fn(function) => Some(function.sig.ident.to_string()),
        _ => None,
    };
    Some(items.iter().filter_map(function).collect())
}
