//! Contacts that ended, told the site's own systems (CTX-02): one HTTPS POST each, until it is taken.
//!
//! ```text
//!   promise --no endpoint--> kept: nobody wants it      --contact gone, or goes on--> kept
//!     `--POST--> 2xx --> kept
//!          |---> 400, 409, 413, 415, 422: that record waits, 5 s doubled to 600 s; the others go on
//!          `---> anything else, or silence: all wait, 5 s doubled to 60 s; then another one is tried
//! ```
//!
//! What waits is a promise in the store, and no longer than its contact is kept; here stand the times of a few. No
//! contact waits for it. Headers and signature are those of Standard Webhooks under the number of the contact and
//! of its end: a crash between an answer and its note repeats the record, and a receiver knows it by that number. The status alone is the answer, so
//! that no body, however slow or large, makes a record that was taken one that was not. Redirects are not followed:
//! what is sent is about customers.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::settings::{CUSTOMER_RECORDS_SECRET_PURPOSE, CustomerRecords};
use domain::{Closing, Contact, Ending, Place, RECORD_TOPIC, Secret, Timestamp};
use engine::{Outbox, Port, SubmitError};
use ring::hmac;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::account::Route;
use crate::accounts::trusting;
use crate::figures::Figures;
use crate::http::Posting;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(2);
/// How many are told in one go.
const BATCH: u32 = 50;
/// How long a dead node keeps others from telling what waits.
const LEASE_LASTS: Duration = Duration::from_secs(20);
/// How long one may take, and for how long those are told that were taken out of the outbox together: less than what is
/// left of its lease then, so that each that was told is noted.
const PATIENCE: Duration = Duration::from_secs(5);
const FRESH: Duration = Duration::from_secs(2);
/// The pause after one that was not taken, doubled up to one of the others.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_OF_ALL_MAX: Duration = Duration::from_secs(60);
const PAUSE_OF_ONE_MAX: Duration = Duration::from_secs(600);
/// When so many are refused each for itself, it is the site's systems that are not well.
const REFUSED_MAX: usize = 1_000;

/// What waits to be told.
fn outbox(port: &Port) -> Outbox {
    port.outbox_lasting(RECORD_TOPIC, LEASE_LASTS)
}

/// Records of one node.
pub(crate) struct Records {
    port: Port,
    figures: Figures,
    patience: Duration,
    /// The site's systems do not take any: how often in a row, and from when on they are asked again.
    resting: Option<(u32, Timestamp)>,
    /// Those that were refused for themselves: how often, and from when on they are told again.
    refused: HashMap<String, (u32, Timestamp)>,
}

/// What came of one that was told.
enum Told {
    /// It is done, with the word for it.
    Done(&'static str),
    /// It is not taken, and others may be.
    Refused(String),
    /// Nothing is taken now.
    Failed(String),
}

impl Records {
    pub(crate) fn new(port: Port, figures: Figures) -> Self {
        let refused = HashMap::new();
        Self { port, figures, patience: PATIENCE, resting: None, refused }
    }

    /// Tells until `stop` becomes true.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut outbox = outbox(&self.port);
        let mut after = 0;
        loop {
            // Not broken off: what was sent and not noted is sent again.
            let pause = match self.look(&mut outbox, &mut after).await {
                Ok(true) => Duration::ZERO,
                Ok(false) => LOOK,
                Err(error) => {
                    tracing::debug!(%error, "records of contacts wait");
                    LOOK
                }
            };
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        let _ = outbox.release().await;
    }

    /// Tells some of those numbered above `after`, and moves it on; says whether there may be more at once.
    async fn look(&mut self, outbox: &mut Outbox, after: &mut u64) -> Result<bool, SubmitError> {
        let now = self.port.now();
        if self.resting.is_some_and(|(_, until)| now < until) {
            return Ok(false);
        }
        if *after == 0 {
            self.refused.retain(|_, (_, until)| now.since(*until) < PAUSE_OF_ONE_MAX * 2);
        }
        let begun = Instant::now();
        let promises = outbox.take(*after, BATCH).await?;
        if promises.is_empty() && *after > 0 {
            *after = 0;
            return Ok(true);
        }
        let is_full = u32::try_from(promises.len()).is_ok_and(|length| length >= BATCH);
        for promise in promises {
            let before = self.refused.get(&promise.id).copied();
            if before.is_some_and(|(_, until)| self.port.now() < until) {
                *after = promise.number;
                continue;
            }
            if begun.elapsed() >= FRESH {
                return Ok(true);
            }
            // Another node may have gone on.
            if !outbox.still_due(&promise).await? {
                return Ok(false);
            }
            let told = self.tell(&promise.effect.payload).await?;
            *after = promise.number;
            match told {
                Told::Done(result) => {
                    self.figures.record(result);
                    self.resting = None;
                    self.refused.remove(&promise.id);
                    outbox.close(vec![promise.id]).await?;
                }
                Told::Refused(why) if self.refused.len() < REFUSED_MAX => {
                    self.figures.record("failed");
                    self.resting = None;
                    let (times, until) = self.later(before, PAUSE_OF_ONE_MAX);
                    tracing::warn!(why, "the site's systems refuse a record; it waits");
                    self.refused.insert(promise.id, (times, until));
                }
                Told::Refused(why) | Told::Failed(why) => {
                    self.figures.record("failed");
                    let (times, until) = self.later(self.resting, PAUSE_OF_ALL_MAX);
                    tracing::warn!(why, "the site's systems take no records; they wait");
                    self.resting = Some((times, until));
                    return Ok(false);
                }
            }
        }
        if !is_full {
            *after = 0;
        }
        Ok(is_full)
    }

