//! What is told and taken, as JSON schemas. An object that is told may have further members in later versions; what is
//! taken may not.

use domain::mail::RECIPIENTS_MAX;
use domain::settings::{COMPETENCE_MAX, SKILLS_OF_AGENT_MAX};
use serde_json::{Map, Value, json};

/// One of the named ones.
pub(super) fn named(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// An object with those members and no others; the second ones may be missing.
pub(super) fn object(required: &[(&str, Value)], others: &[(&str, Value)]) -> Value {
    let properties: Map<_, _> = required
        .iter()
        .chain(others)
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    let names: Vec<_> = required.iter().map(|(name, _)| name).collect();
    json!({
        "type": "object", "properties": properties, "required": names,
        "additionalProperties": false,
    })
}

pub(super) fn list(of: Value) -> Value {
    json!({"type": "array", "items": of})
}

pub(super) fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

pub(super) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub(super) fn id() -> Value {
    json!({"type": "string", "pattern": "^[0-9a-f]{32}$"})
}

pub(super) fn name() -> Value {
    json!({"type": "string", "minLength": 1})
}

pub(super) fn reason_code() -> Value {
    or_null(json!({"type": "integer", "minimum": 0, "maximum": 65_535}))
}

fn text() -> Value {
    json!({"type": "string"})
}

fn flag() -> Value {
    json!({"type": "boolean"})
}

fn choice(of: &[&str]) -> Value {
    json!({"type": "string", "enum": of})
}

fn reasons() -> Value {
    object(&[("not_ready", list(named("Reason"))), ("sign_out", list(named("Reason")))], &[])
}

fn skills() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "integer", "minimum": 1, "maximum": COMPETENCE_MAX}})
}

/// Every named one.
pub(super) fn all() -> Value {
    let mut all = Map::new();
    for (name, schema) in people().into_iter().chain(contacts()).chain(mails()).chain(teams()) {
        all.insert(name.to_owned(), schema);
    }
    Value::Object(all)
}

fn people() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Problem",
            object(
                &[
                    ("type", text()),
                    ("status", count()),
                    ("code", json!({"type": "string", "pattern": "^[a-z_]+$"})),
                    ("title", text()),
                    ("detail", text()),
                    ("reference", text()),
                ],
                &[("errors", list(object(&[("field", text()), ("message", text())], &[])))],
            ),
        ),
        ("Reason", object(&[("code", count()), ("label", text())], &[])),
        (
            "StateWish",
            object(&[("state", choice(&["ready", "not_ready"]))], &[("reason", reason_code())]),
        ),
        (
            "Desk",
            or_null(object(
                &[
                    ("number", json!({"type": "string", "pattern": "^[0-9a-f]{16}$"})),
                    ("state", choice(&["ready", "not_ready"])),
                    ("reason", reason_code()),
                    ("since", time()),
                    ("signed_in_at", time()),
                    ("contacts", list(id())),
                    ("has_extension", flag()),
                    ("changes", count()),
                ],
                &[],
            )),
        ),
        (
            "Voice",
            or_null(json!({
                "type": "object",
                "description": "The state of calls, where the agent has a line; further members belong to single states.",
                "properties": {
                    "state": name(),
                    "extension": name(),
                    "since": time(),
                    "reason": reason_code(),
                    "pending": true,
                    "until": or_null(time()),
                    "not_known_since": or_null(time()),
                },
                "required": ["state", "extension", "since", "pending", "until", "not_known_since"],
            })),
        ),
        (
            "Me",
            object(
                &[
                    ("agent", or_null(name())),
                    ("name", text()),
                    ("roles", list(choice(&["administrator", "supervisor", "agent", "report"]))),
                    ("desk", named("Desk")),
                    ("voice", named("Voice")),
                    ("reasons", reasons()),
                    ("csqs", list(object(&[("name", name())], &[]))),
                    ("emails_per_agent", count()),
                    ("settings_number", count()),
                    ("can_supervise", flag()),
                    (
                        "scans_files",
                        json!({"type": "boolean", "description": "Whether files pass a virus scanner before they are given."}),
                    ),
                ],
                &[
                    ("alias", or_null(text())),
                    ("extension", or_null(name())),
                    ("needs_password_for_voice", flag()),
                ],
            ),
        ),
    ]
}

