//! Voice state that a contact centre's server owns: the live lane, and who holds the link.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::settings::{CtiDialect, CtiPair, CtiSessions};
use domain::{
    AgentCommand, AgentId, AgentKey, Command, Heard, HeardState, Input, InputId, Known,
    OwnerAnswer, OwnerAsk, OwnerRefusal, OwnerRefusalKind, PairName, PresenceState, ReasonCode,
    Refusal, Report, SessionRef, Settings, SignIn, SignedOutBy, Status, Unclear, Wish,
};
use engine::testing::{ManualClock, PlainAuthenticator, apply, engine_on};
use engine::{
    Engine, EngineOptions, FeedItem, Metrics, Outcome, Owner, OwnerRequest, Port, QUESTIONS_MAX,
    SealingKeys,
};
use store::{MemoryStore, Store};

use crate::START;

pub(crate) fn pair(name: &str) -> PairName {
    name.parse().unwrap()
}

pub(crate) fn agent(id: &str) -> AgentKey {
    AgentKey { pair: pair("east"), id: id.parse().unwrap() }
}

pub(crate) fn settings(pairs: &[&str]) -> Settings {
    let pairs = pairs.iter().map(|name| {
        let pair = CtiPair {
            name: pair(name),
            dialect: CtiDialect::Enterprise,
            side_a: "cti.example:42027".parse().unwrap(),
            side_b: None,
            version: 24,
            tag_width: None,
            peripheral_id: 1,
            client_id: "gateway".to_owned(),
            client_password: None,
            heartbeat_seconds: 5,
            reconnect_seconds: 300,
            request_seconds: 5,
            open_seconds: 5,
            sessions: CtiSessions::PerNode,
            logout_reason: 255,
            rmcm_user: None,
            primary_node: None,
            secondary_node: None,
        };
        (pair.name.clone(), Arc::new(pair))
    });
    Settings { cti_pairs: Arc::new(pairs.collect()), ..Settings::default() }
}

pub(crate) fn heard(state: PresenceState) -> Heard {
    Heard::State(HeardState {
        state,
        since: START,
        pending: None,
        extension: Some("2001".parse().unwrap()),
        instrument: None,
        device: None,
    })
}

pub(crate) const SIGNED_OUT: PresenceState = PresenceState::SignedOut { reason: None };
pub(crate) const NOT_READY: PresenceState = PresenceState::NotReady { reason: None };

pub(crate) fn refused(kind: OwnerRefusalKind) -> OwnerAnswer {
    OwnerAnswer::Refused(OwnerRefusal { kind, code: 1, words: "no".to_owned() })
}

/// What a scripted owner does with the next request.
pub(crate) enum Play {
    /// Hears that of the agent, then answers.
    Answer(Option<PresenceState>, OwnerAnswer),
    /// Drops the link.
    Drop,
}

pub(crate) type Asked = Arc<Mutex<Vec<OwnerAsk>>>;

/// Answers requests by the script, in order; afterwards every question is answered as the last state
/// heard. What was asked is noted.
pub(crate) fn script(mut owner: Owner, plays: Vec<Play>) -> Asked {
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    let mut plays = VecDeque::from(plays);
    tokio::spawn(async move {
        while let Some(OwnerRequest { command, answer }) = owner.next_request().await {
            noted.lock().unwrap().push(command.ask.clone());
            match plays.pop_front() {
                Some(Play::Answer(state, said)) => {
                    if let Some(state) = state {
                        owner.hear(&command.agent, heard(state));
                    }
                    let _ = answer.send(said);
                }
                Some(Play::Drop) => return,
                None => drop(answer.send(OwnerAnswer::Done)),
            }
        }
    });
    asked
}

pub(crate) struct Site {
    pub(crate) engine: Arc<Engine>,
    pub(crate) port: Port,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
}

