//! One connection: it is read, cut into messages, written, and ended where its peer does not keep the rules.
//!
//! ```text
//!   Opened --a proof--> Known --silence, fault, full queue, stop--> Ended
//!     '-- idle limit, fault, stop ------------------------------------^
//! ```
//!
//! Its task alone reads and writes. While bytes cannot be written it goes on reading, so that a peer which does
//! both late holds nobody up; what waits is bounded by the queue, and a write without progress by time.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use protocols::sip::{Cut, Decoder};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::watch;

use crate::element::Element;
use crate::flows::Connection;
use crate::limits::Limits;
use crate::sources::Admitted;
use crate::time::now;

/// Bytes that are read at once.
const READ_BYTES: usize = 8 * 1024;
/// A timer is never set closer than this, so that a busy connection does not set it with every message.
const TICK: Duration = Duration::from_millis(250);

/// How long what waits may take to be written once the node stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The peer closed it.
    Closed,
    /// It failed.
    Failed,
    /// What came was no SIP.
    Malformed,
    /// Nobody proved who they are in time.
    Unproven,
    /// A message was not complete in time.
    SlowMessage,
    /// Nothing could be written in time, or too much waits.
    SlowReader,
    /// It was silent for too long.
    Silent,
    /// We ended it.
    Ours,
}

impl Ended {
    pub(crate) const ALL: [Self; 8] = [
        Self::Closed,
        Self::Failed,
        Self::Malformed,
        Self::Unproven,
        Self::SlowMessage,
        Self::SlowReader,
        Self::Silent,
        Self::Ours,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Failed => "failed",
            Self::Malformed => "malformed",
            Self::Unproven => "unproven",
            Self::SlowMessage => "slow_message",
            Self::SlowReader => "slow_reader",
            Self::Silent => "silent",
            Self::Ours => "ours",
        }
    }
}

/// What a connection's time is counted by.
struct Progress {
    opened: Instant,
    /// When the last byte came.
    heard: Instant,
    /// When the message that is not whole was begun.
    begun: Option<Instant>,
    /// Since when nothing of what is to be written was taken.
    stuck: Option<Instant>,
    /// When we were told to stop.
    stopping: Option<Instant>,
}

impl Progress {
    /// When to look next, and what it means where nothing happened until then.
    fn due(&self, connection: &Connection, limits: &Limits) -> (Option<Instant>, Ended) {
        let silence = if connection.is_known() {
            (self.heard.checked_add(connection.silence()), Ended::Silent)
        } else {
            (self.opened.checked_add(limits.idle), Ended::Unproven)
        };
        let message = self.begun.map(|at| (at.checked_add(limits.message), Ended::SlowMessage));
        let stuck = self.stuck.map(|at| (at.checked_add(limits.message), Ended::SlowReader));
        let stopping = self.stopping.map(|at| (at.checked_add(FAREWELL), Ended::Ours));
        let all = [Some(silence), message, stuck, stopping].into_iter().flatten();
        all.min_by_key(|(at, _)| at.map_or((true, self.opened), |at| (false, at)))
            .unwrap_or(silence)
    }
}

