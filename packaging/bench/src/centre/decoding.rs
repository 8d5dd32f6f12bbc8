//! How fast state events are cut from a stream and read.

use std::time::Instant;

use protocols::cti::{
    AgentState, AgentStateEvent, Dialect, Event, Framer, Framing, Message, ProtocolVersion, decode,
    encode,
};

use crate::median::median;

/// Events in one stretch of the stream.
const STRETCH: usize = 10_000;
/// Stretches of a round.
const STRETCHES: usize = 100;

/// Events a second on one core, the strings of an ordinary event among them.
pub(super) fn rate(rounds: usize) -> f64 {
    let Some(version) = ProtocolVersion::new(24) else { return f64::NAN };
    let framing = Framing::new(version, Dialect::Enterprise);
    let mut stream = Vec::new();
    for number in 0..STRETCH {
        let Ok(bytes) = encode(&framing, &super::latency::event(number, AgentState::Available, 1))
        else {
            return f64::NAN;
        };
        stream.extend(bytes);
    }
    let rounds = (0..rounds).map(|_| round(&framing, &stream)).collect();
    median(rounds)
}

fn round(framing: &Framing, stream: &[u8]) -> f64 {
    let began = Instant::now();
    let mut read = 0usize;
    for _ in 0..STRETCHES {
        let mut framer = Framer::new(protocols::cti::MESSAGE_BYTES_MAX);
        let mut rest = stream;
        while let Ok(Some(frame)) = framer.next(&mut rest) {
            if let Ok(decoded) = decode(framing, frame)
                && let Message::Event(Event::AgentState(AgentStateEvent { agent, .. })) =
                    &decoded.message
                && agent.id.is_some()
            {
                read += 1;
            }
        }
    }
    if read == STRETCH * STRETCHES { read as f64 / began.elapsed().as_secs_f64() } else { f64::NAN }
}
