//! Whether the files and folders that a configuration names are there, safe and fit each other.
//!
//! Reads only; what is missing and made at the first start is no problem.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use domain::{NodeName, Problems, Timestamp};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::{Config, StoreConfig, credential};
use crate::headset_profile;
use crate::tls::CertificateError;
use crate::tls::making::SelfMade;
use crate::{password_file, sealing_file, tls, token_file};

/// The most bytes of the path of a Unix socket (unix(7)), its end not counted.
const SOCKET_BYTES_MAX: usize = 107;

/// Whether a certificate that has expired is a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// It is.
    Refused,
    /// It is told elsewhere, and used.
    Borne,
}

/// Notes what is wrong with the files of `config`, each under the key that names it.
pub fn check_files(config: &Config, now: Timestamp, problems: &mut Problems) {
    check_files_for(config, &config.certificate_names(), Expiry::Refused, now, problems);
}

/// The same, where the certificate has to cover `names`.
pub(crate) fn check_files_for(
    config: &Config,
    names: &[NodeName],
    expiry: Expiry,
    now: Timestamp,
    problems: &mut Problems,
) {
    check_folder("state_directory", &config.state_directory, problems);
    let socket = config.admin_socket();
    let length = socket.as_os_str().len();
    if length > SOCKET_BYTES_MAX {
        problems.add(
            "state_directory",
            format_args!(
                "is too long: the admin socket {} has {length} bytes, at most {SOCKET_BYTES_MAX} \
                 are possible",
                socket.display()
            ),
        );
    }
    match &config.store {
        StoreConfig::Sqlite { path } => {
            check_store(path, problems);
            check_sealing_key(&config.sealing_key_file, Some(path), problems);
        }
        StoreConfig::Postgresql(database) => {
            if let Some(file) = &database.password_file {
                problems.keep("store.password_file", password_file::read(file));
            }
            if let Some(file) = &database.authority_file {
                problems.keep("store.authority_file", check_authorities(file));
            }
            // Whether it is the right one shows when secrets are opened with it.
            check_sealing_key(&config.sealing_key_file, None, problems);
        }
    }
    if let Some(file) = &config.operations.metrics_token_file {
        problems.keep("listeners.operations.metrics_token_file", token_file::read(file));
    }
    if let Some(file) = &config.headset.profile_file {
        let profile = headset_profile::read(file).map(drop);
        let told = profile.map_err(|error| crate::words::with_causes(&error));
        problems.keep("listeners.headset.profile_file", told);
    }
    if let Some(folder) = &config.provisioning.folder {
        problems.keep("listeners.provisioning.folder", check_readable_folder(folder));
    }
    if let Some(file) = config.acme.as_ref().and_then(|acme| acme.authority_file.as_ref()) {
        problems.keep("certificate.acme.authority_file", check_authorities(file));
    }
    let files = config.certificate_files();
    if config.certificate.is_none() {
        let found = tls::making::self_made(&files, names, now);
        // What is missing or outdated is made at the next start.
        if problems.keep("certificate", found) != Some(SelfMade::There) {
            return;
        }
    }
    for fault in tls::Certificate::faults(&files, names, now) {
        if expiry == Expiry::Refused || !matches!(fault, CertificateError::Expired { .. }) {
            problems.add(format!("certificate.{}", fault.key()), fault);
        }
    }
}

/// A new key beside an old store would lose what was sealed under the other one.
fn check_sealing_key(key: &Path, store: Option<&Path>, problems: &mut Problems) {
    if key.exists() || credential::is_one(key) {
        problems.keep("sealing_key_file", sealing_file::read(key));
    } else if let Some(store) = store.filter(|store| store.exists()) {
        problems.add(
            "sealing_key_file",
            format_args!(
                "{} is missing, and secrets in the store {} are sealed with it: put it back from \
                 your copy",
                key.display(),
                store.display()
            ),
        );
    } else {
        check_parent("sealing_key_file", key, problems);
    }
}

/// The authorities must be there before anything connects: one missing would look like a fault of the
/// network.
fn check_authorities(file: &Path) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let mut count = 0;
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| told(&error))? {
        certificate.map_err(|error| told(&error))?;
        count += 1;
    }
    if count == 0 { Err(told(&"has no certificate in PEM form")) } else { Ok(()) }
}

/// A folder of somebody else's files has to be there, and may be read by others too.
fn check_readable_folder(folder: &Path) -> Result<(), String> {
    match std::fs::read_dir(folder) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{} cannot be read: {error}", folder.display())),
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
