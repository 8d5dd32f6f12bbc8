//! RSA signatures with hashes that nobody should make any more, for messages that have to be refused.
//!
//! Libraries refuse to make them, so the private operation of RFC 8017 stands here in full. It takes no
//! care of side channels and is no code for a product.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use md5::{Digest as _, Md5};

/// DigestInfo in front of a SHA-1 hash (RFC 8017, 9.2).
const SHA1_INFO: &[u8] =
    &[0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];
/// The same for MD5.
const MD5_INFO: &[u8] = &[
    0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05, 0x05, 0x00,
    0x04, 0x10,
];

/// Signs with RSA PKCS#1 v1.5 and SHA-1; `pkcs8` is the private key.
pub(crate) fn sign_sha1(pkcs8: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    sign(pkcs8, SHA1_INFO, digest(&SHA1_FOR_LEGACY_USE_ONLY, message).as_ref())
}

/// Signs with RSA PKCS#1 v1.5 and MD5.
pub(crate) fn sign_md5(pkcs8: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    sign(pkcs8, MD5_INFO, Md5::digest(message).as_slice())
}

fn sign(pkcs8: &[u8], info: &[u8], hash: &[u8]) -> Option<Vec<u8>> {
    let [modulus, exponent] = key_numbers(pkcs8)?;
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    let padding = modulus.len().checked_sub(3 + info.len() + hash.len())?;
    let mut padded = vec![0x00, 0x01];
    padded.extend(std::iter::repeat_n(0xff, padding));
    padded.push(0x00);
    padded.extend_from_slice(info);
    padded.extend_from_slice(hash);
    power(&padded, exponent, modulus)
}

/// Modulus and private exponent out of a PrivateKeyInfo (RFC 5208) around an RSAPrivateKey.
fn key_numbers(pkcs8: &[u8]) -> Option<[&[u8]; 2]> {
    let (info, _) = element(pkcs8, 0x30)?;
    let (_, rest) = element(info, 0x02)?;
    let (_, rest) = element(rest, 0x30)?;
    let (key, _) = element(rest, 0x04)?;
    let (key, _) = element(key, 0x30)?;
    let (_, rest) = element(key, 0x02)?;
    let (modulus, rest) = element(rest, 0x02)?;
    let (_, rest) = element(rest, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    Some([modulus, exponent])
}

/// The content of the DER element at the start, and what follows it.
pub(super) fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (first, rest) = rest.split_first()?;
    if *first < 0x80 {
        return rest.split_at_checked(usize::from(*first));
    }
    let (length, rest) = rest.split_at_checked(usize::from(*first & 0x7f))?;
    let length = length.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
    rest.split_at_checked(length)
}

/// `base` to the power of `exponent` modulo `modulus`, all big-endian, by Montgomery's method.
fn power(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Option<Vec<u8>> {
    let n = limbs(modulus);
    let lowest = *n.first()?;
    // Newton's iteration doubles the correct bits of the inverse modulo 2^64.
    let inverse = (0..6).fold(1_u64, |inverse, _| {
        inverse.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(inverse)))
    });
    let inverse = inverse.wrapping_neg();
    let mut one = vec![0; n.len()];
    *one.first_mut()? = 1;
    let mut square = one.clone();
    for _ in 0..n.len() * 128 {
        double(&mut square, &n);
    }
    let mut base = limbs(base);
    base.resize(n.len(), 0);
    let base = product(&base, &square, &n, inverse);
    let mut result = product(&one, &square, &n, inverse);
    for byte in exponent {
        for bit in (0..8).rev() {
            result = product(&result, &result, &n, inverse);
            if byte >> bit & 1 == 1 {
                result = product(&result, &base, &n, inverse);
            }
        }
    }
    let result = product(&result, &one, &n, inverse);
    let bytes: Vec<u8> = result.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
    bytes.get(bytes.len().checked_sub(modulus.len())?..).map(<[u8]>::to_vec)
}

/// Limbs of 64 bits, the lowest first.
fn limbs(bytes: &[u8]) -> Vec<u64> {
    let each = |chunk: &[u8]| chunk.iter().fold(0_u64, |limb, byte| limb << 8 | u64::from(*byte));
    bytes.rchunks(8).map(each).collect()
}

/// `a * b / 2^(64 * limbs)` modulo `n`.
fn product(a: &[u64], b: &[u64], n: &[u64], inverse: u64) -> Vec<u64> {
    let mut sum = vec![0_u64; n.len() + 2];
    for digit in a {
        add_multiple(&mut sum, b, *digit);
        let lowest = sum.first().copied().unwrap_or_default();
        add_multiple(&mut sum, n, lowest.wrapping_mul(inverse));
        sum.rotate_left(1);
        if let Some(last) = sum.last_mut() {
            *last = 0;
        }
    }
    reduce(&mut sum, n);
    sum.truncate(n.len());
    sum
}

fn add_multiple(sum: &mut [u64], number: &[u64], factor: u64) {
    let mut carry = 0_u128;
    let digits = number.iter().copied().chain(std::iter::repeat(0));
    for (place, digit) in sum.iter_mut().zip(digits) {
        let value = u128::from(*place) + u128::from(digit) * u128::from(factor) + carry;
        *place = low(value);
        carry = value >> 64;
    }
}

fn double(number: &mut Vec<u64>, n: &[u64]) {
    number.push(0);
    let mut carry = 0;
    for place in number.iter_mut() {
        let next = *place >> 63;
        *place = *place << 1 | carry;
        carry = next;
    }
    reduce(number, n);
    number.truncate(n.len());
}

/// Takes `n` away once if it fits.
fn reduce(number: &mut [u64], n: &[u64]) {
    let mut less = number.to_vec();
    let mut borrow = false;
    for (place, digit) in less.iter_mut().zip(n.iter().copied().chain(std::iter::repeat(0))) {
        let (first, one) = place.overflowing_sub(digit);
        let (second, two) = first.overflowing_sub(u64::from(borrow));
        *place = second;
        borrow = one || two;
    }
    if !borrow {
        number.copy_from_slice(&less);
    }
}

fn low(value: u128) -> u64 {
    u64::try_from(value & u128::from(u64::MAX)).unwrap_or_default()
}
