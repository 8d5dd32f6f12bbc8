//! Tells the service supervisor how far we are (sd_notify(3)), where it wants to know.
//!
//! ```text
//!   us --state, sockets to keep--> NOTIFY_SOCKET of the supervisor, in this order
//! ```
//!
//! Nobody listening is no error, and one that does not listen any more keeps no node from serving.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use rustix::cmsg_space;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::time::{ClockId, clock_gettime};
use tokio::time::timeout;

/// So long work takes before the supervisor is told that it goes on, and between two words to it.
const TOLD_EVERY: Duration = Duration::from_secs(5);
/// How long a supervisor may take to do what it was told.
const BARRIER: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// Sends one state, such as `READY=1`.
pub(crate) fn tell(state: &str) {
    if let Err(error) = send(state, None) {
        tracing::warn!(%error, "the supervisor cannot be told");
    }
}

/// Has the supervisor keep a socket under that name, open over our end, and give it to the next process.
///
/// It is kept whatever happens to it, until it is told to let it go.
pub(crate) fn keep(name: &str, socket: BorrowedFd<'_>) -> io::Result<()> {
    send(&format!("FDSTORE=1\nFDNAME={name}\nFDPOLL=0"), Some(socket))
}

/// Has the supervisor close what it keeps under that name.
pub(crate) fn let_go(name: &str) {
    tell(&format!("FDSTOREREMOVE=1\nFDNAME={name}"));
}

/// Waits until the supervisor has done all that it was told before, some seconds at most. This blocks.
pub(crate) fn wait_until_done() -> io::Result<()> {
    let (end, sent) = pipe_with(PipeFlags::CLOEXEC)?;
    // It closes what came with the message when its turn has come. One that knows no such message does
    // the same.
    send("BARRIER=1", Some(sent.as_fd()))?;
    drop(sent);
    let mut ended = [PollFd::new(&end, PollFlags::empty())];
    match poll(&mut ended, Some(&BARRIER))? {
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(()),
    }
}

/// Tells the supervisor every few seconds that work goes on.
pub(crate) async fn telling<T>(what: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let mut told = false;
    let done = loop {
        match timeout(TOLD_EVERY, &mut work).await {
            Ok(done) => break done,
            Err(_) => {
                tell(what);
                told = true;
            }
        }
    };
    if told {
        tell("STATUS=");
    }
    done
}

/// The same around a reload, whose beginning and end it is told too.
pub(super) async fn reloading<T>(work: impl Future<Output = T>) -> T {
    let now = clock_gettime(ClockId::Monotonic);
    let microseconds = now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1_000);
    tell(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    let what = "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=Reading configuration again";
    let done = telling(what, work).await;
    tell("READY=1");
    done
}

/// How often the supervisor wants a sign of life, where it wants one: it acts when one is late.
pub(super) fn watchdog() -> Option<Duration> {
    let text = |name| std::env::var(name).ok();
    watchdog_of(text("WATCHDOG_USEC"), text("WATCHDOG_PID"), std::process::id())
}

fn watchdog_of(microseconds: Option<String>, of: Option<String>, own: u32) -> Option<Duration> {
    let microseconds = microseconds?.parse().ok().filter(|it| *it > 0)?;
    let is_ours = of.is_none_or(|of| of.parse() == Ok(own));
    is_ours.then(|| Duration::from_micros(microseconds))
}

fn send(state: &str, socket: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return Ok(()) };
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&name),
    };
    send_to(&address?, state, socket)
}

fn send_to(address: &SocketAddr, state: &str, socket: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let supervisor = UnixDatagram::unbound()?;
    supervisor.connect_addr(address)?;
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut with = SendAncillaryBuffer::new(&mut space);
    let sockets: Vec<_> = socket.into_iter().collect();
    if !sockets.is_empty() && !with.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    sendmsg(&supervisor, &[IoSlice::new(state.as_bytes())], &mut with, SendFlags::NOSIGNAL)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_01_signs_of_life_are_given_where_this_process_is_asked_for_them() {
        let text = |text: &str| Some(text.to_owned());
        let half_a_minute = Some(Duration::from_secs(30));
        assert_eq!(watchdog_of(text("30000000"), None, 7), half_a_minute);
        assert_eq!(watchdog_of(text("30000000"), text("7"), 7), half_a_minute);
        // Of a process that started this one.
        assert_eq!(watchdog_of(text("30000000"), text("8"), 7), None);
        for none in [None, text("0"), text(""), text("-1"), text("soon")] {
            assert_eq!(watchdog_of(none, None, 7), None);
        }
    }
}
