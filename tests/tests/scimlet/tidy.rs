//! The house rules that a machine can check: sizes, comments, and the layers and circles of core.

mod layers;
mod modules;
mod text;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use self::layers::Layers;
use self::modules::Modules;

/// The most lines of a file, lines of a function, and parameters of a function.
const SIZES: (usize, usize, usize) = (500, 70, 6);

/// The most lines of a file of core, and of its functions the median and the 99th percentile.
const CORE_SIZES: (usize, usize, usize) = (400, 8, 59);

/// Files and functions that are larger. The list may only shrink.
const EXCEPTIONS: [&str; 0] = [];

/// The folder of core.
const CORE: &str = "guest/core/src/";

/// Circles between files of core that harm nobody. The list may only shrink.
const HARMLESS: [&[&str]; 0] = [];

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn() -> Vec<String>| {
        Trial::test(format!("tidy::{name}"), move || none(run()))
    };
    vec![
        trial("files_and_functions_are_small", oversized),
        trial("most_functions_of_core_are_short", long_functions),
        trial("core_imports_downwards", upward_imports),
        trial("core_has_no_circles", unlisted_circles),
        trial("files_say_what_they_are", undescribed),
        trial("only_profiles_know_vendors", vendors),
        trial("lines_are_100_wide", || text::wide_lines(&sources())),
        trial("doc_comments_stand_alone", || text::beginnings(&sources())),
    ]
}

fn none(findings: Vec<String>) -> Result<(), Failed> {
    if findings.is_empty() { Ok(()) } else { Err(findings.join("\n").into()) }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All Rust files of the project with their texts; names are relative to its root.
pub fn sources() -> Vec<(String, String)> {
    let mut folders = ["guest", "host", "tests"].map(|name| root().join(name)).to_vec();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "node_modules" && name != "target" {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).expect("the file can be read");
                let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
                found.push((name, text));
            }
        }
    }
    found
}

fn oversized() -> Vec<String> {
    let mut findings = Vec::new();
    for (name, text) in sources() {
        let lines = text.lines().count();
        let most = if name.starts_with(CORE) { CORE_SIZES.0 } else { SIZES.0 };
        if lines > most {
            findings.push(format!("{name} has {lines} lines"));
        }
        let file = syn::parse_file(&text).expect("the file is Rust");
        let mut functions =
            Functions { file: &name, findings: &mut findings, lengths: &mut Vec::new() };
        functions.visit_file(&file);
    }
    findings.retain(|finding| !EXCEPTIONS.contains(&finding.as_str()));
    findings
}

fn long_functions() -> Vec<String> {
    let mut lengths = Vec::new();
    for (name, text) in core() {
        let mut functions =
            Functions { file: &name, findings: &mut Vec::new(), lengths: &mut lengths };
        functions.visit_file(&syn::parse_file(&text).expect("the file is Rust"));
    }
    lengths.sort_unstable();
    let at = |percent: usize| lengths[lengths.len() * percent / 100];
    let (median, nearly_all) = (at(50), at(99));
    if median <= CORE_SIZES.1 && nearly_all <= CORE_SIZES.2 {
        return Vec::new();
    }
    vec![format!(
        "the median of core's functions has {median} lines, the 99th percentile {nearly_all}"
    )]
}

/// A visitor that finds functions that are too long or have too many parameters, and keeps the
/// lengths of all.
struct Functions<'a> {
    file: &'a str,
    findings: &'a mut Vec<String>,
    lengths: &'a mut Vec<usize>,
}

impl Functions<'_> {
    fn judge(&mut self, signature: &syn::Signature, whole: proc_macro2::Span) {
        let lines = whole.end().line - signature.fn_token.span.start().line + 1;
        self.lengths.push(lines);
        let parameters = signature.inputs.len();
        if lines > SIZES.1 || parameters > SIZES.2 {
            let Self { file, findings, .. } = self;
            let name = &signature.ident;
            findings.push(format!("{file}: {name} has {lines} lines and {parameters} parameters"));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.judge(&function.sig, function.span());
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.judge(&function.sig, function.span());
        visit::visit_impl_item_fn(self, function);
    }
}

/// The files of core, without those that hold only tests.
fn core() -> Vec<(String, String)> {
    let below = |(name, text): (String, String)| {
        let name = name.strip_prefix(CORE).filter(|name| !name.ends_with("tests.rs"));
        name.map(|name| (name.to_owned(), text))
    };
    sources().into_iter().filter_map(below).collect()
}

fn modules(core: &[(String, String)]) -> Modules {
    Modules::read(core.iter().map(|(name, text)| (&**name, &**text)))
}

fn upward_imports() -> Vec<String> {
    let core = core();
    let root = core.iter().find(|(name, _)| name == "lib.rs");
    let layers = Layers::documented(&root.expect("core has a root").1);
    let modules = modules(&core);
    let uses = modules.uses();
    let mut findings = layers.strays(&modules);
    // The root is the facade, and may use everything.
    for (file, used) in uses.iter().filter(|(file, _)| **file != "lib.rs") {
        let layer = |file| layers.of(&modules::module_of(file));
        for other in used.iter().filter(|other| layer(other) > layer(file)) {
            findings.push(format!("{file} uses {other}, which is in a layer above it"));
        }
    }
    findings
}

fn unlisted_circles() -> Vec<String> {
    let core = core();
    let modules = modules(&core);
    let uses = modules.uses();
    let found = modules::circles(&uses);
    let listed: BTreeSet<BTreeSet<&str>> =
        HARMLESS.iter().map(|files| files.iter().copied().collect()).collect();
    let new = found.difference(&listed).map(|circle| {
        let within = |file: &&str| -> Vec<&str> { (&uses[file] & circle).into_iter().collect() };
        let steps =
            circle.iter().map(|file| format!("\n  {file} uses {}", within(file).join(", ")));
        format!("files use each other:{}", steps.collect::<String>())
    });
    let gone = listed
        .difference(&found)
        .map(|circle| format!("is no circle any more, and is to leave the list: {circle:?}"));
    new.chain(gone).collect()
}

fn undescribed() -> Vec<String> {
    let undescribed = |(name, text): (String, String)| {
        (!text.trim_start_matches("#!").starts_with("//!"))
            .then(|| format!("{name} begins without `//!`"))
    };
    sources().into_iter().filter_map(undescribed).collect()
}

/// Real systems are data: the code names them where it reads their files, and nowhere else.
fn vendors() -> Vec<String> {
    let systems = ["cognism", "cyolo", "keepnet", "cortex"];
    let product = |(name, _): &(String, String)| !name.starts_with("tests/");
    let named = sources().into_iter().filter(product).filter_map(|(name, text)| {
        let mut lines = text.lines().filter(|line| !line.contains("profiles/"));
        let line =
            lines.find(|line| systems.iter().any(|system| line.to_lowercase().contains(system)))?;
        Some(format!("{name} knows a vendor: {line}"))
    });
    named.collect()
}
