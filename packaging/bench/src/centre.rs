//! A contact centre at full size: what an event costs, how fast it reaches a subscriber, how fast the
//! other side takes over.

mod decoding;
mod latency;
mod peers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::settings::{CtiPair, Settings};
use domain::{AgentKey, Known, PresenceState};
use engine::testing::{PlainAuthenticator, memory_port};
use engine::{Port, SystemClock};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::demand::Demand;
use crate::gateway::{cpu_seconds, resident_megabytes};
use crate::{AnyError, Missed};
pub(crate) use latency::{answer_heartbeats, event, open};
pub(crate) use peers::Peers;

/// Agents of a gateway, and state changes a second, at full size.
pub(crate) const AGENTS: usize = 24_000;
pub(crate) const EVENTS: u64 = 2_000;
/// The name of the pair.
pub(crate) const PAIR: &str = "east";

const DECODED: Demand = Demand::AtLeast(1_000_000.0);
const COST: Demand = Demand::AtMost(15.0);
const MEMORY: Demand = Demand::AtMost(120.0);
const LOST: Demand = Demand::AtMost(0.0);
const LATENCY: Demand = Demand::AtMost(5.0);
const FAILOVER: Demand = Demand::AtMost(2.0);
const KNOWN: Demand = Demand::AtMost(10.0);

pub(crate) fn run(rounds: usize, quick: bool) -> Result<Missed, AnyError> {
    let (seconds, agents) = if quick { (3, 2_000) } else { (60, AGENTS) };
    let decoded = decoding::rate(rounds);
    println!("centre: AGENT_STATE_EVENT decoded, one core  {decoded:>11.0} /s ({DECODED})");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let latency = runtime.block_on(latency::run(agents, seconds))?;
    println!("centre: socket to subscriber, median         {:>11.3} ms", latency.median);
    println!("centre: socket to subscriber, p99            {:>11.3} ms ({LATENCY})", latency.p99);
    let load = runtime.block_on(load(agents, seconds))?;
    println!("centre: {} events, CPU for each       {:>11.2} us ({COST})", load.events, load.cost);
    println!("centre: the simulated server's own CPU       {:>11.2} us", load.peers_cost);
    println!("centre: memory with {agents} agents           {:>11.1} MB ({MEMORY})", load.memory);
    println!("centre: agents whose last state was lost     {:>11} ({LOST})", load.lost);
    println!("centre: other side in charge after           {:>11.3} s ({FAILOVER})", load.failover);
    println!("centre: all states known again after         {:>11.3} s ({KNOWN})", load.known);
    let missed = [
        DECODED.missed("centre: decoded events a second", decoded),
        LATENCY.missed("centre: socket to subscriber, p99 in ms", latency.p99),
        COST.missed("centre: CPU for an event in us", load.cost),
        MEMORY.missed("centre: memory in MB", load.memory),
        LOST.missed("centre: agents whose last state was lost", load.lost),
        FAILOVER.missed("centre: failover in s", load.failover),
        KNOWN.missed("centre: seconds until all states are known again", load.known),
    ];
    Ok(missed.into_iter().flatten().collect())
}

/// Figures of one load.
struct Load {
    events: u64,
    cost: f64,
    peers_cost: f64,
    memory: f64,
    lost: f64,
    failover: f64,
    known: f64,
}

