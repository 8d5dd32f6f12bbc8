//! How digital channels stand: mail servers and mailboxes, looked at anew with each question (CCP-11).

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::answer;
use crate::openapi::schema;
use crate::operation::{ADMINISTRATORS, Operation};
use crate::parts::PartCode;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            (Method::GET, "/api/v1/digital-status"),
            "getDigitalStatus",
            "How mail servers and mailboxes stand now",
            ADMINISTRATORS,
            |console, asked| async move {
                let told = console.perform(&asked, "digital_status", json!({})).await?;
                Ok(answer::json(StatusCode::OK, &answer::with_times(told)))
            },
        )
        .tagged("Overview")
        .described(
            "Every mail server that a queue names is reached for the question, both ways, up to its greeting. \
             So is the virus scanner, where the settings name one. \
             Mailboxes stand as the node that reads them has it: this one, or another by its last sign of life.",
        )
        .gives(StatusCode::OK, "How they stand.", schema::reference("DigitalStatus")),
    ]
}

/// The schema of that.
pub(crate) fn digital_status_schema() -> Value {
    let text = || json!({"type": "string"});
    let count = || json!({"type": "integer", "minimum": 0});
    let check = || schema::or_null(schema::open("The check that failed, as a test tells it."));
    let server = schema::told(&[
        ("name", text()),
        ("kind", schema::choice(&["exchange", "office365", "gmail", "imap"])),
        ("imap", schema::about(text(), "Host and port.")),
        ("smtp", schema::about(text(), "Host and port.")),
        ("state", schema::choice(&["reachable", "unreachable", "not_used"])),
        ("reading", check()),
        ("sending", check()),
        ("csqs", json!({"type": "array", "items": text()})),
    ]);
    let servers = schema::told(&[
        (
            "state",
            schema::choice(&[
                "reachable",
                "partly",
                "unreachable",
                "not_configured",
                "not_applicable",
            ]),
        ),
        ("why", schema::or_null(schema::choice(&["no_email_csq", "service_down"]))),
        ("items", json!({"type": "array", "items": server})),
    ]);
    let codes: Vec<_> = PartCode::TABLE.iter().map(|(_, name, _)| *name).collect();
    let mailbox = schema::told(&[
        ("csq", text()),
        ("state", schema::choice(&["working", "unable", "unknown"])),
        ("code", schema::or_null(schema::choice(&codes))),
        ("reason", schema::or_null(text())),
        ("arguments", schema::open("What stands in the places of the reason's words, by name.")),
        (
            "node",
            schema::about(schema::or_null(text()), "Which node reads it, where that is known."),
        ),
        ("last_round_at", schema::or_null(schema::time())),
        ("behind", schema::about(count(), "Mails that could not be fetched yet.")),
        ("waiting", schema::about(count(), "Contacts that wait for an agent.")),
    ]);
    let scanner = schema::told(&[
        (
            "state",
            schema::about(
                schema::choice(&["working", "unable", "off"]),
                "Off where the settings name none.",
            ),
        ),
        ("address", schema::or_null(text())),
        (
            "code",
            schema::or_null(schema::choice(&[
                "unreachable",
                "timed_out",
                "lost",
                "malformed",
                "failed",
            ])),
        ),
        ("why", schema::about(schema::or_null(text()), "All of it, in English.")),
        (
            "when_unreachable",
            schema::about(
                schema::or_null(schema::choice(&["withhold", "allow"])),
                "What happens to files that it cannot look at.",
            ),
        ),
    ]);
    let cache = schema::told(&[
        ("state", schema::choice(&["working", "partly", "unable", "not_applicable"])),
        ("items", json!({"type": "array", "items": mailbox})),
    ]);
    schema::told(&[
        ("node", text()),
        ("at", schema::time()),
        ("mail_servers", servers),
        ("mail_cache", cache),
        ("virus_scanner", scanner),
    ])
}
