//! The schemas of digital contacts' settings: mail servers, CSQs, what agents put into answers, channels.

use domain::settings::{
    ACKNOWLEDGEMENT_CHARACTERS_MAX, ACKNOWLEDGEMENT_SUBJECT_CHARACTERS_MAX, ALIASES_MAX,
    COMPETENCE_MAX, CSQ_CHARACTERS_MAX, CSQS_MAX, CSQS_OF_TAG_MAX, Channel, FOLDER_CHARACTERS_MAX,
    FRAME_ORIGINS_MAX, GOOGLE_KEY_CHARACTERS_MAX, GOOGLE_TOKEN_HOST, MailProof, MailServerKind,
    PROOF_SECONDS, PROOF_SECONDS_MAX, PROOF_SECONDS_MIN, RESPONSE_CHARACTERS_MAX,
    RESPONSE_TITLE_CHARACTERS_MAX, SCAN_BYTES_MAX, SCAN_BYTES_RANGE, SIGNATURE_NAME_CHARACTERS_MAX,
    SKILLS_OF_AGENT_MAX, SUBJECT_TAG_CHARACTERS_MAX, SUBJECT_TAGS_MAX, Selection,
    SubmissionSecurity, TOKEN_HOSTS_MAX, TokenMechanism, URL_BYTES_MAX, UnclearSending, Unscanned,
    WRAP_UP_CHARACTERS_MAX, WRAP_UP_REASONS_MAX,
};
use serde_json::{Value, json};

use super::super::schema::{
    about, choice, kept, list, named, number, object, secret, short, switch, usual,
};

const HOST_NAME: &str = "^[A-Za-z0-9._-]{1,253}$";
const ADDRESS: &str = "^[^@<>, ]+@[A-Za-z0-9.-]+$";
const ORIGIN: &str = "^https://[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?/?$";
const HTTPS: &str = "^https://[^/?#@ ]+(/[^# ]*)?$";

/// What holds for all mail.
pub(super) fn mail() -> Value {
    let tag = short(SUBJECT_TAG_CHARACTERS_MAX);
    let hosts = list(host(), TOKEN_HOSTS_MAX);
    object(
        &[],
        &[
            (
                "authentication_server_id",
                about(host(), "Whose Authentication-Results count; nobody's where not set."),
            ),
            (
                "subject_tags",
                about(list(tag, SUBJECT_TAGS_MAX), "What is put in front of subjects on the way."),
            ),
            (
                "joins_by_subject_days",
                about(usual(number(0, 365), 14), "0 for never by the subject alone."),
            ),
            ("allowed_token_hosts", usual(hosts, json!([GOOGLE_TOKEN_HOST]))),
            ("raw_megabytes_max", usual(number(1, 150), 35)),
            ("acknowledgements_per_hour_max", usual(number(0, 10_000), 200)),
        ],
    )
}

/// A mail server.
pub(super) fn mail_server() -> Value {
    let url = json!({
        "type": "string",
        "format": "uri-template",
        "maxLength": URL_BYTES_MAX,
        "description": "Of office365 and gmail; {tenant} stands for the tenant.",
    });
    object(
        &[
            ("kind", choice(&MailServerKind::NAMED.map(|(name, _)| name))),
            ("imap_host", host()),
            ("smtp_host", host()),
        ],
        &[
            ("name", short(64)),
            ("imap_port", usual(number(1, 65_535), 993)),
            ("smtp_port", about(number(1, 65_535), "587, with tls 465, where not set.")),
            (
                "smtp_security",
                usual(choice(&SubmissionSecurity::NAMED.map(|(name, _)| name)), "start_tls"),
            ),
            ("sent_folder", about(folder(), "The kind's English one where not set.")),
            ("http_proxy", about(usual(switch(), false), "Takes one in proxies.")),
            ("socks_proxy", about(usual(switch(), false), "Takes one in proxies.")),
            ("token_url", url),
            ("token_scope", about(short(512), "Of office365 and gmail.")),
            ("mechanism", usual(choice(&TokenMechanism::NAMED.map(|(name, _)| name)), "xoauth2")),
            (
                "unclear_sending",
                about(
                    choice(&UnclearSending::NAMED.map(|(name, _)| name)),
                    "What happens to an answer of which nobody knows whether the server took it. Where not set: \
                     repeat for office365 and gmail, own_copy for exchange and imap.",
                ),
            ),
            (
                "proof_seconds",
                about(
                    usual(
                        number(u64::from(PROOF_SECONDS_MIN), u64::from(PROOF_SECONDS_MAX)),
                        PROOF_SECONDS,
                    ),
                    "How long a copy of an answer, or its place among the sent mails, may take to show.",
                ),
            ),
            ("description", short(128)),
        ],
    )
}

