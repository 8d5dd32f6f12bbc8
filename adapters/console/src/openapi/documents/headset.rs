//! The schema of how headsets take part.

use domain::settings::{
    HEADSET_MODEL_CHARACTERS_MAX, HEADSET_TEMPLATES_MAX, HEADSET_VERSION_CHARACTERS_MAX,
    HeadsetProof, HeadsetSetting,
};
use serde_json::{Value, json};

use super::super::schema::{about, choice, list, named, number, object, short, switch, usual};

/// What a template's version may hold.
const VERSION: &str = "^[A-Za-z0-9._-]{1,16}$";

/// The schema of the one document.
pub(super) fn schema() -> Value {
    let proofs = choice(&HeadsetProof::ALL.map(HeadsetProof::name));
    let mut proof = usual(list(proofs, HeadsetProof::ALL.len()), json!(["certificate", "token"]));
    if let Some(members) = proof.as_object_mut() {
        members.insert("minItems".to_owned(), json!(1));
    }
    object(
        &[],
        &[
            ("mode", choice(&["disabled", "notification", "notification_and_control"])),
            ("deployment_type", choice(&["express", "enterprise"])),
            ("default_not_ready_reason", number(0, 65_535)),
            (
                "mute_button",
                about(
                    usual(choice(&["ready_toggle", "mute"]), "ready_toggle"),
                    "What the mute key does while no call is there.",
                ),
            ),
            ("proof", about(proof, "How phones may prove whose headset speaks.")),
            ("handle_days", usual(number(1, 400), 90)),
            ("token_hours", usual(number(1, 168), 24)),
            (
                "token_generation",
                about(
                    usual(number(0, 65_535), 0),
                    "Another number makes all that was given out before worthless.",
                ),
            ),
            ("news_per_second", usual(number(1, 1_000), 200)),
            ("update_age_seconds", usual(number(5, 300), 30)),
            ("templates", list(template(), HEADSET_TEMPLATES_MAX)),
        ],
    )
}

fn template() -> Value {
    let settings = HeadsetSetting::ALL.map(|setting| {
        let value = match setting {
            HeadsetSetting::Number(_, most) => number(0, u64::from(most)),
            HeadsetSetting::Choice(_, choices) => choice(choices),
            HeadsetSetting::Switch(_) => switch(),
        };
        (setting.name(), value)
    });
    let firmware = usual(choice(&["remain", "latest"]), "remain");
    let version = named(VERSION, HEADSET_VERSION_CHARACTERS_MAX);
    object(
        &[("model", short(HEADSET_MODEL_CHARACTERS_MAX)), ("version", version)],
        &[
            ("firmware", firmware),
            ("settings", about(object(&[], &settings), "What is left out the headset keeps.")),
        ],
    )
}
