//! The schema of each settings document, with the limits that its reader has.

use domain::settings::{
    ACCOUNT_PASSWORD_CHARACTERS_MIN, CLIENT_TEXT_BYTES_MAX, COMPETENCE_MAX, LABEL_CHARACTERS_MAX,
    LINES_MAX, MESSAGE_CHARACTERS_MAX, PASSWORD_CHARACTERS_MAX, PIN_DIGITS_MAX, PIN_DIGITS_MIN,
    PUSH_PASSWORD_CHARACTERS_MAX, SKILL_CHARACTERS_MAX, SKILLS_OF_AGENT_MAX, Section, TrustPurpose,
};
use serde_json::{Value, json};

use super::schema::{
    about, choice, kept, list, named, number, object, secret, short, switch, usual,
};

/// What an agent id, and a local account's name, may hold.
pub(crate) const AGENT_ID: &str = "^[A-Za-z0-9._@-]{1,32}$";
mod alarms;
mod digital;
mod headset;
mod identity;
mod sip;

const EXTENSION: &str = "^[0-9*#+]{1,24}$";
const DEVICE: &str = "^[A-Za-z0-9._-]{1,15}$";
const PAIR: &str = "^[A-Za-z0-9_-]{1,32}$";
const HOST: &str = "^[A-Za-z0-9._:-]{1,253}$";
const ATTRIBUTE: &str = "^[A-Za-z0-9;.-]{1,64}$";
/// Every role.
pub(crate) const ROLES: [&str; 4] = ["agent", "supervisor", "administrator", "report"];
const CATEGORIES: [&str; 3] = ["not_ready", "wrap_up", "sign_out"];
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// The schema of a document of that section. The members that name it may be left out where the path
/// has them.
pub(crate) fn schema(section: Section) -> Value {
    match section {
        Section::Team => object(
            &[],
            &[
                ("name", team()),
                ("pair", about(pair(), "The pair its agents belong to.")),
                ("supervisors", about(list(agent_id(), 100), "Who leads it.")),
                ("layout", about(short(64), "The layout of its calls; `default` where not set.")),
                ("wrap_up_seconds", number(0, 7_200)),
            ],
        ),
        Section::Agent => agent(),
        Section::Reason => object(
            &[("label", about(short(LABEL_CHARACTERS_MAX), "What agents read."))],
            &[
                ("category", choice(&CATEGORIES)),
                ("code", number(0, 65_535)),
                ("teams", about(list(team(), 1_000), "Who may choose it; everybody where empty.")),
            ],
        ),
        Section::Layout => object(
            &[],
            &[
                ("name", short(64)),
                ("header", field()),
                ("left", list(field(), 20)),
                ("right", list(field(), 20)),
            ],
        ),
        Section::Device => object(
            &[],
            &[
                ("name", named(DEVICE, 15)),
                ("description", short(128)),
                ("lines", list(extension(), LINES_MAX)),
                ("profile", usual(switch(), false)),
                (
                    "certificate_sha256",
                    json!({
                        "type": "string",
                        "pattern": "^:*([0-9A-Fa-f]:*){64}$",
                        "description": "Of the certificate that its web server shows.",
                    }),
                ),
                ("sip", about(sip::of_device(), "How it is known in SIP.")),
                ("pair", about(pair(), "The pair whose nodes serve its headset; of phones only.")),
            ],
        ),
        Section::Trust => object(
            &[(
                "certificates",
                json!({
                    "type": "string",
                    "maxLength": 65_536,
                    "pattern": "-----BEGIN CERTIFICATE-----",
                    "description": "One or more certificates as PEM, at most 65,536 bytes, and no key.",
                }),
            )],
            &[
                ("name", short(64)),
                (
                    "purposes",
                    list(
                        choice(&TrustPurpose::ALL.map(TrustPurpose::name)),
                        TrustPurpose::ALL.len(),
                    ),
                ),
            ],
        ),
        Section::CtiPair => cti_pair(),
        Section::Skill => {
            object(&[], &[("name", short(SKILL_CHARACTERS_MAX)), ("description", short(128))])
        }
        Section::Account => account(),
        Section::Directory => directory(),
        Section::Role => object(
            &[
                ("role", choice(&ROLES)),
                ("directory", about(short(64), "A directory's or identity provider's name.")),
            ],
            &[
                ("name", short(64)),
                ("groups", about(list(short(512), 200), "Distinguished names; of directories.")),
                ("users", list(short(320), 1_000)),
                ("teams", list(team(), 1_000)),
            ],
        ),
        Section::PhoneService => phone_service(),
        Section::Voice => object(&[], &[("wrap_up_seconds", usual(number(0, 7_200), 0))]),
        Section::Headset => headset::schema(),
        Section::Logging => logging(),
        Section::Alarms => alarms::schema(),
        Section::Proxies => object(
            &[],
            &[("http", proxy(3_128)), ("socks", proxy(1_080)), ("except", list(short(253), 200))],
        ),
        Section::SignOn => object(
            &[],
            &[
                (
                    "message",
                    json!({
                        "type": ["string", "integer"],
                        "maxLength": MESSAGE_CHARACTERS_MAX,
                        "minimum": 0,
                        "description": "Must be acknowledged before anybody signs in.",
                    }),
                ),
                ("idle_minutes", usual(number(5, 1_440), 30)),
                ("session_hours", usual(number(1, 168), 12)),
                ("token_days_max", usual(number(1, 3_650), 365)),
                ("administrators_need_totp", usual(switch(), false)),
            ],
        ),
        Section::Retention => object(
            &[],
            &[
                ("audit_days", usual(number(30, 3_650), 400)),
                ("headset_days", usual(number(30, 3_650), 400)),
                ("contact_days", usual(number(30, 3_650), 400)),
            ],
        ),
        Section::Sip => sip::schema(),
        Section::Identity => identity::service(),
        Section::IdentityProvider => identity::provider(),
        Section::OauthClient => identity::client(),
        Section::Mail => digital::mail(),
        Section::MailServer => digital::mail_server(),
        Section::Csq => digital::csq(),
        Section::PredefinedResponse => digital::predefined_response(),
        Section::WrapUpCategory => digital::wrap_up_category(),
        Section::EmailSignature => digital::email_signature(),
        Section::Channels => digital::channels(),
    }
}

