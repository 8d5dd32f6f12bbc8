//! A connection whose progress is watched, so that a slow peer holds its place only so long.
//!
//! ```text
//!   Waiting --first byte--> Header --request whole--> Working --answer made--> Answering
//!      ^                                                                          |
//!      |                                               |                          |
//!      |                                  body in pieces begins                   |
//!      |                                               v         over             |
//!      |                            Stalled <-full- Writing -------------------> Answering
//!      |                               `----taken-----^                           |
//!      `------------------------------ all written -------------------------------'
//! ```
//!
//! A body in pieces may be written for hours; who takes nothing of it has as long as for a whole answer.
//!
//! The stream and the one who serves it set the phase; the watch looks at it now and then and knows
//! the limits. Setting a phase is on the way of every request, so it wakes nobody and moves no timer:
//! a limit is noticed with up to half of the shortest limit's delay.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::config::Limits;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing, between two requests.
    Waiting,
    /// Sending a request's header.
    Header,
    /// Waiting for our answer; the request has limits of its own.
    Working,
    /// Taking our answer.
    Answering,
    /// Taking an answer that comes in pieces.
    Writing,
    /// Not taking what there is of one.
    Stalled,
}

/// So many bits of the state are the phase.
const PHASE_BITS: u32 = 3;

impl Phase {
    const ALL: [Self; 6] =
        [Self::Waiting, Self::Header, Self::Working, Self::Answering, Self::Writing, Self::Stalled];

    fn limit(self, limits: &Limits) -> Option<Duration> {
        match self {
            Self::Waiting => Some(limits.idle),
            Self::Header => Some(limits.header),
            Self::Answering | Self::Stalled => Some(limits.request),
            Self::Working | Self::Writing => None,
        }
    }
}

/// The phase of one connection, and since when.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    began: Instant,
    /// Milliseconds from `began` to the present phase, shifted by [`PHASE_BITS`], plus the phase. One
    /// number, so that both are read as of one moment.
    state: Arc<AtomicU64>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let progress = Self { began: Instant::now(), state: Arc::default() };
        progress.set(Phase::Header);
        progress
    }

    pub(super) fn set(&self, phase: Phase) {
        let milliseconds = self.began.elapsed().as_millis();
        let milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX >> PHASE_BITS);
        self.state.store((milliseconds << PHASE_BITS) | phase as u64, Ordering::Release);
    }

    fn step(&self, from: Phase, to: Phase) {
        if self.get().0 == from {
            self.set(to);
        }
    }

    /// Whether the peer took what was written.
    fn taken(&self, taken: bool) {
        match taken {
            true => self.step(Phase::Stalled, Phase::Writing),
            false => self.step(Phase::Writing, Phase::Stalled),
        }
    }

    fn get(&self) -> (Phase, Duration) {
        let state = self.state.load(Ordering::Acquire);
        let bits = state & ((1 << PHASE_BITS) - 1);
        let phase = Phase::ALL.into_iter().find(|phase| *phase as u64 == bits);
        (phase.unwrap_or(Phase::Working), Duration::from_millis(state >> PHASE_BITS))
    }

    /// Ends with the phase that lasted longer than it may.
    pub(super) async fn overdue(&self, limits: &Limits) -> Phase {
        let shortest = Phase::ALL.into_iter().filter_map(|phase| phase.limit(limits)).min();
        let look = shortest.unwrap_or(limits.request) / 2;
        loop {
            tokio::time::sleep(look).await;
            let (phase, since) = self.get();
            let lasted = self.began.elapsed().saturating_sub(since);
            if phase.limit(limits).is_some_and(|limit| lasted >= limit) {
                return phase;
            }
        }
    }
}

/// A stream that tells its progress.
pub(super) struct Watched<S> {
    stream: S,
    progress: Progress,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, progress: Progress) -> Self {
        Self { stream, progress }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.progress.step(Phase::Waiting, Phase::Header);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.progress.taken(written.is_ready());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.progress.taken(flushed.is_ready());
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.progress.step(Phase::Answering, Phase::Waiting);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.progress.taken(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
