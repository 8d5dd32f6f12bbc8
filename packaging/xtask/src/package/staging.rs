//! A tree as a package will unpack it: every file with its mode, and all of one time.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::layout::{Body, Entry};
use super::program::Problem;

/// Writes the entries below `tree`.
pub(super) fn stage(entries: &[&Entry], tree: &Path, epoch: u64) -> Result<(), Problem> {
    fs::create_dir_all(tree)?;
    for entry in entries {
        let path = below(tree, &entry.path);
        if let Body::Folder = entry.body {
            fs::create_dir_all(&path)?;
        } else if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        match &entry.body {
            Body::Folder => {}
            Body::File(source) => {
                fs::copy(source, &path)
                    .map_err(|error| format!("{}: {error}", source.display()))?;
            }
            Body::Bytes(bytes) => fs::write(&path, bytes)?,
        }
    }
    set_times(tree, epoch)?;
    for entry in entries {
        let mode = fs::Permissions::from_mode(entry.mode);
        fs::set_permissions(below(tree, &entry.path), mode)?;
    }
    Ok(())
}

/// Folders get the usual mode and everything the time.
fn set_times(path: &Path, epoch: u64) -> Result<(), Problem> {
    if path.is_dir() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        for each in fs::read_dir(path)? {
            set_times(&each?.path(), epoch)?;
        }
    }
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(epoch);
    fs::File::open(path)?.set_modified(time)?;
    Ok(())
}

/// Where a path of the installed system is below `tree`.
pub(super) fn below(tree: &Path, path: &str) -> PathBuf {
    tree.join(path.trim_start_matches('/'))
}

/// Bytes that the files take.
pub(super) fn size(tree: &Path) -> Result<u64, Problem> {
    let mut bytes = 0;
    for each in fs::read_dir(tree)? {
        let each = each?;
        let about = each.metadata()?;
        bytes += if about.is_dir() { size(&each.path())? } else { about.len() };
    }
    Ok(bytes)
}