/// An agent's id.
pub(crate) fn agent_id() -> Value {
    named(AGENT_ID, 32)
}

/// A team's name.
pub(crate) fn team() -> Value {
    short(64)
}

fn extension() -> Value {
    named(EXTENSION, 24)
}

fn pair() -> Value {
    named(PAIR, 32)
}

fn host() -> Value {
    named(HOST, 253)
}

fn attribute(name: &str) -> Value {
    usual(named(ATTRIBUTE, 64), name)
}

fn field() -> Value {
    object(&[("label", short(50)), ("variable", short(50))], &[])
}

fn agent() -> Value {
    let competence = number(1, u64::from(COMPETENCE_MAX));
    let pin = json!({
        "type": "string",
        "minLength": PIN_DIGITS_MIN,
        "maxLength": PIN_DIGITS_MAX,
        "pattern": "^[0-9]*$",
        "writeOnly": true,
    });
    object(
        &[],
        &[
            ("id", about(agent_id(), "What they type at sign-in.")),
            ("name", about(short(64), "How they are called; the id where not set.")),
            ("team", team()),
            ("pair", pair()),
            ("alias", about(short(64), "How customers see them.")),
            (
                "skills",
                json!({
                    "type": "object",
                    "additionalProperties": competence,
                    "maxProperties": SKILLS_OF_AGENT_MAX,
                    "description": "Their competence in each skill.",
                }),
            ),
            ("origin", about(short(64), "The directory they were taken over from.")),
            ("extension", extension()),
            ("roles", list(choice(&ROLES), 4)),
            ("password", about(secret(PASSWORD_CHARACTERS_MAX), "In the clear; a hash is kept.")),
            ("password_hash", kept()),
            ("pin", about(pin, "For phones under single sign-on, in the clear; a hash is kept.")),
            ("pin_hash", kept()),
        ],
    )
}

fn account() -> Value {
    let mut password = secret(PASSWORD_CHARACTERS_MAX);
    if let Some(members) = password.as_object_mut() {
        members.insert("minLength".to_owned(), json!(ACCOUNT_PASSWORD_CHARACTERS_MIN));
    }
    let mut roles = list(choice(&ROLES), 4);
    if let Some(members) = roles.as_object_mut() {
        members.insert("minItems".to_owned(), json!(1));
    }
    object(
        &[("roles", roles)],
        &[
            ("name", agent_id()),
            ("description", short(128)),
            ("password", about(password, "In the clear; a hash is kept.")),
            ("password_hash", kept()),
            ("totp", about(secret(128), "The key of the second factor: 26 to 128 of base32.")),
            ("totp_sealed", kept()),
            ("disabled", usual(switch(), false)),
        ],
    )
}

