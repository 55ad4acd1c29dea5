//! The house rules that a machine can check: sizes, comments, and the layers of core.

mod text;

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Lines of a file, lines of a function, parameters of a function.
const SIZES: (usize, usize, usize) = (500, 70, 6);

/// What is larger all the same. May only shrink.
const EXCEPTIONS: [&str; 0] = [];

/// Which modules of core may be imported by which: a module imports from its own layer and from those before it.
const LAYERS: [(&str, &[&str]); 7] = [
    (
        "words",
        &[
            "urn",
            "name",
            "sorted_map",
            "limits",
            "error",
            "text",
            "instant",
            "lifetime",
            "ordered",
            "json",
            "store",
        ],
    ),
    ("syntax", &["filter"]),
    ("model", &["schema", "resource_type", "resource", "etag"]),
    (
        "operations",
        &[
            "predicate",
            "index",
            "projection",
            "mutability",
            "relation",
            "patch",
            "sort",
            "page",
            "cursor",
            "signature",
        ],
    ),
    ("ports", &["port", "dialect", "webhook", "profile"]),
    ("use cases", &["credential", "access", "secret", "service"]),
    ("protocol", &["http"]),
];

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn() -> Vec<String>| {
        Trial::test(format!("tidy::{name}"), move || none(run()))
    };
    vec![
        trial("files_and_functions_are_small", oversized),
        trial("core_imports_downwards", upward_imports),
        trial("files_say_what_they_are", undescribed),
        trial("only_profiles_know_vendors", vendors),
        trial("lines_are_100_wide", || text::wide_lines(&sources())),
        trial("doc_comments_stand_alone", || text::beginnings(&sources())),
    ]
}

fn none(findings: Vec<String>) -> Result<(), Failed> {
    if findings.is_empty() {
        Ok(())
    } else {
        Err(findings.join("\n").into())
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All Rust files of the project with their texts; names are relative to its root.
fn sources() -> Vec<(String, String)> {
    let mut folders = ["guest", "host", "tests"]
        .map(|name| root().join(name))
        .to_vec();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() && name != "node_modules" && name != "target" {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).expect("the file can be read");
                let name = path
                    .strip_prefix(root())
                    .unwrap_or(&path)
                    .display()
                    .to_string();
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
        if lines > SIZES.0 {
            findings.push(format!("{name} has {lines} lines"));
        }
        let file = syn::parse_file(&text).expect("the file is Rust");
        let mut functions = Functions {
            file: &name,
            findings: &mut findings,
        };
        functions.visit_file(&file);
    }
    findings.retain(|finding| !EXCEPTIONS.contains(&finding.as_str()));
    findings
}

/// Looks for functions that are too long or have too many parameters.
struct Functions<'a> {
    file: &'a str,
    findings: &'a mut Vec<String>,
}

impl Functions<'_> {
    fn judge(&mut self, signature: &syn::Signature, whole: proc_macro2::Span) {
        let lines = whole.end().line - signature.fn_token.span.start().line + 1;
        let parameters = signature.inputs.len();
        if lines > SIZES.1 || parameters > SIZES.2 {
            let Self { file, findings } = self;
            let name = &signature.ident;
            findings.push(format!(
                "{file}: {name} has {lines} lines and {parameters} parameters"
            ));
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

fn layer(module: &str) -> Option<usize> {
    LAYERS
        .iter()
        .position(|(_, modules)| modules.contains(&module))
}

fn upward_imports() -> Vec<String> {
    let mut findings = Vec::new();
    for (name, text) in sources() {
        let Some(path) = name.strip_prefix("guest/core/src/") else {
            continue;
        };
        if path == "lib.rs" || path.ends_with("tests.rs") {
            continue;
        }
        let module = path
            .split('/')
            .next()
            .unwrap_or(path)
            .trim_end_matches(".rs");
        let Some(own) = layer(module) else {
            findings.push(format!("{name} is in no layer"));
            continue;
        };
        let code = text.split("#[cfg(test)]").next().unwrap_or(&text);
        for imported in imports(code) {
            match layer(&imported) {
                Some(layer) if layer <= own => {}
                _ => findings.push(format!("{name} imports `{imported}`, which is above it")),
            }
        }
    }
    findings
}

/// The modules that stand behind `crate::`, alone or in braces.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for after in code.split("crate::").skip(1) {
        let list = match after.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or(list),
            None => after
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap_or(after),
        };
        found.extend(list.split(',').map(|name| {
            let name = name.trim().split("::").next().unwrap_or(name);
            name.to_owned()
        }));
    }
    found.retain(|name| !name.is_empty() && *name != "self");
    found
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
    let named = sources()
        .into_iter()
        .filter(product)
        .filter_map(|(name, text)| {
            let mut lines = text.lines().filter(|line| !line.contains("profiles/"));
            let line = lines.find(|line| {
                systems
                    .iter()
                    .any(|system| line.to_lowercase().contains(system))
            })?;
            Some(format!("{name} knows a vendor: {line}"))
        });
    named.collect()
}
