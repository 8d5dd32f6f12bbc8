//! Email signatures: what stands under every answer (CCP-08).

use serde::{Deserialize, Serialize};

use super::Reader;
use super::csq_tags::{CSQS_OF_TAG_MAX, read_tags};
use super::predefined_response::read_rich;
use super::references::References;
use crate::Problems;

/// The most signatures: one of each email CSQ and one for all.
pub const EMAIL_SIGNATURES_MAX: usize = super::EMAIL_CSQS_MAX + 1;
/// The most characters of a signature's name.
pub const SIGNATURE_NAME_CHARACTERS_MAX: usize = 100;
/// The place of the agent's alias in a signature.
pub const AGENT_ALIAS_PLACE: &str = "{{agent-alias}}";

/// An email signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailSignature {
    /// Its name.
    pub name: String,
    /// What it says, as HTML; [`AGENT_ALIAS_PLACE`] stands for the agent.
    pub content: String,
    /// For which CSQs it is; all without one of their own where none is named.
    pub csqs: Vec<String>,
}

impl EmailSignature {
    pub(super) fn read(reader: &mut Reader<'_>, known: &References) -> Option<Self> {
        let name = reader.named("name", SIGNATURE_NAME_CHARACTERS_MAX);
        let content = read_rich(reader, "content");
        let csqs = read_tags(reader, known, CSQS_OF_TAG_MAX);
        for csq in csqs.iter().flatten() {
            if known.csqs.get(csq).is_some_and(|of| *of != super::Channel::Email) {
                reader.problem(
                    "csqs",
                    format_args!("names {csq:?}, which takes no emails; name CSQs that do"),
                );
            }
        }
        Some(Self { name: name?, content: content?, csqs: csqs? })
    }
}

/// Notes a second one for all CSQs, or for one of them.
pub(super) fn check_signatures(signatures: &[EmailSignature], problems: &mut Problems) {
    for (position, signature) in signatures.iter().enumerate() {
        let key = format!("email_signatures[{position}].csqs");
        let before = || signatures.iter().take(position);
        if signature.csqs.is_empty()
            && let Some(other) = before().find(|it| it.csqs.is_empty())
        {
            let message = format_args!(
                "is empty, so it is for all CSQs, as {:?} is already; name CSQs for one of the two",
                other.name
            );
            problems.add(&key, message);
        }
        for csq in &signature.csqs {
            if let Some(other) = before().find(|it| it.csqs.contains(csq)) {
                let message = format_args!(
                    "names {csq:?}, which has the signature {:?} already; a CSQ has one at most",
                    other.name
                );
                problems.add(&key, message);
            }
        }
    }
}
