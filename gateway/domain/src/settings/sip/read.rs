//! The section `sip` as a settings file gives it.

use super::address::{self, URI_CHARACTERS_MAX};
use super::{SIP_DOMAINS_MAX, SIP_NEXT_HOPS_MAX, Sip, SipAlgorithm, SipNextHop, SipProof};
use crate::settings::{NewSecret, Reader};

/// How headsets may be told a reason. The published name has a blank, which XML forbids.
pub(super) const REASON_ELEMENTS: [&str; 4] =
    ["reasoncode", "reasonCode", "reason_code", "reason-code"];
/// The names of the ways to prove who one is.
pub(super) const PROOFS: [(&str, SipProof); 3] = [
    ("digest", SipProof::Digest),
    ("certificate", SipProof::Certificate),
    ("digest_or_certificate", SipProof::DigestOrCertificate),
];
/// The section as a settings file gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenSip {
    /// All but the passwords.
    pub sip: Sip,
    /// The password for each next hop, in their order.
    pub passwords: Vec<Option<NewSecret>>,
}

impl WrittenSip {
    pub(in crate::settings) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let default = Sip::default();
        let domains = read_domains(reader);
        let realm = reader.short_text("realm", 253);
        if realm.as_ref().is_some_and(|realm| realm.contains(['"', '\\'])) {
            reader.problem("realm", "must have no quotation mark and no backslash");
        }
        let digest_algorithms =
            read_algorithms(reader).unwrap_or_else(|| default.digest_algorithms.clone());
        let nonce_seconds = reader.count("nonce_seconds", 60..=300, default.nonce_seconds);
        let proof = reader.choice("proof", &PROOFS).unwrap_or_default();
        let phone_expires_seconds =
            reader.count("phone_expires_seconds", 60..=3_600, default.phone_expires_seconds);
        let expires_seconds_min =
            reader.count("expires_seconds_min", 30..=3_600, default.expires_seconds_min);
        let usual = default.expires_seconds_max.max(expires_seconds_min);
        let expires_seconds_max = reader.count("expires_seconds_max", 60..=86_400, usual);
        if expires_seconds_max < expires_seconds_min {
            let message = format_args!(
                "must be at least expires_seconds_min ({expires_seconds_min}), not \
                 {expires_seconds_max}"
            );
            reader.problem("expires_seconds_max", message);
        }
        let flow_timer_seconds =
            reader.count("flow_timer_seconds", 30..=3_600, default.flow_timer_seconds);
        let t1 = default.timer_t1_milliseconds;
        let timer_t1_milliseconds = reader.count("timer_t1_milliseconds", 500..=5_000, t1);
        let t2 = default.timer_t2_milliseconds.max(timer_t1_milliseconds);
        let timer_t2_milliseconds = reader.count("timer_t2_milliseconds", 500..=32_000, t2);
        if timer_t2_milliseconds < timer_t1_milliseconds {
            let message = format_args!(
                "must be at least timer_t1_milliseconds ({timer_t1_milliseconds}), not \
                 {timer_t2_milliseconds}"
            );
            reader.problem("timer_t2_milliseconds", message);
        }
        let t4 = default.timer_t4_milliseconds;
        let timer_t4_milliseconds = reader.count("timer_t4_milliseconds", 500..=32_000, t4);
        let elements = REASON_ELEMENTS.map(|name| (name, name));
        let reason_element = reader.choice("reason_element", &elements);
        let headset_event = reader.short_text("headset_event", 32);
        let is_token = |text: &String| {
            text.chars().all(|it| it.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(it))
        };
        if headset_event.as_ref().is_some_and(|text| !is_token(text)) {
            let message = "must be the name of an event package, as service-control: letters, digits \
                           and - . ! % * _ + ` ' ~";
            reader.problem("headset_event", message);
        }
        let legacy_no_qop = reader.text_list("legacy_no_qop", 10_000, 128);
        let lenient = reader.switch("lenient").unwrap_or(false);
        let allowed_networks = reader.parsed_list("allowed_networks", 200);
        let hops = reader.list("next_hops", SIP_NEXT_HOPS_MAX, SipNextHop::read);
        let (next_hops, passwords): (Vec<_>, Vec<_>) = hops.into_iter().unzip();
        let mut seen = std::collections::BTreeSet::new();
        for hop in next_hops.iter().filter(|hop| !seen.insert(hop.name.as_str())) {
            let message = format_args!("has {} more than once; keep one", hop.name);
            reader.problem("next_hops", message);
        }
        let sip = Sip {
            domains,
            realm,
            digest_algorithms,
            nonce_seconds,
            proof,
            phone_expires_seconds,
            expires_seconds_min,
            expires_seconds_max,
            flow_timer_seconds,
            timer_t1_milliseconds,
            timer_t2_milliseconds,
            timer_t4_milliseconds,
            reason_element: reason_element.unwrap_or(REASON_ELEMENTS[0]).to_owned(),
            headset_event: headset_event.unwrap_or(default.headset_event.clone()),
            legacy_no_qop,
            lenient,
            allowed_networks,
            next_hops,
        };
        if !sip.is_on() && sip != default {
            let message = "is missing: name what phones register at, as [voice.example.com]; leave \
                           out the whole of sip to have none";
            reader.problem("domains", message);
        }
        Some(Self { sip, passwords })
    }
}

