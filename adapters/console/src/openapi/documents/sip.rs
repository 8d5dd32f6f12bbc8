//! The schema of `sip`, and of a phone's part in it.

use domain::settings::{
    SIP_CREDENTIAL_CHARACTERS_MAX, SIP_DOMAINS_MAX, SIP_NEXT_HOPS_MAX, SIP_SERVERS_MAX,
    SipAlgorithm, SipTransport,
};
use serde_json::{Value, json};

use super::{about, choice, host, kept, list, named, number, object, secret, short, switch, usual};

const USER: &str = "^[A-Za-z0-9_.!~*'()&=+$,-]{1,128}$";
const DOMAIN: &str = "^[A-Za-z0-9._:-]{1,253}$";
const ADDRESS: &str =
    "^[sS][iI][pP]:[A-Za-z0-9_.!~*'()&=+$,-]{1,128}@[A-Za-z0-9._:\\[\\]-]{1,255}$";
const URI: &str = "^[sS][iI][pP][sS]?:[!#-+.-;=@-~-]+$";
const NETWORK: &str = "^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$";
const PROOFS: [&str; 3] = ["digest", "certificate", "digest_or_certificate"];

/// The section.
pub(super) fn schema() -> Value {
    object(
        &[],
        &[
            (
                "domains",
                about(
                    list(named(DOMAIN, 253), SIP_DOMAINS_MAX),
                    "What phones register at; without one SIP is off, and nothing else may be set.",
                ),
            ),
            ("realm", about(named(r#"^[^"\\]*$"#, 253), "The first domain where not set.")),
            ("digest_algorithms", list(choice(&SipAlgorithm::ALL.map(SipAlgorithm::name)), 8)),
            ("nonce_seconds", usual(number(60, 300), 300)),
            ("proof", usual(choice(&PROOFS), "digest_or_certificate")),
            ("phone_expires_seconds", usual(number(60, 3_600), 120)),
            ("expires_seconds_min", usual(number(30, 3_600), 60)),
            ("expires_seconds_max", usual(number(60, 86_400), 3_600)),
            ("flow_timer_seconds", usual(number(30, 3_600), 120)),
            ("timer_t1_milliseconds", usual(number(500, 5_000), 500)),
            ("timer_t2_milliseconds", about(usual(number(500, 32_000), 4_000), "At least T1.")),
            ("timer_t4_milliseconds", usual(number(500, 32_000), 5_000)),
            (
                "reason_element",
                usual(
                    choice(&["reasoncode", "reasonCode", "reason_code", "reason-code"]),
                    "reasoncode",
                ),
            ),
            ("headset_event", usual(named("^[-A-Za-z0-9.!%*_+`'~]+$", 32), "service-control")),
            ("legacy_no_qop", about(list(short(128), 10_000), "Users whose phones know no qop.")),
            ("lenient", usual(switch(), false)),
            (
                "allowed_networks",
                about(list(text(NETWORK, 49), 200), "From everywhere where none is named."),
            ),
            ("next_hops", list(next_hop(), SIP_NEXT_HOPS_MAX)),
        ],
    )
}

/// A phone's part.
pub(super) fn of_device() -> Value {
    object(
        &[("user", named(USER, SIP_CREDENTIAL_CHARACTERS_MAX))],
        &[
            ("password", secret(SIP_CREDENTIAL_CHARACTERS_MAX)),
            ("password_sealed", kept()),
            ("address", about(text(ADDRESS, 512), "Its user at our domains where not set.")),
            ("next_hop", about(short(64), "The next hop that has it.")),
            ("proof", choice(&PROOFS)),
            (
                "remotecc",
                about(usual(switch(), false), "Behind a next hop: is shown pages by SIP."),
            ),
        ],
    )
}

fn next_hop() -> Value {
    let server = object(&[("host", host())], &[("port", number(1, 65_535))]);
    let mut servers = list(server, SIP_SERVERS_MAX);
    if let Some(members) = servers.as_object_mut() {
        members.insert("minItems".to_owned(), json!(1));
    }
    object(
        &[("name", short(64)), ("servers", servers)],
        &[
            ("transport", usual(choice(&SipTransport::ALL.map(SipTransport::name)), "tls")),
            ("ping_seconds", about(usual(number(0, 3_600), 30), "0 for never, or 5 to 3,600.")),
            ("user", short(SIP_CREDENTIAL_CHARACTERS_MAX)),
            ("password", about(secret(SIP_CREDENTIAL_CHARACTERS_MAX), "Beside a user.")),
            ("password_sealed", kept()),
            ("realms", about(list(short(253), 16), "The names of its servers where not set.")),
            ("register_as", about(text(URI, 512), "Where it wants us to register.")),
            ("route", list(text(URI, 512), 8)),
            ("trusted", usual(switch(), false)),
        ],
    )
}

fn text(pattern: &str, characters_max: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": characters_max, "pattern": pattern})
}
