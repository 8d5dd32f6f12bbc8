//! The keys in force, opened: what signs and checks tokens, what seals them, what signs requests.
//!
//! It is made anew whenever the document of keys changes; whoever has one goes on with it meanwhile.

use std::collections::HashMap;

use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::settings::TokenSignature;
use domain::{IdentityKeys, SamlKey, Sealed, Timestamp};
use engine::SealingKeys;
use protocols::jose::VerificationKey;
use ring::hmac;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use zeroize::Zeroizing;

use crate::making::{SAML_KEY_PURPOSE, TOKEN_KEY_PURPOSE};

/// Opened keys.
pub(crate) struct Keyring {
    /// As they are kept.
    pub(crate) keys: IdentityKeys,
    signers: HashMap<String, Signer>,
    checks: HashMap<String, VerificationKey>,
    seals: HashMap<String, Zeroizing<[u8; 32]>>,
    saml: Vec<SamlSigner>,
}

/// A private key that signs tokens.
pub(crate) enum Signer {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

/// A private key that signs requests to IdPs, with its certificate.
pub(crate) struct SamlSigner {
    pair: RsaKeyPair,
    /// Which one it is.
    pub(crate) id: String,
    /// Its certificate in DER.
    pub(crate) certificate: Vec<u8>,
}

impl Signer {
    /// The signature of `message`; `None` where the machine gives no randomness.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(pair) => rsa_signature(pair, message),
            Self::P256(pair) => {
                let random = ring::rand::SystemRandom::new();
                pair.sign(&random, message).ok().map(|it| it.as_ref().to_vec())
            }
        }
    }
}

impl SamlSigner {
    fn open(key: &SamlKey, sealing: &SealingKeys) -> Option<Self> {
        let pair =
            RsaKeyPair::from_pkcs8(&opened(sealing, SAML_KEY_PURPOSE, &key.private)?).ok()?;
        let certificate = STANDARD.decode(&key.certificate).ok()?;
        Some(Self { pair, id: key.id.clone(), certificate })
    }

    /// The signature of `message`, RSA with SHA-256 (IDS-02).
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        rsa_signature(&self.pair, message)
    }
}

fn rsa_signature(pair: &RsaKeyPair, message: &[u8]) -> Option<Vec<u8>> {
    let mut signature = vec![0; pair.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
    Some(signature)
}

fn opened(sealing: &SealingKeys, purpose: &str, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
    let secret = sealing.unseal(purpose, sealed).ok()?;
    STANDARD.decode(secret.expose()).ok().map(Zeroizing::new)
}

impl Keyring {
    /// Opens those keys; what does not open is left out, and counted.
    pub(crate) fn open(
        keys: &IdentityKeys,
        sealing: &SealingKeys,
        root: &[u8; 32],
    ) -> (Self, usize) {
        let mut ring = Self {
            keys: keys.clone(),
            signers: HashMap::new(),
            checks: HashMap::new(),
            seals: HashMap::new(),
            saml: Vec::new(),
        };
        let mut shut = 0;
        for key in &keys.signing {
            let Ok(public) = STANDARD.decode(&key.public) else { continue };
            let check = match key.algorithm {
                TokenSignature::Rs256 => VerificationKey::Rs256 { pkcs1_der: public },
                TokenSignature::Es256 => VerificationKey::Es256 { point: public },
            };
            ring.checks.insert(key.id.clone(), check);
            let private = opened(sealing, TOKEN_KEY_PURPOSE, &key.private);
            let signer = private.and_then(|private| match key.algorithm {
                TokenSignature::Rs256 => {
                    let pair = RsaKeyPair::from_pkcs8(&private).ok()?;
                    Some(Signer::Rsa(Box::new(pair)))
                }
                TokenSignature::Es256 => {
                    let random = ring::rand::SystemRandom::new();
                    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
                    let pair = EcdsaKeyPair::from_pkcs8(algorithm, &private, &random).ok()?;
                    Some(Signer::P256(Box::new(pair)))
                }
            });
            match signer {
                Some(signer) => {
                    ring.signers.insert(key.id.clone(), signer);
                }
                None => shut += 1,
            }
        }
        let root = hmac::Key::new(hmac::HMAC_SHA256, root);
        for key in &keys.encryption {
            let tag = hmac::sign(&root, key.id.as_bytes());
            let mut secret = Zeroizing::new([0; 32]);
            secret.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
            ring.seals.insert(key.id.clone(), secret);
        }
        for key in &keys.saml {
            match SamlSigner::open(key, sealing) {
                Some(signer) => ring.saml.push(signer),
                None => shut += 1,
            }
        }
        (ring, shut)
    }

    /// What signs tokens now, with its name.
    pub(crate) fn signer(
        &self,
        algorithm: TokenSignature,
        now: Timestamp,
    ) -> Option<(&str, &Signer)> {
        let key = self.keys.signs(algorithm, now)?;
        Some((key.id.as_str(), self.signers.get(&key.id)?))
    }

    /// What checks a token signed with the key of that name; a key that is retired for long checks nothing.
    pub(crate) fn check(&self, id: &str, now: Timestamp) -> Option<&VerificationKey> {
        self.checks.get(id).filter(|_| self.keys.checks(id, now))
    }

    /// What seals tokens now, with its name.
    pub(crate) fn seal(&self, now: Timestamp) -> Option<(&str, &[u8; 32])> {
        let key = self.keys.seals(now)?;
        Some((key.id.as_str(), self.seals.get(&key.id)?))
    }

    /// What opens a token sealed with the key of that name.
    pub(crate) fn unseal(&self, id: &str, now: Timestamp) -> Option<[u8; 32]> {
        self.seals.get(id).filter(|_| self.keys.opens(id, now)).map(|secret| **secret)
    }

    /// All public keys of signatures, for applications.
    pub(crate) fn published(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = (&str, &VerificationKey)> {
        let keys = self.keys.signing.iter();
        keys.filter_map(move |key| Some((key.id.as_str(), self.check(&key.id, now)?)))
    }

    /// What signs requests to IdPs.
    pub(crate) fn saml_current(&self) -> Option<&SamlSigner> {
        self.saml.first()
    }

    /// What signs a request that tries a trust: the next key, where there is one.
    pub(crate) fn saml_newest(&self) -> Option<&SamlSigner> {
        self.saml.last()
    }

    /// The certificates that `sp.xml` shows.
    pub(crate) fn saml_certificates(&self) -> Vec<Vec<u8>> {
        self.saml.iter().map(|signer| signer.certificate.clone()).collect()
    }

    /// Whether all that is needed is there and open.
    pub(crate) fn is_whole(&self, now: Timestamp) -> bool {
        self.signer(TokenSignature::Rs256, now).is_some()
            && self.signer(TokenSignature::Es256, now).is_some()
            && self.seal(now).is_some()
            && self.saml_current().is_some()
    }
}
