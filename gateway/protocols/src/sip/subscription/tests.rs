//! Subscriptions of both directions, played with a clock of our own.

mod lives;
mod notifier;
mod referred;

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::*;
use crate::sip::{
    Flow, Limits, Received, StartLine, Status, TransactionLimits, TransactionOutput,
    TransactionTimers, Transactions, datagram, encode, reply,
};

/// The message that the text is, as it would come by UDP.
fn message(text: &str) -> Message {
    let bytes = Bytes::from(text.replace('\n', "\r\n"));
    datagram(&bytes, &Limits::default()).unwrap()
}

fn udp() -> Flow {
    Flow::Datagram { socket: 0, peer: ([192, 0, 2, 1], 5060).into() }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn status(code: u16) -> Status {
    Status::new(code).unwrap()
}
