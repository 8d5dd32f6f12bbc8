//! What email costs: who gets which contact, and reading a mailbox beside what copies it.
//!
//! ```text
//!   corpus --> a folder of a private dovecot, indexed --> mbsync copies it
//!                                                     `-> the demo's node reads it (durable contacts)
//!
//!   100 mailboxes in which nothing happens <--IDLE-- a node; a mail in one of them --> an agent who is Ready
//! ```

mod corpus;
mod waiting;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use domain::routing::{FreeAgent, QueueRule, Waiting, route};
use domain::settings::Selection;
use domain::{AgentId, ContactId, Timestamp};
use serde_json::Value;

use crate::administration::figure;
use crate::demand::Demand;
use crate::gateway::{Gateway, program, resident_megabytes};
use crate::median::median;
use crate::{AnyError, Missed};

/// Milliseconds of routing 1,000 contacts over 2,000 agents.
const ROUTED: Demand = Demand::AtMost(5.0);
/// What reading takes beside mbsync.
const RATIO: Demand = Demand::AtMost(1.5);
/// Resident memory at the end, in megabytes.
const RESIDENT: Demand = Demand::AtMost(100.0);
/// Megabytes of 100 mailboxes in which nothing happens.
const IDLE: Demand = Demand::AtMost(20.0);
/// Milliseconds from a mail taken by its server to the agent, of 99 in a hundred.
const ARRIVED: Demand = Demand::AtMost(1_000.0);
const MAILS: usize = 10_000;
/// The folder that is read.
const FOLDER: &str = "Bench";
/// A mailbox that is not read by then counts as not read.
const READ_WITHIN: Duration = Duration::from_secs(300);

pub(crate) fn run(rounds: usize, quick: bool) -> Result<Missed, AnyError> {
    let routed = median((0..rounds.max(3)).map(|_| routing()).collect::<Result<_, _>>()?);
    println!("mail: routing 1,000 over 2,000 agents       {routed:>9.2} ms ({ROUTED})");
    let mut missed: Missed =
        ROUTED.missed("mail: milliseconds of routing", routed).into_iter().collect();
    if Command::new("mbsync").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("mail: left out: mbsync is not installed");
        return Ok(missed);
    }
    let count = if quick { MAILS / 10 } else { MAILS };
    let (mut own, mut others, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds.min(3) {
        let (seconds, resident, copied) = read(count)?;
        println!(
            "mail: round {round}: read {seconds:.1} s, mbsync {copied:.1} s, {resident:.1} MB"
        );
        own.push(seconds);
        memory.push(resident);
        others.push(copied);
    }
    let (own, others, memory) = (median(own), median(others), median(memory));
    let ratio = own / others;
    println!("mail: {count} mails read, durable            {own:>9.1} s");
    println!("mail: the same mailbox copied by mbsync     {others:>9.1} s");
    println!("mail: ratio                                 {ratio:>9.2}   ({RATIO})");
    println!("mail: resident memory afterwards            {memory:>9.1} MB ({RESIDENT})");
    missed.extend(RATIO.missed("mail: the ratio to mbsync", ratio));
    missed.extend(RESIDENT.missed("mail: resident memory", memory));
    let waited = waiting::run(if quick { 10 } else { 100 })?;
    let idle = waited.megabytes;
    println!("mail: 100 mailboxes, nothing in them        {idle:>9.1} MB ({IDLE})");
    let mut arrived = waited.milliseconds;
    arrived.sort_by(f64::total_cmp);
    let last = arrived.get(arrived.len().saturating_sub(1) * 99 / 100).copied();
    let (last, middle) = (last.unwrap_or(f64::INFINITY), median(arrived));
    println!("mail: from its server to the agent, median  {middle:>9.0} ms");
    println!("mail: from its server to the agent, p99     {last:>9.0} ms ({ARRIVED})");
    missed.extend(IDLE.missed("mail: megabytes of 100 mailboxes", idle));
    missed.extend(ARRIVED.missed("mail: milliseconds to the agent", last));
    Ok(missed)
}

/// Milliseconds of one round: 1,000 contacts in 20 CSQs, 2,000 agents with 5 of 40 skills each.
fn routing() -> Result<f64, AnyError> {
    let skill = |number: usize| format!("skill {:02}", number % 40);
    let competence = |number: usize| u8::try_from(number % 10 + 1).unwrap_or(1);
    let mut ids: Vec<AgentId> = Vec::new();
    for number in 0..2_000 {
        ids.push(format!("{}", 10_000 + number).parse()?);
    }
    let skills: Vec<BTreeMap<String, u8>> = (0..2_000)
        .map(|agent| {
            (0..5).map(|it| (skill(agent * 7 + it * 11), competence(agent + it))).collect()
        })
        .collect();
    let names: Vec<String> = (0..20).map(|number| format!("queue {number}")).collect();
    let wanted: Vec<BTreeMap<String, u8>> =
        (0..20).map(|number| BTreeMap::from([(skill(number * 3), 2)])).collect();
    let none = std::collections::BTreeSet::new();
    let queues = names.iter().zip(&wanted).enumerate().map(|(number, (name, skills))| {
        let selection = match number % 2 {
            0 => Selection::LongestAvailable,
            _ => Selection::MostSkilled,
        };
        (name.as_str(), QueueRule { selection, skills })
    });
    let queues = queues.collect();
    let seconds = |number: usize| Timestamp::from_seconds(i64::try_from(number).unwrap_or(0));
    let agents = ids.iter().zip(&skills).enumerate().map(|(number, (agent, skills))| FreeAgent {
        agent,
        skills,
        places: 1,
        free_since: seconds(number * 13 % 977),
    });
    let waiting = (0..1_000).map(|number| Waiting {
        contact: ContactId(u128::try_from(number).unwrap_or(0)),
        csq: names.get(number % 20).map_or("", String::as_str),
        since: seconds(number),
        sticks_to: None,
        not_for: &none,
    });
    let (agents, waiting) = (agents.collect(), waiting.collect());
    let start = Instant::now();
    let given = route(&queues, agents, waiting);
    let taken = start.elapsed().as_secs_f64() * 1e3;
    match given.is_empty() {
        true => Err("nothing was routed".into()),
        false => Ok(taken),
    }
}

