//! No test says again what the product says: a sentence of core or of the host is improved without
//! touching a test. Tests assert the names and values in it ([`scimlet_tests::wording`]).

use libtest_mimic::Trial;
use proc_macro2::{TokenStream, TokenTree};
use syn::Lit;

use crate::tidy::sources;

/// Words of a phrase that is taken for the product's. Shorter ones are said by chance.
const WORDS: usize = 4;

/// The trial.
pub fn trials() -> Vec<Trial> {
    let run = || match repeated() {
        found if found.is_empty() => Ok(()),
        found => Err(found.join("\n").into()),
    };
    vec![Trial::test("wording::is_in_no_test", run)]
}

fn repeated() -> Vec<String> {
    let (mut product, mut tests) = (Vec::new(), Vec::new());
    for (name, text) in sources() {
        let (own, tested) = parts(&name, &text);
        product.extend(phrases(own));
        tests.extend(phrases(tested).map(|phrase| (name.clone(), phrase)));
    }
    let is_said = |phrase: &str| product.iter().any(|said| said.contains(phrase));
    let found = tests.into_iter().filter(|(_, phrase)| is_said(phrase));
    found.map(|(name, phrase)| format!("{name} repeats `{phrase}`")).collect()
}

/// The product's part of a file, and that of its tests.
fn parts<'t>(name: &str, text: &'t str) -> (&'t str, &'t str) {
    let folders = ["tests/", "guest/contract/"];
    let is_test = !name.contains("/src/") || folders.iter().any(|folder| name.starts_with(folder));
    if is_test || name.contains("/tests/") || name.ends_with("/tests.rs") {
        return ("", text);
    }
    let begins = ["\n#[cfg(test)]\nmod ", "\n#[cfg(all(test"];
    let at = begins.iter().filter_map(|begin| text.find(begin)).min();
    text.split_at(at.unwrap_or(text.len()))
}

/// Returns the phrases of the texts in the code: their parts between names and values.
fn phrases(code: &str) -> impl Iterator<Item = String> {
    let mut texts = Vec::new();
    collect(code.parse().expect("it is Rust"), &mut texts);
    let split = |text: String| {
        let parts = text.split(['`', '{', '}', '"']);
        parts.map(|part| part.trim().to_owned()).collect::<Vec<_>>()
    };
    let is_phrase = |part: &String| {
        let is_word = |word: &&str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase());
        let words = part.split_whitespace();
        let words = words.map(|word| word.trim_matches([',', ';', ':', '.', '(', ')']));
        words.filter(is_word).count() >= WORDS
    };
    texts.into_iter().flat_map(split).filter(is_phrase)
}

fn collect(tokens: TokenStream, texts: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if !is_comment(&group.stream()) => {
                collect(group.stream(), texts);
            }
            TokenTree::Literal(literal) => {
                if let Lit::Str(text) = Lit::new(literal) {
                    texts.push(text.value());
                }
            }
            _ => {}
        }
    }
}

/// Whether this is the inside of an attribute that documents, or gives a reason.
fn is_comment(tokens: &TokenStream) -> bool {
    let first = tokens.clone().into_iter().next();
    first.is_some_and(|token| ["doc", "expect", "allow"].contains(&token.to_string().as_str()))
}
