//! Headsets at full size: how soon a phone is told what a contact centre says of its agent, what that takes,
//! how soon the light follows the mute key, and how soon all phones discover their service anew.
//!
//! ```text
//!   cti-server --record --AGENT_STATE_EVENT--> gateway --REFER--> headset-load --record
//!        `------------- laid side by side by phone and state ----------'
//! ```
//!
//! Both programs write wall-clock times of one machine. They share its cores with the gateway, so that what they
//! take is told beside.

mod node;
mod phones;
mod records;

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::centre::Peers;
use crate::demand::Demand;
use crate::gateway::cpu_seconds;
use crate::sip::folder;
use crate::{AnyError, Missed};
use node::Node;
use phones::Phones;

const LATENCY: Demand = Demand::AtMost(10.0);
const COST: Demand = Demand::AtMost(25.0);
const LOST: Demand = Demand::AtMost(0.0);
const LIGHT: Demand = Demand::AtMost(1_000.0);
const REDISCOVERED: Demand = Demand::AtMost(60.0);

/// How long phones may take to register and discover, or to do so anew.
const PATIENCE: Duration = Duration::from_secs(600);
/// What is still on its way after the last event.
const SETTLE: Duration = Duration::from_secs(2);

/// How large everything is.
struct Size {
    agents: usize,
    /// The first so many agents have one.
    phones: usize,
    events_per_second: u64,
    seconds: u64,
    /// How long nothing happens, to see what phones cost without news.
    idle: Duration,
    /// Phones whose mute key is pressed, in turn, each so many milliseconds, so many seconds long.
    mutes: (usize, u64, u64),
}

const FULL: Size = Size {
    agents: 24_000,
    phones: 10_000,
    events_per_second: 2_000,
    seconds: 60,
    idle: Duration::from_secs(30),
    mutes: (1_000, 20, 30),
};

const QUICK: Size = Size {
    agents: 2_400,
    phones: 200,
    events_per_second: 200,
    seconds: 6,
    idle: Duration::from_secs(3),
    mutes: (100, 50, 5),
};

pub(crate) fn run(quick: bool) -> Result<Missed, AnyError> {
    let folder = folder("headset")?;
    let missed = in_folder(&folder, if quick { &QUICK } else { &FULL });
    let _ = std::fs::remove_dir_all(&folder);
    missed
}

fn in_folder(folder: &Path, size: &Size) -> Result<Missed, AnyError> {
    let (states, refers) = (folder.join("states.jsonl"), folder.join("refers.jsonl"));
    let peers = Peers::recording(size.agents, &states)?;
    let node = Node::start(folder, size, &peers)?;
    peers.ask(&json!({"command": "wait", "what": "sessions", "value": "1", "seconds": 60}))?;
    // Everybody signs on, without a change to speak of.
    change_states(&peers, size, 1, 1)?;
    let begun = Instant::now();
    let record = refers.to_string_lossy();
    let phones = Phones::start(&node.endpoints(), size.phones, &["--record", &record])?;
    phones.wait("all_discovered", PATIENCE)?;
    let took = begun.elapsed().as_secs_f64();
    println!("headset: {} phones there after             {took:>11.1} s", size.phones);
    let mut missed = events(size, &peers, &node, &phones, &states, &refers)?;
    missed.extend(rediscovery(size, &peers, &node, &phones)?);
    drop(phones);
    missed.extend(mutes(size, &node)?);
    Ok(missed)
}

/// CPU seconds of the gateway, of the contact centre and of the phones.
fn spent(peers: &Peers, node: &Node, phones: &Phones) -> Result<[f64; 3], AnyError> {
    Ok([node.cpu_seconds()?, cpu_seconds(peers.process())?, phones.cpu_seconds()?])
}

