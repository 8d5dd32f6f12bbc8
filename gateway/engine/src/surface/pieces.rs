//! A body that is written piece by piece, as long as somebody reads it.
//!
//! ```text
//!   Source --next()--> piece --taken by the peer--> next() --> ... --> none: over
//! ```
//!
//! The next piece is asked for when the peer took the one before, so nothing queues up for one that reads slowly:
//! a source of news tells then what is so then. Whoever no longer reads drops the source, wherever it waits.

use async_trait::async_trait;
use bytes::Bytes;

/// The body cannot be finished; whoever reads it must see that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body broke off")]
pub struct BrokenOff;

/// Where the pieces come from.
#[async_trait]
pub trait Source: Send + 'static {
    /// The next piece, when there is one; `None` ends the body. It is not asked again after that.
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>>;
}

/// A body that is written piece by piece.
pub struct Pieces {
    /// Where they come from.
    pub source: Box<dyn Source>,
    /// What is said last where the node stops before the body is over. Without it the body goes on until it is
    /// over, or the node's time to stop is.
    pub farewell: Option<Bytes>,
    /// How many bytes it has, where that is known before.
    pub length: Option<u64>,
}

impl Pieces {
    /// A body out of `source` that is to be whole, also where the node stops meanwhile.
    pub fn whole(source: Box<dyn Source>, length: Option<u64>) -> Self {
        Self { source, farewell: None, length }
    }

    /// News out of `source`, which end with `farewell` once the node stops.
    pub fn news(source: impl Source, farewell: Bytes) -> Self {
        Self { source: Box::new(source), farewell: Some(farewell), length: None }
    }

    /// All of it, for what ends; what broke off ends there.
    pub async fn all(mut self) -> Bytes {
        let mut all = Vec::new();
        while let Some(Ok(piece)) = self.source.next().await {
            all.extend_from_slice(&piece);
        }
        all.into()
    }
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pieces").field("farewell", &self.farewell).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Body, Route};
    use super::*;
    use http::Response;

    struct Counting(u8);

    #[async_trait]
    impl Source for Counting {
        async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
            self.0 += 1;
            match self.0 {
                1..=3 => Some(Ok(Bytes::from(vec![b'0' + self.0]))),
                4 => Some(Err(BrokenOff)),
                _ => None,
            }
        }
    }

    #[tokio::test]
    async fn a_handler_gives_pieces_or_a_whole_answer() {
        let request = || super::super::Request {
            method: http::Method::GET,
            uri: "/".parse().unwrap(),
            headers: http::HeaderMap::new(),
            body: Bytes::new(),
            parameters: std::collections::BTreeMap::new(),
            peer: super::super::Peer {
                address: [192, 0, 2, 1].into(),
                base: "https://gw.example".to_owned(),
            },
            principal: None,
            reference: "REF12345".to_owned(),
        };
        let pieces = Route::pieces(|_| async {
            Response::new(Body::Pieces(Pieces::whole(Box::new(Counting(0)), None)))
        });
        assert_eq!(pieces.whole(request()).await.into_body(), "123");
        let whole = Route::handler(|_| async { Response::new(Bytes::from_static(b"all")) });
        assert!(matches!(whole.begin(request()).await.into_body(), Body::Whole(_)));
        assert_eq!(whole.whole(request()).await.into_body(), "all");
    }
}