/// A contact service queue.
pub(super) fn csq() -> Value {
    let skills = json!({
        "type": "object",
        "additionalProperties": number(1, u64::from(COMPETENCE_MAX)),
        "minProperties": 1,
        "maxProperties": SKILLS_OF_AGENT_MAX,
        "description": "The least competence in each skill.",
    });
    object(
        &[("skills", skills)],
        &[
            ("name", short(CSQ_CHARACTERS_MAX)),
            ("channel", channel()),
            (
                "selection",
                usual(choice(&Selection::NAMED.map(|(name, _)| name)), "longest_available"),
            ),
            ("email", about(mailbox(), "Of email CSQs alone, which must have it.")),
        ],
    )
}

fn mailbox() -> Value {
    let proof = || choice(&MailProof::NAMED.map(|(name, _)| name));
    let acknowledgement = object(
        &[
            ("subject", short(ACKNOWLEDGEMENT_SUBJECT_CHARACTERS_MAX)),
            ("text", long(ACKNOWLEDGEMENT_CHARACTERS_MAX)),
        ],
        &[],
    );
    let mut key = about(
        secret(GOOGLE_KEY_CHARACTERS_MAX),
        "The JSON file of a service account; of gmail with oauth.",
    );
    if let Some(members) = key.as_object_mut() {
        members.insert("contentMediaType".to_owned(), json!("application/json"));
    }
    let day = json!({
        "type": "string",
        "pattern": "^2[0-9]{3}-[0-9]{2}-[0-9]{2}$",
        "examples": ["2027-03-31"],
        "description": "The last day on which the secret holds.",
    });
    object(
        &[("mail_server", short(64)), ("address", address())],
        &[
            ("user_name", about(short(320), "The address where not set.")),
            ("password", about(secret(256), "Must be there with basic, but for gmail.")),
            ("password_sealed", kept()),
            ("reading", about(proof(), "basic, of office365 oauth alone.")),
            ("sending", usual(proof(), "basic")),
            ("google_key", key),
            ("google_key_sealed", kept()),
            ("tenant", about(named("^[A-Za-z0-9.-]{1,128}$", 128), "Of office365 alone.")),
            ("client_id", about(short(128), "Of office365 alone.")),
            ("client_secret", about(secret(256), "Of office365 alone.")),
            ("client_secret_sealed", kept()),
            ("client_secret_expires_on", day),
            ("inbox_folder", usual(folder(), "INBOX")),
            ("sent_folder", about(folder(), "The mail server's where not set.")),
            ("poll_seconds", usual(number(60, 3_600), 180)),
            (
                "snapshot_minutes",
                about(usual(number(60, 43_200), 120), "How old mails of a first reading may be."),
            ),
            (
                "is_snapshot_strict",
                about(usual(switch(), false), "Older mails are left out later too."),
            ),
            (
                "aliases",
                about(list(address(), ALIASES_MAX), "Further addresses that come in here."),
            ),
            ("acknowledgement", about(acknowledgement, "Sent at once, never to automatic mail.")),
        ],
    )
}

/// A predefined response.
pub(super) fn predefined_response() -> Value {
    let title = json!({
        "type": ["string", "integer"],
        "minLength": 1,
        "maxLength": RESPONSE_TITLE_CHARACTERS_MAX,
        "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f<>()\"|]*$",
        "minimum": 0,
    });
    object(
        &[("text", about(long(RESPONSE_CHARACTERS_MAX), "HTML for emails, plain for chats."))],
        &[("title", title), ("channel", channel()), ("csqs", csqs(CSQS_OF_TAG_MAX))],
    )
}

