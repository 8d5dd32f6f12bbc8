//! A thousand things a second that phones are told, each by a REFER of ours that SIPp's phones answer with 202.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::sip::{By, Delivery, Errand, Limits, Listening, Sip};
use domain::settings::{Device, DeviceSip, SIP_DEVICE_PASSWORD_PURPOSE, Settings, SipAlgorithm};
use domain::{DeviceName, Secret};
use engine::testing::{PlainAuthenticator, memory_port};
use engine::{SealingKeys, SystemClock};
use protocols::sip::body::remotecc::{ReasonElement, Request, StatusLine};
use protocols::sip::body::{REQUEST_TYPE, Remotecc};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::kamailio::Kamailio;
use super::scenario::{ADDRESS, Run, Running, free_port};
use super::{DOMAIN, FIRST, PASSWORD};
use crate::demand::Demand;
use crate::gateway::cpu_seconds;
use crate::{AnyError, Missed};

const PHONES: usize = 1_000;
const PER_SECOND: usize = 1_000;

const ACCEPTED: Demand = Demand::AtLeast(PER_SECOND as f64);
const FAILED: Demand = Demand::AtMost(0.0);

/// Shows no certificate: nobody here speaks TLS.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesServerCert for NoCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}

struct Told {
    accepted: usize,
    failed: usize,
    took: Duration,
    p99: Duration,
    microseconds: f64,
}

pub(crate) fn run(quick: bool) -> Result<Missed, AnyError> {
    let seconds = if quick { 2 } else { 20 };
    let kamailio = by_kamailio(seconds)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let told = runtime.block_on(by_us(seconds))?;
    let rate = told.accepted as f64 / told.took.as_secs_f64();
    println!("sip: REFER over UDP accepted                 {rate:>11.0} /s ({ACCEPTED})");
    println!("sip: REFER failed                            {:>11} ({FAILED})", told.failed);
    println!(
        "sip: REFER until 202, p99                    {:>11.1} ms",
        told.p99.as_secs_f64() * 1e3
    );
    println!("sip: REFER, CPU for each                     {:>11.1} us", told.microseconds);
    println!("sip: REFER passed on by Kamailio, CPU        {kamailio:>11.1} us");
    // A pace is kept, so a rate can only come near to it.
    let missed = [
        ACCEPTED.missed("sip: REFER accepted a second", (rate * 1.02).round()),
        FAILED.missed("sip: REFER that failed", told.failed as f64),
    ];
    Ok(missed.into_iter().flatten().collect())
}

