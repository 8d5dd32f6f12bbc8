//! What the console's adapter asks of the node: deeds, sign-ins, the set-up link.
//!
//! ```text
//!   Console (adapter) --perform--> the deeds of the admin socket, for whoever asks
//!                     --sign_in--> password, second factor --> session in the store, cookie
//!                     --set_up---> link, once --> the first administrator
//! ```
//!
//! Adapters are made before the node is whole, so the handle is filled in once it is.

use std::sync::{Arc, OnceLock, Weak};

use ::console::{
    Administration, Archive, Context, Failure, LogLine, LogLines, MailTest, NewSession, SetUp,
    SignIn, SignInRefusal,
};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{Actor, ConsoleCommand, Deed, Document, Key, Secret};
use engine::surface::Request;
use http::{Response, StatusCode};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::admin::{backups, mail_tests, people, protocol};
use crate::log::{Found, level_name};
use crate::node::Shared;

mod one_time;
mod proofs;
pub(crate) mod set_up;
mod sign_in;
mod single;
mod tries;

pub(crate) use proofs::{StoredProofs, TOKEN_PREFIX, sha256};
pub(crate) use tries::Tries;

/// The surface, in figures and limits.
const SURFACE: &str = "console";

/// The node, once it is whole.
#[derive(Clone, Default)]
pub(crate) struct Handle(Arc<OnceLock<Weak<Shared>>>);

impl Handle {
    /// Fills it in.
    pub(crate) fn fill(&self, shared: &Arc<Shared>) {
        let _ = self.0.set(Arc::downgrade(shared));
    }

    fn shared(&self) -> Result<Arc<Shared>, Failure> {
        let shared = self.0.get().and_then(Weak::upgrade);
        shared.ok_or_else(|| Failure::new("unavailable", "this node starts or stops; try again"))
    }
}

#[async_trait]
impl Administration for Handle {
    async fn perform(
        &self,
        deed: &'static str,
        members: Value,
        context: Context,
    ) -> Result<Value, Failure> {
        let shared = self.shared()?;
        let reference = context.by.reference.clone();
        // A task of its own, which nobody ends half done by hanging up.
        let doing =
            tokio::spawn(async move { protocol::done(&shared, &context, deed, members).await });
        let broken = |_| Failure::new("broken", "this failed here; the log tells more");
        let done = doing.await.unwrap_or_else(|error| Err(broken(error)));
        // Who asks by the network is told the code alone.
        if let Err(Failure { code, cause: Some(cause), .. }) = &done {
            tracing::warn!(reference, deed, code, cause, "what was asked for failed");
        }
        done
    }

    fn log_lines(&self, after: u64, level: &str, most: usize) -> Result<LogLines, Failure> {
        let wrong = |_| Failure::new("malformed", "there is no such level");
        let least: tracing::Level = level.parse().map_err(wrong)?;
        Ok(told(&self.shared()?.log.recent.after(after, least, most)))
    }

    fn log_moves(&self) -> Result<watch::Receiver<u64>, Failure> {
        Ok(self.shared()?.log.recent.moves())
    }

    async fn backup_archive(&self, name: &str, context: Context) -> Result<Archive, Failure> {
        let shared = self.shared()?;
        backups::archive(&shared, name, &context).await
    }

    async fn mail_test(
        &self,
        wish: MailTest,
        context: Context,
    ) -> Result<mpsc::Receiver<Value>, Failure> {
        mail_tests::begin(&self.shared()?, wish, context).await
    }

    async fn sign_in(&self, attempt: SignIn) -> Result<NewSession, SignInRefusal> {
        let shared = self.shared().map_err(|_| SignInRefusal::Unavailable)?;
        sign_in::sign_in(&shared, attempt).await
    }

    async fn single_sign_on(&self, request: Request) -> Response<Bytes> {
        match self.shared() {
            Ok(shared) => single::begin(&shared, &request),
            Err(_) => starting(),
        }
    }

    async fn single_signed_on(&self, request: Request) -> Response<Bytes> {
        match self.shared() {
            Ok(shared) => single::end_with(&shared, &request).await,
            Err(_) => starting(),
        }
    }

    async fn sign_out(&self, cookie: &Secret, by: Actor) -> Result<(), Failure> {
        let shared = self.shared()?;
        let digest = sha256(cookie.expose());
        let key = Key::web_session(&digest);
        let found = shared.engine.document(&key).await;
        let found = found?;
        let Some(Document::WebSession(session)) = found.map(|it| it.document) else {
            return Ok(());
        };
        let deed = Deed::done("signed_out", format!("sessions/{}", session.number));
        let context = Context { by, idempotency: None };
        people::submit(&shared, &context, deed, ConsoleCommand::EndSession { digest }).await
    }

    async fn waits_for_set_up(&self) -> bool {
        match self.shared() {
            Ok(shared) => set_up::is_open(&shared).await,
            Err(_) => false,
        }
    }

    async fn set_up(&self, wanted: SetUp) -> Result<(), Failure> {
        let shared = self.shared()?;
        set_up::set_up(&shared, wanted).await
    }
}

fn starting() -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from_static(b"this node starts or stops; try again\n"));
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    answer
}

/// Lines of the log, as the console takes them.
fn told(found: &Found) -> LogLines {
    let lines = found.lines.iter().map(|line| LogLine {
        at: line.at,
        level: level_name(line.told.level),
        target: line.told.target.to_owned(),
        message: line.told.words.clone(),
        fields: line
            .told
            .fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    });
    LogLines { lines: lines.collect(), last: found.last, missed: found.missed }
}
