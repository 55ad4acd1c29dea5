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

/// Every function of `Store`, also those with a default, is forwarded by the decorator.
fn forwards_everything() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src/store");
    let parse = |file: &str| -> anyhow::Result<syn::File> {
        Ok(syn::parse_file(&fs::read_to_string(folder.join(file))?)?)
    };
    let store = parse("mod.rs")?.items.into_iter().find_map(|item| match item {
        Item::Trait(of) if of.ident == "Store" => Some(of.items),
        _ => None,
    });
    let store = store.context("no trait `Store`")?.into_iter();
    let functions = store.filter_map(|item| match item {
        TraitItem::Fn(function) => Some(function.sig.ident.to_string()),
        _ => None,
    });
    let functions: BTreeSet<String> = functions.collect();
    let forwarded = parse("decorator.rs")?.items.into_iter().find_map(|item| match item {
        Item::Impl(of) => Some(of.items),
        _ => None,
    });
    let forwarded = forwarded.context("no implementation of `Store`")?.into_iter();
    let forwarded = forwarded.filter_map(|item| match item {
        ImplItem::Fn(function) => Some(function.sig.ident.to_string()),
        _ => None,
    });
    let forwarded: BTreeSet<String> = forwarded.collect();
    let missing: Vec<&String> = functions.difference(&forwarded).collect();
    anyhow::ensure!(missing.is_empty(), "not forwarded: {missing:?}");
    Ok(())
}
