//! URIs of our own.

use super::{BadUri, HostPort, Uri};

/// A parameter of a URI to build: its name, and its value where it has one.
pub type UriParameter<'a> = (&'a str, Option<&'a str>);

impl Uri {
    /// The sip or sips URI of these parts; whatever cannot stand there as it is is escaped, so that no part
    /// runs into another one. An empty user counts as none. Refused are a host that is none and a parameter
    /// that is there twice.
    pub fn build(
        secure: bool,
        user: Option<&str>,
        host_port: &HostPort,
        parameters: &[UriParameter<'_>],
    ) -> Result<Self, BadUri> {
        let mut text = String::from(if secure { "sips:" } else { "sip:" });
        if let Some(user) = user.filter(|user| !user.is_empty()) {
            escape(user, is_of_user, &mut text);
            text.push('@');
        }
        text.push_str(&host_port.to_string());
        for (name, value) in parameters.iter().filter(|(name, _)| !name.is_empty()) {
            text.push(';');
            escape(name, is_of_parameter, &mut text);
            if let Some(value) = value {
                text.push('=');
                escape(value, is_of_parameter, &mut text);
            }
        }
        Self::read(&text.into())
    }
}

fn escape(plain: &str, is_plain: fn(u8) -> bool, text: &mut String) {
    for byte in plain.bytes() {
        if is_plain(byte) {
            text.push(byte.into());
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
}

fn is_of_user(byte: u8) -> bool {
    is_unreserved(byte) || matches!(byte, b'&' | b'=' | b'+' | b'$' | b',' | b'/')
}

fn is_of_parameter(byte: u8) -> bool {
    is_unreserved(byte) || matches!(byte, b'[' | b']' | b'/' | b':' | b'&' | b'+' | b'$')
}
