//! The codes of problems: what each stands for, and its status.

use http::StatusCode;

/// Each code with its status and title. Codes never change what they mean.
pub(crate) const CODES: &[(&str, u16, &str)] = &[
    ("bad_json", 400, "The body is no JSON that can be taken"),
    ("bad_query", 400, "The query cannot be taken"),
    ("bad_header", 400, "A header field cannot be taken"),
    ("unexpected_body", 400, "No body is expected here"),
    ("unauthorized", 401, "Sign in first"),
    ("wrong", 401, "The account or the password is wrong"),
    ("one_time_needed", 401, "A one-time password is needed"),
    ("one_time_wrong", 401, "The one-time password is wrong or was used"),
    ("link_over", 401, "The set-up link is wrong or over"),
    ("forbidden", 403, "Not allowed"),
    ("no_role", 403, "Known, and without a role here"),
    ("single_sign_on", 403, "Single sign-on is on"),
    ("unacknowledged", 403, "The sign-on message must be acknowledged"),
    ("token_not_enough", 403, "A token is not enough for this"),
    ("not_found", 404, "Nothing is there"),
    ("agent_unknown", 404, "No such agent"),
    ("refused", 409, "Refused"),
    ("in_use", 409, "Others name it"),
    ("last_administrator", 409, "Nobody would be left to administer"),
    ("other_node", 409, "Another node has that"),
    ("read_only", 409, "A file rules the settings"),
    ("settings_in_use", 409, "Settings in use cannot change so"),
    ("settings_moved", 409, "The settings changed meanwhile"),
    ("not_signed_in", 409, "The agent is not signed in"),
    ("stale", 409, "The agent's state has changed meanwhile"),
    ("reason_unknown", 409, "The agent has no such reason"),
    ("sign_out_needs_not_ready", 409, "Only an agent who is not ready signs out"),
    ("call_in_progress", 409, "The agent is in a call"),
    ("not_tested", 409, "Not all of it was tested"),
    ("too_many", 409, "There are too many already"),
    ("wrong_backup", 409, "The backup cannot be read"),
    ("no_session", 409, "No session stands behind this request"),
    ("done_already", 409, "It was done already, and is told once only"),
    ("precondition_failed", 412, "It is not what was seen"),
    ("unsupported_media_type", 415, "That media type is not taken here"),
    ("invalid", 422, "Members of the body are wrong"),
    ("locked", 429, "The account is locked for a while"),
    ("busy", 429, "Too much at once"),
    ("broken", 500, "Something went wrong here"),
    ("unknown_request", 501, "This node cannot do that"),
    ("stopping", 503, "The node is stopping"),
    ("unknown", 503, "It is not known whether it was done"),
    ("unavailable", 503, "What is needed cannot be reached"),
    ("not_known", 503, "What the agent is doing is not known"),
    ("owner_away", 503, "The contact centre is not connected"),
    ("unclear", 504, "No result was seen in time"),
];

/// The status of a code; what a peer or rule refused is a conflict with what is so.
pub(crate) fn status(code: &str) -> StatusCode {
    let found = CODES.iter().find(|(name, ..)| *name == code);
    found
        .and_then(|(_, status, _)| StatusCode::from_u16(*status).ok())
        .unwrap_or(StatusCode::CONFLICT)
}

/// What a code stands for, always in the same words.
pub(crate) fn title(code: &str) -> &'static str {
    let found = CODES.iter().find(|(name, ..)| *name == code);
    found.map_or("Refused", |(_, _, title)| title)
}
