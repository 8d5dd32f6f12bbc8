//! Where certificates and keys are, and how a set takes the place of another.
//!
//! ```text
//!   state_directory/certificates/
//!     server.pem       server.key         in force; phone.pem and phone.key where that listener has its own
//!     server.pem.old   server.key.old     of before, for going back
//!     server.pending.key, .csr            a signing request whose certificate is not here yet
//!     server.incoming                     a set on its way: from here on it counts
//! ```
//!
//! Two files cannot be replaced at once, so the new set is first written as one file. Whoever finds it
//! later, after a power cut say, finishes what was begun.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Purpose;
use crate::config::CertificateFiles;
use crate::secret_file::{self, SecretFileError};

/// The folder of a node's certificates.
#[derive(Clone, Debug)]
pub(super) struct Places {
    folder: PathBuf,
}

impl Places {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Certificate and key in force for that purpose, where it has its own.
    pub(super) fn files(&self, purpose: Purpose) -> CertificateFiles {
        CertificateFiles {
            certificate: self.named(purpose, "pem"),
            key: self.named(purpose, "key"),
        }
    }

    /// The key that waits for its certificate.
    pub(super) fn pending_key(&self, purpose: Purpose) -> PathBuf {
        self.named(purpose, "pending.key")
    }

    /// The signing request that was made with it.
    pub(super) fn pending_request(&self, purpose: Purpose) -> PathBuf {
        self.named(purpose, "pending.csr")
    }

    /// A file of the node's own beside the certificates.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Keeps a new key and its request until the certificate is there.
    pub(super) fn keep_pending(
        &self,
        purpose: Purpose,
        key: &str,
        request: &str,
    ) -> Result<(), SecretFileError> {
        let unwritable = |path: PathBuf| move |source| SecretFileError::Unwritable { path, source };
        secret_file::make_folder(&self.folder).map_err(unwritable(self.folder.clone()))?;
        // The key first: a request that is there has its key.
        secret_file::write(&self.pending_key(purpose), key.as_bytes())?;
        let path = self.pending_request(purpose);
        secret_file::write_whole(&path, request.as_bytes(), 0o644).map_err(unwritable(path))
    }

    /// Forgets a key whose certificate is in place.
    pub(super) fn forget_pending(&self, purpose: Purpose) -> io::Result<()> {
        remove(&self.pending_request(purpose))?;
        remove(&self.pending_key(purpose))
    }

    /// Puts a set in place of the one in force, which is kept for going back.
    pub(super) fn install(&self, purpose: Purpose, chain: &str, key: &str) -> io::Result<()> {
        secret_file::make_folder(&self.folder)?;
        let files = self.files(purpose);
        keep(&files.certificate, 0o644)?;
        keep(&files.key, 0o600)?;
        let set = Zeroizing::new([key, chain].concat());
        secret_file::write_whole(&self.named(purpose, "incoming"), set.as_bytes(), 0o600)?;
        self.finish(purpose).map(|_| ())
    }

    /// Finishes what an interruption left; whether there was something.
    pub(super) fn finish(&self, purpose: Purpose) -> io::Result<bool> {
        let incoming = self.named(purpose, "incoming");
        let set = match std::fs::read_to_string(&incoming) {
            Ok(set) => Zeroizing::new(set),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
        let Some((key, chain)) = set.find(CERTIFICATE).map(|at| set.split_at(at)) else {
            let what = format!("{} holds no certificate", incoming.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        };
        let files = self.files(purpose);
        secret_file::write_whole(&files.key, key.as_bytes(), 0o600)?;
        secret_file::write_whole(&files.certificate, chain.as_bytes(), 0o644)?;
        remove(&incoming)?;
        Ok(true)
    }

    fn named(&self, purpose: Purpose, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", purpose.name()))
    }
}

/// Copies a file to its name with `.old` at the end, unless it is missing.
fn keep(path: &Path, mode: u32) -> io::Result<()> {
    let mut old = path.as_os_str().to_owned();
    old.push(".old");
    match std::fs::read(path) {
        Ok(bytes) => secret_file::write_whole(Path::new(&old), &Zeroizing::new(bytes), mode),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
