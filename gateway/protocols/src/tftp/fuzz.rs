//! What must hold for any bytes at all.

use std::time::{Duration, Instant};

use super::{
    BLOCK_BYTES_RANGE, Input, Mode, Options, Output, PACKET_BYTES_MAX, Packet, Request, Transfer,
    TransferSettings, UNHEARD_BYTES_MAX, decode, encode,
};

/// Reads `data` as one packet, then as the life of a transfer: three bytes choose what is sent and how, the rest
/// are steps with a tilde between them, each a letter for what happens, a byte for how much time goes by before,
/// and a packet. Panics where something does not hold, which is what a fuzzer looks for. `start` is any moment.
pub fn fuzz_tftp(data: &[u8], start: Instant) {
    packet(data);
    let [size, mode, options, steps @ ..] = data else { return };
    let mode = if mode % 2 == 0 { Mode::Octet } else { Mode::Netascii };
    let request = Request { file_name: "name", mode, options: chosen(*options) };
    let mut life = Life::new(start, &request, u64::from(*size) * 7);
    life.drain();
    for step in steps.split(|byte| *byte == b'~') {
        packet(step);
        let [what, time, rest @ ..] = step else { continue };
        packet(rest);
        // Up to a minute or so, short times more often.
        life.now += Duration::from_millis(u64::from(*time).pow(2));
        life.happen(*what, rest);
        life.drain();
    }
    life.end();
}

/// What can be read is written, and read again as the same.
fn packet(bytes: &[u8]) {
    let Ok(first) = decode(bytes) else { return };
    let written = encode(&first);
    assert!(written.len() <= PACKET_BYTES_MAX, "a packet became too long");
    assert_eq!(decode(&written), Ok(first), "a packet changed on its way");
}

fn chosen(choice: u8) -> Options {
    let blocks = [63, 64, 75, 600, *BLOCK_BYTES_RANGE.end()];
    let block_bytes = blocks.get(usize::from(choice % 8)).copied();
    let timeout_seconds = (choice & 0x10 != 0).then_some(choice | 1);
    Options { block_bytes, timeout_seconds, file_bytes: (choice & 0x20 != 0).then_some(0) }
}

/// Ends of lines, other control characters, and letters.
fn content(offset: u64) -> u8 {
    let pattern = b"ab\nc\r\nd\r\0e";
    let at = usize::try_from(offset % pattern.len() as u64).unwrap_or(0);
    pattern.get(at).copied().unwrap_or(0)
}

struct Life {
    transfer: Transfer,
    now: Instant,
    file_bytes: u64,
    /// What was asked for and not handed in.
    wanted: Option<(u64, usize)>,
    last_sent: Vec<u8>,
    /// Packets since the client was heard last.
    unanswered: u32,
    to_strangers: u32,
    is_closed: bool,
}

const SETTINGS: TransferSettings = TransferSettings {
    block_bytes_max: 700,
    timeout: Duration::from_secs(1),
    timeout_seconds_max: 30,
    tries_max: 4,
    reading_max: Duration::from_secs(30),
    pace_bytes_per_second_min: 100,
    grace: Duration::from_secs(20),
};

impl Life {
    fn new(now: Instant, request: &Request<'_>, file_bytes: u64) -> Self {
        Self {
            transfer: Transfer::begin(now, SETTINGS, request, file_bytes),
            now,
            file_bytes,
            wanted: None,
            last_sent: Vec::new(),
            unanswered: 0,
            to_strangers: 0,
            is_closed: false,
        }
    }

    fn happen(&mut self, what: u8, rest: &[u8]) {
        let input = match what {
            b'a' => return self.acknowledge(),
            b'c' => return self.hand_in(),
            b's' => Input::Stranger(rest),
            b'w' => Input::Content(rest),
            b'u' => Input::Unreadable,
            b't' => Input::Timer,
            _ => Input::Received(rest),
        };
        if matches!(input, Input::Content(_) | Input::Unreadable) {
            self.wanted = None;
        }
        self.transfer.handle(self.now, input);
    }

    /// Acknowledges what was sent last, as an orderly client does.
    fn acknowledge(&mut self) {
        let block = match decode(&self.last_sent) {
            Ok(Packet::Data { block, .. }) => block,
            _ => 0,
        };
        let packet = encode(&Packet::Acknowledgement { block });
        self.transfer.handle(self.now, Input::Received(&packet));
        if self.transfer.is_heard() {
            self.unanswered = 0;
        }
    }

    /// Hands in what was asked for, as an orderly reader does.
    fn hand_in(&mut self) {
        let Some((offset, length)) = self.wanted.take() else { return };
        let bytes: Vec<u8> = (offset..).take(length).map(content).collect();
        self.transfer.handle(self.now, Input::Content(&bytes));
    }

    fn drain(&mut self) {
        let was_heard = self.transfer.is_heard();
        while let Some(output) = self.transfer.poll() {
            assert!(!self.is_closed, "something follows the end");
            match output {
                Output::Send(packet) | Output::SendAgain(packet) => {
                    self.sent(&packet, was_heard);
                }
                Output::SendToStranger(_) => self.to_strangers += 1,
                Output::Read { offset, length } => {
                    assert!(length > 0 && offset + length as u64 <= self.file_bytes, "beyond");
                    assert!(self.wanted.is_none(), "asked twice");
                    self.wanted = Some((offset, length));
                }
                Output::Closed(_) => self.is_closed = true,
            }
        }
        assert_eq!(
            self.transfer.deadline().is_none(),
            self.is_closed,
            "no deadline, or one too many"
        );
        assert!(self.to_strangers <= 8, "strangers are answered without end");
    }

    fn sent(&mut self, packet: &[u8], was_heard: bool) {
        self.unanswered += 1;
        let is_servers = match decode(packet) {
            Ok(Packet::Data { content, .. }) => content.len() <= 700,
            Ok(Packet::Options(_) | Packet::Error { .. }) => true,
            _ => false,
        };
        assert!(is_servers, "a server sends no such packet");
        if !was_heard {
            assert!(packet.len() <= UNHEARD_BYTES_MAX, "much is sent to somebody unheard");
            // One more may tell that the file cannot be read.
            assert!(self.unanswered <= 3, "often sent to somebody unheard");
        }
        self.last_sent = packet.to_vec();
    }

    /// Whatever came before, it ends by itself.
    fn end(mut self) {
        for _ in 0..20 {
            let Some(deadline) = self.transfer.deadline() else { return };
            assert!(deadline <= self.now + Duration::from_secs(60), "a deadline far away");
            self.now = self.now.max(deadline);
            self.transfer.handle(self.now, Input::Timer);
            self.drain();
        }
        assert!(self.is_closed, "it never ends");
    }
}