impl Site {
    pub(crate) async fn new(pairs: &[&str]) -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::new(START));
        let engine = engine_on(Arc::clone(&store), clock.clone(), 1).await;
        apply(&engine, &settings(pairs)).await;
        let port = engine.port(Arc::new(PlainAuthenticator));
        Self { engine, port, store, clock }
    }

    /// A second node on the same store.
    pub(crate) async fn other_node(&self) -> Arc<Engine> {
        let options = EngineOptions {
            store: Arc::clone(&self.store),
            clock: self.clock.clone(),
            random: Arc::new(engine::testing::SeededRandom::new(2)),
            sealing: Arc::new(SealingKeys::single([7; 32])),
            node: "gw-b.example".parse().unwrap(),
            metrics: Metrics::new(),
        };
        Engine::open(options).await.unwrap()
    }

    /// A session as a sign-in that the owner accepted leaves it.
    pub(crate) async fn session(&self, id: &str) -> SessionRef {
        let wish = SignIn { agent: agent(id), follows: None, ..crate::sign_in(id, "2001") };
        let input = Input::command(InputId::new("begins", id), Command::SignIn(Box::new(wish)));
        match self.engine.submit(input).await.unwrap() {
            Outcome::Done(domain::Reply::SignedIn { session }) => session,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn wish(&self, name: &str, id: &str, wish: Wish) -> Outcome {
        let command = AgentCommand { agent: agent(id), holder: None, seen_changes: None, wish };
        let input = Input::command(InputId::new("wish", name), Command::Agent(command));
        self.engine.submit(input).await.unwrap()
    }

    pub(crate) async fn status(&self, id: &str) -> Option<Status> {
        let session = self.engine.session_of(&agent(id)).await.unwrap();
        session.map(|session| session.status.clone())
    }

    /// Waits until the agent's session is as wanted.
    pub(crate) async fn until(&self, id: &str, wanted: impl Fn(&Status) -> bool) {
        let mut watch = self.port.watch(&agent(id));
        let is = |session: &Option<Arc<domain::AgentSession>>| {
            session.as_ref().is_some_and(|session| wanted(&session.status))
        };
        let waiting = watch.wait_for(is);
        tokio::time::timeout(Duration::from_secs(100), waiting).await.unwrap().unwrap();
    }
}

fn force() -> Wish {
    Wish::ForceSignOut { reason: Some(ReasonCode(255)), by: SignedOutBy::System }
}

#[tokio::test(start_paused = true)]
async fn cti_01_a_wish_is_done_refused_unclear_or_finds_no_owner() {
    let site = Site::new(&["east"]).await;
    site.session("1001").await;
    let away = Outcome::Refused(Refusal::OwnerAway { pair: pair("east") });
    assert_eq!(site.wish("a", "1001", Wish::Ready).await, away);
    let mut owner = site.port.own(&pair("east"));
    owner.hear(&agent("1001").id, heard(NOT_READY));
    let unseen = OwnerAnswer::Unknown(Unclear::NotSeen);
    let asked = script(
        owner,
        vec![
            Play::Answer(None, refused(OwnerRefusalKind::State)),
            Play::Answer(None, unseen),
            Play::Answer(None, OwnerAnswer::Unreachable),
            Play::Answer(Some(PresenceState::Ready), OwnerAnswer::Done),
            Play::Drop,
        ],
    );
    let OwnerAnswer::Refused(why) = refused(OwnerRefusalKind::State) else { panic!() };
    let no = Outcome::Refused(Refusal::Owner { why });
    assert_eq!(site.wish("b", "1001", Wish::Ready).await, no);
    let unseen = Outcome::Unclear(Unclear::NotSeen);
    assert_eq!(site.wish("c", "1001", Wish::Ready).await, unseen);
    assert_eq!(site.wish("d", "1001", Wish::Ready).await, away);
    let done = Outcome::Done(domain::Reply::Done);
    assert_eq!(site.wish("e", "1001", Wish::Ready).await, done);
    // What is so already is asked of nobody.
    assert_eq!(site.wish("f", "1001", Wish::Ready).await, done);
    assert_eq!(asked.lock().unwrap().len(), 4);
    // The link is lost in the middle: nobody knows, and nothing is known any more.
    let lost = site.wish("g", "1001", Wish::NotReady(None)).await;
    assert_eq!(lost, Outcome::Unclear(Unclear::LinkLost));
    let live = site.port.live(&agent("1001")).unwrap();
    assert_eq!(live.known, Known::NotSince(START));
    let unknown = site.wish("h", "1001", Wish::Ready).await;
    assert_eq!(unknown, Outcome::Refused(Refusal::NotKnown { since: START }));
}

#[tokio::test]
async fn an_owner_whose_place_was_taken_loses_nothing_when_it_goes() {
    let site = Site::new(&["east"]).await;
    let mut old = site.port.own(&pair("east"));
    let mut new = site.port.own(&pair("east"));
    assert!(old.next_request().await.is_none());
    new.hear(&agent("1001").id, heard(NOT_READY));
    drop(old);
    assert_eq!(site.port.live(&agent("1001")).unwrap().known, Known::Now);
    drop(new);
    assert_eq!(site.port.live(&agent("1001")).unwrap().known, Known::NotSince(START));
}

#[tokio::test]
async fn cti_06_everybody_is_asked_about_anew_sessions_first_and_64_at_once() {
    let site = Site::new(&["east"]).await;
    let mut owner = site.port.own(&pair("east"));
    let ids: Vec<AgentId> = (0..300).map(|number| format!("{number}").parse().unwrap()).collect();
    for id in &ids {
        owner.hear(id, heard(NOT_READY));
    }
    site.session("9001").await;
    owner.lose();
    assert!(site.port.live(&agent("7")).unwrap().presence().not_known_since.is_some());
    owner.ask_everybody();
    assert_eq!(owner.questions_left(), 301);
    let mut in_flight = VecDeque::new();
    let mut order = Vec::new();
    loop {
        while let Some(id) = owner.next_question() {
            in_flight.push_back(id);
        }
        assert!(in_flight.len() <= QUESTIONS_MAX);
        let Some(id) = in_flight.pop_front() else { break };
        owner.hear(&id, heard(NOT_READY));
        order.push(id);
    }
    assert_eq!(order[0].as_str(), "9001");
    assert_eq!((order.len(), owner.questions_left()), (301, 0));
    assert!(ids.iter().all(|id| owner.value(id).unwrap().known == Known::Now));
}

#[tokio::test]
async fn a_slow_watcher_skips_to_the_latest_value() {
    let site = Site::new(&["east"]).await;
    let mut owner = site.port.own(&pair("east"));
    let mut watch = site.port.watch_live(&agent("1001"));
    assert!(watch.borrow().is_none());
    for state in [NOT_READY, PresenceState::Ready, PresenceState::Talking] {
        assert!(owner.hear(&agent("1001").id, heard(state)));
    }
    // What is heard twice is no news.
    assert!(!owner.hear(&agent("1001").id, heard(PresenceState::Talking)));
    watch.changed().await.unwrap();
    let latest = watch.borrow_and_update().clone().unwrap();
    assert_eq!((latest.state, latest.count), (PresenceState::Talking, 3));
    assert!(!watch.has_changed().unwrap());
}

#[tokio::test]
async fn a_feed_is_in_order_and_a_slow_one_gets_one_resync_and_the_state_anew() {
    let site = Site::new(&["east"]).await;
    let mut owner = site.port.own(&pair("east"));
    let id = agent("1001").id;
    let mut feed = site.port.feed(&agent("1001"));
    let gone = site.port.feed(&agent("1001"));
    drop(gone);
    assert_eq!(feed.next().await, FeedItem::Resync(None));
    let states = [NOT_READY, PresenceState::Ready, PresenceState::Talking];
    for state in states {
        owner.hear(&id, heard(state));
    }
    for state in states {
        let FeedItem::Changed(live) = feed.next().await else { panic!("a resync") };
        assert_eq!(live.state, state);
    }
    let turns = |number: u16| PresenceState::NotReady { reason: Some(ReasonCode(number)) };
    for number in 0..1_000 {
        owner.hear(&id, heard(turns(number)));
    }
    let FeedItem::Resync(Some(live)) = feed.next().await else { panic!("no resync") };
    // A change after the resync was taken follows it; what it replaced is not told.
    owner.hear(&id, heard(PresenceState::Ready));
    assert_eq!(live.state, turns(999));
    let FeedItem::Changed(live) = feed.next().await else { panic!("a second resync") };
    assert_eq!(live.state, PresenceState::Ready);
    // A lost link is a change as well.
    drop(owner);
    let FeedItem::Changed(live) = feed.next().await else { panic!("a resync") };
    assert!(matches!(live.known, Known::NotSince(_)));
}

#[tokio::test(start_paused = true)]
async fn cti_07_who_the_owner_signs_out_is_signed_out_here_once_it_was_asked() {
    let site = Site::new(&["east"]).await;
    let mut owner = site.port.own(&pair("east"));
    owner.hear(&agent("1001").id, heard(NOT_READY));
    let holder = site.session("1001").await;
    let out = PresenceState::SignedOut { reason: Some(ReasonCode(999)) };
    owner.hear(&agent("1001").id, heard(out));
    // The first question finds the link too busy to say anything, so it is asked again.
    let asked = script(
        owner,
        vec![
            Play::Answer(None, OwnerAnswer::Unknown(Unclear::NotSeen)),
            Play::Answer(Some(out), OwnerAnswer::Done),
        ],
    );
    site.until("1001", |status| matches!(status, Status::SignedOut(_))).await;
    let Some(Status::SignedOut(ended)) = site.status("1001").await else { panic!() };
    assert_eq!((ended.reason, ended.by), (Some(ReasonCode(999)), SignedOutBy::Supervisor));
    assert_eq!(*asked.lock().unwrap(), [OwnerAsk::Query, OwnerAsk::Query]);
    let session = site.engine.session_of(&agent("1001")).await.unwrap().unwrap();
    assert!(session.generation > holder.generation);
}

#[tokio::test(start_paused = true)]
async fn cti_07_old_news_of_a_sign_out_ends_no_session_that_overtook_it() {
    let site = Site::new(&["east"]).await;
    let other = site.other_node().await;
    let mut owner = site.port.own(&pair("east"));
    let mut lagging = other.own(&pair("east"));
    owner.hear(&agent("1001").id, heard(NOT_READY));
    // This node hears late that the agent had signed out before.
    lagging.hear(&agent("1001").id, heard(SIGNED_OUT));
    let asked = script(lagging, vec![Play::Answer(Some(NOT_READY), OwnerAnswer::Done)]);
    let holder = site.session("1001").await;
    let port = other.port(Arc::new(PlainAuthenticator));
    let mut live = port.watch_live(&agent("1001"));
    let known = live.wait_for(|live| live.as_ref().is_some_and(|it| it.state == NOT_READY));
    tokio::time::timeout(Duration::from_secs(100), known).await.unwrap().unwrap();
    assert_eq!(*asked.lock().unwrap(), [OwnerAsk::Query]);
    // A report of a holder before changes nothing either.
    let older = SessionRef { generation: holder.generation - 1, ..holder };
    let report = Report::VoiceSignedOut {
        agent: agent("1001"),
        session: older,
        reason: None,
        by: SignedOutBy::Agent,
    };
    other.submit(Input::report(InputId::new("late", "1"), report)).await.unwrap();
    let session = other.session_of(&agent("1001")).await.unwrap().unwrap();
    assert_eq!(session.holder(), holder);
    assert!(session.signed_in().is_some());
}

#[tokio::test(start_paused = true)]
async fn cti_03_a_session_that_is_forced_out_is_left_to_whoever_sends_the_sign_out() {
    let site = Site::new(&["east"]).await;
    let mut owner = site.port.own(&pair("east"));
    owner.hear(&agent("1001").id, heard(NOT_READY));
    site.session("1001").await;
    let asked = script(owner, Vec::new());
    // Asked for twice, it is owed once, and sent by nobody but the keeper of what is owed.
    for name in ["a", "b"] {
        let forced = site.wish(name, "1001", force()).await;
        assert_eq!(forced, Outcome::Done(domain::Reply::Done));
    }
    let topic = domain::OwedSignOut::topic(&pair("east"));
    let mut outbox = site.port.outbox(&topic);
    let promises = outbox.take(0, 10).await.unwrap();
    assert_eq!(promises.len(), 1);
    assert!(outbox.still_due(&promises[0]).await.unwrap());
    assert_eq!(*asked.lock().unwrap(), []);
    // Once it is over the promise is meant for nobody, though nobody closed it.
    let session = site.engine.session_of(&agent("1001")).await.unwrap().unwrap();
    let generation = session.generation;
    let report = Report::Left { agent: agent("1001"), generation, reason: None };
    site.engine.submit(Input::report(InputId::new("left", "1"), report)).await.unwrap();
    assert!(!outbox.still_due(&promises[0]).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn agents_who_belong_to_another_pair_by_new_settings_are_signed_out() {
    let site = Site::new(&["east", "west"]).await;
    site.session("1001").await;
    let mut settings = settings(&["east", "west"]);
    let moved = domain::settings::Agent {
        id: agent("1001").id,
        name: None,
        team: None,
        pair: Some(pair("west")),
        extension: None,
        roles: Vec::new(),
        alias: None,
        skills: BTreeMap::new(),
        origin: None,
        password_hash: None,
        pin_hash: None,
    };
    settings.agents = Arc::new([(moved.id.clone(), Arc::new(moved))].into());
    settings.number = site.engine.settings().number;
    apply(&site.engine, &settings).await;
    site.until("1001", |status| !matches!(status, Status::SignedIn(_))).await;
    let Some(Status::Leaving(leaving)) = site.status("1001").await else { panic!() };
    assert_eq!(leaving.by, SignedOutBy::Supervisor);
    // Nobody is there to send it, so its deadline ends it.
    site.clock.advance(Duration::from_secs(domain::LEAVING_SECONDS));
    site.until("1001", |status| matches!(status, Status::SignedOut(_))).await;
}
