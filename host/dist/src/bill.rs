//! The bill of materials in CycloneDX 1.5 (ECMA-424): the crates that are compiled into each file
//! of WebAssembly.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::files::FILES;
use crate::versions::VERSION;
use crate::{printed, sum};

/// Returns the bill of the files in `dist`, as JSON.
///
/// # Errors
/// If cargo cannot say what the packages depend on, or a file cannot be read.
pub fn of_materials(root: &Path, dist: &Path) -> anyhow::Result<String> {
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform"];
    let metadata = printed(root, "cargo", &[&arguments[..], &["wasm32-unknown-unknown"]].concat())?;
    let graph = Graph::read(&serde_json::from_str(&metadata)?)?;
    let (mut components, mut dependencies) = (Vec::new(), Vec::new());
    let mut crates = BTreeSet::new();
    for (file, package) in FILES {
        let within = graph.reachable(package)?;
        let references: Vec<&str> = within.iter().map(|id| graph.reference(id)).collect();
        dependencies.push(json!({"ref": file, "dependsOn": references}));
        components.push(json!({
            "type": "application",
            "bom-ref": file,
            "name": file,
            "version": VERSION,
            "hashes": [{"alg": "SHA-256", "content": sum(&dist.join(file))?}],
            "licenses": [{"expression": "Apache-2.0"}],
        }));
        crates.extend(within);
    }
    components.extend(crates.into_iter().map(|id| graph.packages[id].component.clone()));
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "scimlet", "version": VERSION},
        },
        "components": components,
        "dependencies": dependencies,
    });
    Ok(format!("{bill:#}\n"))
}

struct Package {
    name: String,
    reference: String,
    component: Value,
    /// Ids of the packages that are linked with it.
    linked: Vec<String>,
}

/// The packages by their ids.
struct Graph {
    packages: BTreeMap<String, Package>,
}

impl Graph {
    fn read(metadata: &Value) -> anyhow::Result<Self> {
        let nodes = metadata["resolve"]["nodes"].as_array().context("no resolve")?;
        let linked: BTreeMap<&str, Vec<String>> =
            nodes.iter().filter_map(|node| Some((node["id"].as_str()?, links(node)))).collect();
        let packages = metadata["packages"].as_array().context("no packages")?;
        let package = |package: &Value| {
            let id = package["id"].as_str()?;
            let (name, version) = (package["name"].as_str()?, package["version"].as_str()?);
            let reference = format!("pkg:cargo/{name}@{version}");
            let mut component = json!({
                "type": "library",
                "bom-ref": reference,
                "name": name,
                "version": version,
                "purl": reference,
            });
            if let Some(license) = package["license"].as_str() {
                // Older crates write `/` for `OR`.
                let expression = license.replace('/', " OR ");
                component["licenses"] = json!([{"expression": expression}]);
            }
            let linked = linked.get(id).cloned().unwrap_or_default();
            Some((id.to_owned(), Package { name: name.to_owned(), reference, component, linked }))
        };
        Ok(Self { packages: packages.iter().filter_map(package).collect() })
    }

    fn reference<'a>(&'a self, id: &'a str) -> &'a str {
        self.packages.get(id).map_or(id, |package| &package.reference)
    }

    /// Returns the ids of all packages that are linked into this one, itself included.
    fn reachable(&self, name: &str) -> anyhow::Result<BTreeSet<&String>> {
        let root = self.packages.iter().find(|(_, package)| package.name == name);
        let (root, _) = root.with_context(|| format!("no package {name}"))?;
        let (mut found, mut next) = (BTreeSet::new(), vec![root]);
        while let Some(id) = next.pop() {
            if found.insert(id) {
                next.extend(self.packages.get(id).into_iter().flat_map(|of| &of.linked));
            }
        }
        Ok(found)
    }
}

/// Returns the ids of what a package is linked with: no build scripts, no tests.
fn links(node: &Value) -> Vec<String> {
    let is_normal = |dependency: &&Value| {
        let kinds = dependency["dep_kinds"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
    };
    let dependencies = node["deps"].as_array().into_iter().flatten().filter(is_normal);
    dependencies.filter_map(|of| Some(of["pkg"].as_str()?.to_owned())).collect()
}
