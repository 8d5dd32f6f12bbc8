//! Hash functions of digest proofs, and the two hashes that a proof is made of.

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};
use zeroize::Zeroize;

/// How a proof is hashed (RFC 7616, section 3.3; RFC 8760).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// MD5, which old phones need.
    Md5,
    /// MD5 with the nonces hashed into the secret.
    Md5Sess,
    /// SHA-256.
    Sha256,
    /// SHA-256 with the nonces hashed into the secret.
    Sha256Sess,
    /// SHA-512/256.
    Sha512_256,
    /// SHA-512/256 with the nonces hashed into the secret.
    Sha512_256Sess,
}

impl Algorithm {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Sha512_256,
        Self::Sha512_256Sess,
        Self::Sha256,
        Self::Sha256Sess,
        Self::Md5,
        Self::Md5Sess,
    ];

    /// The one of that name, whose case does not matter.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name().eq_ignore_ascii_case(name))
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Sess => "SHA-256-sess",
            Self::Sha512_256 => "SHA-512-256",
            Self::Sha512_256Sess => "SHA-512-256-sess",
        }
    }

    /// Whether the nonces are hashed into the secret.
    pub fn is_session(self) -> bool {
        matches!(self, Self::Md5Sess | Self::Sha256Sess | Self::Sha512_256Sess)
    }

    /// Larger where it is stronger.
    pub fn strength(self) -> u8 {
        match self {
            Self::Md5 | Self::Md5Sess => 0,
            Self::Sha256 | Self::Sha256Sess => 1,
            Self::Sha512_256 | Self::Sha512_256Sess => 2,
        }
    }

    /// The hash of pieces with colons between them.
    pub(super) fn hash(self, pieces: &[&[u8]]) -> Hashed {
        match self {
            Self::Md5 | Self::Md5Sess => joined::<Md5>(pieces),
            Self::Sha256 | Self::Sha256Sess => joined::<Sha256>(pieces),
            Self::Sha512_256 | Self::Sha512_256Sess => joined::<Sha512_256>(pieces),
        }
    }
}

fn joined<D: Digest>(pieces: &[&[u8]]) -> Hashed {
    let mut digest = D::new();
    for (place, piece) in pieces.iter().enumerate() {
        if place > 0 {
            digest.update(b":");
        }
        digest.update(piece);
    }
    Hashed::of(&digest.finalize())
}

/// A hash as lower-case hex digits, which is the form that is hashed again and sent. It does not print and
/// leaves no copy behind.
pub(super) struct Hashed {
    digits: [u8; 64],
    length: usize,
}

impl Hashed {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut digits = [0; 64];
        let mut length = 0;
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair.copy_from_slice(&hex(*byte));
            length += 2;
        }
        Self { digits, length }
    }

    pub(super) fn digits(&self) -> &[u8] {
        self.digits.get(..self.length).unwrap_or_default()
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(self.digits()).unwrap_or_default()
    }
}

impl Drop for Hashed {
    fn drop(&mut self) {
        self.digits.zeroize();
    }
}

fn hex(byte: u8) -> [u8; 2] {
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
    [digit(byte >> 4), digit(byte & 0x0F)]
}

/// What both sides know of one proof.
pub(super) struct Proof<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) method: &'a str,
    /// As it stands in the proof.
    pub(super) uri: &'a str,
    pub(super) nonce: &'a str,
    pub(super) cnonce: &'a str,
    /// The client's nonce that a session began with; `cnonce` where this is its first request.
    pub(super) session_cnonce: &'a str,
    pub(super) quality: Quality<'a>,
}

/// What a proof covers, `qop` on the wire.
#[derive(Clone, Copy)]
pub(super) enum Quality<'a> {
    /// No `qop`, as in RFC 2069.
    None,
    /// Method and URI.
    Auth { count: &'a str },
    /// Method, URI and body.
    AuthInt { count: &'a str, body: &'a [u8] },
}

impl Proof<'_> {
    /// The response that proves knowledge of the secret with that hash (RFC 7616, sections 3.4.1 to 3.4.3).
    pub(super) fn response(&self, ha1: &Hashed) -> Hashed {
        let algorithm = self.algorithm;
        let nonce = self.nonce.as_bytes();
        let session;
        let secret = if algorithm.is_session() {
            session = algorithm.hash(&[ha1.digits(), nonce, self.session_cnonce.as_bytes()]);
            session.digits()
        } else {
            ha1.digits()
        };
        let (method, uri) = (self.method.as_bytes(), self.uri.as_bytes());
        let ha2 = match self.quality {
            Quality::AuthInt { body, .. } => {
                let body = algorithm.hash(&[body]);
                algorithm.hash(&[method, uri, body.digits()])
            }
            Quality::None | Quality::Auth { .. } => algorithm.hash(&[method, uri]),
        };
        let cnonce = self.cnonce.as_bytes();
        match self.quality {
            Quality::None => algorithm.hash(&[secret, nonce, ha2.digits()]),
            Quality::Auth { count } => {
                let count = count.as_bytes();
                algorithm.hash(&[secret, nonce, count, cnonce, b"auth", ha2.digits()])
            }
            Quality::AuthInt { count, .. } => {
                let count = count.as_bytes();
                algorithm.hash(&[secret, nonce, count, cnonce, b"auth-int", ha2.digits()])
            }
        }
    }
}
