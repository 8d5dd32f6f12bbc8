//! Exact bytes of worked packets, transfers step by step, and what must hold whatever comes.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

mod channel;
mod hostile;
mod packets;
mod transfers;

/// A request for a file.
fn request(mode: Mode, options: Options) -> Request<'static> {
    Request { file_name: "SEP001122334455.cnf.xml", mode, options }
}

fn block_of(bytes: u16) -> Options {
    Options { block_bytes: Some(bytes), ..Options::default() }
}

fn data(block: u16, content: &[u8]) -> Vec<u8> {
    encode(&Packet::Data { block, content }).to_vec()
}

fn acknowledgement(block: u16) -> Vec<u8> {
    encode(&Packet::Acknowledgement { block }).to_vec()
}
