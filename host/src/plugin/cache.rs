//! The cache of compiled code between starts. Cached code runs as it is, so only a folder that no
//! other user can write to is used. wasmtime itself separates files of other versions, settings and
//! components.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wasmtime::error::Context;
use wasmtime::{Cache, CacheConfig, Result, ensure};

/// Returns `scimlet` in the user's cache folder, such as `~/.cache/scimlet`.
pub(super) fn default_folder() -> Option<PathBuf> {
    dirs::cache_dir().map(|folder| folder.join("scimlet"))
}

/// Opens wasmtime's cache in this folder. Returns `None` after a warning if that fails: every start
/// then compiles again, which is only slow.
pub(super) fn in_folder(folder: &Path) -> Option<Cache> {
    open(folder).inspect_err(|error| tracing::warn!("compiled code is not kept: {error:#}")).ok()
}

fn open(folder: &Path) -> Result<Cache> {
    let name = || format!("`{}`", folder.display());
    make(folder).with_context(name)?;
    check(folder).with_context(name)?;
    let mut config = CacheConfig::new();
    config.with_directory(folder);
    Cache::new(config)
}

/// Creates the folder, accessible only to its owner.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

const NO_FOLDER: &str = "it is no folder";

#[cfg(unix)]
fn check(folder: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::symlink_metadata(folder)?;
    ensure!(found.is_dir(), NO_FOLDER);
    let user = rustix::process::geteuid().as_raw();
    ensure!(found.uid() == user, "it is another user's");
    ensure!(found.mode() & 0o022 == 0, "others may write in it");
    Ok(())
}

/// On other systems the user's cache folder is accessible only to the user.
#[cfg(not(unix))]
fn check(folder: &Path) -> Result<()> {
    ensure!(fs::symlink_metadata(folder)?.is_dir(), NO_FOLDER);
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_is_made_for_its_owner_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("new/scimlet");
        assert!(in_folder(&folder).is_some());
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn what_others_may_write_in_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let why = format!("{:#}", open(folder.path()).unwrap_err());
        assert!(why.contains(&folder.path().display().to_string()), "{why}");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/", &link).unwrap();
        assert!(in_folder(&link).is_none());
    }
}
