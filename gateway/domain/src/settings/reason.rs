//! Reason codes as they are configured.

use serde::{Deserialize, Serialize};

use super::Reader;
use super::references::References;
use crate::{ReasonCategory, ReasonCode, TeamName};

/// The most characters of a reason's label.
pub const LABEL_CHARACTERS_MAX: usize = 40;

/// A reason that agents choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What it is for.
    pub category: ReasonCategory,
    /// Its number, unique in its category.
    pub code: ReasonCode,
    /// What agents read, at most [`LABEL_CHARACTERS_MAX`] characters.
    pub label: String,
    /// The teams that may choose it; empty means everybody.
    pub teams: Vec<TeamName>,
}

impl Reason {
    /// Whether an agent of that team may choose it.
    pub fn applies_to(&self, team: Option<&TeamName>) -> bool {
        self.teams.is_empty() || team.is_some_and(|team| self.teams.contains(team))
    }

    pub(super) fn read(reader: &mut Reader<'_>, known: &References) -> Option<Self> {
        let categories = ReasonCategory::ALL.map(|category| (category.name(), category));
        if !reader.has("category") {
            reader.problem("category", "is missing");
        }
        let category = reader.choice("category", &categories);
        if !reader.has("code") {
            reader.problem("code", "is missing");
        }
        let code = reader.number("code", 0..=u64::from(u16::MAX));
        if !reader.has("label") {
            reader.problem("label", "is missing");
        }
        let label = reader.short_text("label", LABEL_CHARACTERS_MAX);
        let teams = reader.parsed_list("teams", 1_000);
        known.check_teams(reader, "teams", &teams);
        let code = ReasonCode(u16::try_from(code?).ok()?);
        Some(Self { category: category?, code, label: label?, teams })
    }
}
