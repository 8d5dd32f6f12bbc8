//! What an ACME authority is answered while it looks whether names are ours.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::sign::CertifiedKey;
use rustls_pki_types::PrivateKeyDer;

/// The protocol that an authority's handshake names (RFC 8737).
pub(crate) const ALPN: &[u8] = b"acme-tls/1";
/// Where answers over plain HTTP are (RFC 8555, 8.3).
const PATH: &str = "/.well-known/acme-challenge/";

/// Answers of orders under way.
#[derive(Debug, Default)]
pub(crate) struct Challenges {
    /// By token.
    http: RwLock<HashMap<String, String>>,
    /// By name.
    handshakes: RwLock<HashMap<String, Arc<CertifiedKey>>>,
}

impl Challenges {
    /// The answer at a path over plain HTTP.
    pub(crate) fn at(&self, path: &str) -> Option<String> {
        let token = path.strip_prefix(PATH)?;
        self.http.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    /// The certificate for an authority's handshake.
    pub(crate) fn for_name(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let handshakes = self.handshakes.read().unwrap_or_else(PoisonError::into_inner);
        handshakes.get(&name.to_ascii_lowercase()).cloned()
    }

    /// Answers `token` with `text` from now on.
    pub(super) fn answer_http(&self, token: String, text: String) {
        self.http.write().unwrap_or_else(PoisonError::into_inner).insert(token, text);
    }

    /// Shows `digest` in handshakes for `name` from now on.
    pub(super) fn answer_handshake(&self, name: &str, digest: &[u8]) -> Result<(), rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut parameters = CertificateParams::new(vec![name.to_owned()])?;
        parameters.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let certificate = parameters.self_signed(&key)?.der().clone();
        let key = PrivateKeyDer::from(key);
        // Not compared with each other: the extension that only authorities know forbids others to read
        // the certificate.
        let key = crate::tls::provider().key_provider.load_private_key(key);
        let key = key.map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
        let certified = CertifiedKey::new(vec![certificate], key);
        let mut handshakes = self.handshakes.write().unwrap_or_else(PoisonError::into_inner);
        handshakes.insert(name.to_ascii_lowercase(), Arc::new(certified));
        Ok(())
    }

    /// Answers nothing any more.
    pub(super) fn forget(&self) {
        self.http.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.handshakes.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
