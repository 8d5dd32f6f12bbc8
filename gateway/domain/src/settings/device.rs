//! Phones, and device profiles that people take from phone to phone.

use serde::{Deserialize, Serialize};

use super::Reader;
use crate::{DeviceName, Extension};

/// The most lines of one phone.
pub const LINES_MAX: usize = 16;

/// A phone or a device profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its name.
    pub name: DeviceName,
    /// What people call it.
    pub description: Option<String>,
    /// Its lines.
    pub lines: Vec<Extension>,
    /// Whether it is a profile, whose lines are on whichever phone took it (PHN-19).
    pub profile: bool,
    /// SHA-256 of the certificate its web server must show, in hexadecimal; for phones whose
    /// certificate no authority of ours signed.
    pub certificate_sha256: Option<String>,
}

impl Device {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let name = reader.required("name");
        let description = reader.short_text("description", 128);
        let lines = reader.parsed_list("lines", LINES_MAX);
        let profile = reader.switch("profile").unwrap_or(false);
        let fingerprint = reader.text("certificate_sha256").map(|text| text.to_lowercase());
        let certificate_sha256 = fingerprint.map(|text| text.replace(':', ""));
        if certificate_sha256.as_ref().is_some_and(|text| {
            text.len() != 64 || !text.chars().all(|character| character.is_ascii_hexdigit())
        }) {
            reader.problem("certificate_sha256", "must be 64 hexadecimal digits");
        }
        Some(Self { name: name?, description, lines, profile, certificate_sha256 })
    }
}
