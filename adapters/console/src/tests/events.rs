//! Streams of events and the log, without a network: pieces are asked for as the server would.

use std::sync::Arc;
use std::time::Duration;

use domain::{AgentKey, Command, Input, InputId, Principal, SignIn, SignInOn};
use engine::surface::Source;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::testing::{Ask, NOW, Place, administrator, agent, person, settings, supervisor};
use crate::{Failure, LogLine, LogLines};

/// Nothing here may take longer; the runtime's clock stands still and jumps to the next timer.
const DEADLINE: Duration = Duration::from_secs(600);

/// A stream with what was read of it.
struct Watching {
    source: Box<dyn Source>,
    text: String,
}

impl Watching {
    async fn begin(place: &Place, query: &str, who: Principal) -> Self {
        let ask = Ask::new(Method::GET, &format!("/api/v1/events{query}"), Some(who));
        let (parts, source) = place.stream(ask).await;
        assert_eq!(parts.status, 200);
        assert_eq!(parts.headers["content-type"], "text/event-stream; charset=utf-8");
        assert_eq!(parts.headers["cache-control"], "no-store");
        Self { source, text: String::new() }
    }

    /// The next event of whatever name; comments and the time to retry are passed over.
    async fn event(&mut self) -> (String, Value) {
        for _ in 0..100 {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let Some(named) = block.strip_prefix("event: ") else { continue };
                let (name, data) = named.split_once("\ndata: ").unwrap();
                return (name.to_owned(), serde_json::from_str(data).unwrap());
            }
            self.piece().await;
        }
        panic!("it was never told");
    }

    async fn piece(&mut self) -> String {
        let piece = tokio::time::timeout(DEADLINE, self.source.next()).await;
        let piece = piece.expect("a piece in time").expect("it is not over").unwrap();
        let piece = String::from_utf8(piece.to_vec()).unwrap();
        self.text.push_str(&piece);
        piece
    }
}

/// A place whose console gathers news.
async fn place() -> (Place, watch::Sender<bool>) {
    gathering(Place::new().await).await
}

async fn gathering(place: Place) -> (Place, watch::Sender<bool>) {
    let (stop, stopping) = watch::channel(false);
    let console: Arc<dyn engine::surface::Surface> = Arc::clone(&place.console) as _;
    tokio::spawn(console.run(stopping));
    // It listens before anything happens.
    tokio::task::yield_now().await;
    (place, stop)
}

fn agents(states: &Value) -> Vec<(&str, &str)> {
    let agents = states["agents"].as_array().unwrap().iter();
    agents.map(|it| (it["agent"].as_str().unwrap(), it["state"].as_str().unwrap())).collect()
}

async fn sign_in(place: &Place, id: &str) {
    let sign_in = SignIn {
        agent: AgentKey::owned(id.parse().unwrap()),
        extension: "2001".parse().unwrap(),
        device: None,
        mobile: None,
        on: SignInOn::Local,
        node: place.port.node().clone(),
        verifier: None,
        follows: None,
    };
    let input = Input::command(InputId::new("test", id), Command::SignIn(Box::new(sign_in)));
    let outcome = place.port.submit(input).await.unwrap();
    assert!(matches!(outcome, engine::Outcome::Done(_)), "{outcome:?}");
}

fn with_phone() -> domain::settings::Settings {
    let mut settings = settings();
    let device = domain::settings::Device {
        name: "SEP1".parse().unwrap(),
        description: None,
        lines: vec!["2001".parse().unwrap()],
        profile: false,
        certificate_sha256: None,
        sip: None,
        pair: None,
    };
    Arc::make_mut(&mut settings.devices).insert(device.name.clone(), device.into());
    settings
}

#[tokio::test(start_paused = true)]
async fn ops_06_states_are_told_as_they_are_and_as_they_change() {
    let (place, _stop) = gathering(Place::with(with_phone()).await).await;
    let mut all = Watching::begin(&place, "?topics=states", administrator()).await;
    let mut own = Watching::begin(&place, "?topics=states", supervisor()).await;
    assert!(all.piece().await.starts_with("retry: "));
    let (name, states) = all.event().await;
    assert_eq!(name, "states");
    let signed_out = [("1001", "signed_out"), ("1002", "signed_out"), ("2001", "signed_out")];
    assert_eq!(agents(&states), signed_out);
    assert_eq!(agents(&own.event().await.1), signed_out[..2]);
    sign_in(&place, "2001").await;
    sign_in(&place, "2001").await;
    let (_, states) = all.event().await;
    assert_eq!(agents(&states), [("2001", "not_ready")]);
    let told = &states["agents"][0];
    assert_eq!(told, &place.get("/api/v1/agents/2001/state", administrator()).await.json());
    // A supervisor is told of the own teams alone; what comes is the next sign that the stream is there.
    assert_eq!(own.piece().await, ": still there\n\n");
}

