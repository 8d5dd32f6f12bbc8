//! What must hold when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    AgentKey, AgentSession, Ask, Command, Document, Index, IndexRange, InputId, Key, Kind, Loaded,
    Reply, Timestamp, VoiceState,
};
use store::{Cursor, Indexed, Load, LogEntry, LogPage, Store};

use crate::world::World;

/// Checks all rules; returns the history, for comparing runs.
pub(crate) async fn check(world: &World) -> Vec<String> {
    let log = log(world).await;
    let sessions = sessions(world).await;
    assert!(!sessions.is_empty() && log.len() > 50, "seed {}: nothing happened", world.seed);
    acknowledged_is_kept(world, &log).await;
    done_once(&sessions, &log);
    lines_have_one_agent(world, &sessions).await;
    timers_match(world, &sessions).await;
    nodes_agree(world, &sessions).await;
    log.iter().map(|line| format!("{line:?}")).collect()
}

/// What was acknowledged is in the store under its id, and every answer was that one. New settings
/// that were in force already leave nothing behind; once they left something, every answer is it.
async fn acknowledged_is_kept(world: &World, log: &[LogEntry]) {
    let mut kept = 0;
    for (id, acknowledged) in world.acknowledged.take() {
        let (id, replies) = (id.as_str(), &acknowledged.replies);
        let found = world.store.outcome(&input_id(id)).await.unwrap();
        if let Command::ApplySettings { .. } = acknowledged.command {
            let mut since = replies.iter().skip_while(|reply| Some(*reply) != found.as_ref());
            assert!(
                since.all(|reply| Some(reply) == found.as_ref()),
                "{id}: {replies:?}, {found:?}"
            );
            assert!(replies.iter().all(|reply| was_in_force(reply, log)), "{id}: {replies:?}");
        } else {
            let Some(found) = found else { panic!("{id} was acknowledged and is lost") };
            assert!(replies.iter().all(|reply| *reply == found), "{id}: {replies:?}, {found:?}");
            kept += 1;
        }
    }
    assert!(kept > 20, "seed {}: only {kept} inputs were kept", world.seed);
}

fn input_id(text: &str) -> InputId {
    let (kind, name) = text.split_once('/').unwrap();
    InputId::new(kind, name)
}

fn was_in_force(reply: &Reply, log: &[LogEntry]) -> bool {
    let Reply::Settings { number } = reply else { return false };
    let number = number.to_string();
    log.iter().any(|line| line.event.details.get("number") == Some(&number))
}

/// Each commit about a session writes it once and says so once.
fn done_once(sessions: &BTreeMap<AgentKey, (u64, AgentSession)>, log: &[LogEntry]) {
    for (agent, (version, _)) in sessions {
        let key = Key::session(agent);
        let lines = log.iter().filter(|line| line.event.subject == key).count();
        assert_eq!(u64::try_from(lines).unwrap(), *version, "{agent}");
    }
}

async fn lines_have_one_agent(world: &World, sessions: &BTreeMap<AgentKey, (u64, AgentSession)>) {
    let mut lines = BTreeSet::new();
    for (agent, (_, session)) in sessions {
        let Some(signed_in) = session.signed_in() else { continue };
        assert!(
            lines.insert(signed_in.extension.clone()),
            "{} has two agents",
            signed_in.extension
        );
        let claim = document(world, Key::line(&signed_in.extension)).await;
        let Some(Loaded { document: Document::Line(claim), .. }) = claim else {
            panic!("{agent} has no claim")
        };
        assert_eq!((&claim.agent, claim.session), (agent, session.number));
    }
    for line in 2001..=2004 {
        let extension: domain::Extension = line.to_string().parse().unwrap();
        let claimed = document(world, Key::line(&extension)).await.is_some();
        assert_eq!(claimed, lines.contains(&extension), "the claim on {line}");
    }
}

async fn timers_match(world: &World, sessions: &BTreeMap<AgentKey, (u64, AgentSession)>) {
    let end_of_time = Timestamp::from_microseconds(i64::MAX);
    let wakes = world.store.due_wakes(end_of_time, 1000).await.unwrap().due;
    let mut expected = BTreeSet::new();
    for (agent, (_, session)) in sessions {
        let state = session.signed_in().map(|signed_in| signed_in.voice.unwrap().state);
        if let Some(VoiceState::WrapUp { until, .. }) = state {
            assert!(until > world.nodes()[0].now(), "{agent} wraps up for ever");
            expected.insert((Key::session(agent).id, until));
        }
    }
    let set: BTreeSet<_> = wakes.into_iter().map(|wake| (wake.subject.id, wake.due_at)).collect();
    assert_eq!(set, expected);
}

async fn nodes_agree(world: &World, sessions: &BTreeMap<AgentKey, (u64, AgentSession)>) {
    let head = document(world, Key::settings_head()).await.unwrap();
    let Document::SettingsHead(head) = head.document else { panic!("no head") };
    for node in world.nodes() {
        for (agent, (_, session)) in sessions {
            let shown = node.session_of(agent).await.unwrap().unwrap();
            assert_eq!(*shown, *session, "{:?} shows {agent}", node.node());
        }
        assert_eq!(node.settings().number, head.number);
    }
}

async fn log(world: &World) -> Vec<LogEntry> {
    let start = Cursor { epoch: 1, number: 0 };
    let LogPage::Lines(lines) = world.store.read_log(start, 100_000).await.unwrap() else {
        panic!("restarted")
    };
    lines
}

async fn sessions(world: &World) -> BTreeMap<AgentKey, (u64, AgentSession)> {
    let range = IndexRange {
        index: Index::SessionByNumber,
        from: String::new(),
        to: "~".into(),
        limit: 1000,
    };
    let load = Load { asks: vec![Ask::Range(range)], input: None };
    let answer = world.store.load(load).await.unwrap();
    let mut sessions = BTreeMap::new();
    for Indexed { key, .. } in &answer.ranges[0].1 {
        assert_eq!(key.kind, Kind::Session);
        let loaded = document(world, key.clone()).await.unwrap();
        let Document::Session(session) = loaded.document else { panic!("no session") };
        sessions.insert(session.agent.clone(), (loaded.version, session));
    }
    sessions
}

async fn document(world: &World, key: Key) -> Option<Loaded> {
    let load = Load { asks: vec![Ask::Document(key)], input: None };
    world.store.load(load).await.unwrap().documents.pop().unwrap().1
}
