//! What a virus scanner is asked and what it answers: clamd's commands of its socket, one a connection.
//!
//! ```text
//!   asked    "zPING" NUL    |  "zINSTREAM" NUL chunk ... end       chunk: length (4 bytes, network order), bytes
//!   answered "PONG" NUL     |  "stream: OK" NUL                    end:   length 0
//!                              "stream: " NAME " FOUND" NUL
//!                              WORDS " ERROR" NUL
//! ```
//!
//! Source: clamd(8), section COMMANDS. A scanner may answer and hang up before it was given everything.

/// Asks whether it is there.
pub const PING: &[u8] = b"zPING\0";
/// Begins a file.
pub const SCAN: &[u8] = b"zINSTREAM\0";
/// Ends a file.
pub const END: [u8; 4] = [0; 4];
/// So many bytes of a file are given at once.
pub const CHUNK_BYTES_MAX: usize = 64 * 1024;
/// An answer has at most so many bytes.
pub const ANSWER_BYTES_MAX: usize = 4 * 1024;
/// So many characters are kept of what a scanner calls what it found, or says of a fault.
pub const WORDS_CHARACTERS_MAX: usize = 200;

/// What a scanner answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is there.
    Pong,
    /// It found nothing.
    Clean,
    /// It found that: its name for it, without control characters.
    Found(String),
    /// The file is larger than it takes (`StreamMaxLength` of clamd's configuration).
    TooLarge,
    /// It could not look, in its words.
    Failed(String),
}

/// Why an answer cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It has more bytes than [`ANSWER_BYTES_MAX`].
    #[error("the answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    /// It is none of those.
    #[error("the answer is {0:?}, which no virus scanner says")]
    Other(String),
    /// The connection ended before the answer did.
    #[error("the connection ended before the answer did")]
    Cut,
}

/// A file in pieces, each with the length that goes before it.
pub fn chunks(file: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    file.chunks(CHUNK_BYTES_MAX).map(|chunk| {
        // A chunk is far smaller than four bytes can say.
        let length = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        (length.to_be_bytes(), chunk)
    })
}

/// Takes in an answer as it comes.
#[derive(Debug, Default)]
pub struct AnswerReader {
    bytes: Vec<u8>,
}

impl AnswerReader {
    /// Takes in more of it; the answer, once it is whole. What stands behind it is not looked at.
    pub fn take(&mut self, more: &[u8]) -> Result<Option<Answer>, AnswerError> {
        let end = more.iter().position(|byte| *byte == 0);
        let more = end.and_then(|end| more.get(..end)).unwrap_or(more);
        if self.bytes.len() + more.len() > ANSWER_BYTES_MAX {
            return Err(AnswerError::TooLong);
        }
        self.bytes.extend_from_slice(more);
        match end {
            Some(_) => read(&self.bytes).map(Some),
            None => Ok(None),
        }
    }
}

/// Reads an answer without the NUL at its end.
fn read(bytes: &[u8]) -> Result<Answer, AnswerError> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if text == "PONG" {
        return Ok(Answer::Pong);
    }
    if let Some(words) = text.strip_suffix(" ERROR") {
        let is_size = words.contains("size limit exceeded");
        return Ok(if is_size { Answer::TooLarge } else { Answer::Failed(short(words)) });
    }
    // Its name for the file may have a colon, what it found need not.
    let said = text.strip_prefix("stream: ").ok_or_else(|| AnswerError::Other(short(text)))?;
    match (said, said.strip_suffix(" FOUND")) {
        ("OK", _) => Ok(Answer::Clean),
        (_, Some(name)) => Ok(Answer::Found(short(name))),
        _ => Err(AnswerError::Other(short(text))),
    }
}

/// The beginning of a scanner's words on one line, without what could turn it round.
fn short(words: &str) -> String {
    let is_shown = |it: &char| {
        !it.is_control()
            && !matches!(*it, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    words.chars().filter(is_shown).take(WORDS_CHARACTERS_MAX).collect::<String>().trim().to_owned()
}

/// Reads any bytes in pieces of any length: the same comes of it as in one, within its limits. Panics where that does
/// not hold, which is what a fuzzer looks for.
#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
pub fn fuzz_clamd(data: &[u8]) {
    let (step, data) = data.split_first().map_or((1, data), |(step, rest)| (*step, rest));
    let whole = AnswerReader::default().take(data);
    let mut reader = AnswerReader::default();
    let mut pieces = Ok(None);
    for piece in data.chunks(usize::from(step).max(1)) {
        pieces = reader.take(piece);
        if pieces != Ok(None) {
            break;
        }
    }
    if pieces != whole {
        panic!("{pieces:?} in pieces of {step}, {whole:?} in one");
    }
    if let Ok(Some(Answer::Found(words) | Answer::Failed(words))) = &whole
        && (words.chars().count() > WORDS_CHARACTERS_MAX || words.chars().any(char::is_control))
    {
        panic!("{words:?}");
    }
}

#[cfg(test)]
mod tests;