/// Runs a connection to its end, and says why it ended.
pub(crate) async fn run<S>(
    io: S,
    connection: Arc<Connection>,
    element: Arc<Element>,
    mut stop: watch::Receiver<bool>,
) -> Ended
where
    S: AsyncRead + AsyncWrite,
{
    let (mut reader, mut writer) = tokio::io::split(io);
    let limits = element.limits();
    let mut decoder = Decoder::new(element.wire_limits());
    let (mut out, mut unflushed) = (Bytes::new(), false);
    let opened = now();
    let mut progress = Progress { opened, heard: opened, begun: None, stuck: None, stopping: None };
    let mut reads = true;
    let mut failed = None;
    let sleep = tokio::time::sleep(limits.idle.min(limits.message));
    let mut sleep = Box::pin(sleep);
    loop {
        if connection.is_cut() {
            return failed.unwrap_or(Ended::SlowReader);
        }
        if out.is_empty() {
            match connection.next() {
                Some(next) => {
                    progress.stuck = Some(progress.stuck.unwrap_or_else(now));
                    out = next;
                }
                None if !unflushed => {
                    progress.stuck = None;
                    if connection.is_closing() {
                        let _ = tokio::time::timeout(TICK, writer.shutdown()).await;
                        return failed.unwrap_or(Ended::Ours);
                    }
                }
                None => {}
            }
        }
        tokio::select! {
            biased;
            // Time and stop come first: of a peer that never stops sending there is always more to read.
            () = &mut sleep => {
                let (due, why) = progress.due(&connection, limits);
                let now = now();
                match due {
                    Some(due) if due <= now => return failed.unwrap_or(why),
                    Some(due) => {
                        let due = due.max(now + TICK);
                        sleep.as_mut().reset(due.into());
                    }
                    None => sleep.as_mut().reset((now + limits.idle).into()),
                }
            }
            () = stopped(&mut stop), if !connection.is_closing() => {
                reads = false;
                progress.stopping = Some(now());
                connection.close();
            }
            written = write(&mut writer, &out), if !out.is_empty() || unflushed => match written {
                Ok(count) => {
                    unflushed = !out.is_empty();
                    out.advance(count.min(out.len()));
                    progress.stuck = Some(now());
                }
                Err(_) => return failed.unwrap_or(Ended::Failed),
            },
            read = read(Pin::new(&mut reader), &mut decoder), if reads => match read {
                Ok(0) => return Ended::Closed,
                Err(_) => return Ended::Failed,
                Ok(_) => {
                    progress.heard = now();
                    let taken = take(&connection, &element, &mut decoder);
                    if taken == Taken::Lost {
                        failed = Some(Ended::Malformed);
                        reads = false;
                        connection.close();
                    }
                    // What is begun now is another one where one became whole.
                    let begun = progress.begun.filter(|_| taken == Taken::Nothing);
                    progress.begun =
                        decoder.is_begun().then(|| begun.unwrap_or(progress.heard));
                }
            },
            () = connection.woken() => {}
        }
        // A limit may have come nearer than the timer stands.
        if let (Some(due), _) = progress.due(&connection, limits)
            && due < sleep.deadline().into_std()
        {
            sleep.as_mut().reset(due.into());
        }
    }
}

/// What was taken out of what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// Nothing was whole.
    Nothing,
    /// Something was.
    Something,
    /// Where messages begin and end cannot be told any more.
    Lost,
}

/// Takes out what is whole.
fn take(connection: &Connection, element: &Element, decoder: &mut Decoder) -> Taken {
    let mut taken = Taken::Nothing;
    loop {
        // The settings may be others since the last message.
        decoder.set_limits(element.wire_limits());
        match decoder.next() {
            Ok(Cut::More) => return taken,
            Ok(Cut::Ping) => {
                element.pinged();
                connection.push(Bytes::from_static(b"\r\n"));
            }
            // That the peer is heard at all is what counts.
            Ok(Cut::Pong) => {}
            Ok(Cut::Message(message)) => element.heard(connection.flow, Some(connection), message),
            Err(malformed) => {
                let is_lost = malformed.framing_is_lost;
                // What is no SIP counts as a request does.
                let is_heard =
                    connection.is_known() || element.admit(connection.flow, 0) == Admitted::Yes;
                if is_heard {
                    element.malformed(connection.flow, malformed);
                }
                if is_lost {
                    return Taken::Lost;
                }
            }
        }
        taken = Taken::Something;
    }
}

/// Writes some of the bytes, or what was written before out of all buffers.
async fn write<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) -> std::io::Result<usize> {
    if bytes.is_empty() {
        return writer.flush().await.map(|()| 0);
    }
    match writer.write(bytes).await? {
        0 => Err(std::io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}

/// Waits until it is to stop.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Without a sender nothing is left that could be served.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Reads some bytes through the stack, so that an idle connection keeps no buffer.
async fn read<R: AsyncRead>(
    mut reader: Pin<&mut R>,
    decoder: &mut Decoder,
) -> std::io::Result<usize> {
    poll_fn(|context| {
        let mut bytes = [MaybeUninit::uninit(); READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        reader.as_mut().poll_read(context, &mut buffer).map_ok(|()| {
            let filled = buffer.filled();
            decoder.feed(filled);
            filled.len()
        })
    })
    .await
}