/// From a state that the contact centre writes to the REFER that its phone gets, and what that takes.
fn events(
    size: &Size,
    peers: &Peers,
    node: &Node,
    phones: &Phones,
    states: &Path,
    refers: &Path,
) -> Result<Missed, AnyError> {
    let before = spent(peers, node, phones)?;
    std::thread::sleep(size.idle);
    let idle = spent(peers, node, phones)?;
    let (from, begun) = (unix_microseconds()?, Instant::now());
    let report = change_states(peers, size, size.events_per_second, size.seconds)?;
    std::thread::sleep(SETTLE);
    let until = unix_microseconds()?;
    let lasted = begun.elapsed();
    let after = spent(peers, node, phones)?;
    let count = report.get("events").and_then(Value::as_u64).ok_or("no count of events")?;
    let all = |index: usize| share(&after, index) - share(&idle, index);
    let at_rest = (share(&idle, 0) - share(&before, 0)) * lasted.div_duration_f64(size.idle);
    let each = |seconds: f64| seconds * 1e6 / count as f64;
    let (gross, cost) = (each(all(0)), each(all(0) - at_rest));
    let peers_share = 100.0 * (all(1) + all(2)) / (all(0) + all(1) + all(2));

    let written = records::written(states, &node::phones(size), from, until)?;
    let joined = records::join(&written, &records::told(refers, from)?);
    let (median, p99) = (joined.milliseconds(0.5), joined.milliseconds(0.99));
    let (told, lost) = (joined.took.len(), joined.lost as f64);
    println!("headset: states written, of agents with phones {count:>9}, {:>7}", written.len());
    println!(
        "headset: told, passed over, lost             {told:>11}, {}, {lost} ({LOST})",
        joined.passed_over
    );
    println!("headset: written to REFER there, median      {median:>11.2} ms");
    println!("headset: written to REFER there, p99         {p99:>11.2} ms ({LATENCY})");
    println!("headset: ratio to the bound                  {:>11.2}", LATENCY.ratio(p99));
    println!("headset: CPU for an event                    {cost:>11.1} us ({COST})");
    println!("headset: ratio to the bound                  {:>11.2}", COST.ratio(cost));
    println!("headset: the same with what phones take at rest {gross:>8.1} us");
    println!(
        "headset: contact centre's and phones' own CPU {:>10.1} us, {:.1} us",
        each(all(1)),
        each(all(2))
    );
    println!("headset: their share of all CPU              {peers_share:>11.0} %");
    let missed = [
        LATENCY.missed("headset: written to REFER there, p99 in ms", p99),
        COST.missed("headset: CPU for an event in us", cost),
        LOST.missed("headset: states that no phone was told", lost),
    ];
    Ok(missed.into_iter().flatten().collect())
}

/// Another mode: every phone is told and discovers its service anew.
fn rediscovery(
    size: &Size,
    peers: &Peers,
    node: &Node,
    phones: &Phones,
) -> Result<Missed, AnyError> {
    let begun = Instant::now();
    node.set_mode("notification_and_control", size, peers)?;
    phones.wait("all_rediscovered", PATIENCE)?;
    let took = begun.elapsed().as_secs_f64();
    println!("headset: settings changed; all asked again   {took:>11.1} s ({REDISCOVERED})");
    println!("headset: ratio to the bound                  {:>11.2}", REDISCOVERED.ratio(took));
    let what = "headset: seconds until all phones discovered anew";
    Ok(REDISCOVERED.missed(what, took).into_iter().collect())
}

/// From the mute key to the REFER that turns the light.
fn mutes(size: &Size, node: &Node) -> Result<Missed, AnyError> {
    let (count, pause, seconds) = size.mutes;
    let (pause, seconds) = (pause.to_string(), seconds.to_string());
    let arguments = ["--mute-every", &pause, "--seconds", &seconds];
    let phones = Phones::start(&node.endpoints(), count, &arguments)?;
    let total = phones.wait("total", PATIENCE)?;
    let number = |pointer: &str| total.pointer(pointer).and_then(Value::as_f64);
    let milliseconds = |name: &str| number(&format!("/mute/{name}")).unwrap_or(f64::NAN);
    let (median, p99) = (milliseconds("p50_ms"), milliseconds("p99_ms"));
    println!("headset: mute to light, median               {median:>11.1} ms");
    println!("headset: mute to light, p99                  {p99:>11.1} ms ({LIGHT})");
    println!("headset: ratio to the bound                  {:>11.2}", LIGHT.ratio(p99));
    Ok(LIGHT.missed("headset: mute to light, p99 in ms", p99).into_iter().collect())
}

/// Changes states at a steady rate; answers once the last is written.
fn change_states(peers: &Peers, size: &Size, rate: u64, seconds: u64) -> Result<Value, AnyError> {
    peers.ask(&json!({
        "command": "load", "agents": size.agents, "events_per_second": rate,
        "seconds": seconds, "sign_ons_per_second": 5_000,
    }))
}

fn share(spent: &[f64; 3], index: usize) -> f64 {
    spent.get(index).copied().unwrap_or(f64::NAN)
}

fn unix_microseconds() -> Result<u64, AnyError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_micros())?)
}
