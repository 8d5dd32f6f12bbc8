//! The schema of alarms.

use domain::settings::{ALARM_ADDRESSES_MAX, ALARM_PARTS, ALARM_RECEIVERS_MAX, ALARM_RULES_MAX};
use serde_json::{Value, json};

use super::super::schema::{
    about, choice, kept, list, number, object, secret, short, switch, usual,
};
use super::host;

const SEVERITIES: [&str; 2] = ["warning", "critical"];

/// Alarms of the deployment.
pub(super) fn schema() -> Value {
    object(
        &[],
        &[
            ("enabled", usual(switch(), true)),
            (
                "per_minute_max",
                about(
                    usual(number(1, 60), 10),
                    "The most messages to one receiver in a minute; what is more comes as one.",
                ),
            ),
            ("receivers", list(receiver(), ALARM_RECEIVERS_MAX)),
            ("rules", about(list(rule(), ALARM_RULES_MAX), "The first that fits a part counts.")),
        ],
    )
}

fn receiver() -> Value {
    let url = json!({
        "type": "string",
        "maxLength": 1_024,
        "pattern": "^https://[^/?#@ ]+(/[^# ]*)?$",
        "description": "https alone; administrators read it, so a secret is better kept in signing_secret.",
    });
    let webhook = object(
        &[("url", url)],
        &[
            ("signing_secret", about(secret(255), "Messages are signed with it.")),
            ("signing_secret_sealed", kept()),
            ("proxy", about(usual(switch(), false), "Whether it is reached by the HTTP proxy.")),
        ],
    );
    let address =
        || json!({"type": "string", "maxLength": 254, "pattern": "^[^@<>, ]+@[A-Za-z0-9.-]+$"});
    let mut to = list(address(), ALARM_ADDRESSES_MAX);
    if let Some(members) = to.as_object_mut() {
        members.insert("minItems".to_owned(), json!(1));
    }
    let mail = object(
        &[("host", host()), ("from", address()), ("to", to)],
        &[
            ("port", number(1, 65_535)),
            ("security", usual(choice(&["tls", "start_tls", "plain"]), "start_tls")),
            ("user", short(128)),
            ("password", about(secret(255), "Only beside a user, and never with plain.")),
            ("password_sealed", kept()),
        ],
    );
    object(
        &[("name", short(64))],
        &[
            (
                "severity",
                about(
                    usual(choice(&SEVERITIES), "warning"),
                    "So grave ones are told, and graver ones.",
                ),
            ),
            ("webhook", about(webhook, "Either that or mail.")),
            ("mail", mail),
        ],
    )
}

fn rule() -> Value {
    let time = || json!({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"});
    object(
        &[("part", choice(&ALARM_PARTS))],
        &[
            ("name", about(short(253), "The part of that name alone.")),
            ("state", about(choice(&["partial", "missing"]), "In that state alone.")),
            ("enabled", usual(switch(), true)),
            ("severity", choice(&SEVERITIES)),
            ("after_seconds", about(number(0, 86_400), "How long it must be so.")),
            ("again_minutes", about(number(0, 10_080), "Told again after that; 0 for never.")),
            ("from", about(time(), "In UTC; what began before is told then.")),
            ("until", time()),
        ],
    )
}
