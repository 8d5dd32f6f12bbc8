//! Subscriptions, played with a clock of our own.

mod lives;
mod referred;

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::*;
use crate::sip::{Limits, Status, datagram};

/// The message that the text is, as it would come by UDP.
fn message(text: &str) -> Message {
    let bytes = Bytes::from(text.replace('\n', "\r\n"));
    datagram(&bytes, &Limits::default()).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
