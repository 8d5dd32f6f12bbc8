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
use records::{Joined, Moment};

const LATENCY: Demand = Demand::AtMost(10.0);
const COST: Demand = Demand::AtMost(25.0);

const NONE: Demand = Demand::AtMost(0.0);
const LIGHT: Demand = Demand::AtMost(1_000.0);
const FOLLOWED: Demand = Demand::AtLeast(0.99);
const REDISCOVERED: Demand = Demand::AtMost(60.0);

/// Of a core, what the gateway takes at most where it has nothing to do but refresh registrations.
const QUIET: f64 = 0.05;
/// How long that is looked at, and how long it is waited for.
const QUIET_LOOK: Duration = Duration::from_secs(3);
const QUIET_PATIENCE: Duration = Duration::from_secs(60);
/// Lines of the gateway's log that are shown where something fails.
const LINES_MAX: usize = 20;
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
    let missed = in_folder(&folder, if quick { &QUICK } else { &FULL }).map_err(|error| {
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        // Every phone has lines of its own there.
        let problems = log.lines().filter(|line| !line.contains(" INFO "));
        let problems: Vec<_> = problems.take(LINES_MAX).collect();
        format!("{error}\n{}", problems.join("\n")).into()
    });
    let _ = std::fs::remove_dir_all(&folder);
    missed
}

fn in_folder(folder: &Path, size: &Size) -> Result<Missed, AnyError> {
    let (states, refers) = (folder.join("states.jsonl"), folder.join("refers.jsonl"));
    let peers = Peers::recording(size.agents, &states)?;
    let node = Node::start(folder, size, &peers)?;
    // The side in reserve is opened after the other.
    peers.ask(&json!({"command": "wait", "what": "standby", "value": "1", "seconds": 60}))?;
    // Everybody signs on, without a change to speak of.
    change_states(&peers, size, 1, 1)?;
    let begun = Instant::now();
    let record = refers.to_string_lossy();
    let arguments = ["--rounds", "1", "--record", &record];
    let phones = Phones::start(&node.endpoints(), size.phones, &arguments)?;
    phones.wait("all_discovered")?;
    let took = begun.elapsed().as_secs_f64();
    println!("headset: {} phones there after             {took:>11.1} s", size.phones);

    let load = load(size, &peers, &node, &phones)?;
    let rediscovered = rediscovery(size, &peers, &node, &phones)?;
    let total = phones.wait("total")?;
    drop(phones);
    let written = records::written(&states, &node::phones(size), load.from, load.until)?;
    let told = records::told(&refers, load.from)?;
    let mut missed = load.print(&written, &records::join(&written, &told));
    println!(
        "headset: settings changed; all asked again   {rediscovered:>11.1} s ({REDISCOVERED})"
    );
    println!(
        "headset: ratio to the bound                  {:>11.2}",
        REDISCOVERED.ratio(rediscovered)
    );
    let what = "headset: seconds until all phones discovered anew";
    missed.extend(REDISCOVERED.missed(what, rediscovered));
    missed.extend(violations(&total));
    missed.extend(mutes(size, &node)?);
    Ok(missed)
}

/// CPU seconds of the gateway, of the contact centre and of the phones.
fn spent(peers: &Peers, node: &Node, phones: &Phones) -> Result<[f64; 3], AnyError> {
    Ok([node.cpu_seconds()?, cpu_seconds(peers.process())?, phones.cpu_seconds()?])
}

/// Waits until the gateway has told phones what it had to, so that the rest counts as rest.
fn quiet(node: &Node) -> Result<(), AnyError> {
    let deadline = Instant::now() + QUIET_PATIENCE;
    while Instant::now() < deadline {
        let before = node.cpu_seconds()?;
        std::thread::sleep(QUIET_LOOK);
        if node.cpu_seconds()? - before < QUIET * QUIET_LOOK.as_secs_f64() {
            break;
        }
    }
    Ok(())
}

/// A minute of state changes.
struct Load {
    /// Microseconds since 1970.
    from: u64,
    until: u64,
    events: u64,
    /// CPU seconds: the gateway's, less what it takes at rest; all of the gateway's; the centre's; the phones'.
    gateway_net: f64,
    gateway: f64,
    centre: f64,
    phones: f64,
}

fn load(size: &Size, peers: &Peers, node: &Node, phones: &Phones) -> Result<Load, AnyError> {
    quiet(node)?;
    let [before, ..] = spent(peers, node, phones)?;
    std::thread::sleep(size.idle);
    let rest = spent(peers, node, phones)?;
    let (from, begun) = (unix_microseconds()?, Instant::now());
    let report = change_states(peers, size, size.events_per_second, size.seconds)?;
    std::thread::sleep(SETTLE);
    let until = unix_microseconds()?;
    let lasted = begun.elapsed();
    let after = spent(peers, node, phones)?;
    let ([gateway_0, centre_0, phones_0], [gateway_1, centre_1, phones_1]) = (rest, after);
    let at_rest = (gateway_0 - before) * lasted.div_duration_f64(size.idle);
    Ok(Load {
        from,
        until,
        events: report.get("events").and_then(Value::as_u64).ok_or("no count of events")?,
        gateway_net: gateway_1 - gateway_0 - at_rest,
        gateway: gateway_1 - gateway_0,
        centre: centre_1 - centre_0,
        phones: phones_1 - phones_0,
    })
}

