//! The password of the database on disk.

use std::path::Path;

use domain::Secret;

use crate::secret_file::{self, SecretFileError};

/// The most bytes of a password.
const BYTES_MAX: usize = 1_024;

/// Reads the password: the one line of the file.
pub(crate) fn read(path: &Path) -> Result<Secret, SecretFileError> {
    let bytes = secret_file::read(path)?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if (1..=BYTES_MAX).contains(&line.len()) && !line.chars().any(char::is_control) {
        return Ok(Secret::new(line));
    }
    Err(SecretFileError::Malformed {
        path: path.to_owned(),
        what: "must hold one line with a password of at most 1024 bytes",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    #[test]
    fn ops_05_a_password_is_one_line() {
        let folder = Folder::new();
        let path = folder.path().join("password");
        for (text, expected) in [
            ("p w", Some("p w")),
            ("p\n", Some("p")),
            ("p\r\n", Some("p")),
            ("", None),
            ("\n", None),
            ("a\nb\n", None),
        ] {
            secret_file::write(&path, text.as_bytes()).unwrap();
            let read = read(&path).ok();
            assert_eq!(read.as_ref().map(Secret::expose), expected, "{text:?}");
        }
    }
}
