//! A connection whose progress is watched, so that a slow peer holds its place only so long.
//!
//! ```text
//!   Waiting --first byte--> Header --request whole--> Working --answer made--> Answering
//!      ^                                                                          |
//!      `------------------------------ all written -------------------------------'
//! ```
//!
//! The stream and the one who serves it set the phase; the watch reads it and knows the limits.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

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
}

/// The phase of one connection.
#[derive(Clone, Debug)]
pub(super) struct Progress(watch::Sender<Phase>);

impl Progress {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Phase::Header))
    }

    pub(super) fn set(&self, phase: Phase) {
        self.0.send_replace(phase);
    }

    fn step(&self, from: Phase, to: Phase) {
        self.0.send_if_modified(|phase| {
            let moves = *phase == from;
            if moves {
                *phase = to;
            }
            moves
        });
    }

    /// Ends with the phase that lasted longer than it may.
    pub(super) async fn overdue(&self, limits: &Limits) -> Phase {
        let mut phases = self.0.subscribe();
        loop {
            let phase = *phases.borrow_and_update();
            let limit = match phase {
                Phase::Waiting => limits.idle,
                Phase::Header => limits.header,
                Phase::Answering => limits.request,
                Phase::Working => {
                    let _ = phases.changed().await;
                    continue;
                }
            };
            if tokio::time::timeout(limit, phases.changed()).await.is_err() {
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
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
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
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
