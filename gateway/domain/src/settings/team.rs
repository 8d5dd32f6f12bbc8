//! Teams, and what holds for voice state that the gateway owns.

use serde::{Deserialize, Serialize};

use super::Reader;
use super::references::References;
use crate::{AgentId, PairName, TeamName};

/// The longest wrap-up, in seconds.
pub(super) const WRAP_UP_SECONDS_MAX: u64 = 7_200;

/// A team of agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Its name.
    pub name: TeamName,
    /// The pair of contact-centre servers its agents belong to, unless they have their own (CTI-10).
    #[serde(default)]
    pub pair: Option<PairName>,
    /// Who leads it beside supervisors who are in it.
    #[serde(default)]
    pub supervisors: Vec<AgentId>,
    /// The layout of its calls; `default` where not set.
    pub layout: Option<String>,
    /// How long its agents wrap up after a call, 0 to 7,200 seconds; the general one where not set.
    pub wrap_up_seconds: Option<u32>,
}

impl Team {
    pub(super) fn read(reader: &mut Reader<'_>, known: &References) -> Option<Self> {
        let name = reader.required("name");
        let pair = known.pairs.read_reference(reader, "pair");
        let supervisors = reader.parsed_list("supervisors", 100);
        let layout = reader.short_text("layout", 64);
        if let Some(missing) = layout.as_ref().filter(|layout| !known.layouts.contains(*layout)) {
            reader.problem("layout", format_args!("is {missing:?}, which is not in layouts"));
        }
        let wrap_up_seconds = read_wrap_up(reader);
        Some(Self { name: name?, pair, supervisors, layout, wrap_up_seconds })
    }
}

/// What holds for all voice state that the gateway owns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voice {
    /// How long an agent wraps up after a call, 0 to 7,200 seconds; 0 means not at all.
    pub wrap_up_seconds: u32,
}

impl Voice {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { wrap_up_seconds: read_wrap_up(reader).unwrap_or(0) })
    }
}

fn read_wrap_up(reader: &mut Reader<'_>) -> Option<u32> {
    let seconds = reader.number("wrap_up_seconds", 0..=WRAP_UP_SECONDS_MAX)?;
    u32::try_from(seconds).ok()
}
