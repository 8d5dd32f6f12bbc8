//! One file on its way to one client.
//!
//! ```text
//!   begin --options agreed--> Waiting(options) --ACK 0--.
//!      '------none-----------------------------.        |
//!                                              v        v
//!                          .--Read-----------> Reading <--ACK of this block--.
//!                          '--more is needed------'|                         |
//!                                                  '--block is whole--> Waiting(block)
//!
//!   Waiting --ACK of the last block--> Closed(Done)
//!   Waiting --tries are used up--> Closed(Silent | Unheard)      Waiting --ERROR--> Closed(Refused)
//!   Waiting, Reading --slower than the least pace--> Closed(Slow)
//!   Reading --it cannot be read, or not in time--> Closed(Unreadable)
//! ```
//!
//! - **The file stays where it is**: the machine asks for the bytes of one block at a time ([`Output::Read`]), since
//!   firmware has tens of megabytes, and many phones load it at once. A block is kept until it is acknowledged.
//! - **Only time repeats a packet.** An acknowledgement that comes twice sends nothing, or each doubled packet
//!   would double all that follow (the Sorcerer's Apprentice, RFC 1123, section 4.2.3.1).
//! - **Who asks is not known until something comes back** from there: the address may be somebody's who asked
//!   nothing. Until then two packets are sent, each of at most [`UNHEARD_BYTES_MAX`] bytes: larger blocks are agreed
//!   to by an exchange that the client has to answer. A client that got neither asks again.
//! - **Whoever is slow does not stay**: for each [`TransferSettings::pace_bytes_per_second_min`] bytes of the file that
//!   went, a transfer has a second, beside its grace. So each has an end, however its client answers.
//! - Block numbers roll over to 0, so a file may be longer than 65,535 blocks.
//!
//! Knows no addresses: whoever has the socket says whether a packet came from the client or from a stranger.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{BLOCK_BYTES, ErrorCode, Mode, Options, Packet, Request, decode, encode, netascii};

/// Bytes of a packet that is sent before the client was heard: a block of the smallest agreed size with its head,
/// or options.
pub const UNHEARD_BYTES_MAX: usize = 600;
/// The smallest block that is agreed to: smaller ones only make a transfer last. Whoever asks for one gets the usual
/// blocks.
const AGREED_BYTES_MIN: u16 = 64;
/// How often the first packet is sent.
const UNHEARD_TRIES_MAX: u8 = 2;
/// The longest pause before something is sent again, where the client did not ask for longer ones.
const PAUSE_MAX: Duration = Duration::from_secs(8);
/// Strangers that are told that they are wrong here.
const STRANGERS_MAX: u8 = 8;

/// How transfers go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferSettings {
    /// The largest block that is agreed to.
    pub block_bytes_max: u16,
    /// How long an acknowledgement is waited for at first, where nothing else was agreed to.
    pub timeout: Duration,
    /// The longest timeout that is agreed to, in seconds.
    pub timeout_seconds_max: u8,
    /// How often a packet is sent to a client that was heard before.
    pub tries_max: u8,
    /// How long reading a piece of the file may take.
    pub reading_max: Duration,
    /// The least pace on average, once the grace is over.
    pub pace_bytes_per_second_min: u64,
    /// How long a transfer may take beside what the least pace gives it.
    pub grace: Duration,
}

