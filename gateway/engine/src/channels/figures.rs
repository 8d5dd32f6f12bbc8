//! Figures of channels. Label values come from closed sets, and all are shown from 0.

use super::{ChannelKind, Notice, ShowFailure};
use crate::Metrics;
use crate::metrics::{Counter, Gauge};

/// What became of a key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PressResult {
    Taken,
    Nobody,
    Busy,
    TooLong,
}

impl PressResult {
    const ALL: [Self; 4] = [Self::Taken, Self::Nobody, Self::Busy, Self::TooLong];

    fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Nobody => "nobody",
            Self::Busy => "busy",
            Self::TooLong => "too_long",
        }
    }
}

type Shown = Result<(), ShowFailure>;

pub(super) struct Figures {
    channels: Vec<(ChannelKind, Gauge)>,
    shows: Vec<(ChannelKind, Shown, Counter)>,
    notices: Vec<(&'static str, Shown, Counter)>,
    presses: Vec<(PressResult, Counter)>,
}

impl Figures {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let channels = metrics.gauges(
            "jackfield_device_channels",
            "Devices that something can be shown on, by the way to them.",
            &["channel"],
        );
        let shows = metrics.counters(
            "jackfield_device_shows_total",
            "What devices were to show, by the way to them and by what came of it.",
            &["channel", "result"],
        );
        let notices = metrics.counters(
            "jackfield_device_notices_total",
            "What devices were told, by what it was and by what came of it.",
            &["notice", "result"],
        );
        let presses = metrics.counters(
            "jackfield_device_presses_total",
            "Keys pressed on what devices show, by whether somebody took them.",
            &["result"],
        );
        let results = || std::iter::once(Ok(())).chain(ShowFailure::ALL.map(Err));
        let shows = ChannelKind::ALL.into_iter().flat_map(|kind| {
            let shows = &shows;
            results().map(move |result: Shown| {
                let name = result.map_or_else(ShowFailure::name, |()| "shown");
                (kind, result, shows.with(&[kind.name(), name]))
            })
        });
        let notices = Notice::NAMES.into_iter().flat_map(|notice| {
            let notices = &notices;
            results().map(move |result: Shown| {
                let name = result.map_or_else(ShowFailure::name, |()| "told");
                (notice, result, notices.with(&[notice, name]))
            })
        });
        Self {
            notices: notices.collect(),
            channels: ChannelKind::ALL.map(|kind| (kind, channels.with(&[kind.name()]))).into(),
            shows: shows.collect(),
            presses: PressResult::ALL.map(|it| (it, presses.with(&[it.name()]))).into(),
        }
    }

    pub(super) fn add_channels(&self, kind: ChannelKind, count: i64) {
        if let Some((_, gauge)) = self.channels.iter().find(|(own, _)| *own == kind) {
            gauge.add(count);
        }
    }

    pub(super) fn told(&self, notice: Notice, result: Shown) {
        let told = (notice.name(), result);
        let counter = self.notices.iter().find(|(name, its, _)| (*name, *its) == told);
        if let Some((.., counter)) = counter {
            counter.increment();
        }
    }

    pub(super) fn showed(&self, kind: ChannelKind, result: Shown) {
        let counter = self.shows.iter().find(|(own, its, _)| (*own, *its) == (kind, result));
        if let Some((.., counter)) = counter {
            counter.increment();
        }
    }

    pub(super) fn pressed(&self, result: PressResult) {
        if let Some((_, counter)) = self.presses.iter().find(|(own, _)| *own == result) {
            counter.increment();
        }
    }
}
