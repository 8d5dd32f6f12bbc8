//! Contacts that ended, told the site's own systems (CTX-02): one HTTPS POST each, until it is taken.
//!
//! ```text
//!   promise --no endpoint--> kept: nobody wants it      --contact gone, or goes on--> kept
//!     `--POST--> 2xx --> kept            anything else --> asked again, waiting longer each time
//! ```
//!
//! One that is not taken holds up no contact and no other record. Headers and signature are those of Standard
//! Webhooks under the number of the contact and of its end, so that a receiver knows a repeat.

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

use crate::account::Route;
use crate::accounts::trusting;
use crate::figures::Figures;
use crate::http::post;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(2);
/// How many are told in one go.
const BATCH: u32 = 50;
/// How long one may take; shorter than the lease of the outbox.
const PATIENCE: Duration = Duration::from_secs(4);
/// The pause after one that was not taken, doubled up to the other.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(600);

/// Records of one node.
pub(crate) struct Records {
    port: Port,
    figures: Figures,
    /// Those that were not taken: how often, and from when on they are told again.
    waiting: HashMap<String, (u32, Timestamp)>,
}

impl Records {
    pub(crate) fn new(port: Port, figures: Figures) -> Self {
        Self { port, figures, waiting: HashMap::new() }
    }

    /// Tells until `stop` becomes true.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut outbox = self.port.outbox(RECORD_TOPIC);
        let mut after = 0;
        loop {
            let pause = match self.look(&mut outbox, after).await {
                // Those that wait must not hold up the ones after them.
                Ok(Some(last)) => {
                    after = last;
                    Duration::ZERO
                }
                Ok(None) => {
                    after = 0;
                    LOOK
                }
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

    /// Tells some; gives the number of the last one, where there may be more.
    async fn look(&mut self, outbox: &mut Outbox, after: u64) -> Result<Option<u64>, SubmitError> {
        let promises = outbox.take(after, BATCH).await?;
        let full = u32::try_from(promises.len()).is_ok_and(|length| length >= BATCH);
        let last = promises.last().map(|promise| promise.number);
        if after == 0 {
            let now = self.port.now();
            self.waiting.retain(|_, (_, until)| now.since(*until) < PAUSE_MAX * 2);
        }
        for promise in promises {
            let now = self.port.now();
            let waits = self.waiting.get(&promise.id).copied();
            if waits.is_some_and(|(_, until)| now < until) {
                continue;
            }
            // Each takes its time, and another node may have gone on.
            if !outbox.still_due(&promise).await? {
                return Ok(None);
            }
            match self.tell(&promise.effect.payload).await? {
                Ok(result) => {
                    self.figures.record(result);
                    self.waiting.remove(&promise.id);
                    outbox.close(vec![promise.id]).await?;
                }
                Err(why) => {
                    self.figures.record("failed");
                    let times = waits.map_or(0, |(times, _)| times);
                    let pause = PAUSE.saturating_mul(1 << times.min(10)).min(PAUSE_MAX);
                    tracing::warn!(why, "the site's systems did not take a record; it waits");
                    self.waiting.insert(promise.id, (times + 1, now.after(pause)));
                }
            }
        }
        Ok(last.filter(|_| full))
    }

    /// Tells one; the inner error says why it was not taken.
    async fn tell(&self, payload: &str) -> Result<Result<&'static str, String>, SubmitError> {
        let settings = self.port.settings();
        let Some(records) = &settings.channels.customer_records else { return Ok(Ok("nobody")) };
        let Ok(ending) = payload.parse::<Ending>() else { return Ok(Ok("nobody")) };
        let contact = self.port.contact(ending.contact).await?;
        // One whose answer came back goes on, and is told of when it ends again.
        let contact = contact.filter(|contact| ending.holds(contact));
        let Some(contact) = contact else { return Ok(Ok("nobody")) };
        let tls = match trusting(&settings) {
            Ok(tls) => tls,
            Err(why) => return Ok(Err(why)),
        };
        let secret = match self.secret(records) {
            Ok(secret) => secret,
            Err(why) => return Ok(Err(why)),
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
        let posted = post(&records.url, &headers, body, &Route::Direct, &tls, PATIENCE).await;
        Ok(match posted {
            Ok(answer) if answer.status.is_success() => Ok("delivered"),
            Ok(answer) => Err(format!("it answers {}", answer.status.as_u16())),
            Err(trouble) => Err(trouble.to_string()),
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
mod tests {
    use super::*;

    #[test]
    fn records_are_signed_as_webhooks_are() {
        // The example of the specification.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", b"{\"test\": 2432232314}");
        let signature = sign(&secret, id, "1614265330", body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