/// The members of a contact in lists.
fn contact() -> Vec<(&'static str, Value)> {
    vec![
        ("id", id()),
        ("channel", choice(&["email", "chat"])),
        ("csq", name()),
        ("customer", named("Address")),
        ("subject", text()),
        ("arrived_at", time()),
        ("received_at", time()),
        ("waiting_since", time()),
        ("state", choice(&["queued", "active", "closed"])),
        ("agent", or_null(name())),
        ("since", or_null(time())),
        ("closed_at", or_null(time())),
        ("how", or_null(choice(&["replied", "forwarded", "discarded"]))),
        ("begun", flag()),
        ("names", or_null(id())),
        ("automatic", flag()),
        ("notice", or_null(choice(&["unreadable", "too_large", "encrypted", "cannot_fetch"]))),
        ("is_plain_text", flag()),
        ("is_unverified", flag()),
        ("sticky", or_null(object(&[("agent", name()), ("until", time())], &[]))),
        ("wrap_up", list(named("Choice"))),
    ]
}

fn contacts() -> Vec<(&'static str, Value)> {
    let in_list = [contact(), vec![("conversation", id())]].concat();
    let open = [
        contact(),
        vec![
            ("mail", or_null(named("Mail"))),
            ("conversation", list(named("Leg"))),
            (
                "conversation_is_cut",
                json!({"type": "boolean", "description": "Whether it has older mails than are told."}),
            ),
            ("has_raw", flag()),
            ("names_is_readable", flag()),
            ("notes", list(named("Note"))),
            ("failed_answer", or_null(named("Note"))),
            ("earlier", list(named("Contact"))),
            ("draft", or_null(named("Draft"))),
            ("predefined", list(object(&[("title", text()), ("text", text())], &[]))),
            (
                "wrap_up_categories",
                list(object(&[("name", text()), ("reasons", list(text()))], &[])),
            ),
            ("signature", flag()),
            (
                "recipients",
                object(
                    &[
                        ("reply", or_null(named("Recipients"))),
                        ("reply_all", or_null(named("Recipients"))),
                    ],
                    &[],
                ),
            ),
            ("is_mine", flag()),
        ],
    ]
    .concat();
    vec![
        ("Address", object(&[("name", text()), ("address", text())], &[])),
        ("Choice", object(&[("category", text()), ("reason", text())], &[])),
        ("Chosen", object(&[("chosen", list(named("Choice")))], &[])),
        ("Contact", object(&in_list, &[])),
        ("OpenContact", object(&open, &[])),
        (
            "Recipients",
            object(
                &[
                    ("to", list(named("Address"))),
                    ("cc", list(named("Address"))),
                    ("left_out", count()),
                ],
                &[],
            ),
        ),
        (
            "Note",
            object(
                &[
                    ("at", time()),
                    ("contact", or_null(id())),
                    ("is_ours", flag()),
                    ("recipient", text()),
                    ("action", text()),
                    ("status", text()),
                ],
                &[],
            ),
        ),
        (
            "Leg",
            object(
                &[
                    ("id", id()),
                    ("at", time()),
                    ("direction", choice(&["in", "out"])),
                    ("from", named("Address")),
                    ("subject", text()),
                ],
                &[
                    ("state", choice(&["sending", "delayed", "sent", "unknown", "failed"])),
                    ("reason", or_null(text())),
                    ("next_try_at", or_null(time())),
                    ("agent", or_null(name())),
                    ("to", list(text())),
                    ("cc", list(text())),
                    ("files", list(object(&[("name", text()), ("bytes", count())], &[]))),
                    ("csq", name()),
                    ("how", or_null(text())),
                ],
            ),
        ),
    ]
}

fn file(more: &[(&str, Value)]) -> Value {
    let members =
        [("name", text()), ("media_type", text()), ("bytes", count()), ("is_inline", flag())];
    object(&[more, &members].concat(), &[])
}