fn read_domains(reader: &mut Reader<'_>) -> Vec<String> {
    const KEY: &str = "domains";
    let mut domains = reader.parsed_list::<String>(KEY, SIP_DOMAINS_MAX);
    for domain in &mut domains {
        domain.make_ascii_lowercase();
        if !address::is_domain(domain) {
            let message = format_args!(
                "has {domain:?}; write a host name or an address, without scheme, port and brackets"
            );
            reader.problem(KEY, message);
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    if let Some(domain) = domains.iter().find(|it| !seen.insert(it.as_str())) {
        reader.problem(KEY, format_args!("has {domain} more than once; keep one"));
    }
    domains
}

/// The algorithms, the strongest first, whatever the order they are written in.
fn read_algorithms(reader: &mut Reader<'_>) -> Option<Vec<SipAlgorithm>> {
    const KEY: &str = "digest_algorithms";
    if !reader.has(KEY) {
        return None;
    }
    let mut algorithms = Vec::new();
    let names = reader.parsed_list::<String>(KEY, 8);
    for name in &names {
        match SipAlgorithm::ALL.into_iter().find(|it| it.name() == name) {
            Some(known) => algorithms.push(known),
            None => {
                let known = SipAlgorithm::ALL.map(SipAlgorithm::name).join(", ");
                reader.problem(KEY, format_args!("has {name:?}; it may be {known}"));
            }
        }
    }
    if names.is_empty() {
        reader.problem(KEY, "must name at least one; leave it out for sha_256 and md5");
    }
    algorithms.sort_unstable();
    algorithms.dedup();
    Some(algorithms)
}

/// An address of record.
pub(super) fn read_address(reader: &mut Reader<'_>, name: &str) -> Option<String> {
    let text = reader.short_text(name, URI_CHARACTERS_MAX)?;
    let address = address::read(&text);
    if address.is_none() {
        let message = format_args!(
            "must be an address of record as sip:1001@voice.example.com, without port and \
             parameters, not {text:?}"
        );
        reader.problem(name, message);
    }
    address
}

/// A URI as it is sent.
pub(super) fn read_uri(reader: &mut Reader<'_>, name: &str) -> Option<String> {
    let text = reader.short_text(name, URI_CHARACTERS_MAX)?;
    if !address::is_uri(&text) {
        let message = format_args!(
            "must be a URI as sip:jackfield@pbx.example.com, without headers and angle brackets, not \
             {text:?}"
        );
        reader.problem(name, message);
        return None;
    }
    Some(text)
}
