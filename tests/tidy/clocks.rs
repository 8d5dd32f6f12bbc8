//! Who reads the clock: time is an argument everywhere else, so that tests can set it.

use crate::checkout::{checkout, report};
use crate::tokens::{Token, lines_with, mentions, paths};

/// Files of the product that read a clock, each with the reason. It may only shrink: a file that no
/// longer reads one fails.
const READERS: &[(&str, &str)] = &[
    (
        "gateway/engine/src/clock.rs",
        "the product's clock: everything else asks it, and tests hand in another",
    ),
    (
        "gateway/server/src/listener/watched.rs",
        "how long a peer takes is counted by the runtime's monotonic clock",
    ),
    (
        "gateway/server/src/operations/heard.rs",
        "whether the process turns must not depend on the time of day, which may be set",
    ),
    (
        "adapters/cti/src/link.rs",
        "a link counts its peers' time by the monotonic clock of the runtime, which tests pause",
    ),
    (
        "gateway/server/src/authentication/admission.rs",
        "how long an answer that is no yes takes is counted by the runtime's monotonic clock",
    ),
    (
        "gateway/engine/src/nodes.rs",
        "how long no sign of life got through is counted by the runtime's monotonic clock",
    ),
    (
        "gateway/engine/src/lease.rs",
        "a holder counts its lease by the monotonic clock of the runtime, which simulations pause",
    ),
    (
        "adapters/mail/src/outgoing.rs",
        "for how long a lease may be counted on is counted by the runtime's monotonic clock, as the lease is",
    ),
    (
        "adapters/mail/src/outgoing/steps.rs",
        "for how long the store is told again what a server said is counted by the runtime's monotonic clock",
    ),
    (
        "adapters/mail/src/smtp.rs",
        "how long a server may think about a mail is counted by the runtime's monotonic clock, as all its patience is",
    ),
    (
        "adapters/mail/src/records.rs",
        "how long a holder goes on without asking the store anew is counted as its lease is",
    ),
    (
        "adapters/workspace/src/surface.rs",
        "how often many pages together make the store be read is counted by the runtime's monotonic clock",
    ),
    (
        "gateway/engine/src/digital/presence.rs",
        "how long this process lives is counted by the machine's monotonic clock",
    ),
    (
        "gateway/engine/src/probe.rs",
        "how long a step of a test takes is counted by the runtime's monotonic clock",
    ),
    (
        "gateway/server/src/history/sampling.rs",
        "how long processors worked for this process is a clock of the machine's, and tells no time",
    ),
    (
        "gateway/server/src/node/notify.rs",
        "a supervisor is told by the machine's monotonic clock when a reload began, as it asks for",
    ),
    (
        "adapters/sip/src/time.rs",
        "transactions, flows and registrations are counted by the monotonic clock of the runtime",
    ),
    (
        "adapters/headset/src/time.rs",
        "rounds of news and what a phone waits are counted by the monotonic clock of the runtime",
    ),
    (
        "adapters/provisioning/src/time.rs",
        "transfers and how often a source asks are counted by the monotonic clock of the runtime",
    ),
    (
        "adapters/cti/src/link.rs",
        "heartbeats and deadlines of a link are counted by the monotonic clock of the runtime",
    ),
];

#[test]
fn the_clock_is_read_only_where_listed() {
    let mut breaches = Vec::new();
    let product = checkout().sources.iter().filter(|source| {
        source.path.starts_with("gateway/") || source.path.starts_with("adapters/")
    });
    for source in product {
        let reads = reads(&source.product);
        let listed = READERS.iter().any(|(file, _)| source.path == *file);
        match (reads.is_empty(), listed) {
            (false, false) => {
                breaches.extend(
                    reads.iter().map(|line| format!("{}:{line} reads the clock", source.path)),
                );
            }
            (true, true) => breaches.push(format!("{} is listed and reads no clock", source.path)),
            _ => {}
        }
    }
    for (file, reason) in READERS {
        if !checkout().files.iter().any(|each| each == file) {
            breaches.push(format!("{file} is listed and is not there"));
        }
        if reason.is_empty() {
            breaches.push(format!("{file} is listed without a reason"));
        }
    }
    report(
        "the clock is read only in the files listed in tests/tidy/clocks.rs",
        &breaches,
        "take the time as an argument; where that cannot be, list the file with the reason",
    );
}

/// Lines with a clock read, `elapsed` included.
fn reads(tokens: &[Token]) -> Vec<usize> {
    let named = paths(tokens).into_iter().filter(|(_, path)| {
        ["Instant::now", "SystemTime::now", "Utc::now", "Local::now", "clock_gettime"]
            .iter()
            .any(|read| mentions(path, read))
    });
    let mut lines: Vec<_> = named.map(|(line, _)| line).collect();
    lines.extend(lines_with(tokens, &[".", "elapsed", "("]));
    lines
}

#[test]
fn every_form_of_reading_is_seen() {
    let text =
        "fn f(t: Instant) { tokio::time::Instant::now(); SystemTime::now();\n t.elapsed(); }";
    check_reads(text, &[1, 1, 2]);
    check_reads("fn f() { rustix::time::clock_gettime(ClockId::Monotonic) }", &[1]);
    check_reads("use std::time::Instant as I;\nfn f() { I::now() }", &[2]);
    check_reads("type Moment = SystemTime;\nfn f() { Moment::now(); <Instant>::now() }", &[2, 2]);
}

#[track_caller]
fn check_reads(text: &str, lines: &[usize]) {
    let files = [("gateway/engine/src/a.rs", text.to_owned())];
    let source = crate::tokens::Source::all(files.into_iter()).remove(0);
    assert_eq!(reads(&source.product), lines);
}