fn cti_pair() -> Value {
    let side = || {
        about(
            json!({"type": "string", "maxLength": 300, "pattern": "^.+:[0-9]{1,5}$"}),
            "host:port, an IPv6 address in brackets.",
        )
    };
    object(
        &[("side_a", side())],
        &[
            ("name", pair()),
            ("dialect", usual(choice(&["enterprise", "express"]), "enterprise")),
            ("side_b", side()),
            ("version", about(number(9, 25), "9 to 25 (24), on Express 10 to 18 (14).")),
            ("tag_width", number(1, 2)),
            (
                "peripheral_id",
                about(number(0, 0xFFFF_FFFE), "Must be there, but on Express, where it is 1."),
            ),
            ("client_id", usual(short(CLIENT_TEXT_BYTES_MAX), "jackfield")),
            ("client_password", secret(CLIENT_TEXT_BYTES_MAX)),
            ("client_password_sealed", kept()),
            ("heartbeat_seconds", about(number(0, 600), "0, or 5 to 600 (Express 59).")),
            ("reconnect_seconds", about(number(0, 1_800), "0 for 300, or 120 to 1,800.")),
            ("request_seconds", usual(number(1, 60), 5)),
            ("open_seconds", usual(number(5, 120), 30)),
            ("sessions", usual(choice(&["per_node", "one"]), "per_node")),
            ("logout_reason", usual(number(0, 65_535), 255)),
            ("rmcm_user", short(128)),
            ("primary_node", host()),
            ("secondary_node", host()),
        ],
    )
}

fn directory() -> Value {
    let server = object(&[("host", host())], &[("port", number(1, 65_535))]);
    let mut servers = list(server, 4);
    if let Some(members) = servers.as_object_mut() {
        members.insert("minItems".to_owned(), json!(1));
    }
    let group = object(&[("group", short(512)), ("team", team())], &[]);
    let sync = object(
        &[("filter", short(512))],
        &[
            ("every_minutes", usual(number(5, 1_440), 60)),
            ("extension_attribute", named(ATTRIBUTE, 64)),
            ("teams", list(group, 1_000)),
            ("removal_percent_max", usual(number(1, 100), 20)),
        ],
    );
    object(
        &[("servers", servers), ("bind_dn", short(512)), ("base_dn", short(512))],
        &[
            ("name", short(64)),
            ("security", usual(choice(&["ldaps", "start_tls", "plain"]), "ldaps")),
            ("bind_password", about(secret(256), "Must be there, in the clear or kept.")),
            ("bind_password_sealed", kept()),
            ("user_filter", about(short(512), "An LDAP filter that contains {user}.")),
            ("id_attribute", attribute("uid")),
            ("name_attribute", attribute("cn")),
            ("group_attribute", attribute("memberOf")),
            ("group_base_dn", short(512)),
            ("timeout_seconds", usual(number(1, 60), 5)),
            ("sync", sync),
        ],
    )
}

fn phone_service() -> Value {
    let limit = object(&[("model", short(32)), ("characters_max", number(4, 64))], &[]);
    let push = object(
        &[("user", named("^[ -9;-~]{1,95}$", PUSH_PASSWORD_CHARACTERS_MAX))],
        &[
            ("password", about(secret(PUSH_PASSWORD_CHARACTERS_MAX), "Printable ASCII.")),
            ("password_sealed", kept()),
            ("port", usual(number(1, 65_535), 443)),
        ],
    );
    let alternate = json!({"type": "string", "minLength": 1, "maxLength": 64});
    object(
        &[],
        &[
            ("devices", usual(choice(&["any", "listed"]), "any")),
            ("mobile_agents", usual(switch(), false)),
            (
                "inactivity_seconds",
                about(usual(number(0, 86_400), 120), "0 for never, or 120 to 86,400."),
            ),
            (
                "home_refresh_seconds",
                about(usual(number(5, 600), 15), "At most half of inactivity_seconds."),
            ),
            ("cookie_idle_minutes", usual(number(0, 1_440), 30)),
            ("form_method", usual(choice(&["get", "post"]), "get")),
            ("label_limits", list(limit, 100)),
            (
                "alternates",
                json!({
                    "type": "object",
                    "additionalProperties": alternate,
                    "propertyNames": {"pattern": "^[A-Za-z0-9.-]{1,253}$"},
                    "maxProperties": 100,
                    "description": "What the service to use instead of each node's is called.",
                }),
            ),
            ("push", push),
            (
                "single_sign_on_pin",
                about(
                    usual(switch(), false),
                    "Agents sign in at phones with a PIN, or not at all.",
                ),
            ),
        ],
    )
}

fn logging() -> Value {
    let receiver = object(
        &[("name", short(64)), ("host", host())],
        &[
            ("port", number(1, 65_535)),
            ("transport", usual(choice(&["udp", "tcp", "tls"]), "tls")),
            ("framing", about(choice(&["octet_counting", "newline"]), "For tcp only.")),
            ("facility", usual(number(0, 23), 16)),
            ("level", usual(choice(&LEVELS), "info")),
        ],
    );
    object(
        &[],
        &[
            ("level", choice(&LEVELS)),
            ("syslog", list(receiver, 8)),
            ("enterprise_number", usual(number(1, u64::from(u32::MAX)), 32_473)),
        ],
    )
}

fn proxy(port: u64) -> Value {
    object(
        &[("host", host())],
        &[
            ("port", usual(number(1, 65_535), port)),
            ("user", short(128)),
            ("password", about(secret(255), "Only beside a user.")),
            ("password_sealed", kept()),
        ],
    )
}
