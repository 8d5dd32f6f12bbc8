//! Certificates of others that we trust, each for named purposes (PHN-14).

use serde::{Deserialize, Serialize};

use super::Reader;

/// The most bytes of one entry's PEM text.
const PEM_BYTES_MAX: usize = 64 * 1024;

/// What a certificate is trusted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustPurpose {
    /// It, or one signed by it, is shown by phones that we push to.
    Phones,
    /// It signed for a directory.
    Directory,
    /// It signed for a receiver of the log.
    Syslog,
    /// It signed for a proxy.
    Proxy,
    /// It signed for the servers of a contact centre that we read from.
    ContactCentre,
    /// It signed for phones that prove themselves to SIP by their certificate.
    SipDevices,
    /// It signed for next hops of SIP.
    SipNextHops,
    /// It signed for phones that prove themselves by their certificate when they ask for their headset.
    HeadsetDevices,
    /// It signed for receivers of alarms: webhooks and mail servers.
    Alarms,
    /// It signed for servers that single sign-on asks: where an IdP's metadata is, other nodes.
    SingleSignOn,
    /// It signed for mail servers, and for where their tokens are fetched.
    Mail,
}

impl TrustPurpose {
    /// Every purpose.
    pub const ALL: [Self; 11] = [
        Self::Phones,
        Self::Directory,
        Self::Syslog,
        Self::Proxy,
        Self::ContactCentre,
        Self::SipDevices,
        Self::SipNextHops,
        Self::HeadsetDevices,
        Self::Alarms,
        Self::SingleSignOn,
        Self::Mail,
    ];

    /// The name used in settings files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Phones => "phones",
            Self::Directory => "directory",
            Self::Syslog => "syslog",
            Self::Proxy => "proxy",
            Self::ContactCentre => "contact_centre",
            Self::SipDevices => "sip_devices",
            Self::SipNextHops => "sip_next_hops",
            Self::HeadsetDevices => "headset_devices",
            Self::Alarms => "alarms",
            Self::SingleSignOn => "single_sign_on",
            Self::Mail => "mail",
        }
    }
}

/// Certificates under one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// Its name, for example that of the call manager.
    pub name: String,
    /// What it is trusted for.
    pub purposes: Vec<TrustPurpose>,
    /// One or more certificates as PEM.
    pub certificates: String,
}

impl Trust {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        for name in ["name", "certificates"] {
            if !reader.has(name) {
                reader.problem(name, "is missing");
            }
        }
        let name = reader.short_text("name", 64);
        let mut purposes = Vec::new();
        for purpose in reader.parsed_list::<String>("purposes", TrustPurpose::ALL.len()) {
            match TrustPurpose::ALL.into_iter().find(|it| it.name() == purpose) {
                Some(known) => purposes.push(known),
                None => {
                    let names = TrustPurpose::ALL.map(TrustPurpose::name).join(", ");
                    reader.problem("purposes", format_args!("has {purpose:?}; it may be {names}"));
                }
            }
        }
        purposes.sort_unstable();
        purposes.dedup();
        if purposes.is_empty() {
            purposes.push(TrustPurpose::Phones);
        }
        let certificates = reader.text("certificates");
        if certificates.as_ref().is_some_and(|pem| pem.len() > PEM_BYTES_MAX) {
            reader.problem("certificates", format_args!("must be at most {PEM_BYTES_MAX} bytes"));
        } else if certificates
            .as_ref()
            .is_some_and(|pem| !pem.contains("-----BEGIN CERTIFICATE-----"))
        {
            reader.problem("certificates", "must hold at least one PEM certificate");
        } else if certificates.as_ref().is_some_and(|pem| pem.contains("PRIVATE KEY")) {
            reader.problem("certificates", "holds a private key; give certificates only");
        }
        Some(Self { name: name?, purposes, certificates: certificates? })
    }
}
