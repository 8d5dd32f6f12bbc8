//! The engine from outside: what is submitted, committed, shown and promised.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly"
)]

mod administration;
mod blobs;
mod channels;
mod clients;
mod clock;
mod digital;
mod elsewhere;
mod kept;
mod nodes;
mod owners;
mod pins;
mod promises;
mod restored;
mod revocations;
mod rules;
mod settings;
mod signing_in;
mod store_away;
mod unreadable;

use std::sync::Arc;

use domain::settings::SettingsFile;
use domain::{
    AgentCommand, AgentKey, Command, Input, InputId, Sealed, Settings, SignIn, SignInOn, Timestamp,
    Wish,
};
use engine::testing::{ManualClock, apply, engine_on};
use engine::{Engine, Outcome};
use serde_json::json;
use store::{MemoryStore, Store};

const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// Settings with agents 1001 to 1003 in one team, reasons for everything, and a shared line.
fn settings() -> Settings {
    let file = json!({
        "teams": [{"name": "Support", "wrap_up_seconds": 20}],
        "agents": [
            {"id": "1001", "team": "Support"},
            {"id": "1002", "team": "Support"},
            {"id": "1003"},
        ],
        "reason_codes": [
            {"category": "not_ready", "code": 12, "label": "Lunch"},
            {"category": "wrap_up", "code": 1, "label": "Sale"},
            {"category": "sign_out", "code": 5, "label": "End of shift"},
        ],
        "devices": [
            {"name": "SEP000000000001", "lines": ["2001"]},
            {"name": "SEP000000000002", "lines": ["2003"]},
            {"name": "SEP000000000003", "lines": ["2003"]},
        ],
    });
    let documents = SettingsFile::read(file)
        .expect("settings are right")
        .into_documents(|_| None, |_, _| Sealed::from_text("x"));
    Settings::from_documents(&domain::settings::SettingsHead::default(), documents.0)
}

struct Bench {
    engine: Arc<Engine>,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    next: u64,
}

impl Bench {
    async fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new())).await
    }

    async fn on(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let engine = engine_on(Arc::clone(&store), clock.clone(), 1).await;
        apply(&engine, &settings()).await;
        Self { engine, store, clock, next: 0 }
    }

    async fn submit(&mut self, command: Command) -> Outcome {
        self.next += 1;
        let id = InputId::new("test", self.next);
        self.engine.submit(Input::command(id, command)).await.expect("a store that works")
    }

    async fn sign_in(&mut self, agent: &str, extension: &str) -> Outcome {
        self.submit(Command::SignIn(Box::new(sign_in(agent, extension)))).await
    }

    async fn wish(&mut self, agent: &str, wish: Wish) -> Outcome {
        self.submit(Command::Agent(command(agent, wish))).await
    }

    async fn state(&self, agent: &str) -> String {
        let session = self.engine.session_of(&key(agent)).await.expect("a store that works");
        session
            .and_then(|session| {
                session.signed_in().map(|it| it.voice.unwrap().state.name().to_owned())
            })
            .unwrap_or_else(|| "signed_out".to_owned())
    }
}

fn key(agent: &str) -> AgentKey {
    AgentKey::owned(agent.parse().expect("an agent id"))
}

fn sign_in(agent: &str, extension: &str) -> SignIn {
    SignIn {
        agent: key(agent),
        extension: extension.parse().expect("an extension"),
        device: None,
        mobile: None,
        on: SignInOn::Local,
        node: "gw-a.example".parse().expect("a host name"),
        verifier: None,
        follows: None,
    }
}

fn command(agent: &str, wish: Wish) -> AgentCommand {
    AgentCommand { agent: key(agent), holder: None, seen_changes: None, wish }
}
