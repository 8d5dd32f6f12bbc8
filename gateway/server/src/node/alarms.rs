//! What alarms are about: the parts of the overview, looked at anew, and shown to monitoring too.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use console::{Part, PartCode, PartKind, PartState};
use dispatch::{Found, Look, PartKey, Seen};
use domain::settings::AlarmState;
use engine::metrics::{Gauge, Gauges, Metrics};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::{DriftTold, Shared};
use crate::admin;

/// How often monitoring gets to know how parts stand.
const SHOWN_EVERY: Duration = Duration::from_secs(15);

/// Tells of alarms until the node stops.
pub(super) async fn tell(shared: Arc<Shared>, stop: watch::Receiver<bool>) {
    let alarms = Arc::clone(&shared.alarms);
    let look: Look = Arc::new(move || {
        let shared = Arc::clone(&shared);
        Box::pin(async move { admin::parts(&shared).await.iter().map(seen).collect() })
    });
    alarms.run(look, stop).await;
}

/// A part as alarms see it.
fn seen(part: &Part) -> Seen {
    let found = match (part.state(), part.code()) {
        // Somebody stops this node, and says nothing of how it was.
        (_, Some(PartCode::NodeDrains)) | (PartState::Unknown, _) => Found::Unknown,
        (PartState::Partial, Some(code)) => amiss(AlarmState::Partial, code, part),
        (PartState::Missing, Some(code)) => amiss(AlarmState::Missing, code, part),
        _ => Found::Well,
    };
    let key = PartKey { part: part.kind().name().to_owned(), name: part.name().map(str::to_owned) };
    Seen { key, found }
}

fn amiss(state: AlarmState, code: PartCode, part: &Part) -> Found {
    let reason = part.reason().unwrap_or_default();
    Found::Amiss { state, code: code.name().to_owned(), reason }
}

/// What monitoring sees of parts.
pub(super) struct PartFigures {
    states: Gauges,
    backup: Gauge,
    drift: Gauge,
}

impl PartFigures {
    /// They are there from now on; what they say comes with the first look.
    pub(super) fn new(metrics: &Metrics) -> Self {
        let states = metrics.gauges(
            "jackfield_part_state",
            "How the parts of one sort stand, the worst of them: 0 ok, 1 partial, 2 missing; what is off or unknown is \
             not shown.",
            &["part"],
        );
        states.with(&[PartKind::Node.name()]).set(0);
        let backup = metrics.gauges(
            "jackfield_backup_newest_timestamp_seconds",
            "When the newest backup on this node's disk was made, in seconds since 1970; 0 without one.",
            &[],
        );
        let drift = metrics.gauges(
            "jackfield_settings_drift",
            "In how many changes the settings in force differ from the settings file; 0 without one.",
            &[],
        );
        Self { states, backup: backup.with(&[]), drift: drift.with(&[]) }
    }
}

/// Shows monitoring how parts stand, until the node stops.
pub(super) async fn show(
    shared: Arc<Shared>,
    figures: PartFigures,
    mut stop: watch::Receiver<bool>,
) {
    let PartFigures { states, backup, drift } = figures;
    let mut ticks = interval(SHOWN_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = ticks.tick() => {}
        }
        show_states(&states, &admin::parts(&shared).await);
        if let Ok(newest) = admin::newest_backup(&shared).await {
            backup.set(newest.unwrap_or_default());
        }
        match shared.drift().await {
            DriftTold::Differs(changes) => drift.set(i64::try_from(changes).unwrap_or(i64::MAX)),
            DriftTold::NoFile => drift.set(0),
            DriftTold::BeingCompared | DriftTold::Wrong(_) => {}
        }
    }
}

fn show_states(states: &Gauges, parts: &[Part]) {
    let mut worst = BTreeMap::new();
    for part in parts {
        let value = match part.state() {
            PartState::Ok => 0,
            PartState::Partial => 1,
            PartState::Missing => 2,
            PartState::Off | PartState::Unknown => continue,
        };
        let known = worst.entry(part.kind().name()).or_insert(value);
        *known = value.max(*known);
    }
    for name in PartKind::NAMES {
        match worst.get(name) {
            Some(value) => states.with(&[name]).set(*value),
            None => states.forget(&[name]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_02_parts_become_alarms_but_for_what_is_off_unknown_or_stopping() {
        let found = |part: Part| seen(&part).found;
        assert_eq!(found(Part::ok(PartKind::Store)), Found::Well);
        let off = Part::not_ok(PartKind::Syslog, PartState::Off, PartCode::SyslogNone);
        assert_eq!(found(off), Found::Well);
        let unknown = Part::not_ok(PartKind::CtiPair, PartState::Unknown, PartCode::CtiNotBegun);
        assert_eq!(found(unknown), Found::Unknown);
        let drains = Part::not_ok(PartKind::Node, PartState::Missing, PartCode::NodeDrains);
        assert_eq!(found(drains), Found::Unknown);
        let down = Part::not_ok(PartKind::CtiPair, PartState::Missing, PartCode::CtiDown);
        let told = seen(&down.named("main").because(Some("no side answers")));
        assert_eq!(
            told.key,
            PartKey { part: "cti_pair".to_owned(), name: Some("main".to_owned()) }
        );
        let Found::Amiss { state, code, reason } = told.found else { panic!("{told:?}") };
        assert_eq!((state, code.as_str()), (AlarmState::Missing, "cti_down"));
        assert!(reason.contains("no side answers"), "{reason}");
    }

    #[test]
    fn ops_02_the_worst_part_of_a_sort_is_shown_and_what_is_off_is_not() {
        let metrics = Metrics::new();
        let states = metrics.gauges("jackfield_part_state", "Parts.", &["part"]);
        let ok = Part::ok(PartKind::CtiPair).named("a");
        let down = Part::not_ok(PartKind::CtiPair, PartState::Missing, PartCode::CtiDown);
        show_states(&states, &[down.named("b"), ok.clone(), Part::ok(PartKind::Store)]);
        let text = String::from_utf8(metrics.text()).unwrap();
        assert!(text.contains("jackfield_part_state{part=\"cti_pair\"} 2"), "{text}");
        show_states(&states, &[ok]);
        let text = String::from_utf8(metrics.text()).unwrap();
        assert!(text.contains("{part=\"cti_pair\"} 0") && !text.contains("store"), "{text}");
    }
}