/// A gateway's port with a link to the sides at those addresses.
pub(crate) async fn linked(
    side_a: &str,
    side_b: Option<&str>,
) -> Result<(Port, watch::Sender<bool>), AnyError> {
    let pair: CtiPair = serde_json::from_value(json!({
        "name": PAIR, "dialect": "enterprise", "side_a": side_a, "side_b": side_b, "version": 24,
        "tag_width": null, "peripheral_id": 5000, "client_id": "jackfield",
        "client_password": null, "heartbeat_seconds": 5, "reconnect_seconds": 300,
        "request_seconds": 5, "open_seconds": 30, "sessions": "per_node", "logout_reason": 255,
        "rmcm_user": null,
    }))?;
    let pairs = BTreeMap::from([(pair.name.clone(), Arc::new(pair))]);
    let settings = Settings { cti_pairs: Arc::new(pairs), ..Settings::default() };
    let port = memory_port(&settings, Arc::new(PlainAuthenticator), Arc::new(SystemClock)).await;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(cti::Pairs::new(port.clone()).run(stopped));
    let is_linked = || port.pair_statuses().iter().any(|(_, it)| it.active_side.is_some());
    until("the link", is_linked).await?;
    Ok((port, stop))
}

async fn load(agents: usize, seconds: u64) -> Result<Load, AnyError> {
    let peers = Arc::new(Peers::start(agents)?);
    let (port, stop) = linked(&peers.side_a, Some(&peers.side_b)).await?;
    let before = (cpu_seconds(std::process::id())?, cpu_seconds(peers.process())?);
    let asked = json!({
        "command": "load", "agents": agents, "events_per_second": EVENTS, "seconds": seconds,
    });
    let report = ask(&peers, asked).await?;
    let states = ask(&peers, json!({"command": "states", "limit": agents})).await?;
    let told: Vec<(AgentKey, Value)> = states
        .get("states")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|state| {
            let key = format!("{PAIR}:{}", state.get("id")?.as_str()?).parse().ok()?;
            Some((key, state.clone()))
        })
        .collect();
    let agrees = |(key, state): &(AgentKey, Value)| {
        port.live(key).is_some_and(|live| Some(live.state.name()) == spoken(state))
    };
    // The last bytes may be on their way still.
    let _ = until("the last event", || told.iter().all(agrees)).await;
    let lost = told.iter().filter(|it| !agrees(it)).count() + agents.saturating_sub(told.len());
    let spent =
        (cpu_seconds(std::process::id())? - before.0, cpu_seconds(peers.process())? - before.1);
    // Each sign-on is two events more.
    let events = report.get("events").and_then(Value::as_u64).ok_or("no count of events")?;
    let events = events + 2 * agents as u64;
    let memory = resident_megabytes(std::process::id())?;

    let began = Instant::now();
    let down = ask(&peers, json!({"command": "side", "what": "down", "side": "a"}));
    let other = || port.pair_statuses().iter().any(|(_, it)| it.active_side == Some('b'));
    let (answered, came) = tokio::join!(down, until("the other side", other));
    answered?;
    came?;
    let failover = began.elapsed().as_secs_f64();
    let known = |key: &AgentKey| port.live(key).is_some_and(|live| live.known == Known::Now);
    until("all states", || told.iter().all(|(key, _)| known(key))).await?;
    let known = began.elapsed().as_secs_f64();
    stop.send_replace(true);
    let each = |seconds: f64| seconds * 1e6 / events as f64;
    Ok(Load {
        events,
        cost: each(spent.0),
        peers_cost: each(spent.1),
        memory,
        lost: lost as f64,
        failover,
        known,
    })
}

/// Asks without holding up the link that lives in this process.
async fn ask(peers: &Arc<Peers>, request: Value) -> Result<Value, AnyError> {
    let peers = Arc::clone(peers);
    tokio::task::spawn_blocking(move || peers.ask(&request)).await?
}

/// The simulated server's word for a state in ours.
fn spoken(state: &Value) -> Option<&'static str> {
    let not_ready = PresenceState::NotReady { reason: None };
    Some(match state.get("state")?.as_str()? {
        "available" | "ready" => PresenceState::Ready.name(),
        "not-ready" | "not_ready" => not_ready.name(),
        "reserved" => PresenceState::Reserved.name(),
        "talking" => PresenceState::Talking.name(),
        "logout" => "signed_out",
        _ => return None,
    })
}

pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) -> Result<(), AnyError> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        if Instant::now() > deadline {
            return Err(format!("it never came: {what}").into());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}
