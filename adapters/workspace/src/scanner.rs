//! A virus scanner, asked over its socket: one connection a question, as [`protocols::clamd`] says.
//!
//! ```text
//!   connect (5 s) --> question, the file in pieces --> answer      all of it: 25 s, 5 s for a ping
//!                       `-> the scanner hangs up before the end: what it said until then counts
//! ```
//!
//! It keeps nothing: the file's bytes are the caller's, and an answer is a few kilobytes at most.

use std::io;
use std::time::Duration;

use domain::settings::{ScannerPlace, VirusScanner};
use protocols::clamd::{self, Answer, AnswerError, AnswerReader};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::time::timeout;

/// So long reaching it may take.
const CONNECTING: Duration = Duration::from_secs(5);
/// So long a question may take with its answer: less than a page waits.
const ANSWERING: Duration = Duration::from_secs(25);
/// So long whether it is there may take.
const PINGING: Duration = Duration::from_secs(5);
/// So long an answer is waited for once a connection failed.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why a scanner could not look at a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanTrouble {
    /// Nobody answers there.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("it did not answer in time")]
    TimedOut,
    /// The connection ended.
    #[error("the connection ended: {0}")]
    Lost(String),
    /// What it says is no answer of a virus scanner.
    #[error("{0}")]
    Malformed(AnswerError),
    /// It says that it cannot.
    #[error("it says {0:?}")]
    Failed(String),
    /// The file is larger than it, or the settings, allow.
    #[error("the file is larger than it takes")]
    TooLarge,
}

impl ScanTrouble {
    /// Its name for programs, which stays as it is.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Lost(_) => "lost",
            Self::Malformed(_) => "malformed",
            Self::Failed(_) => "failed",
            Self::TooLarge => "too_large",
        }
    }
}

/// Whether a scanner is there.
pub async fn ping(scanner: &VirusScanner) -> Result<(), ScanTrouble> {
    match asked(scanner, None).await? {
        Answer::Pong => Ok(()),
        Answer::Failed(words) => Err(ScanTrouble::Failed(words)),
        other => Err(ScanTrouble::Malformed(AnswerError::Other(format!("{other:?}")))),
    }
}

/// What a scanner found in a file, where it found something.
pub(crate) async fn scan(
    scanner: &VirusScanner,
    file: &[u8],
) -> Result<Option<String>, ScanTrouble> {
    if u32::try_from(file.len()).is_ok_and(|length| length > scanner.scan_bytes_max) {
        return Err(ScanTrouble::TooLarge);
    }
    match asked(scanner, Some(file)).await? {
        Answer::Clean => Ok(None),
        Answer::Found(name) => Ok(Some(name)),
        Answer::TooLarge => Err(ScanTrouble::TooLarge),
        Answer::Failed(words) => Err(ScanTrouble::Failed(words)),
        Answer::Pong => Err(ScanTrouble::Malformed(AnswerError::Other("PONG".to_owned()))),
    }
}

async fn asked(scanner: &VirusScanner, file: Option<&[u8]>) -> Result<Answer, ScanTrouble> {
    let place = scanner.place();
    let place =
        place.ok_or_else(|| ScanTrouble::Unreachable("the address is of no use".to_owned()))?;
    let unreachable = |error: io::Error| ScanTrouble::Unreachable(error.to_string());
    let late = |_| ScanTrouble::TimedOut;
    let patience = if file.is_some() { ANSWERING } else { PINGING };
    match place {
        ScannerPlace::Host(host, port) => {
            let connected = timeout(CONNECTING, TcpStream::connect((host.as_str(), port)));
            let stream = connected.await.map_err(late)?.map_err(unreachable)?;
            timeout(patience, talk(stream, file)).await.map_err(late)?
        }
        #[cfg(unix)]
        ScannerPlace::Socket(path) => {
            let connected = timeout(CONNECTING, UnixStream::connect(path));
            let stream = connected.await.map_err(late)?.map_err(unreachable)?;
            timeout(patience, talk(stream, file)).await.map_err(late)?
        }
        #[cfg(not(unix))]
        ScannerPlace::Socket(_) => {
            Err(ScanTrouble::Unreachable("this system has no such sockets".to_owned()))
        }
    }
}

async fn talk<S>(mut stream: S, file: Option<&[u8]>) -> Result<Answer, ScanTrouble>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match give(&mut stream, file).await {
        Ok(()) => answer(&mut stream).await,
        // Of a file that is too large a scanner says so, and hangs up.
        Err(error) => match timeout(LAST_WORDS, answer(&mut stream)).await {
            Ok(Ok(said)) if said != Answer::Clean => Ok(said),
            _ => Err(ScanTrouble::Lost(error.to_string())),
        },
    }
}

async fn give<S>(stream: &mut S, file: Option<&[u8]>) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    let Some(file) = file else { return stream.write_all(clamd::PING).await };
    stream.write_all(clamd::SCAN).await?;
    for (length, chunk) in clamd::chunks(file) {
        stream.write_all(&length).await?;
        stream.write_all(chunk).await?;
    }
    stream.write_all(&clamd::END).await?;
    stream.flush().await
}

async fn answer<S>(stream: &mut S) -> Result<Answer, ScanTrouble>
where
    S: AsyncRead + Unpin,
{
    let mut reader = AnswerReader::default();
    let mut buffer = [0; 1024];
    loop {
        let read = stream.read(&mut buffer).await;
        let read = read.map_err(|error| ScanTrouble::Lost(error.to_string()))?;
        let Some(more) = buffer.get(..read).filter(|more| !more.is_empty()) else {
            return Err(ScanTrouble::Malformed(AnswerError::Cut));
        };
        if let Some(answer) = reader.take(more).map_err(ScanTrouble::Malformed)? {
            return Ok(answer);
        }
    }
}
