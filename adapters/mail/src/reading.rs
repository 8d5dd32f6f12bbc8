//! What a round needs of a mailbox: a server in life, something scripted in tests.

use async_trait::async_trait;

use crate::imap::{Fetched, Head, News, Opened, Reader};
use crate::trouble::Trouble;

/// A folder that is read. Nothing in it changes.
#[async_trait]
pub(crate) trait Reading: Send {
    /// Opens the folder anew.
    async fn begin(&mut self) -> Result<Opened, Trouble>;
    /// UIDs from `first` on.
    async fn uids_from(&mut self, first: u32) -> Result<Vec<u32>, Trouble>;
    /// UIDs of mails that may have arrived since a time; some older ones may be among them.
    async fn uids_since(&mut self, seconds: i64) -> Result<Vec<u32>, Trouble>;
    /// What is known of mails.
    async fn heads(&mut self, uids: &[u32]) -> Fetched<Head>;
    /// Mails, whole.
    async fn fetch(&mut self, uids: &[u32]) -> Fetched;
    /// The first bytes of a mail, at most so many, and whether there are more; `None` where it is gone.
    async fn beginning(
        &mut self,
        uid: u32,
        bytes_max: u32,
    ) -> Result<Option<(Vec<u8>, bool)>, Trouble>;
    /// Waits until something changed, for one round at most.
    async fn wait_for_news(&mut self) -> Result<News, Trouble>;
}

#[async_trait]
impl Reading for Reader {
    async fn begin(&mut self) -> Result<Opened, Trouble> {
        Self::begin(self).await
    }

    async fn uids_from(&mut self, first: u32) -> Result<Vec<u32>, Trouble> {
        self.session().await?.uids_from(first).await
    }

    async fn uids_since(&mut self, seconds: i64) -> Result<Vec<u32>, Trouble> {
        self.session().await?.uids_since(seconds).await
    }

    async fn heads(&mut self, uids: &[u32]) -> Fetched<Head> {
        Self::heads(self, uids).await
    }

    async fn fetch(&mut self, uids: &[u32]) -> Fetched {
        Self::fetch(self, uids).await
    }

    async fn beginning(
        &mut self,
        uid: u32,
        bytes_max: u32,
    ) -> Result<Option<(Vec<u8>, bool)>, Trouble> {
        let mut raw = Vec::new();
        let fetched = self.session().await?.fetch_to(uid, bytes_max, &mut raw).await?;
        Ok(fetched.map(|(_, is_more)| (raw, is_more)))
    }

    async fn wait_for_news(&mut self) -> Result<News, Trouble> {
        self.session().await?.wait_for_news().await
    }
}
