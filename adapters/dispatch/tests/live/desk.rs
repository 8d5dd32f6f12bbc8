//! Alarms at work on a store that outlives them, with parts and a clock that a test moves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dispatch::{Alarms, Found, Look, PartKey, ReceiverState, Seen};
use domain::settings::{
    AlarmReceiver, AlarmState, Alarms as AlarmSettings, Settings, Trust, TrustPurpose,
};
use domain::{Secret, Timestamp};
use engine::testing::{ManualClock, PlainAuthenticator, apply, memory_engines};
use engine::{Engine, Port};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Desk {
    pub(crate) engine: Arc<Engine>,
    pub(crate) port: Port,
    pub(crate) clock: Arc<ManualClock>,
    parts: Arc<Mutex<Vec<Seen>>>,
    alarms: Arc<Alarms>,
    running: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

/// A pair that is down.
pub(crate) fn down(name: &str) -> Seen {
    let found = Found::Amiss {
        state: AlarmState::Missing,
        code: "cti_down".to_owned(),
        reason: "no side answers".to_owned(),
    };
    Seen { key: PartKey { part: "cti_pair".to_owned(), name: Some(name.to_owned()) }, found }
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        let engine = memory_engines(&["gw-a"], Arc::clone(&clock) as _).await.remove(0);
        let port = engine.port(Arc::new(PlainAuthenticator));
        let alarms = Alarms::new(port.clone());
        Self { engine, port, clock, parts: Arc::default(), alarms, running: None }
    }

    /// Puts receivers and whom they are vouched for by into force.
    pub(crate) async fn receivers(&self, receivers: Vec<AlarmReceiver>, authorities: &[String]) {
        let mut settings = Settings::default();
        let alarms = AlarmSettings { receivers, ..AlarmSettings::default() };
        settings.alarms = Arc::new(alarms);
        for (number, certificates) in authorities.iter().enumerate() {
            let trust = Trust {
                name: format!("ca-{number}"),
                purposes: vec![TrustPurpose::Alarms],
                certificates: certificates.clone(),
            };
            Arc::make_mut(&mut settings.trust).insert(trust.name.clone(), Arc::new(trust));
        }
        settings.number = self.engine.settings().number;
        apply(&self.engine, &settings).await;
    }

    pub(crate) fn sealed(&self, text: &str) -> domain::Sealed {
        self.port.seal(domain::settings::ALARM_SECRET_PURPOSE, &Secret::new(text)).unwrap()
    }

    pub(crate) fn parts(&self, parts: Vec<Seen>) {
        *self.parts.lock().unwrap() = parts;
    }

    /// Lets some seconds pass, in steps that let everything be looked at.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn start(&mut self) {
        let (stop, stopping) = watch::channel(false);
        let parts = Arc::clone(&self.parts);
        let look: Look = Arc::new(move || {
            let parts = parts.lock().unwrap().clone();
            Box::pin(async move { parts })
        });
        let every = Duration::from_millis(20);
        let running = tokio::spawn(Arc::clone(&self.alarms).run_every(every, look, stopping));
        self.running = Some((stop, running));
    }

    pub(crate) async fn stop(&mut self) {
        if let Some((stop, running)) = self.running.take() {
            stop.send_replace(true);
            running.await.unwrap();
        }
    }

    /// Ends it as a process dies: nothing more is kept.
    pub(crate) async fn kill(&mut self) {
        if let Some((_, running)) = self.running.take() {
            running.abort();
            let _ = running.await;
        }
    }

    pub(crate) async fn probe(&self, name: &str) -> engine::probe::Probe {
        self.alarms.probe(name).await.unwrap()
    }

    /// Whether figures show so many messages of that kind with that result.
    pub(crate) fn shows(&self, kind: &str, result: &str, count: usize) -> bool {
        let shown = String::from_utf8(self.port.metrics().text()).unwrap();
        let line =
            format!("jackfield_alarms_sent_total{{kind=\"{kind}\",result=\"{result}\"}} {count}\n");
        shown.contains(&line)
    }

    /// Waits until so many were taken, which is kept before anything else happens.
    pub(crate) async fn until_sent(&self, kind: &str, count: usize) {
        until("what was sent", || self.shows(kind, "ok", count).then_some(())).await;
    }

    /// Waits until the receiver's trouble is as wanted.
    pub(crate) async fn until_away(
        &self,
        wanted: impl Fn(&Option<String>) -> bool,
    ) -> ReceiverState {
        until("the state of the receiver", || {
            self.alarms.states().into_iter().find(|state| wanted(&state.away))
        })
        .await
    }

    /// Lets time pass until something is so.
    pub(crate) async fn passing<T>(&self, what: &str, mut so: impl FnMut() -> Option<T>) -> T {
        until(what, || {
            self.pass(1);
            so()
        })
        .await
    }
}

/// Waits until something is so.
pub(crate) async fn until<T>(what: &str, mut so: impl FnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = so() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let Ok(found) = tokio::time::timeout(PATIENCE, waiting).await else {
        panic!("{what} never came")
    };
    found
}