/// Registers all phones with a contact at `port` and lets them answer there.
fn phones(server: SocketAddr, scenario: &str, calls: usize) -> Result<Running, AnyError> {
    let run = Run {
        scenario,
        server: Some(server),
        transport: "u1",
        port: free_port(ADDRESS)?,
        calls_per_second: 500,
        calls: PHONES,
        users: PHONES,
    };
    let counts = run.start()?.counts()?;
    if counts.done < PHONES as f64 {
        return Err(format!("only {} phones registered", counts.done).into());
    }
    let (port, calls_per_second) = (run.port, PER_SECOND);
    let waiting =
        Run { scenario: "phone.xml", server: None, calls_per_second, calls, users: 0, ..run };
    let waiting = waiting.start()?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while UdpSocket::bind((ADDRESS, port)).is_ok() {
        if Instant::now() > deadline {
            return Err("the phones do not listen".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(waiting)
}

/// The same by Kamailio, which passes on what SIPp sends: its CPU for each, in microseconds.
fn by_kamailio(seconds: usize) -> Result<f64, AnyError> {
    let kamailio = Kamailio::start(&[])?;
    let calls = PER_SECOND * seconds;
    let _phones = phones(kamailio.port, "register.xml", calls)?;
    let run = Run {
        scenario: "told.xml",
        server: Some(kamailio.port),
        transport: "u1",
        port: 0,
        calls_per_second: PER_SECOND,
        calls,
        users: PHONES,
    };
    let before = kamailio.cpu_seconds()?;
    let counts = run.start()?.counts()?;
    Ok((kamailio.cpu_seconds()? - before) * 1e6 / counts.done)
}

async fn by_us(seconds: usize) -> Result<Told, AnyError> {
    let server = SocketAddr::from(([127, 0, 0, 1], free_port("127.0.0.1")?));
    let (sip, stop) = adapter(server).await?;
    let calls = PER_SECOND * seconds;
    let waiting = move || phones(server, "register-digest.xml", calls);
    let _phones = tokio::task::spawn_blocking(waiting).await??;
    let request = Request::StatusLine(StatusLine {
        dialog: None,
        text: "Test".to_owned(),
        timeout_seconds: 3,
        line: 0,
        priority: 1,
    });
    let body = Remotecc::Request(request).encode(ReasonElement::default());
    let body = body.map_err(|_| "the request cannot be written")?;
    let before = cpu_seconds(std::process::id())?;
    let begun = Instant::now();
    let mut errands = JoinSet::new();
    let mut pace = tokio::time::interval(Duration::from_millis(1));
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    for number in 0..calls {
        pace.tick().await;
        let device: DeviceName = name(FIRST + number % PHONES).parse().map_err(|_| "no name")?;
        let errand = Errand {
            device,
            by: By::Refer,
            content_type: REQUEST_TYPE.to_owned(),
            body: body.clone(),
            needs_remotecc: false,
        };
        let sip = Arc::clone(&sip);
        errands.spawn(async move {
            let begun = Instant::now();
            let delivery = sip.deliver(errand).await;
            (delivery, begun.elapsed())
        });
    }
    let (mut accepted, mut failed, mut times) = (0, 0, Vec::new());
    while let Some(done) = errands.join_next().await {
        let (delivery, time) = done?;
        match delivery {
            Delivery::Accepted(_) => accepted += 1,
            _ => failed += 1,
        }
        times.push(time);
    }
    let took = begun.elapsed();
    let spent = cpu_seconds(std::process::id())? - before;
    stop.send_replace(true);
    times.sort();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Told { accepted, failed, took, p99, microseconds: spent * 1e6 / calls as f64 })
}

/// The adapter in this process.
async fn adapter(at: SocketAddr) -> Result<(Arc<Sip>, watch::Sender<bool>), AnyError> {
    // The key of engines in memory.
    let keys = SealingKeys::single([7; 32]);
    let mut devices = BTreeMap::new();
    for number in FIRST..FIRST + PHONES {
        let name: DeviceName = name(number).parse().map_err(|_| "no name")?;
        let password = keys.seal(SIP_DEVICE_PASSWORD_PURPOSE, &Secret::new(PASSWORD));
        let sip = DeviceSip {
            user: number.to_string(),
            password,
            address: None,
            next_hop: None,
            proof: None,
            remotecc: false,
        };
        let device = Device {
            name: name.clone(),
            description: None,
            lines: Vec::new(),
            profile: false,
            certificate_sha256: None,
            sip: Some(sip),
            pair: None,
        };
        devices.insert(name, Arc::new(device));
    }
    let written = domain::settings::Sip {
        domains: vec![DOMAIN.to_owned()],
        digest_algorithms: vec![SipAlgorithm::Md5],
        ..domain::settings::Sip::default()
    };
    let settings =
        Settings { sip: Arc::new(written), devices: Arc::new(devices), ..Settings::default() };
    let port = memory_port(&settings, Arc::new(PlainAuthenticator), Arc::new(SystemClock)).await;
    let (udp, tcp) = (UdpSocket::bind(at)?, TcpListener::bind(at)?);
    udp.set_nonblocking(true)?;
    tcp.set_nonblocking(true)?;
    let listening = Listening {
        udp: vec![udp],
        tcp: vec![tcp],
        tls: Vec::new(),
        certificate: Arc::new(NoCertificate),
        client_certificate: None,
        name: "gw-a.example".to_owned(),
        limits: Limits { requests_per_second_per_source: 100_000, ..Limits::default() },
    };
    let sip = Sip::new(port);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(Arc::clone(&sip).run(listening, stopped));
    let deadline = Instant::now() + Duration::from_secs(10);
    while !sip.status().is_on {
        if Instant::now() > deadline {
            return Err("the adapter does not start".into());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok((sip, stop))
}

fn name(number: usize) -> String {
    format!("SEP{number:012X}")
}
