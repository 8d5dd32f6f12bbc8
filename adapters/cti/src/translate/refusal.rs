//! Why a server refused, in words and in what follows from it ("Constants and Status Codes").

use domain::{OwnerRefusal, OwnerRefusalKind};
use protocols::cti::{ControlFailureCode, Status};

/// A `CONTROL_FAILURE_CONF`.
pub(crate) fn control_failure(code: ControlFailureCode, peripheral_error: u32) -> OwnerRefusal {
    let number = code.code();
    let kind = match number {
        256 => OwnerRefusalKind::AgentUnknown,
        257 | 258 => OwnerRefusalKind::WrongPassword,
        259 => OwnerRefusalKind::AlreadySignedOn,
        260 | 261 | 287 | 288 | 292 => OwnerRefusalKind::Device,
        283 | 293 => OwnerRefusalKind::ExtensionInUse,
        289 => OwnerRefusalKind::Locked,
        265 => OwnerRefusalKind::Mobile,
        266 | 280 | 281 => OwnerRefusalKind::Reason,
        2 | 21 | 22 | 268 => OwnerRefusalKind::State,
        11 | 13 | 23..=29 => OwnerRefusalKind::Call,
        31..=36 | 44 | 51 | 52 | 75 | 78 | 79 | 267 | 269 => OwnerRefusalKind::Away,
        1 | 15 | 284..=286 | 290 => OwnerRefusalKind::NotOffered,
        _ => OwnerRefusalKind::Other,
    };
    let name = code.name().unwrap_or("a code without a name");
    let words = match peripheral_error {
        0 | u32::MAX => name.to_owned(),
        detail => format!("{name}, detail {detail}"),
    };
    OwnerRefusal { kind, code: number.into(), words }
}

/// The same as the answer to a question about an agent, where an unknown object is the agent.
pub(crate) fn question_failure(code: ControlFailureCode, peripheral_error: u32) -> OwnerRefusal {
    let refusal = control_failure(code, peripheral_error);
    match code.code() {
        4 => OwnerRefusal { kind: OwnerRefusalKind::AgentUnknown, ..refusal },
        _ => refusal,
    }
}

/// A `FAILURE_CONF`.
pub(crate) fn failure(status: Status, text: Option<&str>) -> OwnerRefusal {
    let kind = match status.code() {
        8 | 32 => OwnerRefusalKind::AgentUnknown,
        9 | 28 | 38 => OwnerRefusalKind::State,
        13 | 35 | 66 => OwnerRefusalKind::Call,
        15 | 16 | 92 | 94 | 107 | 110 => OwnerRefusalKind::Away,
        12 | 48 | 49 => OwnerRefusalKind::NotOffered,
        50 => OwnerRefusalKind::Mobile,
        _ => OwnerRefusalKind::Other,
    };
    let name = status.name().unwrap_or("a status without a name");
    let words = match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => name.to_owned(),
        // A peer's text goes to logs and screens of administrators, so it is bounded.
        Some(text) => {
            let told: String =
                text.chars().filter(|character| !character.is_control()).take(80).collect();
            format!("{name}: {told}")
        }
    };
    OwnerRefusal { kind, code: status.code(), words }
}

/// Whether a question about an agent was refused since there is no such agent.
pub(crate) fn is_unknown_agent(refusal: &OwnerRefusal) -> bool {
    refusal.kind == OwnerRefusalKind::AgentUnknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cti_01_a_refusal_has_words_and_its_code() {
        let refusal = control_failure(ControlFailureCode(283), 0);
        assert_eq!((refusal.kind, refusal.code), (OwnerRefusalKind::ExtensionInUse, 283));
        assert!(refusal.to_string().contains("283"), "{refusal}");
        let refusal = failure(Status(8), Some("no\u{7} such agent"));
        assert_eq!(refusal.kind, OwnerRefusalKind::AgentUnknown);
        assert!(refusal.words.ends_with(": no such agent"), "{refusal}");
        assert_eq!(control_failure(ControlFailureCode(9_999), 88_004).code, 9_999);
    }

    #[test]
    fn cti_10_an_unknown_object_is_an_unknown_agent_to_a_question_alone() {
        let code = ControlFailureCode(4);
        assert_eq!(question_failure(code, 0).kind, OwnerRefusalKind::AgentUnknown);
        assert_eq!(control_failure(code, 0).kind, OwnerRefusalKind::Other);
        let wrong = ControlFailureCode(257);
        assert_eq!(question_failure(wrong, 0), control_failure(wrong, 0));
    }

    #[test]
    fn phn_22_already_signed_on_and_wrong_passwords_are_told_apart() {
        let kind = |code| control_failure(ControlFailureCode(code), 0).kind;
        assert_eq!(kind(259), OwnerRefusalKind::AlreadySignedOn);
        assert_eq!((kind(257), kind(258)), (kind(257), OwnerRefusalKind::WrongPassword));
    }
}
