//! Handing facts to the engine until it has them, and bytes to the store.

use std::time::Duration;

use domain::{Input, InputId, Report};
use engine::{Outcome, Port, SubmitError};

/// How often a fact is handed over while too much is in hand.
const TRIES: u32 = 8;
/// The pause after the first try; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(50);

/// Hands over a fact. Under the same id it may come again.
pub(crate) async fn report(
    port: &Port,
    id: InputId,
    report: Report,
) -> Result<Outcome, SubmitError> {
    let mut pause = PAUSE;
    let mut tries = 0;
    loop {
        tries += 1;
        between_steps().await;
        match port.submit(Input::report(id.clone(), report.clone())).await {
            Ok(outcome) => return Ok(outcome),
            Err(SubmitError::Busy | SubmitError::Unknown) if tries < TRIES => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Keeps bytes that say what they are in their id. What another redelivery brought is as good.
pub(crate) async fn put_blob(port: &Port, id: &str, body: &[u8]) -> Result<(), SubmitError> {
    between_steps().await;
    match port.put_blob(id, body).await {
        Ok(()) => Ok(()),
        Err(error) => match port.blob(id).await {
            Ok(Some(_)) => Ok(()),
            _ => Err(error),
        },
    }
}

/// Where a node may die as far as tests see: before anything that is kept, and so after the one before it.
async fn between_steps() {
    #[cfg(test)]
    tokio::task::yield_now().await;
}
