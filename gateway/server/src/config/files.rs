//! Whether the files and folders that a configuration names are there, safe and fit each other.
//!
//! Reads only; what is missing and made at the first start is no problem.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use domain::{Problems, Timestamp};

use super::{Config, StoreConfig};
use crate::{sealing_file, tls, token_file};

/// Notes what is wrong with the files of `config`, each under the key that names it.
pub fn check_files(config: &Config, now: Timestamp, problems: &mut Problems) {
    check_folder("state_directory", &config.state_directory, problems);
    let StoreConfig::Sqlite { path } = &config.store;
    check_store(path, problems);
    if config.sealing_key_file.exists() {
        problems.keep("sealing_key_file", sealing_file::read(&config.sealing_key_file));
    } else {
        check_parent("sealing_key_file", &config.sealing_key_file, problems);
    }
    if let Some(file) = &config.operations.metrics_token_file {
        problems.keep("listeners.operations.metrics_token_file", token_file::read(file));
    }
    let files = config.certificate_files();
    if config.certificate.is_some() || files.certificate.exists() {
        let names = config.certificate_names();
        if let Err(error) = tls::Certificate::load(&files, &names, now) {
            problems.add(format!("certificate.{}", error.key()), error);
        }
    }
}

fn check_folder(key: &str, folder: &Path, problems: &mut Problems) {
    match std::fs::metadata(folder) {
        Ok(found) if !found.is_dir() => {
            problems.add(key, format_args!("{} is not a folder", folder.display()));
        }
        Ok(found) if open_to_others(&found) => {
            problems.add(
                key,
                format_args!(
                    "{} may be entered by every user of this machine; take that away: chmod o-rwx",
                    folder.display()
                ),
            );
        }
        Ok(_) => {}
        Err(_) => check_parent(key, folder, problems),
    }
}

/// What is made at the first start needs a folder above that is one.
fn check_parent(key: &str, path: &Path, problems: &mut Problems) {
    let above = path.ancestors().skip(1).find(|above| above.exists());
    if let Some(above) = above.filter(|above| !above.is_dir()) {
        let message =
            format_args!("{} cannot be made: {} is not a folder", path.display(), above.display());
        problems.add(key, message);
    }
}

fn check_store(path: &Path, problems: &mut Problems) {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            problems.add("store.path", format_args!("{} is not a file", path.display()));
        }
        Ok(found) if open_to_others(&found) => {
            problems.add(
                "store.path",
                format_args!(
                    "{} may be read by every user of this machine; take that away: chmod o-rwx",
                    path.display()
                ),
            );
        }
        Ok(_) => {}
        Err(_) => check_parent("store.path", path, problems),
    }
}

fn open_to_others(found: &Metadata) -> bool {
    found.permissions().mode() & 0o007 != 0
}