/// A wrap-up category.
pub(super) fn wrap_up_category() -> Value {
    let mut reasons = list(short(WRAP_UP_CHARACTERS_MAX), WRAP_UP_REASONS_MAX);
    if let Some(members) = reasons.as_object_mut() {
        members.insert("minItems".to_owned(), json!(1));
    }
    object(
        &[("reasons", reasons)],
        &[("name", short(WRAP_UP_CHARACTERS_MAX)), ("csqs", csqs(CSQS_MAX))],
    )
}

/// An email signature.
pub(super) fn email_signature() -> Value {
    object(
        &[(
            "content",
            about(long(RESPONSE_CHARACTERS_MAX), "HTML; {{agent-alias}} stands for the agent."),
        )],
        &[("name", short(SIGNATURE_NAME_CHARACTERS_MAX)), ("csqs", csqs(CSQS_OF_TAG_MAX))],
    )
}

/// What holds for all digital contacts.
pub(super) fn channels() -> Value {
    let url = json!({"type": "string", "format": "uri", "maxLength": URL_BYTES_MAX,
                     "pattern": HTTPS});
    let origin = json!({"type": "string", "maxLength": URL_BYTES_MAX, "pattern": ORIGIN});
    let records = object(
        &[("url", url)],
        &[
            ("secret", about(secret(256), "What records are signed with.")),
            ("secret_sealed", kept()),
        ],
    );
    let address = json!({"type": "string", "maxLength": 300});
    let bytes = number(u64::from(*SCAN_BYTES_RANGE.start()), u64::from(*SCAN_BYTES_RANGE.end()));
    let scanner = object(
        &[("address", about(address, "host:port, or unix: and an absolute path."))],
        &[
            (
                "scan_bytes_max",
                about(usual(bytes, SCAN_BYTES_MAX), "Files with more bytes are not given to it."),
            ),
            (
                "when_unreachable",
                about(
                    usual(choice(&Unscanned::NAMED.map(|(name, _)| name)), "withhold"),
                    "Whether files that it could not look at are opened and added.",
                ),
            ),
        ],
    );
    object(
        &[],
        &[
            ("no_answer_seconds", usual(number(5, 600), 30)),
            ("join_minutes", usual(number(1, 60), 1)),
            ("inactivity_minutes", usual(number(1, 1_440), 5)),
            ("is_chat_while_on_voice", usual(switch(), true)),
            ("is_voice_while_on_chat", usual(switch(), true)),
            ("chats_per_agent", usual(number(1, 5), 3)),
            ("emails_per_agent", usual(number(1, 5), 3)),
            ("sticky_email_hours", usual(number(1, 120), 4)),
            ("customer_records", about(records, "Where records of contacts are sent.")),
            (
                "virus_scanner",
                about(scanner, "What looks at files before anybody gets them; clamd's protocol."),
            ),
            (
                "workspace_frame_origins",
                about(
                    list(origin, FRAME_ORIGINS_MAX),
                    "Whose pages may show the workspace within them.",
                ),
            ),
        ],
    )
}

fn channel() -> Value {
    usual(choice(&Channel::NAMED.map(|(name, _)| name)), "email")
}

fn csqs(most: usize) -> Value {
    about(list(short(CSQ_CHARACTERS_MAX), most), "All of them where empty.")
}

fn host() -> Value {
    named(HOST_NAME, 253)
}

fn folder() -> Value {
    short(FOLDER_CHARACTERS_MAX)
}

fn address() -> Value {
    json!({"type": "string", "maxLength": 254, "pattern": ADDRESS})
}

/// A text of several lines.
fn long(characters_max: usize) -> Value {
    json!({
        "type": ["string", "integer"],
        "minLength": 1,
        "maxLength": characters_max,
        "minimum": 0,
    })
}
