//! Finds which file of core uses which, by `use` declarations and full paths, those in macros too.
//! A re-exported name counts for the file that defines it; code for tests does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// Names from the root of the crate: of a module, or of something in it.
pub type Path = Vec<String>;

/// The files of core by the path of their module.
pub struct Modules(BTreeMap<Path, Module>);

/// A file.
struct Module {
    file: String,
    /// The names that its `use` declarations bind, each with its path.
    names: BTreeMap<String, Path>,
    /// The bound names that other modules may use.
    exported: BTreeSet<String>,
    /// All paths in it, from the root of the crate.
    paths: Vec<Path>,
}

impl Modules {
    /// Reads files, each a name below `src` and a text.
    pub fn read<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let sources: BTreeMap<Path, (&str, &str)> =
            files.map(|file| (module_of(file.0), file)).collect();
        let read = |(path, (file, text)): (&Path, &(&str, &str))| {
            let is_module = |path: &Path| sources.contains_key(path);
            let mut reader = Reader::new(path, &is_module);
            reader.visit_file(&syn::parse_file(text).expect("the file is Rust"));
            (path.clone(), reader.finish((*file).to_owned()))
        };
        Self(sources.iter().map(read).collect())
    }

    /// Each file with the files that it uses.
    pub fn uses(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let used = |module: &Module| {
            let defining = module.paths.iter().map(|path| self.file(path.clone()));
            defining.filter(|file| *file != module.file).collect()
        };
        let modules = self.0.values();
        modules.map(|module| (&*module.file, used(module))).collect()
    }

    /// Whether there is a module of this path.
    pub fn contain(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// The paths of all modules but the root.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().filter(|path| !path.is_empty())
    }

    /// The file that defines what a path names.
    fn file(&self, mut path: Path) -> &str {
        loop {
            let prefixes = (0..=path.len()).rev();
            let (length, module) = prefixes
                .filter_map(|length| Some((length, self.0.get(path.get(..length)?)?)))
                .next()
                .expect("the root is a file");
            let exported = path
                .get(length)
                .filter(|name| module.exported.contains(*name))
                .and_then(|name| module.names.get(name));
            match exported {
                Some(target) => path = [target, &path[length + 1..]].concat(),
                None => return &module.file,
            }
        }
    }
}

/// The files that use each other, directly or by way of others: each circle once, in order.
pub fn circles<'a>(uses: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<BTreeSet<&'a str>> {
    let reach: BTreeMap<&str, BTreeSet<&'a str>> =
        uses.keys().map(|file| (*file, reached(uses, file))).collect();
    let around = |(file, reached): (&&'a str, &BTreeSet<&'a str>)| {
        let back = |other: &&&str| reach[**other].contains(file);
        reached.iter().filter(back).copied().collect()
    };
    let circles = reach.iter().map(around);
    circles.filter(|circle: &BTreeSet<&str>| !circle.is_empty()).collect()
}

/// All files that a file uses, directly or by way of others; itself only if one of them uses it.
fn reached<'a>(uses: &BTreeMap<&'a str, BTreeSet<&'a str>>, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = uses[file].iter().copied().collect();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(&uses[file]);
        }
    }
    reached
}

/// `service/mod.rs` is `service`, `service/create.rs` is `service::create`, `lib.rs` the root.
pub fn module_of(file: &str) -> Path {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    let names = path.split('/').filter(|name| *name != "lib");
    names.map(str::to_owned).collect()
}

/// Collects the paths of a file.
struct Reader<'a> {
    module: &'a Path,
    is_module: &'a dyn Fn(&Path) -> bool,
    names: BTreeMap<String, Path>,
    exported: BTreeSet<String>,
    /// The paths as they are written; which names are bound is known only at the end.
    written: Vec<Path>,
    /// The paths of functions that are called.
    called: BTreeSet<Path>,
}

impl<'a> Reader<'a> {
    fn new(module: &'a Path, is_module: &'a dyn Fn(&Path) -> bool) -> Self {
        Self {
            module,
            is_module,
            names: BTreeMap::new(),
            exported: BTreeSet::new(),
            written: Vec::new(),
            called: BTreeSet::new(),
        }
    }

    fn finish(self, file: String) -> Module {
        let written = self.written.iter().filter(|path| !self.is_variable(path));
        let paths = written.filter_map(|path| self.absolute(path));
        let paths = paths.collect();
        Module { file, names: self.names, exported: self.exported, paths }
    }

    /// Whether a path is a local variable that has the name of a re-exported function.
    fn is_variable(&self, path: &Path) -> bool {
        let [name] = path.as_slice() else {
            return false;
        };
        self.exported.contains(name)
            && name.starts_with(char::is_lowercase)
            && !self.called.contains(path)
    }

    /// A path from the root of the crate; `None` of another crate or a local name.
    fn absolute(&self, written: &[String]) -> Option<Path> {
        let (first, rest) = written.split_first()?;
        let child = [self.module.as_slice(), std::slice::from_ref(first)].concat();
        let parent = &self.module[..self.module.len().saturating_sub(1)];
        let base = match first.as_str() {
            "crate" => &[],
            "self" => self.module.as_slice(),
            "super" => parent,
            _ if (self.is_module)(&child) => &child,
            name => self.names.get(name)?,
        };
        let ups = rest.iter().take_while(|name| *name == "super").count();
        let base = &base[..base.len().saturating_sub(ups)];
        Some([base, &rest[ups..]].concat())
    }

    /// Binds what a `use` declaration names.
    fn bind(&mut self, exported: bool, path: &mut Path, tree: &syn::UseTree) {
        let (last, name) = match tree {
            syn::UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                self.bind(exported, path, &inner.tree);
                path.pop();
                return;
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.bind(exported, path, tree));
                return;
            }
            syn::UseTree::Name(name) => (Some(&name.ident), Some(&name.ident)),
            syn::UseTree::Rename(renamed) => (Some(&renamed.ident), Some(&renamed.rename)),
            syn::UseTree::Glob(_) => (None, None),
        };
        let last = last.map(ToString::to_string).filter(|last| last != "self");
        let full: Path = path.iter().cloned().chain(last).collect();
        let name = match name {
            Some(name) if name == "self" => full.last().cloned(),
            name => name.map(ToString::to_string),
        };
        let absolute = self.absolute(&full);
        if let (Some(name), Some(path)) = (&name, &absolute) {
            self.names.insert(name.clone(), path.clone());
        }
        if exported {
            self.exported.extend(name);
        } else if name.is_none() || !absolute.is_some_and(|path| (self.is_module)(&path)) {
            // Of a module without `*` only what is named in it is used.
            self.written.push(full);
        }
    }

    /// Paths in the arguments of a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = Path::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.written.push(mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => colons = 0,
            }
        }
        self.written.push(path);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => &Vec::new(),
        };
        let for_tests = |attribute: &syn::Attribute| {
            let argument = attribute.parse_args::<syn::Ident>();
            attribute.path().is_ident("cfg") && argument.is_ok_and(|name| name == "test")
        };
        if !attributes.iter().any(for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let exported = !matches!(item.vis, syn::Visibility::Inherited);
        self.bind(exported, &mut Path::new(), &item.tree);
    }

    /// Skips visibilities: `pub(super)` uses nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string());
        self.written.push(names.collect());
        visit::visit_path(self, path);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(function) = &*call.func {
            let names = function.path.segments.iter();
            let names = names.map(|segment| segment.ident.to_string());
            self.called.insert(names.collect());
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(call.tokens.clone());
    }
}
