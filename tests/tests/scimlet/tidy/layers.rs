//! The layers of core, as the documentation of its root lists them: `* name: modules` an item, the
//! lowest layer first. A module that is listed with its path is a part that stands in another
//! layer than the rest of its folder.

use std::collections::BTreeMap;

use super::modules::{Modules, Path};

/// The number of the layer of each listed module, by the module's path.
pub struct Layers(BTreeMap<Path, usize>);

impl Layers {
    /// Reads the documentation.
    pub fn documented(root: &str) -> Self {
        let lines = root.lines().filter_map(|line| line.strip_prefix("//! "));
        let lines = lines.skip_while(|line| !line.starts_with("* "));
        let list = lines.take_while(|line| line.starts_with("* ") || line.starts_with("  "));
        let mut layers = BTreeMap::new();
        let mut layer = 0;
        for line in list {
            layer += usize::from(line.starts_with("* "));
            let modules = line.split('`').skip(1).step_by(2);
            let paths = modules.map(|path| path.split("::").map(str::to_owned).collect());
            layers.extend(paths.map(|path| (path, layer)));
        }
        Self(layers)
    }

    /// The layer of a module: its own, or that of the nearest module which it is in.
    pub fn of(&self, module: &Path) -> Option<usize> {
        let paths = (1..=module.len()).rev().map(|length| &module[..length]);
        paths.filter_map(|path| self.0.get(path)).copied().next()
    }

    /// Modules without a layer, and layers' modules that are not there.
    pub fn strays(&self, modules: &Modules) -> Vec<String> {
        let unlisted = modules.paths().filter(|path| self.of(path).is_none());
        let unlisted = unlisted.map(|path| format!("`{}` is in no layer", path.join("::")));
        let unknown = self.0.keys().filter(|path| !modules.contain(path));
        let unknown = unknown.map(|path| format!("there is no module `{}`", path.join("::")));
        unlisted.chain(unknown).collect()
    }
}
