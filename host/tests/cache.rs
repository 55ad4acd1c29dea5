//! The cache of compiled code between starts.

use std::fs;
use std::path::{Path, PathBuf};

use scimlet::{Plugin, PluginOptions};

fn start(folder: &Path) -> Plugin {
    Plugin::new(PluginOptions::default().with_cache(folder.to_owned())).unwrap()
}

/// Returns all files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn damaged_code_is_not_loaded_but_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("cache");
    drop(start(&folder));
    let kept = files(&folder);
    assert!(!kept.is_empty(), "nothing is kept");
    for file in &kept {
        fs::write(file, b"no code").unwrap();
    }
    let plugin = start(&folder);
    assert_eq!(plugin.tenant_of(&[]).await.unwrap(), None);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_others_may_write_in_is_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let plugin = start(folder.path());
    assert_eq!(plugin.tenant_of(&[]).await.unwrap(), None);
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}
