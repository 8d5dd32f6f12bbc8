//! What a password opens: the encryption of PKCS #8 and PKCS #12 files, with the work it may cost bounded.
//!
//! Modern files derive a key by PBKDF2 and use AES in CBC mode (PBES2, RFC 8018); old ones derive it as
//! PKCS #12 says (RFC 7292, appendix B) and use Triple-DES or RC2. How often a derivation hashes stands
//! in the file, so whoever sends one could ask for years of work: [`Work`] is what is left to spend.

use std::num::NonZeroU32;

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, InnerIvInit, KeyIvInit};
use des::TdesEde3;
use rc2::Rc2;
use ring::digest::{self, Algorithm, Context};
use ring::pbkdf2;
use x509_cert::der::Tag;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use zeroize::Zeroizing;

use super::der_elements::{Malformed, elements, identifier, inside, number};

/// Rounds of hashing that one file may cost; programs of today ask for some thousand to a million for
/// each of its three derivations. It is some seconds of one processor.
pub(super) const ROUNDS_MAX: u64 = 6_000_000;

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const HMAC_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.7");
const HMAC_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const HMAC_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.10");
const HMAC_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.11");
const AES_128: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.2");
const AES_192: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22");
const AES_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.3.7");
const OLD_TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const OLD_RC2_128: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.5");
const OLD_RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");

/// Why something is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotOpened {
    /// The password is another one, or the content is damaged.
    #[error("is not opened by that password")]
    WrongPassword,
    /// It asks for too much work.
    #[error(
        "asks for more than {ROUNDS_MAX} rounds of hashing in all; write it with fewer (openssl pkcs12 \
         -export -iter 100000)"
    )]
    TooCostly,
    /// It is encrypted in a way we do not read.
    #[error(
        "is encrypted in a way that is not read here ({0}); write it with AES (openssl, version 3)"
    )]
    Unknown(String),
    /// It is not what it should be.
    #[error("is damaged or no such file ({0})")]
    Malformed(#[from] Malformed),
}

/// How many rounds of hashing may still be spent.
#[derive(Debug)]
pub(super) struct Work(u64);

impl Work {
    pub(super) fn new() -> Self {
        Self(ROUNDS_MAX)
    }

    fn spend(&mut self, rounds: u32, blocks: usize) -> Result<(), NotOpened> {
        let cost = u64::from(rounds).saturating_mul(blocks.max(1) as u64);
        self.0 = self.0.checked_sub(cost).ok_or(NotOpened::TooCostly)?;
        Ok(())
    }
}

/// What a key of PKCS #12 is derived for (RFC 7292, B.3).
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    Key = 1,
    Vector = 2,
    Mac = 3,
}

/// A password in both forms that files use.
pub(super) struct Password<'a> {
    utf8: &'a str,
    /// UTF-16 with a zero at the end, as PKCS #12 derives from.
    wide: Zeroizing<Vec<u8>>,
}

impl<'a> Password<'a> {
    pub(super) fn new(utf8: &'a str) -> Self {
        let wide = utf8.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
        Self { utf8, wide: Zeroizing::new(wide) }
    }
}

/// Opens `content`, encrypted as the algorithm identifier says.
pub(super) fn decrypt(
    algorithm: AnyRef<'_>,
    content: &[u8],
    password: &Password<'_>,
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
    let parts = elements(inside(Some(&algorithm), Tag::Sequence)?)?;
    let [oid, parameters] = parts.as_slice() else { return Err(Malformed.into()) };
    let oid = identifier(oid)?;
    if oid == PBES2 {
        return decrypt_modern(parameters, content, password, work);
    }
    let parts = elements(inside(Some(parameters), Tag::Sequence)?)?;
    let salt = inside(parts.first(), Tag::OctetString)?;
    let rounds = number(parts.get(1).ok_or(Malformed)?)?;
    let mut derived = |use_for, length| {
        derive(&digest::SHA1_FOR_LEGACY_USE_ONLY, password, salt, use_for, rounds, length, work)
    };
    let (vector, sort) = (derived(Use::Vector, 8)?, oid);
    let vector = vector.as_slice();
    match sort {
        OLD_TRIPLE_DES => {
            let key = derived(Use::Key, 24)?;
            opened(Decryptor::<TdesEde3>::new_from_slices(&key, vector).ok(), content)
        }
        OLD_RC2_128 | OLD_RC2_40 => {
            let length = if sort == OLD_RC2_40 { 5 } else { 16 };
            let key = derived(Use::Key, length)?;
            let cipher = Rc2::new_with_eff_key_len(&key, length * 8);
            opened(Decryptor::inner_iv_slice_init(cipher, vector).ok(), content)
        }
        other => Err(NotOpened::Unknown(other.to_string())),
    }
}

