//! SIP beside Kamailio: registrations, what phones are told, and ten thousand phones over TLS.
//!
//! Both servers get the same scenarios of SIPp in turn, each run alone, with the same phones. What each took of the
//! CPU is read from the kernel; SIPp shares the cores with them.

mod kamailio;
mod load;
mod node;
mod phones;
mod scenario;
mod told;

use crate::demand::Demand;
use crate::median::median;
use crate::{AnyError, Missed};
use kamailio::Kamailio;
use load::{Kind, Transport};
use node::Node;
use scenario::Figures;

/// Phones that the settings have.
const PHONES: usize = 10_000;
/// The number of the first.
const FIRST: usize = 100_001;
/// What they register at.
const DOMAIN: &str = "bench.example";
/// The password of all.
const PASSWORD: &str = "secret";

const RATIO: Demand = Demand::AtMost(2.0);
const FAILED: Demand = Demand::AtMost(0.0);

/// One line of the table.
struct Row {
    transport: Transport,
    kind: Kind,
    rate: usize,
}

pub(crate) use phones::run as phones;
pub(crate) use scenario::{answers, folder, free_ports};
pub(crate) use told::run as told;

/// Registrations at several rates, in every way, of both servers in turn.
pub(crate) fn registrations(rounds: usize, quick: bool) -> Result<Missed, AnyError> {
    println!(
        "sip: REGISTER    proof      wanted/s  {:>44}  {:>44}  ratio",
        "Kamailio: answered/s failed resent p99ms us each",
        "gateway: answered/s failed resent p99ms us each"
    );
    let mut missed = Vec::new();
    for row in rows(quick) {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let kamailio = Kamailio::start(row.kind.defines())?;
            theirs.push(load::run(&row, row.kind.of_kamailio(), kamailio.port, &|| {
                kamailio.cpu_seconds()
            })?);
            drop(kamailio);
            let node = Node::start(PHONES)?;
            ours.push(load::run(&row, row.kind.of_gateway(), node.port, &|| node.cpu_seconds())?);
        }
        let (theirs, ours) = (middle(theirs), middle(ours));
        let ratio = ours.microseconds / theirs.microseconds;
        let name = format!("{:11} {:10} {:>8}", row.transport.name(), row.kind.name(), row.rate);
        println!("sip: {name}  {theirs}  {ours}  {ratio:5.2}");
        let what = format!("sip: {}", name.split_whitespace().collect::<Vec<_>>().join(" "));
        // Where Kamailio cannot keep up there is nothing to keep up with.
        if theirs.failed == 0.0 {
            missed.extend(FAILED.missed(&format!("{what}: failed"), ours.failed));
        }
        missed.extend(RATIO.missed(&format!("{what}: CPU to Kamailio's"), ratio));
    }
    Ok(missed)
}

fn rows(quick: bool) -> Vec<Row> {
    let rates = |transport| match (transport, quick) {
        (Transport::TcpEach, true) => vec![500],
        (_, true) => vec![2_000],
        // Each phone takes a port that stays taken for a minute.
        (Transport::TcpEach, false) => vec![500, 1_000],
        (_, false) => vec![5_000, 10_000],
    };
    let mut rows = Vec::new();
    for transport in [Transport::Udp, Transport::Tcp, Transport::TcpEach] {
        for kind in [Kind::None, Kind::Challenged, Kind::Kept] {
            rows.extend(rates(transport).into_iter().map(|rate| Row { transport, kind, rate }));
        }
    }
    rows
}

/// The middle of each figure.
fn middle(runs: Vec<Figures>) -> Figures {
    let of = |figure: fn(&Figures) -> f64| median(runs.iter().map(figure).collect());
    Figures {
        answered_per_second: of(|it| it.answered_per_second),
        // A failure in any round is one.
        failed: runs.iter().map(|it| it.failed).sum(),
        resent: of(|it| it.resent),
        p99_milliseconds: of(|it| it.p99_milliseconds),
        microseconds: of(|it| it.microseconds),
    }
}
