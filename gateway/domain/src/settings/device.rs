//! Phones, and device profiles that people take from phone to phone.

use serde::{Deserialize, Serialize};

use super::references::References;
use super::sip::read_device;
use super::{DeviceSip, NewSecret, Reader};
use crate::{DeviceName, Extension, PairName};

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
    /// How it is known in SIP, where it speaks that with us.
    #[serde(default)]
    pub sip: Option<DeviceSip>,
    /// The pair whose nodes serve its headset, where that is not told by its agent (HST-13).
    #[serde(default)]
    pub pair: Option<PairName>,
}

/// A phone or device profile as a settings file gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenDevice {
    /// All but the password.
    pub device: Device,
    /// Its password in SIP, where one is given.
    pub sip_password: Option<NewSecret>,
}

impl WrittenDevice {
    pub(super) fn read(reader: &mut Reader<'_>, known: &References) -> Option<Self> {
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
        let (sip, sip_password) = reader.table("sip", |reader| read_device(reader, known)).unzip();
        let pair = known.pairs.read_reference(reader, "pair");
        if pair.is_some() && profile {
            reader.problem("pair", "is for phones, which have headsets, and this is a profile");
        }
        let name = name?;
        let device = Device { name, description, lines, profile, certificate_sha256, sip, pair };
        Some(Self { device, sip_password: sip_password.flatten() })
    }
}
