//! The protected header: a flat JSON object, each member once, none but those of its form.

use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::{HEADER_BYTES_MAX, JoseRefused, is_key_id, segment};

/// What the headers of both forms may say; what is missing is none.
#[derive(Default)]
pub(super) struct Header {
    pub(super) alg: Option<String>,
    pub(super) enc: Option<String>,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
    pub(super) cty: Option<String>,
    is_foreign: bool,
}

impl Header {
    /// Reads the first segment of a token.
    pub(super) fn read(segment: &str) -> Result<Self, JoseRefused> {
        let bytes = segment::read(segment)?;
        if bytes.len() > HEADER_BYTES_MAX {
            return Err(JoseRefused::Header);
        }
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let header = deserializer.deserialize_map(Members).map_err(|_| JoseRefused::Header)?;
        deserializer.end().map_err(|_| JoseRefused::Header)?;
        if header.is_foreign { Err(JoseRefused::Parameter) } else { Ok(header) }
    }

    /// The key's identifier, which must be there.
    pub(super) fn key_id(&self) -> Result<&str, JoseRefused> {
        self.kid.as_deref().filter(|kid| is_key_id(kid)).ok_or(JoseRefused::KeyId)
    }
}

/// Whether a `typ` or `cty` means the media type `application/WANTED`: without regard to case, and with that
/// beginning where it holds no `/` (RFC 7515 section 4.1.9).
pub(super) fn means(value: &str, wanted: &str) -> bool {
    let name = match value.split_once('/') {
        Some((kind, name)) if kind.eq_ignore_ascii_case("application") => name,
        Some(_) => return false,
        None => value,
    };
    name.eq_ignore_ascii_case(wanted)
}

/// Reads members; the parser's own errors hold what was sent, so they are thrown away.
struct Members;

impl<'d> Visitor<'d> for Members {
    type Value = Header;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut members: A) -> Result<Header, A::Error> {
        let mut header = Header::default();
        while let Some(name) = members.next_key::<String>()? {
            let place = match name.as_str() {
                "alg" => &mut header.alg,
                "enc" => &mut header.enc,
                "kid" => &mut header.kid,
                "typ" => &mut header.typ,
                "cty" => &mut header.cty,
                _ => {
                    header.is_foreign = true;
                    members.next_value::<serde::de::IgnoredAny>()?;
                    continue;
                }
            };
            if place.replace(members.next_value()?).is_some() {
                return Err(A::Error::custom("a member twice"));
            }
        }
        Ok(header)
    }
}