impl Load {
    /// From a state that the contact centre writes to the REFER that its phone gets, and what that takes.
    fn print(&self, written: &[Moment], joined: &Joined) -> Missed {
        let each = |seconds: f64| seconds * 1e6 / self.events as f64;
        let (cost, gross) = (each(self.gateway_net), each(self.gateway));
        let (centre, phones) = (each(self.centre), each(self.phones));
        let share = 100.0 * (centre + phones) / (centre + phones + gross);
        let (median, p99) = (joined.milliseconds(0.5), joined.milliseconds(0.99));
        let (events, ours) = (self.events, written.len());
        let (told, passed_over, lost) = (joined.took.len(), joined.passed_over, joined.lost);
        println!("headset: states, and those of agents with phones {events:>7}, {ours}");
        println!("headset: told, passed over for a newer one   {told:>11}, {passed_over}");
        println!("headset: lost                                {lost:>11} ({NONE})");
        println!("headset: written to REFER there, median      {median:>11.2} ms");
        println!("headset: written to REFER there, p99         {p99:>11.2} ms ({LATENCY})");
        println!("headset: ratio to the bound                  {:>11.2}", LATENCY.ratio(p99));
        println!("headset: CPU for an event                    {cost:>11.1} us ({COST})");
        println!("headset: ratio to the bound                  {:>11.2}", COST.ratio(cost));
        println!("headset: with what phones take at rest       {gross:>11.1} us");
        println!("headset: the contact centre's, the phones'   {centre:>11.1} us, {phones:.1} us");
        println!("headset: their share of all CPU              {share:>11.0} %");
        let missed = [
            LATENCY.missed("headset: written to REFER there, p99 in ms", p99),
            COST.missed("headset: CPU for an event in us", cost),
            NONE.missed("headset: states that no phone was told", lost as f64),
        ];
        missed.into_iter().flatten().collect()
    }
}

/// Another mode: every phone is told and discovers its service anew; how many seconds until all have.
fn rediscovery(size: &Size, peers: &Peers, node: &Node, phones: &Phones) -> Result<f64, AnyError> {
    let begun = Instant::now();
    node.set_mode("notification_and_control", size, peers)?;
    phones.wait("all_rediscovered")?;
    Ok(begun.elapsed().as_secs_f64())
}

/// From the mute key to the REFER that turns the light.
fn mutes(size: &Size, node: &Node) -> Result<Missed, AnyError> {
    let (count, pause, seconds) = size.mutes;
    let (pause, seconds) = (pause.to_string(), seconds.to_string());
    let arguments = ["--mute-every", &pause, "--seconds", &seconds];
    let phones = Phones::start(&node.endpoints(), count, &arguments)?;
    let total = phones.wait("total")?;
    let number = |member: &str| {
        let value = total.pointer(&format!("/mute/{member}")).and_then(Value::as_f64);
        value.unwrap_or(f64::NAN)
    };
    let (presses, told) = (number("presses"), number("told"));
    let median = number("press_to_refer_milliseconds/p50");
    let p99 = number("press_to_refer_milliseconds/p99");
    println!("headset: mute keys pressed, lights turned    {presses:>11}, {told}");
    let answered = ["p50", "p99"].map(|it| number(&format!("answer_milliseconds/{it}")));
    let [answered, slowly] = answered;
    println!("headset: update answered, median and p99     {answered:>11.1} ms, {slowly:.1} ms");
    println!("headset: mute to light, median               {median:>11.1} ms");
    println!("headset: mute to light, p99                  {p99:>11.1} ms ({LIGHT})");
    println!("headset: ratio to the bound                  {:>11.2}", LIGHT.ratio(p99));
    let mut missed = violations(&total);
    missed.extend(FOLLOWED.missed("headset: lights turned, of the keys pressed", told / presses));
    missed.extend(LIGHT.missed("headset: mute to light, p99 in ms", p99));
    Ok(missed)
}

/// What phones found wrong with what they were told.
fn violations(total: &Value) -> Missed {
    let count = total.get("violations").and_then(Value::as_f64).unwrap_or(f64::NAN);
    let missed = NONE.missed("headset: violations that phones saw", count);
    if missed.is_some() {
        println!(
            "headset: phones say                          {}",
            total.get("samples").unwrap_or(&Value::Null)
        );
    }
    missed.into_iter().collect()
}

/// Changes states at a steady rate; answers once the last is written.
fn change_states(peers: &Peers, size: &Size, rate: u64, seconds: u64) -> Result<Value, AnyError> {
    peers.ask(&json!({
        "command": "load", "agents": size.agents, "events_per_second": rate,
        "seconds": seconds, "sign_ons_per_second": 5_000,
    }))
}

fn unix_microseconds() -> Result<u64, AnyError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_micros())?)
}
