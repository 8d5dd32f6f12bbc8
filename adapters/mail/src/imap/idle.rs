//! Waiting for news (RFC 2177).
//!
//! What comes is only a reason to look: each round of reading asks for the UIDs anew.

use async_imap::imap_proto::{Response, Status};
use tokio::time::timeout;

use super::conversation::{Said, Session, in_time, is_news};
use crate::trouble::Trouble;

/// What a round of waiting ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Something changed in the folder.
    Changed,
    /// Nothing did.
    Quiet,
}

impl Session {
    /// Waits for news of the open folder for one round, and then makes sure that the server is still there.
    /// Whoever stops waiting before drops the session.
    pub async fn wait_for_news(&mut self) -> Result<News, Trouble> {
        if !self.can("IDLE") {
            return Err(self.refused("to wait for news", None, "it does not offer IDLE"));
        }
        self.start()?;
        let news = self.round().await;
        self.finish(&news);
        let news = news?;
        self.check().await?;
        Ok(news)
    }

    async fn round(&mut self) -> Result<News, Trouble> {
        let (host, what) = (self.host().to_owned(), "to wait for news");
        let patience = self.patience;
        let begin = in_time(&host, what, patience.command, async {
            let tag = self.begin("IDLE").await?;
            let mut has_news = false;
            loop {
                enum Begun {
                    Yes,
                    No(String),
                    Other,
                }
                let begun = self
                    .next(|response| match response {
                        Response::Continue(_) => Begun::Yes,
                        Response::Done { outcome, .. } => {
                            Begun::No(outcome.information.as_deref().unwrap_or_default().to_owned())
                        }
                        other => {
                            // A mail may have come since the folder was looked at.
                            has_news |= is_news(other);
                            Begun::Other
                        }
                    })
                    .await?;
                match begun {
                    Begun::Yes => return Ok((tag, has_news)),
                    Begun::No(text) => return Err(self.refused(what, None, &text)),
                    Begun::Other => {}
                }
            }
        });
        let (tag, mut has_news) = begin.await?;
        // Signs of life do not lengthen the round.
        let waiting = in_time(&host, what, patience.idle.saturating_mul(2), async {
            while !has_news {
                let fault = self
                    .next(|response| {
                        has_news = is_news(response);
                        match response {
                            Response::Done { .. } => Some("it ends the waiting by itself"),
                            Response::Data { status: Status::Bad | Status::No, .. } => {
                                Some("it does not wait")
                            }
                            _ => None,
                        }
                    })
                    .await?;
                if let Some(why) = fault {
                    return Err(self.malformed(why));
                }
            }
            Ok(())
        });
        // What was read in part stays with the session.
        let news = match timeout(patience.idle, waiting).await {
            Ok(waited) => waited.map(|()| News::Changed)?,
            Err(_) => News::Quiet,
        };
        let mut came_late = false;
        in_time(&host, what, patience.command, async {
            self.go_on("DONE").await?;
            let each = |response: &Response<'_>| {
                came_late |= is_news(response);
                Ok(())
            };
            self.until_end(&tag, what, Said::Line, each).await
        })
        .await?;
        Ok(if came_late { News::Changed } else { news })
    }
}