fn mails() -> Vec<(&'static str, Value)> {
    let addresses =
        || json!({"type": "array", "items": {"type": "string"}, "maxItems": RECIPIENTS_MAX});
    let writing = [
        ("to", addresses()),
        ("cc", addresses()),
        ("bcc", addresses()),
        ("subject", json!({"type": "string", "maxLength": 500})),
        ("html", text()),
    ];
    let mode = ("mode", choice(&["reply", "reply_all", "forward"]));
    vec![
        (
            "Writing",
            object(std::slice::from_ref(&mode), &[&writing[..], &[("version", count())]].concat()),
        ),
        (
            "Draft",
            object(
                &[
                    ("version", count()),
                    ("saved_at", time()),
                    ("by", name()),
                    ("files", list(named("AnswerFile"))),
                ],
                &[&writing[..], std::slice::from_ref(&mode)].concat(),
            ),
        ),
        ("AnswerFile", file(&[("id", id())])),
        ("Attachment", file(&[("number", count())])),
        (
            "Mail",
            object(
                &[
                    ("text", text()),
                    ("has_html", flag()),
                    ("html", or_null(text())),
                    ("from", or_null(named("Address"))),
                    ("reply_to", or_null(named("Address"))),
                    ("to", list(named("Address"))),
                    ("cc", list(named("Address"))),
                    ("subject", text()),
                    ("sent_at", or_null(time())),
                    ("received_at", time()),
                    ("has_remote_content", flag()),
                    ("is_plain_text", flag()),
                    ("is_cut", flag()),
                    ("is_unverified", flag()),
                    ("has_several_from", flag()),
                    ("notices", list(text())),
                    ("attachments", list(named("Attachment"))),
                ],
                &[],
            ),
        ),
    ]
}

fn teams() -> Vec<(&'static str, Value)> {
    let agent = object(
        &[
            ("agent", name()),
            ("name", text()),
            ("team", or_null(name())),
            ("skills", skills()),
            ("desk", named("Desk")),
            ("voice", named("Voice")),
            ("done", named("Work")),
            ("contacts", list(named("Contact"))),
        ],
        &[],
    );
    let queue = object(
        &[
            ("csq", name()),
            (
                "is_gone",
                json!({"type": "boolean", "description": "Whether the settings have it no more."}),
            ),
            ("selection", or_null(name())),
            ("skills", skills()),
            ("waiting", count()),
            ("active", count()),
            ("longest_since", or_null(time())),
            ("sticky_waiting", count()),
            ("sticky", list(id())),
            ("contacts", list(named("Contact"))),
        ],
        &[],
    );
    let series =
        object(&[("name", name()), ("values", list(json!({"type": ["integer", "null"]})))], &[]);
    let history = object(
        &[
            ("step_seconds", count()),
            ("ends_at", time()),
            ("series", list(series.clone())),
            ("in_hand", list(series.clone())),
            ("agents", list(series)),
        ],
        &[],
    );
    let seconds = || json!({"type": ["integer", "null"], "minimum": 0});
    let work = object(
        &[
            ("replied", count()),
            ("forwarded", count()),
            ("discarded", count()),
            ("requeued", count()),
            ("taken", count()),
            ("in_hand", count()),
            ("handling_mean_seconds", seconds()),
            ("handling_longest_seconds", seconds()),
        ],
        &[],
    );
    let waits =
        object(&[("csq", name()), ("waiting", count()), ("longest_since", or_null(time()))], &[]);
    let given = json!({
        "type": "object",
        "maxProperties": SKILLS_OF_AGENT_MAX,
        "additionalProperties": {"type": "integer", "minimum": 1, "maximum": COMPETENCE_MAX},
    });
    vec![
        ("SkillsWish", object(&[("skills", given)], &[])),
        ("Work", work),
        (
            "Numbers",
            object(
                &[
                    ("since", time()),
                    ("is_whole", flag()),
                    ("own", named("Work")),
                    ("queues", list(waits)),
                ],
                &[],
            ),
        ),
        (
            "Team",
            object(
                &[("queues", list(queue))],
                &[
                    ("agents", list(agent)),
                    ("since", time()),
                    ("is_whole", flag()),
                    ("history", history),
                    ("skills", list(name())),
                    ("emails_per_agent", count()),
                ],
            ),
        ),
    ]
}
