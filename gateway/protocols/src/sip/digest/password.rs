//! What is known of a user's password, in a type that never shows it.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::algorithm::{Algorithm, Hashed};

/// A password, or hashes that take its place. `Debug` does not show it, and no copy stays in memory.
#[derive(Clone)]
pub struct Password(Kind);

#[derive(Clone)]
enum Kind {
    Plain(Zeroizing<Vec<u8>>),
    Ha1(Ha1),
}

/// Hashes of `user:realm:password`. A proof with an algorithm whose hash is not there is not accepted.
#[derive(Clone, Default)]
pub struct Ha1 {
    /// With MD5.
    pub md5: Option<[u8; 16]>,
    /// With SHA-256.
    pub sha256: Option<[u8; 32]>,
    /// With SHA-512/256.
    pub sha512_256: Option<[u8; 32]>,
}

impl Drop for Ha1 {
    fn drop(&mut self) {
        self.md5.zeroize();
        self.sha256.zeroize();
        self.sha512_256.zeroize();
    }
}

impl Password {
    /// The password itself.
    pub fn plain(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Kind::Plain(Zeroizing::new(bytes.into())))
    }

    /// Hashes of it.
    pub fn hashed(ha1: Ha1) -> Self {
        Self(Kind::Ha1(ha1))
    }

    /// Whether it can make a proof with that algorithm.
    pub(super) fn suits(&self, algorithm: Algorithm) -> bool {
        match &self.0 {
            Kind::Plain(_) => true,
            Kind::Ha1(ha1) => match algorithm.strength() {
                0 => ha1.md5.is_some(),
                1 => ha1.sha256.is_some(),
                _ => ha1.sha512_256.is_some(),
            },
        }
    }

    pub(super) fn ha1(&self, algorithm: Algorithm, user: &str, realm: &str) -> Option<Hashed> {
        match &self.0 {
            Kind::Plain(bytes) => Some(algorithm.hash(&[user.as_bytes(), realm.as_bytes(), bytes])),
            Kind::Ha1(ha1) => match algorithm {
                Algorithm::Md5 | Algorithm::Md5Sess => ha1.md5.as_ref().map(|it| Hashed::of(it)),
                Algorithm::Sha256 | Algorithm::Sha256Sess => {
                    ha1.sha256.as_ref().map(|it| Hashed::of(it))
                }
                Algorithm::Sha512_256 | Algorithm::Sha512_256Sess => {
                    ha1.sha512_256.as_ref().map(|it| Hashed::of(it))
                }
            },
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}
