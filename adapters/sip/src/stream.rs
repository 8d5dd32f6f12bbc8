//! One connection: it is read, cut into messages, written, and ended where its peer does not keep the rules.
//!
//! ```text
//!   Opened --a proof--> Known --silence, fault, full queue, stop--> Ended
//!     '-- idle limit, fault, stop ------------------------------------^
//! ```
//!
//! Its task alone reads and writes. While bytes cannot be written it goes on reading, so that a peer which does
//! both late holds nobody up; what waits is bounded by the queue, and a write without progress by time. Once it
//! is to end nothing more is read, and what waits has a fixed time to be taken.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use protocols::sip::{Cut, Decoder, Limits as WireLimits};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::watch;

use crate::element::Element;
use crate::flows::Connection;
use crate::limits::Limits;
use crate::time::now;

/// Bytes that are read at once.
const READ_BYTES: usize = 8 * 1024;
/// What a message may have of who proved nothing.
const UNPROVEN_HEAD_BYTES: usize = 8 * 1024;
const UNPROVEN_BODY_BYTES: usize = 8 * 1024;
/// A timer is never set closer than this, so that a busy connection does not set it with every message.
const TICK: Duration = Duration::from_millis(250);

/// How long what waits may take to be written once the connection is to end.
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
    /// Nobody proved who they are in time, or before others needed the place.
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
    /// Since when it is to end.
    closing: Option<Instant>,
}

