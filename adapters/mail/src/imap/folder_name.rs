//! Names of folders: what people write, and what IMAP says (RFC 3501 section 5.1.3).

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

const ENGINE: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// The name as IMAP says it.
pub(super) fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    let mut others: Vec<u8> = Vec::new();
    let flush = |others: &mut Vec<u8>, encoded: &mut String| {
        if !others.is_empty() {
            encoded.push_str(&format!("&{}-", ENGINE.encode(&others)));
            others.clear();
        }
    };
    for it in name.chars() {
        if (' '..='~').contains(&it) {
            flush(&mut others, &mut encoded);
            encoded.push(it);
            if it == '&' {
                encoded.push('-');
            }
        } else {
            let mut units = [0; 2];
            others.extend(it.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut others, &mut encoded);
    encoded
}

/// The name as people write it; a name that is not written as it should be is left as it is.
pub(super) fn decode(name: &str) -> String {
    try_decode(name).unwrap_or_else(|| name.to_owned())
}

fn try_decode(name: &str) -> Option<String> {
    let mut decoded = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((plain, shifted)) = rest.split_once('&') {
        decoded.push_str(plain);
        let (inner, after) = shifted.split_once('-')?;
        if inner.is_empty() {
            decoded.push('&');
        } else {
            let bytes = ENGINE.decode(inner).ok()?;
            let units: Vec<u16> = bytes
                .chunks_exact(2)
                .filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)))
                .collect();
            decoded.push_str(&String::from_utf16(&units).ok()?);
        }
        rest = after;
    }
    decoded.push_str(rest);
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for (name, said) in [
            ("Sent Items", "Sent Items"),
            ("Gelöschte Elemente", "Gel&APY-schte Elemente"),
            ("R&D", "R&-D"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("📧", "&2D3c5w-"),
        ] {
            assert_eq!(encode(name), said);
            assert_eq!(decode(said), name);
        }
        for odd in ["a&b", "&!!-", "&2D0-", "&"] {
            assert_eq!(decode(odd), odd);
        }
        assert!(encode("a\r\nb\0").is_ascii() && !encode("a\r\nb").contains('\n'));
    }
}