#[tokio::test(start_paused = true)]
async fn a_team_is_watched_by_whoever_leads_it() {
    let (place, _stop) = place().await;
    let mut team = Watching::begin(&place, "?topics=states&team=a/b+c", administrator()).await;
    assert_eq!(agents(&team.event().await.1), [("2001", "signed_out")]);
    for (query, who) in [("?team=a/b+c", supervisor()), ("?team=none", administrator())] {
        let reply = place.get(&format!("/api/v1/events{query}"), who).await;
        reply.assert_problem(404, "not_found");
    }
}

#[tokio::test(start_paused = true)]
async fn more_agents_than_a_message_holds_are_told_in_several() {
    let mut settings = settings();
    for number in 0..2_500 {
        let agent = agent(&format!("{}", 30_000 + number), "sales");
        Arc::make_mut(&mut settings.agents).insert(agent.id.clone(), agent.into());
    }
    let (place, _stop) = gathering(Place::with(settings).await).await;
    let mut all = Watching::begin(&place, "?topics=states", administrator()).await;
    let mut counts = Vec::new();
    for _ in 0..3 {
        counts.push(all.event().await.1["agents"].as_array().unwrap().len());
    }
    assert_eq!(counts, [1_000, 1_000, 503]);
}

#[tokio::test(start_paused = true)]
async fn who_reads_too_slowly_for_the_changes_is_told_so_and_begins_anew() {
    let (place, _stop) = gathering(Place::with(with_phone()).await).await;
    let mut slow = Watching::begin(&place, "?topics=states", administrator()).await;
    assert_eq!(slow.event().await.1["agents"].as_array().unwrap().len(), 3);
    // More batches than a stream may be behind, each half a second apart.
    for number in 0..80 {
        let wish = if number % 2 == 0 { "1001" } else { "1002" };
        place.console.news.tell_of(&place.console, wish);
    }
    let (name, resync) = slow.event().await;
    assert_eq!((name.as_str(), resync), ("resync", json!({"topics": ["states"]})));
    let (name, states) = slow.event().await;
    assert_eq!((name.as_str(), agents(&states).len()), ("states", 3));
}

#[tokio::test(start_paused = true)]
async fn settings_are_told_with_their_number() {
    let (place, _stop) = place().await;
    let mut watching = Watching::begin(&place, "?topics=settings", supervisor()).await;
    let number = place.port.settings().number;
    assert_eq!(watching.event().await, ("settings".to_owned(), json!({"number": number})));
    let documents = domain::settings::Documents(with_phone().documents());
    let command = Command::ApplySettings { documents, source: None };
    place.port.submit(Input::command(InputId::new("test", "more"), command)).await.unwrap();
    assert_eq!(watching.event().await.1, json!({"number": number + 1}));
}

#[tokio::test(start_paused = true)]
async fn the_overview_is_told_when_it_differs_and_made_once_for_all() {
    let (place, _stop) = place().await;
    let overview = |at: &str, state: &str| {
        let why = json!({"why": "the file /var/lib/x", "seconds": 5});
        let store = json!({"part": "store", "state": state, "code": "store_failing", "arguments": why, "page": "#/nodes"});
        Ok(json!({"at": at, "parts": [store]}))
    };
    for (at, state) in [("1", "ok"), ("2", "ok"), ("3", "off")] {
        place.node.answers("overview", overview(at, state));
    }
    place
        .node
        .answers("overview", Err(Failure::new("unknown_request", "there is no such request")));
    let mut all = Watching::begin(&place, "?topics=overview", administrator()).await;
    let (name, first) = all.event().await;
    assert_eq!((name.as_str(), first["parts"][0]["state"].as_str()), ("overview", Some("ok")));
    // Who comes later is told what was found last, without what names places.
    let mut other = Watching::begin(&place, "?topics=overview", supervisor()).await;
    let seen = other.event().await.1;
    let place_less = (&seen["parts"][0]["page"], &seen["parts"][0]["arguments"]["why"]);
    assert_eq!(place_less, (&Value::Null, &Value::Null), "{seen}");
    assert!(!seen.to_string().contains("/var/lib"), "{seen}");
    assert_eq!(all.event().await.1["at"], "3");
    let asked = place.node.done().len();
    assert!((3..=4).contains(&asked), "asked {asked} times for two streams");
}

#[tokio::test(start_paused = true)]
async fn a_node_without_an_overview_tells_the_rest() {
    let (place, _stop) = place().await;
    for _ in 0..1_000 {
        place.node.answers("overview", Err(Failure::new("unknown_request", "no such request")));
    }
    let mut all = Watching::begin(&place, "?topics=overview,settings", administrator()).await;
    assert_eq!(all.event().await.0, "settings");
    assert_eq!(all.piece().await, ": still there\n\n");
}