/// Seconds until all are contacts, memory then, and the seconds of mbsync, each on a folder that its server has
/// indexed.
fn read(count: usize) -> Result<(f64, f64, f64), AnyError> {
    let gateway = Gateway::demo_with(&["--mail"])?;
    let text = |place: &str| {
        let found = gateway.endpoints.pointer(place).and_then(Value::as_str).map(str::to_owned);
        found.ok_or_else(|| AnyError::from(format!("the demo tells no {place}")))
    };
    let maildir = PathBuf::from(text("/maildirs/support@demo.test")?);
    let owner = std::fs::metadata(maildir.join("new"))?;
    let folder = maildir.join(format!(".{FOLDER}"));
    let chown = |path: &std::path::Path| {
        let owner = std::os::unix::fs::MetadataExt::uid(&owner);
        std::os::unix::fs::chown(path, Some(owner), None)
    };
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(folder.join(part))?;
        chown(&folder.join(part))?;
    }
    chown(&folder)?;
    corpus::write(&folder.join("new"), count)?;
    for entry in std::fs::read_dir(folder.join("new"))? {
        chown(&entry?.path())?;
    }
    // The first copy is the server's: it lists and indexes what lies there.
    let authority = text("/mail_ca")?;
    mbsync(&gateway, &authority)?;
    let copied = mbsync(&gateway, &authority)?;
    let metrics = gateway.endpoint("metrics")?.to_owned();
    let before = figure(&metrics, "jackfield_mail_fetched_total")?;
    let wanted = before + f64::from(u32::try_from(count)?);
    let start = Instant::now();
    switch_to_folder(&gateway)?;
    let mut peak: f64 = 0.0;
    while figure(&metrics, "jackfield_mail_fetched_total")? < wanted {
        peak = peak.max(resident_megabytes(gateway.child.id())?);
        if start.elapsed() > READ_WITHIN {
            return Err("the mailbox was not read in time".into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok((start.elapsed().as_secs_f64(), peak, copied))
}

/// Has the queue read the folder with the mails.
fn switch_to_folder(gateway: &Gateway) -> Result<(), AnyError> {
    let socket = gateway.endpoint("admin_socket")?;
    let export = Command::new(program()?).args(["export", "--socket", socket]).output()?;
    let mut text = String::from_utf8(export.stdout)?;
    let queue = text.find("address: support@demo.test").ok_or("the queue is not there")?;
    let name = "inbox_folder:";
    let place = text.get(queue..).and_then(|it| it.find(name)).ok_or("it has no folder")?;
    let begin = queue + place + name.len();
    let end = text.get(begin..).and_then(|it| it.find('\n')).ok_or("the line has no end")?;
    text.replace_range(begin..begin + end, &format!(" {FOLDER}"));
    apply(&text, socket)
}

/// Puts settings in force.
fn apply(text: &str, socket: &str) -> Result<(), AnyError> {
    let mut child = Command::new(program()?)
        .args(["apply", "-", "--socket", socket])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(text.as_bytes())?;
    match child.wait()?.success() {
        true => Ok(()),
        false => Err("the settings were not applied".into()),
    }
}

/// Seconds in which mbsync copies the same mailbox into an empty folder.
fn mbsync(gateway: &Gateway, authority: &str) -> Result<f64, AnyError> {
    let folder =
        std::env::temp_dir().join(format!("jackfield-bench-mbsync-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("copy"))?;
    let port =
        gateway.endpoints.pointer("/imaps/port").and_then(Value::as_u64).ok_or("no imaps")?;
    let at = folder.display();
    let configuration = format!(
        "IMAPAccount a\nHost localhost\nPort {port}\nUser support@demo.test\nPass demo-support\n\
         SSLType IMAPS\nCertificateFile {authority}\nPipelineDepth 50\n\nIMAPStore r\nAccount a\n\n\
         MaildirStore l\nPath {at}/copy/\nInbox {at}/copy/INBOX\n\nChannel c\nFar :r:\nNear :l:\n\
         Patterns {FOLDER}\nSync Pull\nCreate Near\nSyncState {at}/state\n"
    );
    let file = folder.join("mbsyncrc");
    std::fs::write(&file, configuration)?;
    let start = Instant::now();
    let status = Command::new("mbsync").arg("-q").arg("-c").arg(&file).arg("c").status()?;
    let seconds = start.elapsed().as_secs_f64();
    std::fs::remove_dir_all(&folder)?;
    match status.success() {
        true => Ok(seconds),
        false => Err("mbsync failed".into()),
    }
}
