//! One test message, and what came of it in words.

use std::time::Duration;

use domain::Timestamp;
use protocols::syslog::{Message, Origin, Severity, encode};
use tokio::time::timeout;

use super::SyslogReceiver;
use super::connection::Connection;

/// How long a refusal may take to come back: a closed connection, or word that nobody listens.
const REFUSAL_MAX: Duration = Duration::from_secs(1);
/// The words of the message.
const WORDS: &str = "test message of the gateway; nothing has to be done";

pub(super) async fn probe(
    receiver: &SyslogReceiver,
    origin: &Origin,
    now: Timestamp,
) -> Result<String, String> {
    let mut connection = Connection::open(receiver).await?;
    let message = Message {
        severity: Severity::Informational,
        microseconds: now.microseconds(),
        id: "test".to_owned(),
        parameters: Vec::new(),
        text: WORDS.to_owned(),
    };
    let message = encode(&message, origin, &receiver.envelope());
    let bytes = if connection.is_datagrams() {
        message
    } else {
        let mut framed = Vec::new();
        receiver.framing().push(&mut framed, &message);
        framed
    };
    connection.write(&bytes).await?;
    match timeout(REFUSAL_MAX, connection.until_closed()).await {
        Ok(Ok(())) => {
            return Err("it closed the connection right after the test message".to_owned());
        }
        Ok(Err(why)) => return Err(why),
        Err(_) => {}
    }
    let told = format!(
        "a test message went to {}; syslog has no receipts, so look for \"{WORDS}\" there",
        connection.reached()
    );
    connection.close().await;
    Ok(told)
}
