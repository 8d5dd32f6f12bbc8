//! The body of an answer on its way out: whole, or piece by piece.
//!
//! ```text
//!   source --piece--> frame ... --none--> over
//!      |                 |--node stops--------------> farewell --> over
//!      |                 `--who reads may no longer--> farewell --> over
//!      `--panics, breaks off--> the peer sees that it is not whole
//! ```
//!
//! A panic of a source ends its own body. What became of a body that came in pieces is told once, when it is gone.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use domain::Timestamp;
use engine::clock::Clock;
use engine::surface::{Body, BrokenOff, Pieces, Source};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::watch;

use super::record::HttpMetrics;
use crate::log::Line;

/// A body on its way out.
pub(crate) enum Outgoing {
    /// All of it, until it was taken.
    Whole(Option<Bytes>),
    /// Piece by piece.
    Pieces(Box<Writing>),
}

/// What is told of a body in pieces.
pub(super) struct Of {
    pub(super) listener: &'static str,
    pub(super) surface: &'static str,
    pub(super) route: &'static str,
    pub(super) reference: String,
    pub(super) peer: IpAddr,
    pub(super) metrics: HttpMetrics,
    pub(super) clock: Arc<dyn Clock>,
}

/// A body in pieces that is being written.
pub(crate) struct Writing {
    state: State,
    farewell: Option<Bytes>,
    stopped: Option<Signal>,
    lost: Option<Signal>,
    gone: Option<Box<dyn FnOnce() + Send>>,
    of: Of,
    began: Timestamp,
    length: Option<u64>,
    bytes: u64,
    /// How it ended; nobody read on where it did not.
    end: &'static str,
}

/// Something that happens once.
pub(super) type Signal = Pin<Box<dyn Future<Output = ()> + Send>>;
type Asking = Pin<Box<dyn Future<Output = (Box<dyn Source>, Given)> + Send>>;
type Given = Option<Result<Bytes, BrokenOff>>;

enum State {
    /// The next piece is not wanted yet.
    Idle(Box<dyn Source>),
    /// It was asked for.
    Asking(Asking),
    Over,
}

impl Outgoing {
    pub(super) fn new(body: Body, of: impl FnOnce() -> Of) -> Self {
        match body {
            Body::Whole(bytes) => bytes.into(),
            Body::Pieces(Pieces { source, farewell, length }) => {
                let of = of();
                Self::Pieces(Box::new(Writing {
                    state: State::Idle(source),
                    farewell,
                    stopped: None,
                    lost: None,
                    gone: None,
                    began: of.clock.now(),
                    of,
                    length,
                    bytes: 0,
                    end: "left",
                }))
            }
        }
    }

    /// Whether it comes in pieces.
    pub(crate) fn is_pieces(&self) -> bool {
        matches!(self, Self::Pieces(_))
    }

    /// Ends news once who reads them may no longer.
    pub(super) fn until_lost(&mut self, lost: Signal) {
        if let Self::Pieces(writing) = self
            && writing.farewell.is_some()
        {
            writing.lost = Some(lost);
        }
    }

    /// Ends news once `stop` is given, and calls `gone` when it is over or nobody reads any more.
    pub(crate) fn until(
        &mut self,
        mut stop: watch::Receiver<bool>,
        gone: impl FnOnce() + Send + 'static,
    ) {
        if let Self::Pieces(writing) = self {
            if writing.farewell.is_some() {
                writing.stopped = Some(Box::pin(async move {
                    let _ = stop.wait_for(|stop| *stop).await;
                }));
            }
            writing.gone = Some(Box::new(gone));
        }
    }
}

impl From<Bytes> for Outgoing {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(bytes) => formatter.debug_tuple("Whole").field(bytes).finish(),
            Self::Pieces(writing) => write!(formatter, "Pieces({} so far)", writing.bytes),
        }
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Pieces(writing) => {
                writing.poll(context).map(|it| it.map(|it| it.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Pieces(writing) => matches!(writing.state, State::Over),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |it| it.len() as u64))
            }
            Self::Pieces(writing) => match writing.length {
                Some(length) => SizeHint::with_exact(length.saturating_sub(writing.bytes)),
                None => SizeHint::default(),
            },
        }
    }
}

impl Writing {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Given> {
        if matches!(self.state, State::Over) {
            return Poll::Ready(None);
        }
        let mut happened = |signal: &mut Option<Signal>| {
            signal.as_mut().is_some_and(|it| it.as_mut().poll(context).is_ready())
        };
        let end = if happened(&mut self.stopped) {
            Some("stopped")
        } else if happened(&mut self.lost) {
            Some("no longer allowed")
        } else {
            None
        };
        if let Some(end) = end {
            self.over(end);
            return Poll::Ready(self.farewell.take().map(|last| Ok(self.counted(last))));
        }
        // What panics is dropped, so that nothing it left half done is seen again.
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| self.ask(context)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Some(Ok(piece)))) => Poll::Ready(Some(Ok(self.counted(piece)))),
            Ok(Poll::Ready(Some(Err(broken)))) => {
                self.over("broke off");
                Poll::Ready(Some(Err(broken)))
            }
            Ok(Poll::Ready(None)) => {
                self.over("whole");
                Poll::Ready(None)
            }
            Err(_) => {
                self.over("panicked");
                let Of { surface, route, reference, metrics, clock, .. } = &self.of;
                if metrics.may_write(Line::HandlerPanicked, clock.now()) {
                    tracing::error!(surface, route, reference, "the source of an answer panicked");
                }
                Poll::Ready(Some(Err(BrokenOff)))
            }
        }
    }

    fn ask(&mut self, context: &mut Context<'_>) -> Poll<Given> {
        let mut asking = match std::mem::replace(&mut self.state, State::Over) {
            State::Over => return Poll::Ready(None),
            State::Asking(asking) => asking,
            State::Idle(mut source) => Box::pin(async move {
                let given = source.next().await;
                (source, given)
            }),
        };
        match asking.as_mut().poll(context) {
            Poll::Pending => {
                self.state = State::Asking(asking);
                Poll::Pending
            }
            Poll::Ready((source, given)) => {
                if let Some(Ok(_)) = &given {
                    self.state = State::Idle(source);
                }
                Poll::Ready(given)
            }
        }
    }

    fn counted(&mut self, piece: Bytes) -> Bytes {
        self.bytes += piece.len() as u64;
        piece
    }

    fn over(&mut self, end: &'static str) {
        self.state = State::Over;
        (self.stopped, self.lost) = (None, None);
        self.end = end;
        if let Some(gone) = self.gone.take() {
            gone();
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(gone) = self.gone.take() {
            gone();
        }
        let Of { listener, surface, route, reference, peer, clock, .. } = &self.of;
        let (bytes, end) = (self.bytes, self.end);
        let seconds = clock.now().since(self.began).as_secs_f64();
        tracing::debug!(
            listener, surface, route, bytes, seconds, end, reference, %peer, "answer in pieces over"
        );
    }
}
