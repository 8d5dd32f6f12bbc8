//! Skills: what agents are good at, each with a competence from 1 to 10.

use serde::{Deserialize, Serialize};

use super::Reader;

/// The most characters of a skill's name.
pub const SKILL_CHARACTERS_MAX: usize = 64;
/// The most skills of one agent.
pub const SKILLS_OF_AGENT_MAX: usize = 50;
/// The highest competence; the lowest is 1.
pub const COMPETENCE_MAX: u8 = 10;

/// A skill that agents may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skill {
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub description: Option<String>,
}

impl Skill {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let name = reader.named("name", SKILL_CHARACTERS_MAX);
        let description = reader.short_text("description", 128);
        Some(Self { name: name?, description })
    }
}
