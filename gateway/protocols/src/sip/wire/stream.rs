//! Messages of a stream.

use bytes::{Buf, BytesMut};

use super::head::{self, Head};
use super::{Limits, Malformed};
use crate::sip::Message;

/// What a stream gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing more until more bytes come.
    More,
    /// Two line ends: answer with one (RFC 5626, section 4.4.1).
    Ping,
    /// One line end: the answer to a ping, or a stray one before a message.
    Pong,
    /// A message.
    Message(Message),
}

/// Cuts a stream into messages. Feed what was read, then take until there is no more; so it holds no more than
/// one message at its limits and what was fed last, and nothing at all between messages.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    buffer: BytesMut,
    /// How much of the buffer was searched for the end of a head.
    searched: usize,
    /// A head that is whole, its bytes, and how long its body is.
    body: Option<(Head, bytes::Bytes, usize)>,
    dead: Option<Malformed>,
    /// A ping of ours waits for its answer.
    awaits_pong: bool,
    /// One line end came that may be half a ping.
    has_half_ping: bool,
}

impl Decoder {
    /// Nothing was read yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: BytesMut::new(),
            searched: 0,
            body: None,
            dead: None,
            awaits_pong: false,
            has_half_ping: false,
        }
    }

    /// Other limits count from the next head and body on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Those bytes came. A dead stream takes no more.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.dead.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// A ping of ours is sent: the next single line end is its answer, and no half of a ping of the peer's.
    pub fn pinged(&mut self) {
        self.awaits_pong = true;
    }

    /// Whether a message was begun and is not whole.
    pub fn is_begun(&self) -> bool {
        self.dead.is_none() && (self.body.is_some() || !self.buffer.is_empty())
    }

    /// How many bytes it holds room for.
    pub fn room_bytes(&self) -> usize {
        self.buffer.capacity()
    }

    /// What comes next. Where framing was lost the stream is dead, and the same is said again and again.
    #[expect(
        clippy::should_implement_trait,
        reason = "it never ends, and an error of it is no item"
    )]
    pub fn next(&mut self) -> Result<Cut, Malformed> {
        if let Some(malformed) = &self.dead {
            return Err(malformed.clone());
        }
        let cut = self.cut();
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        if let Err(malformed) = &cut
            && malformed.framing_is_lost
        {
            self.dead = Some(malformed.clone());
            self.buffer = BytesMut::new();
            self.body = None;
        }
        cut
    }

    fn cut(&mut self) -> Result<Cut, Malformed> {
        if self.body.is_none() {
            if let Some(cut) = self.line_end() {
                return Ok(cut);
            }
            if !self.head()? {
                return Ok(Cut::More);
            }
        }
        match self.body.take() {
            Some((head, bytes, length)) if self.buffer.len() >= length => {
                let body = self.buffer.split_to(length).freeze();
                match head.problem {
                    Some(problem) => Err(problem.of(&bytes, &self.limits)),
                    None => Ok(Cut::Message(head.with_body(body))),
                }
            }
            unfinished => {
                self.body = unfinished;
                Ok(Cut::More)
            }
        }
    }

    /// Line ends between messages.
    fn line_end(&mut self) -> Option<Cut> {
        if self.buffer.starts_with(b"\r\n\r\n") {
            self.buffer.advance(4);
            self.has_half_ping = false;
            return Some(Cut::Ping);
        }
        if !self.buffer.starts_with(b"\r\n") {
            return if b"\r\n".starts_with(&self.buffer) { Some(Cut::More) } else { None };
        }
        if self.buffer.len() == 3 && self.buffer.ends_with(b"\r") {
            return Some(Cut::More);
        }
        self.buffer.advance(2);
        let is_second_half = std::mem::take(&mut self.has_half_ping);
        if std::mem::take(&mut self.awaits_pong) {
            return Some(Cut::Pong);
        }
        if is_second_half {
            return Some(Cut::Ping);
        }
        self.has_half_ping = self.buffer.is_empty();
        Some(Cut::Pong)
    }

    /// Reads a head as soon as it is whole; says whether it is.
    fn head(&mut self) -> Result<bool, Malformed> {
        self.has_half_ping = false;
        let end = head::end(&self.buffer, self.searched);
        let problem = match end {
            Some(end) if end <= self.limits.head_bytes => {
                self.searched = 0;
                let bytes = self.buffer.split_to(end).freeze();
                let read =
                    Head::read(&bytes, &self.limits).and_then(|head| match head.content_length {
                        Some(length) => Ok((head, length)),
                        None => {
                            Err(super::Problem::bad("Content-Length", "is missing on a stream"))
                        }
                    });
                let (head, length) = read.map_err(|problem| problem.of(&bytes, &self.limits))?;
                self.body = Some((head, bytes, length));
                return Ok(true);
            }
            Some(_) => head::too_long(&self.limits),
            None if self.buffer.len() > self.limits.head_bytes => head::too_long(&self.limits),
            None => {
                let first = self.buffer.get(..self.limits.start_line_bytes.saturating_add(2));
                match first.filter(|first| !first.contains(&b'\n')) {
                    Some(first) => head::first_line_too_long(first, &self.limits),
                    None => {
                        self.searched = self.buffer.len();
                        return Ok(false);
                    }
                }
            }
        };
        let bytes = self.buffer.split().freeze();
        Err(problem.of(&bytes, &self.limits))
    }
}