    /// So often now, and when it is tried again.
    fn later(&self, before: Option<(u32, Timestamp)>, most: Duration) -> (u32, Timestamp) {
        let times = before.map_or(0, |(times, _)| times);
        let pause = PAUSE.saturating_mul(1 << times.min(10)).min(most);
        (times.saturating_add(1), self.port.now().after(pause))
    }

    async fn tell(&self, payload: &str) -> Result<Told, SubmitError> {
        let settings = self.port.settings();
        let Some(records) = &settings.channels.customer_records else {
            return Ok(Told::Done("nobody"));
        };
        let Ok(ending) = payload.parse::<Ending>() else { return Ok(Told::Done("nobody")) };
        let contact = self.port.contact(ending.contact).await?;
        // One whose answer came back goes on, and is told of when it ends again.
        let contact = contact.filter(|contact| ending.holds(contact));
        let Some(contact) = contact else { return Ok(Told::Done("nobody")) };
        let tls = match trusting(&settings) {
            Ok(tls) => tls,
            Err(why) => return Ok(Told::Failed(why)),
        };
        let secret = match self.secret(records) {
            Ok(secret) => secret,
            Err(why) => return Ok(Told::Failed(why)),
        };
        let body = record(&contact).to_string();
        let id = ending.to_string();
        let at = self.port.now().seconds().to_string();
        let signature = secret.map(|secret| sign(&secret, &id, &at, body.as_bytes()));
        let mut headers = vec![
            ("content-type", "application/json"),
            ("user-agent", "jackfield"),
            ("webhook-id", id.as_str()),
            ("webhook-timestamp", at.as_str()),
        ];
        if let Some(signature) = &signature {
            headers.push(("webhook-signature", signature));
        }
        let (url, headers, route) = (&records.url, &headers, &Route::Direct);
        let posted =
            Posting { url, headers, body, route, tls: &tls }.for_status(self.patience).await;
        Ok(match posted {
            Ok(status) if status.is_success() => Told::Done("delivered"),
            Ok(status) => {
                let why = format!("it answers {}", status.as_u16());
                match status.as_u16() {
                    400 | 409 | 413 | 415 | 422 => Told::Refused(why),
                    _ => Told::Failed(why),
                }
            }
            Err(trouble) => Told::Failed(trouble.to_string()),
        })
    }

    fn secret(&self, records: &CustomerRecords) -> Result<Option<Secret>, String> {
        let secret = records.secret.as_ref();
        let opened = secret.map(|sealed| self.port.unseal(CUSTOMER_RECORDS_SECRET_PURPOSE, sealed));
        opened.transpose().map_err(|error| format!("its secret cannot be opened: {error}"))
    }
}

/// The record of a contact.
fn record(contact: &Contact) -> Value {
    let (how, ended_at, agent) = match &contact.place {
        Place::Closed { at, how, agent } => {
            let how = match how {
                Closing::Replied => "replied",
                Closing::Forwarded => "forwarded",
                Closing::Discarded => "discarded",
            };
            (Some(how), Some(at.seconds()), Some(agent.as_str()))
        }
        Place::Queued | Place::Active { .. } => (None, None, None),
    };
    let wrap_up = contact.wrap_up.iter();
    let wrap_up: Vec<_> =
        wrap_up.map(|it| json!({"category": it.category, "reason": it.reason})).collect();
    json!({
        "id": contact.id.to_string(),
        "channel": contact.channel.name(),
        "csq": contact.csq,
        "customer": {"address": contact.customer.address, "name": contact.customer.name},
        "subject": contact.subject,
        "conversation": contact.conversation.to_string(),
        "arrived_at": contact.arrived_at.seconds(),
        "ended_at": ended_at,
        "agent": agent,
        "how": how,
        "wrap_up": wrap_up,
    })
}

/// The signature header over that.
fn sign(secret: &Secret, id: &str, at: &str, body: &[u8]) -> String {
    let text = secret.expose();
    // As libraries for it write their keys; other secrets are taken as they stand.
    let decoded = text.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok());
    let key = decoded.unwrap_or_else(|| text.as_bytes().to_vec());
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    for part in [id.as_bytes(), b".", at.as_bytes(), b".", body] {
        context.update(part);
    }
    format!("v1,{}", STANDARD.encode(context.sign()))
}

#[cfg(test)]
mod tests;