/// PBES2 with PBKDF2 and AES or Triple-DES.
fn decrypt_modern(
    parameters: &AnyRef<'_>,
    content: &[u8],
    password: &Password<'_>,
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
    let parts = elements(inside(Some(parameters), Tag::Sequence)?)?;
    let [derivation, cipher] = parts.as_slice() else { return Err(Malformed.into()) };
    let derivation = elements(inside(Some(derivation), Tag::Sequence)?)?;
    let cipher = elements(inside(Some(cipher), Tag::Sequence)?)?;
    let (Some(kind), Some(sort)) = (derivation.first(), cipher.first()) else {
        return Err(Malformed.into());
    };
    if identifier(kind)? != PBKDF2 {
        return Err(NotOpened::Unknown(identifier(kind)?.to_string()));
    }
    let parts = elements(inside(derivation.get(1), Tag::Sequence)?)?;
    let salt = inside(parts.first(), Tag::OctetString)?;
    let rounds = number(parts.get(1).ok_or(Malformed)?)?;
    // The length of the key may stand between; the cipher says it too.
    let hash = parts.iter().skip(2).find(|part| is(part, Tag::Sequence));
    let hash = match hash {
        None => HMAC_SHA1,
        Some(hash) => {
            identifier(elements(inside(Some(hash), Tag::Sequence)?)?.first().ok_or(Malformed)?)?
        }
    };
    let (hash, hash_bytes) = match hash {
        HMAC_SHA1 => (pbkdf2::PBKDF2_HMAC_SHA1, 20),
        HMAC_SHA256 => (pbkdf2::PBKDF2_HMAC_SHA256, 32),
        HMAC_SHA384 => (pbkdf2::PBKDF2_HMAC_SHA384, 48),
        HMAC_SHA512 => (pbkdf2::PBKDF2_HMAC_SHA512, 64),
        other => return Err(NotOpened::Unknown(other.to_string())),
    };
    let sort = identifier(sort)?;
    let vector = inside(cipher.get(1), Tag::OctetString)?;
    let length = match sort {
        AES_128 => 16,
        AES_192 | TRIPLE_DES => 24,
        AES_256 => 32,
        other => return Err(NotOpened::Unknown(other.to_string())),
    };
    // Every round of an HMAC is two of the hash.
    work.spend(rounds, 2 * usize::div_ceil(length, hash_bytes))?;
    let rounds = NonZeroU32::new(rounds).ok_or(Malformed)?;
    let mut key = Zeroizing::new(vec![0; length]);
    pbkdf2::derive(hash, rounds, salt, password.utf8.as_bytes(), &mut key);
    match sort {
        AES_128 => opened(Decryptor::<Aes128>::new_from_slices(&key, vector).ok(), content),
        AES_192 => opened(Decryptor::<Aes192>::new_from_slices(&key, vector).ok(), content),
        AES_256 => opened(Decryptor::<Aes256>::new_from_slices(&key, vector).ok(), content),
        _ => opened(Decryptor::<TdesEde3>::new_from_slices(&key, vector).ok(), content),
    }
}

fn is(element: &AnyRef<'_>, tag: Tag) -> bool {
    use x509_cert::der::Tagged;
    element.tag() == tag
}

fn opened<C: BlockModeDecrypt>(
    cipher: Option<C>,
    content: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
    let cipher = cipher.ok_or(Malformed)?;
    let plain = cipher.decrypt_padded_vec::<Pkcs7>(content);
    plain.map(Zeroizing::new).map_err(|_| NotOpened::WrongPassword)
}

