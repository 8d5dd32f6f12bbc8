//! PKCS #12 files: a key and certificates under a password (RFC 7292).
//!
//! ```text
//!   PFX { version, safe { data }, mac }          the mac proves the password and the whole
//!     data = [ content ... ]                     each in the clear or encrypted
//!       content = [ bag ... ]                    a key, a key encrypted once more, a certificate
//! ```
//!
//! What a file may cost is bounded before anything is derived: see [`super::password_based`].

use domain::Secret;
use ring::{digest, hmac};
use x509_cert::der::Tag;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use zeroize::Zeroizing;

use super::der_elements::{Malformed, context, elements, identifier, inside, number, only};
pub(super) use super::password_based::NotOpened;
use super::password_based::{Password, Use, Work, decrypt, derive};

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const SHROUDED_KEY_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const NESTED_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.6");
const X509: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// How deep bags may nest.
const DEPTH_MAX: usize = 4;

/// What a file holds.
#[derive(Default)]
pub(super) struct Content {
    /// Private keys (PKCS #8, DER).
    pub(super) keys: Vec<Zeroizing<Vec<u8>>>,
    /// Certificates (DER), as they stand there.
    pub(super) certificates: Vec<Vec<u8>>,
}

/// Opens a file.
pub(super) fn read(file: &[u8], password: &Secret) -> Result<Content, NotOpened> {
    let password = Password::new(password.expose());
    let mut work = Work::new();
    let parts = elements(inside(Some(&only(file)?), Tag::Sequence)?)?;
    let (Some(version), Some(safe)) = (parts.first(), parts.get(1)) else {
        return Err(Malformed.into());
    };
    if number(version)? != 3 {
        return Err(Malformed.into());
    }
    let safe = elements(inside(Some(safe), Tag::Sequence)?)?;
    if identifier(safe.first().ok_or(Malformed)?)? != DATA {
        return Err(NotOpened::Unknown("signed rather than under a password".to_owned()));
    }
    let data = inside(Some(&only(context(safe.get(1), 0, true)?)?), Tag::OctetString)?;
    // Without one nothing proves the password before content is read, nor the content's wholeness.
    verify(parts.get(2).ok_or(Malformed)?, data, &password, &mut work)?;
    let mut content = Content::default();
    for part in elements(inside(Some(&only(data)?), Tag::Sequence)?)? {
        let bags = opened(&part, &password, &mut work)?;
        collect(&bags, &password, &mut work, &mut content, 0)?;
    }
    Ok(content)
}

/// The password proven by the code over all content.
fn verify(
    mac: &AnyRef<'_>,
    data: &[u8],
    password: &Password<'_>,
    work: &mut Work,
) -> Result<(), NotOpened> {
    let parts = elements(inside(Some(mac), Tag::Sequence)?)?;
    let digest_info = elements(inside(parts.first(), Tag::Sequence)?)?;
    let algorithm = elements(inside(digest_info.first(), Tag::Sequence)?)?;
    let expected = inside(digest_info.get(1), Tag::OctetString)?;
    let salt = inside(parts.get(1), Tag::OctetString)?;
    let rounds = parts.get(2).map_or(Ok(1), number)?;
    let (hash, code) = match identifier(algorithm.first().ok_or(Malformed)?)? {
        SHA1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        SHA256 => (&digest::SHA256, hmac::HMAC_SHA256),
        SHA384 => (&digest::SHA384, hmac::HMAC_SHA384),
        SHA512 => (&digest::SHA512, hmac::HMAC_SHA512),
        other => return Err(NotOpened::Unknown(other.to_string())),
    };
    let key = derive(hash, password, salt, Use::Mac, rounds, hash.output_len(), work)?;
    hmac::verify(&hmac::Key::new(code, &key), data, expected).map_err(|_| NotOpened::WrongPassword)
}

/// The bags of one content, in the clear.
fn opened(
    content: &AnyRef<'_>,
    password: &Password<'_>,
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
    let parts = elements(inside(Some(content), Tag::Sequence)?)?;
    let value = only(context(parts.get(1), 0, true)?)?;
    match identifier(parts.first().ok_or(Malformed)?)? {
        DATA => Ok(Zeroizing::new(inside(Some(&value), Tag::OctetString)?.to_vec())),
        ENCRYPTED_DATA => {
            let parts = elements(inside(Some(&value), Tag::Sequence)?)?;
            let encrypted = elements(inside(parts.get(1), Tag::Sequence)?)?;
            let algorithm = *encrypted.get(1).ok_or(Malformed)?;
            let text = context(encrypted.get(2), 0, false)?;
            decrypt(algorithm, text, password, work)
        }
        other => Err(NotOpened::Unknown(other.to_string())),
    }
}

/// Takes keys and certificates out of bags.
fn collect(
    bags: &[u8],
    password: &Password<'_>,
    work: &mut Work,
    content: &mut Content,
    depth: usize,
) -> Result<(), NotOpened> {
    if depth == DEPTH_MAX {
        return Err(Malformed.into());
    }
    for bag in elements(inside(Some(&only(bags)?), Tag::Sequence)?)? {
        let parts = elements(inside(Some(&bag), Tag::Sequence)?)?;
        let value = context(parts.get(1), 0, true)?;
        match identifier(parts.first().ok_or(Malformed)?)? {
            KEY_BAG => content.keys.push(Zeroizing::new(value.to_vec())),
            SHROUDED_KEY_BAG => content.keys.push(decrypt_key(value, password, work)?),
            CERTIFICATE_BAG => {
                let parts = elements(inside(Some(&only(value)?), Tag::Sequence)?)?;
                if identifier(parts.first().ok_or(Malformed)?)? == X509 {
                    let der = only(context(parts.get(1), 0, true)?)?;
                    content.certificates.push(inside(Some(&der), Tag::OctetString)?.to_vec());
                }
            }
            NESTED_BAG => collect(value, password, work, content, depth + 1)?,
            // Secrets and revocation lists of others are no affair of ours.
            _ => {}
        }
    }
    Ok(())
}

/// An encrypted PKCS #8 key.
fn decrypt_key(
    der: &[u8],
    password: &Password<'_>,
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
    let parts = elements(inside(Some(&only(der)?), Tag::Sequence)?)?;
    let algorithm = *parts.first().ok_or(Malformed)?;
    decrypt(algorithm, inside(parts.get(1), Tag::OctetString)?, password, work)
}

/// An encrypted PKCS #8 key by itself.
pub(super) fn read_key(der: &[u8], password: &Secret) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
    decrypt_key(der, &Password::new(password.expose()), &mut Work::new())
}