impl Progress {
    /// When to look next, and what it means where nothing happened until then.
    fn due(&self, connection: &Connection, limits: &Limits) -> (Option<Instant>, Ended) {
        let silence = if connection.may_stay() {
            (self.heard.checked_add(connection.silence()), Ended::Silent)
        } else {
            (self.opened.checked_add(limits.idle), Ended::Unproven)
        };
        let message = self.begun.map(|at| (at.checked_add(limits.message), Ended::SlowMessage));
        let stuck = self.stuck.map(|at| (at.checked_add(limits.message), Ended::SlowReader));
        let closing = self.closing.map(|at| (at.checked_add(FAREWELL), Ended::Ours));
        let all = [Some(silence), message, stuck, closing].into_iter().flatten();
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
    let mut decoder = Decoder::new(unproven(element.wire_limits()));
    let (mut out, mut unflushed) = (Bytes::new(), false);
    let opened = now();
    let mut progress = Progress { opened, heard: opened, begun: None, stuck: None, closing: None };
    let mut failed = None;
    let sleep = tokio::time::sleep(limits.idle.min(limits.message));
    let mut sleep = Box::pin(sleep);
    loop {
        if connection.is_cut() {
            let why = if connection.gives_way() { Ended::Unproven } else { Ended::SlowReader };
            return failed.unwrap_or(why);
        }
        if connection.is_closing() && progress.closing.is_none() {
            progress.closing = Some(now());
            progress.begun = None;
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
            () = stopped(&mut stop), if !connection.is_closing() => connection.close(),
            written = write(&mut writer, &out), if !out.is_empty() || unflushed => match written {
                Ok(count) => {
                    unflushed = !out.is_empty();
                    out.advance(count.min(out.len()));
                    progress.stuck = Some(now());
                }
                Err(_) => return failed.unwrap_or(Ended::Failed),
            },
            read = read(Pin::new(&mut reader), &mut decoder), if progress.closing.is_none() => match read {
                Ok(0) => return Ended::Closed,
                Err(_) => return Ended::Failed,
                Ok(_) => {
                    progress.heard = now();
                    let taken = take(&connection, &element, &mut decoder);
                    if taken == Taken::Lost {
                        failed = Some(Ended::Malformed);
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

/// What a message may have of who proved nothing: what a phone needs for a proof, and little memory for strangers.
fn unproven(limits: WireLimits) -> WireLimits {
    let head_bytes = limits.head_bytes.min(UNPROVEN_HEAD_BYTES);
    let body_bytes = limits.body_bytes.min(UNPROVEN_BODY_BYTES);
    WireLimits { head_bytes, body_bytes, ..limits }
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
    while !connection.is_closing() {
        // The settings may be others since the last message, and who is there may be known by now.
        let limits = element.wire_limits();
        decoder.set_limits(if connection.is_trusted() { limits } else { unproven(limits) });
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
                element.malformed_over(connection, malformed);
                if is_lost {
                    return Taken::Lost;
                }
            }
        }
        taken = Taken::Something;
    }
    taken
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

#[cfg(test)]
mod tests {
    use domain::settings::Settings;
    use engine::testing::{PlainAuthenticator, memory_port};
    use engine::{Port, SystemClock};
    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};
    use tokio::task::JoinHandle;

    use super::*;
    use crate::flows::Proven;
    use crate::service::Sip;
    use crate::site::Site;

    /// A connection that runs, the other end of it, and who counts what it did.
    struct Running {
        peer: DuplexStream,
        connection: Arc<Connection>,
        ended: JoinHandle<Ended>,
        port: Port,
        _stop: watch::Sender<bool>,
    }

    /// The peer takes so many bytes that it does not read.
    async fn running(proven: Proven, pipe_bytes: usize) -> Running {
        let settings = Arc::new(Settings::default());
        let port =
            memory_port(&settings, Arc::new(PlainAuthenticator), Arc::new(SystemClock)).await;
        let limits = Limits::default();
        let state = Sip::new(port.clone()).state(&settings, &limits).unwrap();
        let element = Element::new(port.clone(), "gw-a.example".to_owned(), limits, state);
        element.set_site(Site::of(settings, "gw-a.example").map(Arc::new));
        let (peer, ours) = duplex(pipe_bytes);
        let at = "192.0.2.1:5061".parse().unwrap();
        let connection = element.flows().open(at, at, true, proven, true);
        let (stop, stopped) = watch::channel(false);
        let ended = tokio::spawn(run(ours, Arc::clone(&connection), element, stopped));
        Running { peer, connection, ended, port, _stop: stop }
    }

    fn options(number: u32) -> String {
        format!(
            "OPTIONS sip:gw-a.example SIP/2.0\r\nVia: SIP/2.0/TLS a;branch=z9hG4bK{number}\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: {number}\r\n\
             CSeq: {number} OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_was_ended_is_served_no_more_and_ends_in_time() {
        let device = Proven::Device("SEP001122334455".parse().unwrap());
        let Running { mut peer, connection, ended, port, _stop } = running(device, 1_024).await;
        connection.know(Duration::from_secs(3_600));
        assert!(connection.push(Bytes::from(vec![b'x'; 10_000])));
        peer.read_u8().await.unwrap();
        connection.close();
        assert!(!connection.push(Bytes::from_static(b"more")));
        peer.write_all(options(1).as_bytes()).await.unwrap();
        // It takes a byte now and then, as who wants to be served for ever would.
        let since = now();
        while peer.read_u8().await.is_ok() && !ended.is_finished() {
            tokio::time::advance(TICK).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(ended.await.unwrap(), Ended::Ours);
        assert!(now() - since < FAREWELL * 2);
        let figures = String::from_utf8(port.metrics().text()).unwrap();
        assert!(!figures.contains("requests_total{method=\"OPTIONS\"} 1"), "{figures}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_proved_nothing_may_send_and_leave_unread_little() {
        let long = |number| {
            let start = options(number).replace("Content-Length: 0", "Content-Length: 20000");
            start + &"x".repeat(20_000)
        };
        let Running { mut peer, connection, ended, _stop, .. } = running(Proven::Nobody, 1).await;
        assert!(connection.push(Bytes::from(vec![b'x'; 10_000])));
        assert!(!connection.push(Bytes::from(vec![b'x'; 10_000])));
        assert_eq!(ended.await.unwrap(), Ended::SlowReader);
        assert!(peer.write_all(b"x").await.is_err());
        let Running { mut peer, connection, _stop, .. } = running(Proven::Nobody, 65_536).await;
        peer.write_all(long(1).as_bytes()).await.unwrap();
        let mut status = [0; 11];
        peer.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"SIP/2.0 413");
        drop(connection);
        let Running { mut peer, connection, _stop, .. } = running(Proven::Nobody, 65_536).await;
        connection.know(Duration::from_secs(60));
        peer.write_all(long(2).as_bytes()).await.unwrap();
        peer.read_exact(&mut status).await.unwrap();
        assert_ne!(&status, b"SIP/2.0 413");
    }
}
