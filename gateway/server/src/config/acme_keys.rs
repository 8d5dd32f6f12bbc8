//! The keys of `[certificate.acme]`: an authority that signs the node's certificate by itself.

use std::path::PathBuf;

use domain::Problems;
use http::Uri;

use super::raw::Raw;

/// An authority that speaks ACME, and how it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcmeConfig {
    /// The URL of its directory.
    pub directory: String,
    /// Mail addresses it may write to.
    pub contact: Vec<String>,
    /// The file with the authorities that sign for the directory itself.
    pub authority_file: Option<PathBuf>,
    /// How it sees that names are ours.
    pub challenge: AcmeChallenge,
}

/// How an ACME authority sees that a name is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcmeChallenge {
    /// It asks a plain port (RFC 8555, 8.3).
    Http01 {
        /// The port here.
        port: u16,
    },
    /// It shakes hands with the phone listener (RFC 8737).
    TlsAlpn01,
}

impl AcmeConfig {
    /// The plain port that answers the authority, where one does.
    pub fn http_port(&self) -> Option<u16> {
        match self.challenge {
            AcmeChallenge::Http01 { port } => Some(port),
            AcmeChallenge::TlsAlpn01 => None,
        }
    }
}

pub(super) fn acme(raw: &Raw, has_files: bool, problems: &mut Problems) -> Option<AcmeConfig> {
    let key = |name: &str| format!("certificate.acme.{name}");
    let directory = raw.secure_url("certificate.acme.directory");
    let port = raw.written_number("certificate.acme.http_port").map(super::port);
    let Some(directory) = directory else {
        let rest = ["contact", "terms_agreed", "authority_file", "challenge", "http_port"];
        let given = rest.iter().any(|name| raw.was_given(&key(name)));
        if given && !raw.was_given(&key("directory")) {
            problems.add(key("directory"), "is missing beside the other keys of this table");
        }
        return None;
    };
    if has_files {
        problems.add(
            key("directory"),
            "cannot stand beside certificate.certificate_file: either your files are shown, or what the \
             authority signs",
        );
    }
    if !raw.switch("certificate.acme.terms_agreed") {
        problems.add(
            key("terms_agreed"),
            "must be true: read the authority's terms of service and agree to them",
        );
    }
    let challenge = match (raw.word("certificate.acme.challenge"), port) {
        ("tls_alpn_01", None) => AcmeChallenge::TlsAlpn01,
        ("tls_alpn_01", Some(_)) => {
            problems.add(key("http_port"), "is for challenge = \"http_01\" only");
            AcmeChallenge::TlsAlpn01
        }
        (_, Some(port)) => AcmeChallenge::Http01 { port },
        (_, None) => {
            if !raw.was_given(&key("http_port")) {
                problems.add(
                    key("http_port"),
                    "is missing: the plain port that port 80 of the node's names leads to",
                );
            }
            return None;
        }
    };
    Some(AcmeConfig {
        directory,
        contact: raw.mail_addresses("certificate.acme.contact"),
        authority_file: raw.path("certificate.acme.authority_file"),
        challenge,
    })
}

pub(super) fn is_secure_url(text: &str) -> bool {
    let Ok(url) = text.parse::<Uri>() else { return false };
    let named =
        url.authority().is_some_and(|it| !it.host().is_empty() && !it.as_str().contains('@'));
    url.scheme_str() == Some("https") && named
}

pub(super) fn is_mail_address(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_graphic() && !b"<>(),:;\"[]\\?&%".contains(&byte);
    let Some((name, host)) = text.split_once('@') else { return false };
    text.bytes().all(good) && !name.is_empty() && super::host_name(host).is_ok()
}