/// Derives bytes from a password as PKCS #12 does (RFC 7292, B.2).
pub(super) fn derive(
    algorithm: &'static Algorithm,
    password: &Password<'_>,
    salt: &[u8],
    use_for: Use,
    rounds: u32,
    length: usize,
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
    let (block, output) = (algorithm.block_len(), algorithm.output_len());
    if rounds == 0 {
        return Err(Malformed.into());
    }
    work.spend(rounds, usize::div_ceil(length, output))?;
    let filled = |text: &[u8]| -> Vec<u8> {
        text.iter().copied().cycle().take(text.len().next_multiple_of(block)).collect()
    };
    let diversifier = vec![use_for as u8; block];
    let mut input = Zeroizing::new(filled(salt));
    input.extend_from_slice(&Zeroizing::new(filled(&password.wide)));
    let mut derived = Zeroizing::new(Vec::with_capacity(length.next_multiple_of(output)));
    while derived.len() < length {
        let mut context = Context::new(algorithm);
        context.update(&diversifier);
        context.update(&input);
        let mut hash = context.finish();
        for _ in 1..rounds {
            hash = digest::digest(algorithm, hash.as_ref());
        }
        derived.extend_from_slice(hash.as_ref());
        // Every block of the input grows by the hash, repeated, and one.
        let addend: Vec<u8> = hash.as_ref().iter().copied().cycle().take(block).collect();
        for part in input.chunks_exact_mut(block) {
            let mut carry = 1_u16;
            for (byte, more) in part.iter_mut().zip(&addend).rev() {
                let [high, low] = (u16::from(*byte) + u16::from(*more) + carry).to_be_bytes();
                (*byte, carry) = (low, u16::from(high));
            }
        }
    }
    derived.truncate(length);
    Ok(derived)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key that `rounds` of SHA-1 derive, in hexadecimal.
    #[track_caller]
    fn check(password: &str, salt: &str, use_for: Use, rounds: u32, expected: &str) {
        let bytes = |text: &str| -> Vec<u8> {
            let pairs = text.as_bytes().chunks(2);
            pairs
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect()
        };
        let (salt, expected) = (bytes(salt), bytes(expected));
        let password = Password::new(password);
        let sha1 = &digest::SHA1_FOR_LEGACY_USE_ONLY;
        let derived =
            derive(sha1, &password, &salt, use_for, rounds, expected.len(), &mut Work::new());
        assert_eq!(derived.unwrap().as_slice(), expected);
    }

    #[test]
    fn keys_are_derived_as_other_programs_do() {
        // Vectors that Bouncy Castle and OpenSSL are tested with.
        check(
            "smeg",
            "0A58CF64530D823F",
            Use::Key,
            1,
            "8AAAE6297B6CB04642AB5B077851284EB7128F1A2A7FBCA3",
        );
        check("smeg", "0A58CF64530D823F", Use::Vector, 1, "79993DFE048D3B76");
        check("smeg", "3D83C0E4546AC140", Use::Mac, 1, "8D967D88F6CAA9D714800AB3D48051D63F73A312");
        check(
            "queeg",
            "05DEC959ACFF72F7",
            Use::Key,
            1000,
            "ED2034E36328830FF09DF1E1A07DD357185DAC0D4F9EB3D4",
        );
        check(
            "queeg",
            "263216FCC2FAB31C",
            Use::Mac,
            1000,
            "5EC4C7A80DF652294C3925B6489A7AB857C83476",
        );
    }

    #[test]
    fn work_is_bounded_over_all_derivations() {
        let mut work = Work::new();
        let half = u32::try_from(ROUNDS_MAX / 2).unwrap();
        assert_eq!(work.spend(half, 1), Ok(()));
        assert_eq!(work.spend(half, 2), Err(NotOpened::TooCostly));
        assert_eq!(work.spend(u32::MAX, usize::MAX), Err(NotOpened::TooCostly));
        assert_eq!(work.spend(half, 1), Ok(()));
        assert_eq!(work.spend(1, 1), Err(NotOpened::TooCostly));
    }
}
