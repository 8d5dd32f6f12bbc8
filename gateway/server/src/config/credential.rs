//! Secrets that systemd hands over (`LoadCredential=`), which the configuration names `credential:NAME`.
//!
//! They are files in a folder that only the service's own user may read. The service is told where it is;
//! commands at a shell are not, and look where systemd puts it for `jackfield.service`.

use std::path::{Path, PathBuf};

/// What a value of the configuration begins with that names one.
const PREFIX: &str = "credential:";
/// Where systemd keeps those of all services.
const ALL: &str = "/run/credentials";
/// The folder of the service, where nobody says which it is.
const FOLDER: &str = "/run/credentials/jackfield.service";

/// The file that `text` means, where it names a credential; what is wrong with the name otherwise.
pub(crate) fn named(text: &str) -> Option<Result<PathBuf, &'static str>> {
    let name = text.strip_prefix(PREFIX)?;
    let is_name = !name.is_empty() && name != "." && name != ".." && !name.contains('/');
    Some(if is_name { Ok(folder().join(name)) } else { Err("names no credential") })
}

/// Whether a file is one.
pub(crate) fn is_one(path: &Path) -> bool {
    path.starts_with(ALL) || path.parent() == Some(folder().as_path())
}

fn folder() -> PathBuf {
    let told = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    told.filter(|folder| folder.is_absolute()).unwrap_or_else(|| PathBuf::from(FOLDER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_05_a_credential_is_a_file_of_systemd() {
        let file = named("credential:sealing.key").unwrap().unwrap();
        assert!(file.ends_with("sealing.key") && is_one(&file), "{file:?}");
        assert_eq!(named("/var/lib/jackfield/sealing.key"), None);
        for bad in ["credential:", "credential:..", "credential:a/b", "credential:../x"] {
            assert!(named(bad).unwrap().is_err(), "{bad}");
        }
        assert!(!is_one(Path::new("/var/lib/jackfield/sealing.key")));
    }
}
