//! What a phone must show beside a link, so that a link that leaked opens nothing.
//!
//! At sign-in a phone gets a cookie of 128 random bits; the session keeps its digest and the phone's
//! address. A request that brings the cookie is judged by it alone. One that brings none is judged by
//! its address, unless the window that had the cookie was closed, of which [`crate::activity`] keeps
//! count; then it gets the sign-in page and counts as none.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::PhoneProof;
use http::HeaderMap;
use http::header::COOKIE;
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

const NAME: &str = "jackfield_phone";
/// Bytes of all cookies that are looked at; a phone keeps four of 255.
const BYTES_MAX: usize = 4 * 1024;

/// By what a request may speak for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proven {
    /// It brings the session's cookie.
    Cookie,
    /// It brings none and comes from the address of the sign-in.
    Address,
}

/// Why a request may not speak for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unproven {
    /// It brings a cookie of ours that is not this session's.
    WrongCookie,
    /// It brings none and comes from another address.
    OtherAddress,
}

/// A new cookie's field and what the session keeps of it.
pub(crate) fn begin(random: [u8; 16], address: IpAddr) -> (String, PhoneProof) {
    let value = URL_SAFE_NO_PAD.encode(random);
    let proof = PhoneProof { cookie_digest: hexadecimal(&value), address };
    (format!("{NAME}={value}; Path=/fippa/; Secure; HttpOnly"), proof)
}

/// The field that makes a phone forget its cookie.
pub(crate) fn end() -> String {
    format!("{NAME}=; Path=/fippa/; Secure; HttpOnly; Max-Age=0")
}

/// Whether the request may speak for a session with that proof, and by what.
pub(crate) fn check(
    headers: &HeaderMap,
    address: IpAddr,
    proof: &PhoneProof,
) -> Result<Proven, Unproven> {
    if is_shown(headers, proof) {
        Ok(Proven::Cookie)
    } else if cookies(headers, NAME).next().is_some() {
        Err(Unproven::WrongCookie)
    } else if address == proof.address {
        Ok(Proven::Address)
    } else {
        Err(Unproven::OtherAddress)
    }
}

/// Whether the request brings the cookie itself.
pub(crate) fn is_shown(headers: &HeaderMap, proof: &PhoneProof) -> bool {
    let expected = proof.cookie_digest.as_bytes();
    // A phone may bring an older one of another path beside it.
    cookies(headers, NAME).any(|value| hexadecimal(value).as_bytes().ct_eq(expected).into())
}

/// Whether the request brings the cookie of some sign-in.
pub(crate) fn is_carried(headers: &HeaderMap) -> bool {
    cookies(headers, NAME).next().is_some()
}

/// The values of cookies of that name; empty ones are none.
pub(crate) fn cookies<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    let fields = headers.get_all(COOKIE).iter().filter(|field| field.len() <= BYTES_MAX);
    fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(own, value)| *own == name && !value.is_empty())
        .map(|(_, value)| value)
}

fn hexadecimal(value: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().map_or('0', char::from);
    let digest = digest(&SHA256, value.as_bytes());
    digest.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
    const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 8));

    #[track_caller]
    fn check_with(cookie: Option<&str>, address: IpAddr, expected: Result<Proven, Unproven>) {
        let (_, proof) = begin([7; 16], HOME);
        let mut headers = HeaderMap::new();
        if let Some(cookie) = cookie {
            headers.insert(COOKIE, cookie.parse().unwrap());
        }
        assert_eq!(check(&headers, address, &proof), expected);
    }

    #[test]
    fn phn_19_a_link_needs_the_cookie_or_without_one_the_address() {
        let (field, _) = begin([7; 16], HOME);
        let pair = field.split(';').next().unwrap();
        check_with(Some(pair), HOME, Ok(Proven::Cookie));
        check_with(Some(pair), AWAY, Ok(Proven::Cookie));
        check_with(Some(&format!("a=b; {pair}; c=d")), AWAY, Ok(Proven::Cookie));
        check_with(None, HOME, Ok(Proven::Address));
        check_with(Some("other=1"), HOME, Ok(Proven::Address));
        check_with(None, AWAY, Err(Unproven::OtherAddress));
    }

    #[test]
    fn phn_19_a_wrong_cookie_is_refused_even_from_the_right_address() {
        let (field, _) = begin([8; 16], HOME);
        let pair = field.split(';').next().unwrap();
        check_with(Some(pair), HOME, Err(Unproven::WrongCookie));
        check_with(Some("jackfield_phone=x"), HOME, Err(Unproven::WrongCookie));
        check_with(Some("jackfield_phone="), HOME, Ok(Proven::Address));
    }

    #[test]
    fn phn_19_the_cookie_fits_a_phone_and_its_digest_is_kept_alone() {
        let (field, proof) = begin([7; 16], HOME);
        assert!(field.len() <= 255 && field.ends_with("; Path=/fippa/; Secure; HttpOnly"));
        assert_eq!(proof.cookie_digest.len(), 64);
        assert!(!field.contains(&proof.cookie_digest));
        assert!(end().contains("Max-Age=0"));
    }
}