fn line(level: &'static str, message: &str) -> LogLine {
    LogLine {
        at: NOW,
        level,
        target: "server::node".to_owned(),
        message: message.to_owned(),
        fields: vec![("why".to_owned(), "<script>\n".to_owned())],
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_is_told_by_level_and_what_was_missed_is_said() {
    let (place, _stop) = place().await;
    let lines = LogLines { lines: vec![line("warn", "one")], last: 7, missed: 0 };
    *place.node.log.lock().unwrap() = Some(lines);
    let mut log = Watching::begin(&place, "?topics=log&level=warn", administrator()).await;
    let (name, told) = log.event().await;
    assert_eq!(name, "log");
    let expected = json!({
        "at": "2027-01-15T08:00:00Z",
        "level": "warn",
        "target": "server::node",
        "message": "one",
        "fields": {"why": "<script>\n"},
    });
    assert_eq!(told, json!({"lines": [expected]}));
    let lines = LogLines { lines: vec![line("error", "two")], last: 5_000, missed: 12 };
    *place.node.log.lock().unwrap() = Some(lines);
    place.node.log_moves.send_replace(5_000);
    assert_eq!(log.event().await.1, json!({"topics": ["log"], "missed": 12}));
    assert_eq!(log.event().await.1["lines"][0]["message"], "two");
    let asked = place.node.log_asked.lock().unwrap().clone();
    assert_eq!(asked, [(0, "warn".to_owned(), 200), (7, "warn".to_owned(), 200)]);
    // Where nothing comes, nothing is asked for.
    assert_eq!(log.piece().await, ": still there\n\n");
    assert_eq!(place.node.log_asked.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn ids_16_only_administrators_watch_the_log() {
    let (place, _stop) = place().await;
    let reply = place.get("/api/v1/events?topics=log", supervisor()).await;
    reply.assert_problem(403, "forbidden");
    let reply = place.get("/api/v1/events?topics=settings,logs", administrator()).await;
    reply.assert_problem(400, "bad_query");
    // What nobody asked for by name is left out.
    let mut all = Watching::begin(&place, "", supervisor()).await;
    assert_ne!(all.event().await.0, "log");
    assert!(place.node.log_asked.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_session_has_eight_streams_and_a_closed_one_makes_room() {
    let (place, _stop) = place().await;
    let session = |number: &str| Principal { session: Some(number.to_owned()), ..supervisor() };
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(Watching::begin(&place, "?topics=settings", session("one")).await);
    }
    let reply = place.get("/api/v1/events?topics=settings", session("one")).await;
    reply.assert_problem(429, "busy");
    assert_eq!(reply.header("retry-after"), "5");
    open.push(Watching::begin(&place, "?topics=settings", session("two")).await);
    open.remove(0);
    open.push(Watching::begin(&place, "?topics=settings", session("one")).await);
    // Many sessions make no more than a person may have.
    for number in 0.. {
        let who = session(&format!("more{}", number / 8));
        let ask = Ask::new(Method::GET, "/api/v1/events?topics=settings", Some(who.clone()));
        if open.len() == 48 {
            place.ask(ask).await.assert_problem(429, "busy");
            break;
        }
        open.push(Watching::begin(&place, "?topics=settings", who).await);
    }
    // All together have their limit too.
    for number in 0.. {
        let who = person(&format!("lead{number}"), &supervisor().roles, &["sales"]);
        let ask = Ask::new(Method::GET, "/api/v1/events?topics=settings", Some(who.clone()));
        if open.len() == 256 {
            place.ask(ask).await.assert_problem(429, "busy");
            break;
        }
        open.push(Watching::begin(&place, "?topics=settings", who).await);
    }
}

#[tokio::test]
async fn ops_12_the_last_lines_of_the_log_are_listed() {
    let place = Place::new().await;
    let lines = LogLines { lines: vec![line("info", "ready")], last: 9, missed: 0 };
    *place.node.log.lock().unwrap() = Some(lines);
    let node = place.port.node().to_string();
    let target = format!("/api/v1/log?level=debug&lines=3&node={node}");
    let page = place.get(&target, administrator()).await.json();
    assert_eq!((&page["items"][0]["message"], &page["node"]), (&json!("ready"), &json!(node)));
    assert_eq!(*place.node.log_asked.lock().unwrap(), [(0, "debug".to_owned(), 3)]);
    let reply = place.get("/api/v1/log?node=gw-z.example", administrator()).await;
    reply.assert_problem(404, "not_found");
    let reply = place.get("/api/v1/log?node=a%20b", administrator()).await;
    reply.assert_problem(404, "not_found");
    place.get("/api/v1/log", supervisor()).await.assert_problem(403, "forbidden");
}

#[tokio::test]
async fn the_file_of_a_backup_is_handed_out_to_administrators() {
    let place = Place::new().await;
    let name = "backup-20270115T080000Z-123456.jackfield";
    let target = format!("/api/v1/backups/{name}/archive");
    let reply = place.get(&target, administrator()).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, "bytesbytes"));
    assert_eq!(reply.header("content-type"), "application/octet-stream");
    let named = format!("attachment; filename=\"{name}\"");
    assert_eq!(reply.header("content-disposition"), named);
    let done = place.node.done();
    assert_eq!(done[0].members, json!({"name": name}));
    assert_eq!(done[0].context.by.who, "admin");
    place.get(&target, supervisor()).await.assert_problem(403, "forbidden");
}