impl Default for TransferSettings {
    fn default() -> Self {
        Self {
            block_bytes_max: 1_428,
            timeout: Duration::from_secs(1),
            timeout_seconds_max: 30,
            tries_max: 6,
            reading_max: Duration::from_secs(30),
            pace_bytes_per_second_min: 500,
            grace: Duration::from_secs(120),
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The client sent this.
    Received(&'a [u8]),
    /// Somebody else sent this to where the transfer is.
    Stranger(&'a [u8]),
    /// The bytes that were asked for.
    Content(&'a [u8]),
    /// The bytes that were asked for cannot be had.
    Unreadable,
    /// Time went by.
    Timer,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this to the client.
    Send(Bytes),
    /// Send this to the client, who has not acknowledged it.
    SendAgain(Bytes),
    /// Send this to the stranger whose packet was handed in.
    SendToStranger(Bytes),
    /// Hand in so many bytes of the file from there on.
    Read {
        /// Bytes before them.
        offset: u64,
        /// How many there must be.
        length: usize,
    },
    /// Nothing follows.
    Closed(Outcome),
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The client has the file.
    Done,
    /// The client answered nothing at all, so it may never have asked.
    Unheard,
    /// The client does not answer any more.
    Silent,
    /// The client answers, but so slowly that its place is better given to others.
    Slow,
    /// The client ended it.
    Refused(ErrorCode),
    /// The file cannot be read any more.
    Unreadable,
}

#[derive(Debug)]
enum State {
    Reading { length: usize, give_up: Instant },
    Waiting { packet: Bytes, is_last: bool, tries: u8, again: Instant },
    Closed,
}

/// The server's side of one transfer.
pub struct Transfer {
    settings: TransferSettings,
    began: Instant,
    mode: Mode,
    file_bytes: u64,
    block_bytes: usize,
    /// What is waited at first, once the client was heard.
    timeout: Duration,
    is_heard: bool,
    /// The block that is read or waits; 0 are the options.
    block: u64,
    /// Bytes of the file that were read.
    offset: u64,
    /// Bytes of the file that were read before the block that waits.
    acknowledged: u64,
    /// Bytes on their way that fill no block yet.
    ahead: Vec<u8>,
    strangers: u8,
    state: State,
    outputs: VecDeque<Output>,
}

impl Transfer {
    /// Begins to send a file of so many bytes.
    pub fn begin(
        now: Instant,
        settings: TransferSettings,
        request: &Request<'_>,
        file_bytes: u64,
    ) -> Self {
        let agreed = agreed(&settings, request, file_bytes);
        let timeout = agreed.timeout_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let mut transfer = Self {
            settings,
            began: now,
            mode: request.mode,
            file_bytes,
            block_bytes: agreed.block_bytes.unwrap_or(BLOCK_BYTES).into(),
            timeout: timeout.unwrap_or(settings.timeout),
            is_heard: false,
            block: 0,
            offset: 0,
            acknowledged: 0,
            ahead: Vec::new(),
            strangers: 0,
            state: State::Closed,
            outputs: VecDeque::new(),
        };
        if agreed.is_empty() {
            transfer.next_block(now);
        } else {
            transfer.send(now, encode(&Packet::Options(agreed)), false);
        }
        transfer
    }

    /// Whether anything came from the client since it asked, so that somebody is there who did.
    pub fn is_heard(&self) -> bool {
        self.is_heard
    }

    /// Bytes of the file that the client has.
    pub fn acknowledged_bytes(&self) -> u64 {
        self.acknowledged
    }

    /// When to hand in [`Input::Timer`]; `None` once it is closed.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Reading { give_up, .. } => Some(give_up.min(self.end())),
            State::Waiting { again, .. } => Some(again.min(self.end())),
            State::Closed => None,
        }
    }

    /// When it is too slow unless more of the file went.
    fn end(&self) -> Instant {
        let paced = self.acknowledged / self.settings.pace_bytes_per_second_min.max(1);
        // Longer than any node runs.
        let paced = Duration::from_secs(paced.min(u32::MAX.into()));
        self.began + self.settings.grace + paced
    }

    /// Takes one input; drain [`Self::poll`] after it.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        let end = self.end();
        match (&mut self.state, input) {
            (State::Closed, _) => {}
            (_, Input::Stranger(bytes)) => self.refuse_stranger(bytes),
            // Before what is received, or a client that keeps talking would stay.
            _ if end <= now => self.end_slow(),
            (_, Input::Received(bytes)) => self.hear(now, bytes),
            (State::Reading { length, .. }, Input::Content(content))
                if content.len() == *length =>
            {
                self.take(now, content);
            }
            (State::Reading { .. }, Input::Content(_) | Input::Unreadable) => self.give_up(),
            (State::Reading { give_up, .. }, Input::Timer) if *give_up <= now => self.give_up(),
            (State::Waiting { again, .. }, Input::Timer) if *again <= now => self.send_again(now),
            // A timer that was set for what is over, and content that nobody asked for.
            (_, Input::Timer | Input::Content(_) | Input::Unreadable) => {}
        }
    }

    /// What to do now. Drain it after the beginning and after every input.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn hear(&mut self, now: Instant, bytes: &[u8]) {
        match decode(bytes) {
            Ok(Packet::Error { code, .. }) => self.close(Outcome::Refused(code)),
            Ok(Packet::Acknowledgement { block }) if block == wire(self.block) => {
                let State::Waiting { is_last, .. } = self.state else { return };
                self.is_heard = true;
                self.acknowledged = self.offset;
                if is_last { self.close(Outcome::Done) } else { self.next_block(now) }
            }
            // Late, early, doubled, or not meant for a transfer: time decides what is sent again.
            Ok(_) | Err(_) => {}
        }
    }

    /// Two that answer each other's errors would never end, so errors get nothing.
    fn refuse_stranger(&mut self, bytes: &[u8]) {
        let is_error = matches!(decode(bytes), Ok(Packet::Error { .. }));
        if is_error || self.strangers >= STRANGERS_MAX {
            return;
        }
        self.strangers += 1;
        let code = ErrorCode::UNKNOWN_TRANSFER;
        let packet = encode(&Packet::Error { code, message: b"unknown transfer" });
        self.outputs.push_back(Output::SendToStranger(packet));
    }

    fn next_block(&mut self, now: Instant) {
        self.block += 1;
        self.fill(now);
    }

    /// Asks for what the block needs, or sends it.
    fn fill(&mut self, now: Instant) {
        let left = self.file_bytes.saturating_sub(self.offset);
        let lacking = self.block_bytes.saturating_sub(self.ahead.len());
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(lacking);
        if length > 0 {
            self.state = State::Reading { length, give_up: now + self.settings.reading_max };
            return self.outputs.push_back(Output::Read { offset: self.offset, length });
        }
        let is_last = lacking > 0;
        let end = self.block_bytes.min(self.ahead.len());
        let content: Vec<u8> = self.ahead.drain(..end).collect();
        let packet = encode(&Packet::Data { block: wire(self.block), content: &content });
        self.send(now, packet, is_last);
    }

    fn take(&mut self, now: Instant, content: &[u8]) {
        self.offset = self.offset.saturating_add(content.len() as u64);
        match self.mode {
            Mode::Octet => self.ahead.extend_from_slice(content),
            Mode::Netascii => netascii::put(&mut self.ahead, content),
        }
        self.fill(now);
    }

    fn send(&mut self, now: Instant, packet: Bytes, is_last: bool) {
        debug_assert!(self.is_heard || packet.len() <= UNHEARD_BYTES_MAX, "a large first packet");
        self.outputs.push_back(Output::Send(packet.clone()));
        self.state = State::Waiting { packet, is_last, tries: 1, again: now + self.pause(1) };
    }

    fn send_again(&mut self, now: Instant) {
        let pause = self.pause(self.tries().saturating_add(1));
        let tries_max = if self.is_heard { self.settings.tries_max } else { UNHEARD_TRIES_MAX };
        let State::Waiting { packet, tries, again, .. } = &mut self.state else { return };
        if *tries >= tries_max {
            let outcome = if self.is_heard { Outcome::Silent } else { Outcome::Unheard };
            return self.close(outcome);
        }
        *tries += 1;
        *again = now + pause;
        self.outputs.push_back(Output::SendAgain(packet.clone()));
    }

    fn tries(&self) -> u8 {
        if let State::Waiting { tries, .. } = self.state { tries } else { 0 }
    }

    /// How long to wait after the packet was sent so many times. What the client asked for counts only once it
    /// was heard, so that nobody who never asked holds a transfer for long. A client that has the last packet which
    /// it gets unheard may have to repeat its answer, which takes clients up to five seconds.
    fn pause(&self, tries: u8) -> Duration {
        if !self.is_heard && tries >= UNHEARD_TRIES_MAX {
            return PAUSE_MAX;
        }
        let first = if self.is_heard { self.timeout } else { self.settings.timeout };
        let doubled = first.saturating_mul(1 << tries.saturating_sub(1).min(8));
        doubled.min(first.max(PAUSE_MAX))
    }

    /// Whoever was never heard gets no third packet.
    fn end_slow(&mut self) {
        if self.is_heard {
            let code = ErrorCode::UNDEFINED;
            let packet = encode(&Packet::Error { code, message: b"that takes too long" });
            self.outputs.push_back(Output::Send(packet));
        }
        self.close(Outcome::Slow);
    }

    /// The client is told, or it would wait for the rest.
    fn give_up(&mut self) {
        let code = ErrorCode::UNDEFINED;
        let packet = encode(&Packet::Error { code, message: b"the file cannot be read" });
        self.outputs.push_back(Output::Send(packet));
        self.close(Outcome::Unreadable);
    }

    fn close(&mut self, outcome: Outcome) {
        self.state = State::Closed;
        self.ahead = Vec::new();
        self.outputs.push_back(Output::Closed(outcome));
    }
}

/// Content of files stays out of what is printed.
impl std::fmt::Debug for Transfer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Transfer");
        shown.field("block", &self.block).field("is_heard", &self.is_heard).finish_non_exhaustive()
    }
}

/// What of the request's options is acknowledged. A timeout cannot be changed, so one that is too long is left
/// out (RFC 2349). How long text becomes on its way is not known before it went, and that a file is empty is not
/// told, since curl gives up where it is.
fn agreed(settings: &TransferSettings, request: &Request<'_>, file_bytes: u64) -> Options {
    let Options { block_bytes, timeout_seconds, file_bytes: asked } = request.options;
    let block_bytes_max = settings.block_bytes_max.max(AGREED_BYTES_MIN);
    let block_bytes = block_bytes.filter(|bytes| *bytes >= AGREED_BYTES_MIN);
    let tells_length = request.mode == Mode::Octet && file_bytes > 0;
    Options {
        block_bytes: block_bytes.map(|bytes| bytes.min(block_bytes_max)),
        timeout_seconds: timeout_seconds.filter(|it| *it <= settings.timeout_seconds_max),
        file_bytes: asked.filter(|_| tells_length).map(|_| file_bytes),
    }
}

/// The number that a block has on its way.
fn wire(block: u64) -> u16 {
    let [.., high, low] = block.to_be_bytes();
    u16::from_be_bytes([high, low])
}
