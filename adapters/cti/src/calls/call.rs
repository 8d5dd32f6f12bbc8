//! One call: who is in it, and how an agent sees it.

use std::collections::BTreeMap;

use domain::{Call, CallDirection, CallState, Timestamp};
use protocols::cti::{Connection, Line, Text};

use super::context::Context;
use super::is_other_line;

/// A call that is known.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) number: u64,
    pub(super) connection: Connection,
    pub(super) began_at: Timestamp,
    pub(super) context: Context,
    /// By device.
    pub(super) parties: BTreeMap<Box<str>, Place>,
    pub(super) calling: Text,
    pub(super) called: Text,
    pub(super) queue: Text,
    /// Whether the server is done with it.
    pub(super) is_ended: bool,
    /// Whether nothing was told of it since the link was lost.
    pub(super) is_old: bool,
}

/// What a party is doing in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) state: CallState,
    /// Whether it is a line beside the one for the contact centre's calls.
    pub(super) is_other: bool,
    /// Whether the party placed the call.
    pub(super) placed_it: bool,
    /// Since when it talks, where it did.
    pub(super) since: Option<Timestamp>,
}

impl Place {
    const fn plain(state: CallState) -> Self {
        Self { state, is_other: false, placed_it: false, since: None }
    }

    pub(super) fn alerting(line: &Line) -> Self {
        Self { is_other: is_other_line(line), ..Self::plain(CallState::Alerting) }
    }

    pub(super) fn dialling(line: &Line) -> Self {
        let is_other = is_other_line(line);
        Self { is_other, placed_it: true, ..Self::plain(CallState::Dialling) }
    }

    pub(super) fn active(line: &Line) -> Self {
        Self { is_other: is_other_line(line), ..Self::plain(CallState::Active) }
    }

    pub(super) const fn talking() -> Self {
        Self::plain(CallState::Active)
    }

    pub(super) const fn held() -> Self {
        Self::plain(CallState::Held)
    }
}

/// The order of an agent's calls.
pub(super) fn order(state: CallState) -> u8 {
    match state {
        CallState::Active => 0,
        CallState::Alerting => 1,
        CallState::Dialling => 2,
        CallState::Held => 3,
        CallState::Over => 4,
    }
}

impl Known {
    pub(super) fn new(number: u64, connection: Connection, now: Timestamp) -> Self {
        Self {
            number,
            connection,
            began_at: now,
            context: Context::default(),
            parties: BTreeMap::new(),
            calling: None,
            called: None,
            queue: None,
            is_ended: false,
            is_old: false,
        }
    }

    /// Who calls whom, as far as an event tells; what is known stays.
    pub(super) fn parties_known(&mut self, calling: &Text, called: &Text) {
        for (known, told) in [(&mut self.calling, calling), (&mut self.called, called)] {
            if known.is_none() {
                known.clone_from(told);
            }
        }
    }

    pub(super) fn set(&mut self, device: &str, place: Place, now: Timestamp) {
        let before = self.parties.get(device);
        let since = before.and_then(|before| before.since);
        let talks = matches!(place.state, CallState::Active | CallState::Held);
        let place = Place {
            is_other: place.is_other || before.is_some_and(|before| before.is_other),
            placed_it: place.placed_it || before.is_some_and(|before| before.placed_it),
            since: since.or_else(|| talks.then_some(now)),
            ..place
        };
        // What began to ring late must not make a call that is answered ring again.
        let goes_back = before.is_some_and(|before| {
            matches!(place.state, CallState::Alerting | CallState::Dialling)
                && matches!(before.state, CallState::Active | CallState::Held)
        });
        if !goes_back {
            self.parties.insert(device.into(), place);
        }
    }

    pub(super) fn over(&mut self, device: &str) {
        if let Some(place) = self.parties.get_mut(device) {
            place.state = CallState::Over;
        }
    }

    pub(super) fn is_over_at(&self, device: &str) -> bool {
        self.parties.get(device).is_some_and(|place| place.state == CallState::Over)
    }

    pub(super) fn is_other(&self, device: &str) -> bool {
        self.parties.get(device).is_some_and(|place| place.is_other)
    }

    /// How the party at `device` sees it.
    pub(super) fn shown(&self, device: &str, is_own_line: bool) -> Option<Call> {
        let place = self.parties.get(device)?;
        let other = || {
            let others = self.parties.keys().filter(|party| ***party != *device);
            others.map(|party| party.to_string()).next()
        };
        let (direction, number) = if place.placed_it {
            let dialled = self.context.dialled().or_else(|| text(&self.called)).or_else(other);
            (CallDirection::Outbound, dialled)
        } else {
            let caller = self.context.caller().or_else(|| text(&self.calling));
            let caller = caller.filter(|caller| **caller != *device).or_else(other);
            (CallDirection::Inbound, caller)
        };
        // What is on another line must never look like a call of the agent's own.
        let other_line = match place.is_other || !is_own_line {
            true => Some(device.parse().ok()?),
            false => None,
        };
        Some(Call {
            id: self.number.to_string(),
            direction,
            number: number.unwrap_or_default(),
            began_at: place.since.unwrap_or(self.began_at),
            variables: self.context.variables(),
            wrap_up_reason: None,
            wrap_up_text: self.context.wrap_up(),
            state: place.state,
            other_line,
            queue: text(&self.queue),
        })
    }
}

fn text(text: &Text) -> Option<String> {
    text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned)
}
