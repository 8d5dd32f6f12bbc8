//! How long a state event takes from the server's socket to a subscriber: a server of the bench's own
//! notes when it wrote each.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use protocols::cti::{
    AgentIdentity, AgentState, AgentStateEvent, Dialect, Event, Framer, Framing, MESSAGE_BYTES_MAX,
    Message, OpenConf, ProtocolVersion, SessionType, VOICE, decode, encode,
};

use super::{EVENTS, linked};
use crate::AnyError;

/// Milliseconds.
pub(super) struct Latency {
    pub(super) median: f64,
    pub(super) p99: f64,
}

/// An event about the agent of that number.
pub(crate) fn event(number: usize, state: AgentState, seconds: u32) -> Message {
    Message::Event(Event::AgentState(AgentStateEvent {
        peripheral_id: 5000,
        state_duration: seconds,
        state,
        media_routing_domain: VOICE,
        agent: AgentIdentity {
            extension: Some(format!("{}", 200_000 + number).into()),
            id: Some(format!("{}", 100_000 + number).into()),
            instrument: Some(format!("{}", 200_000 + number).into()),
        },
        ..AgentStateEvent::default()
    }))
}

pub(super) async fn run(agents: usize, seconds: u64) -> Result<Latency, AnyError> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let began = Instant::now();
    // When each agent's last event was written, in nanoseconds since then; 0 once it arrived.
    let written: Arc<Vec<AtomicU64>> = Arc::new((0..agents).map(|_| AtomicU64::new(0)).collect());
    let server = {
        let written = Arc::clone(&written);
        std::thread::spawn(move || serve(&listener, &written, began, seconds))
    };
    let (port, stop) = linked(&address, None).await?;
    let mut changes = port.changes();
    let mut took = Vec::new();
    let end = Instant::now() + Duration::from_secs(seconds + 5);
    while Instant::now() < end && !server.is_finished() {
        let pause = Duration::from_millis(200);
        let Ok(Ok(agent)) = tokio::time::timeout(pause, changes.recv()).await else { continue };
        let now = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let number = agent.id.as_str().parse::<usize>().ok().and_then(|id| id.checked_sub(100_000));
        let Some(place) = number.and_then(|number| written.get(number)) else { continue };
        let at = place.swap(0, Ordering::AcqRel);
        // The first of each agent comes in a flood that nobody measures.
        if at > 0 {
            took.push(now.saturating_sub(at));
        }
    }
    stop.send_replace(true);
    server.join().map_err(|_| "the server failed")??;
    took.sort_unstable();
    let at = |share: f64| {
        let place = (took.len() as f64 * share) as usize;
        took.get(place).map_or(f64::NAN, |nanoseconds| *nanoseconds as f64 / 1e6)
    };
    Ok(Latency { median: at(0.5), p99: at(0.99) })
}

fn serve(
    listener: &TcpListener,
    written: &[AtomicU64],
    began: Instant,
    seconds: u64,
) -> Result<(), AnyError> {
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    let version = ProtocolVersion::new(24).ok_or("version 24")?;
    let framing = Framing::new(version, Dialect::Enterprise);
    open(&mut stream, &framing)?;
    {
        let mut answering = stream.try_clone()?;
        std::thread::spawn(move || answer_heartbeats(&mut answering, &framing));
    }
    let mut first = Vec::new();
    for number in 0..written.len() {
        first.extend(encode(&framing, &event(number, AgentState::Available, 0))?);
    }
    stream.write_all(&first)?;
    std::thread::sleep(Duration::from_secs(1));
    let start = Instant::now();
    let states = [AgentState::NotReady, AgentState::Available];
    for count in 0..EVENTS * seconds {
        let due = start + Duration::from_nanos(count * 1_000_000_000 / EVENTS);
        if let Some(pause) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(pause);
        }
        let count = usize::try_from(count)?;
        let (number, round) = (count % written.len(), count / written.len());
        let state = states.get(round % 2).copied().unwrap_or_default();
        let bytes = encode(&framing, &event(number, state, 0))?;
        let now = u64::try_from(began.elapsed().as_nanos())?;
        if let Some(place) = written.get(number) {
            place.store(now, Ordering::Release);
        }
        stream.write_all(&bytes)?;
    }
    std::thread::sleep(Duration::from_millis(500));
    Ok(())
}

pub(crate) fn open(stream: &mut TcpStream, framing: &Framing) -> Result<(), AnyError> {
    let mut framer = Framer::new(MESSAGE_BYTES_MAX);
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        let mut rest = buffer.get(..count).unwrap_or_default();
        if count == 0 {
            return Err("the link hung up".into());
        }
        while let Some(frame) = framer.next(&mut rest)? {
            if let Message::OpenReq(invoke, request) = decode(framing, frame)?.message {
                let conf = OpenConf {
                    services: request.services,
                    peripheral_online: true,
                    session_type: SessionType::Active,
                    ..OpenConf::default()
                };
                stream.write_all(&encode(framing, &Message::OpenConf(invoke, Box::new(conf)))?)?;
                return Ok(());
            }
        }
    }
}

pub(crate) fn answer_heartbeats(stream: &mut TcpStream, framing: &Framing) -> Result<(), AnyError> {
    let mut framer = Framer::new(MESSAGE_BYTES_MAX);
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let mut rest = buffer.get(..count).unwrap_or_default();
        while let Some(frame) = framer.next(&mut rest)? {
            if let Message::HeartbeatReq(invoke) = decode(framing, frame)?.message {
                stream.write_all(&encode(framing, &Message::HeartbeatConf(invoke))?)?;
            }
        }
    }
}
