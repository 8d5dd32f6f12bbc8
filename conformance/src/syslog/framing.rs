//! Messages out of a stream: with their length before them (RFC 6587, section 3.4.1; RFC 5425,
//! section 4.3), or with a line feed after them (RFC 6587, section 3.4.2).

/// Bytes of one message that are read at all.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Digits of a length; no message here needs more.
const LENGTH_DIGITS_MAX: usize = 6;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    OctetCounting,
    Newline,
}

impl Framing {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::OctetCounting => "octet-counting",
            Self::Newline => "newline",
        }
    }
}

/// A stream as far as it has come.
#[derive(Debug)]
pub(super) struct Stream {
    waiting: Vec<u8>,
    /// Over TLS there is no line feed to end a message.
    counting_only: bool,
}

impl Stream {
    pub(super) fn new(counting_only: bool) -> Self {
        Self { waiting: Vec::new(), counting_only }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// Whether a message has begun that has not ended.
    pub(super) fn is_within(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next whole message; after a breach nothing more can be told apart.
    pub(super) fn next(&mut self) -> Result<Option<(Framing, Vec<u8>)>, String> {
        match self.waiting.first() {
            None => Ok(None),
            Some(b'1'..=b'9') => self.counted(),
            Some(b'<') if !self.counting_only => self.line(),
            Some(b'<') => Err("over TLS a message has its length before it".to_owned()),
            Some(_) => Err("a frame begins with neither a length nor a message".to_owned()),
        }
    }

    fn counted(&mut self) -> Result<Option<(Framing, Vec<u8>)>, String> {
        let digits = self.waiting.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > LENGTH_DIGITS_MAX {
            return Err("a length has too many digits".to_owned());
        }
        match self.waiting.get(digits) {
            None => return Ok(None),
            Some(b' ') => {}
            Some(_) => return Err("no space after a length".to_owned()),
        }
        let length = self.waiting.get(..digits).and_then(|it| std::str::from_utf8(it).ok());
        let length: usize =
            length.and_then(|it| it.parse().ok()).ok_or("a length is no number".to_owned())?;
        if length > MESSAGE_BYTES_MAX {
            return Err(format!("a message of {length} bytes is longer than is read here"));
        }
        let begin = digits + 1;
        let Some(message) = self.waiting.get(begin..begin + length).map(<[u8]>::to_vec) else {
            return Ok(None);
        };
        self.waiting.drain(..begin + length);
        Ok(Some((Framing::OctetCounting, message)))
    }

    fn line(&mut self) -> Result<Option<(Framing, Vec<u8>)>, String> {
        let Some(end) = self.waiting.iter().position(|byte| *byte == b'\n') else {
            if self.waiting.len() > MESSAGE_BYTES_MAX {
                return Err("a message without an end is longer than is read here".to_owned());
            }
            return Ok(None);
        };
        let message: Vec<u8> = self.waiting.drain(..=end).take(end).collect();
        Ok(Some((Framing::Newline, message)))
    }
}
