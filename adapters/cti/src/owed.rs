//! Forced sign-outs that are owed: taken from the outbox by one node, asked of the pair, and closed when
//! they are seen (CTI-03).
//!
//! The server has no fencing, so whether one is still meant is asked right before it is sent; a sign-in
//! on any node waits until the session is no longer `Leaving`.

use std::collections::HashMap;
use std::time::Duration;

use domain::{
    AgentKey, Input, InputId, OwedSignOut, OwnerAnswer, OwnerAsk, OwnerCommand, PairName,
    PresenceState, ReasonCode, Report,
};
use engine::Port;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often the outbox is looked at without a reason.
const LOOK: Duration = Duration::from_secs(2);
/// After how long one is asked again that was not seen.
const AGAIN: Duration = Duration::from_secs(2);
/// Within this time it is written that one was seen, well before another node may take over.
const WRITTEN_WITHIN: Duration = Duration::from_millis(1_500);
/// How many are taken at once.
const BATCH: u32 = 32;

/// Keeps the promises of one pair until `stop` becomes true.
pub async fn keep(port: Port, pair: PairName, mut stop: watch::Receiver<bool>) {
    let mut outbox = port.outbox(&OwedSignOut::topic(&pair));
    let mut changes = port.session_changes();
    let mut seen: HashMap<String, Option<ReasonCode>> = HashMap::new();
    let mut after = 0;
    loop {
        let mut idle = false;
        let taken = match is_linked(&port, &pair) {
            true => outbox.take(after, BATCH).await,
            // A node whose link is up can send it.
            false => outbox.release().await.map(|()| Vec::new()),
        };
        let pause = match taken {
            // Those before were not seen yet; they are asked again from the first on.
            Ok(promises) if promises.is_empty() && after > 0 => {
                after = 0;
                AGAIN
            }
            Ok(promises) if promises.is_empty() => {
                idle = true;
                seen.clear();
                LOOK
            }
            Ok(promises) => {
                let last = promises.last().map_or(0, |promise| promise.number);
                // Side by side, since one that is not seen takes its time and each has a deadline.
                let mut asking = JoinSet::new();
                for promise in promises {
                    match outbox.still_due(&promise).await {
                        Ok(true) => {}
                        Ok(false) | Err(_) => continue,
                    }
                    let Ok(owed) = serde_json::from_str::<OwedSignOut>(&promise.effect.payload)
                    else {
                        tracing::error!(id = %promise.id, "an owed sign-out cannot be read");
                        let _ = outbox.close(vec![promise.id]).await;
                        continue;
                    };
                    // What was seen once is not sent again, however long it takes to be written.
                    let known = seen.get(&promise.id).copied();
                    let (port, pair) = (port.clone(), pair.clone());
                    asking.spawn(async move {
                        let over = match known {
                            Some(reason) => Some(reason),
                            None => sign_out(&port, &pair, &owed).await,
                        };
                        (promise, owed, over)
                    });
                }
                let mut all = true;
                while let Some(asked) = asking.join_next().await {
                    // Only a panic ends one early; it is asked again.
                    let Ok((promise, owed, Some(reason))) = asked else {
                        all = false;
                        continue;
                    };
                    seen.insert(promise.id.clone(), reason);
                    // Once another node may send it, only that one knows that none is on its way.
                    if matches!(outbox.still_due(&promise).await, Ok(true))
                        && write_left(&port, &pair, &owed, reason).await
                    {
                        let closed = outbox.close(vec![promise.id]).await;
                        if let Err(error) = closed {
                            tracing::debug!(%error, "an owed sign-out is not closed yet");
                        }
                    } else {
                        all = false;
                    }
                }
                // One that is not seen must not hold up those after it.
                after = if all { after } else { last };
                Duration::ZERO
            }
            Err(error) => {
                tracing::debug!(%error, "owed sign-outs cannot be read");
                LOOK
            }
        };
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            () = until_leaving(&port, &pair, &mut changes), if idle => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    // Another node may go on at once.
    let _ = outbox.release().await;
}

/// Whether a server of the pair serves this node.
fn is_linked(port: &Port, pair: &PairName) -> bool {
    let mut statuses = port.pair_statuses().into_iter();
    statuses.any(|(name, status)| name == *pair && status.active_side.is_some())
}

/// Waits until a session of the pair is leaving.
async fn until_leaving(
    port: &Port,
    pair: &PairName,
    changes: &mut tokio::sync::broadcast::Receiver<AgentKey>,
) {
    loop {
        match changes.recv().await {
            Ok(agent) if agent.pair == *pair => {
                if port.is_leaving(&agent) {
                    return;
                }
            }
            Ok(_) => {}
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => return,
            Err(tokio::sync::broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Asks for one; the code that the server shows then, or `None` where it has to be asked again.
async fn sign_out(port: &Port, pair: &PairName, owed: &OwedSignOut) -> Option<Option<ReasonCode>> {
    let ask = OwnerAsk::ForceOut { reason: owed.reason, extension: Some(owed.extension.clone()) };
    let command = OwnerCommand { agent: owed.agent.clone(), ask };
    let agent = AgentKey { pair: pair.clone(), id: owed.agent.clone() };
    match port.ask_owner(pair, command).await {
        Some(OwnerAnswer::Done) => {}
        Some(OwnerAnswer::Refused(refusal)) => {
            // Who is not signed on any more needs no sign-out; anything else is tried until the deadline.
            if port.live(&agent).and_then(|live| live.is_signed_in()) != Some(false) {
                tracing::warn!(%pair, %refusal, "a forced sign-out was refused");
                return None;
            }
        }
        Some(OwnerAnswer::Unknown(_) | OwnerAnswer::Unreachable) | None => return None,
    }
    Some(port.live(&agent).and_then(|live| shown(live.state)))
}

/// Writes that one is seen; false where that is not known to be written.
async fn write_left(
    port: &Port,
    pair: &PairName,
    owed: &OwedSignOut,
    reason: Option<ReasonCode>,
) -> bool {
    let agent = AgentKey { pair: pair.clone(), id: owed.agent.clone() };
    let name = format!("{pair}/{}/{}", owed.agent, owed.generation);
    let report = Report::Left { agent, generation: owed.generation, reason };
    let written = port.submit(Input::report(InputId::new("left", name), report));
    match tokio::time::timeout(WRITTEN_WITHIN, written).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a sign-out that was seen is not written yet");
            false
        }
        Err(_) => false,
    }
}

/// The code that the server shows.
fn shown(state: PresenceState) -> Option<ReasonCode> {
    match state {
        PresenceState::SignedOut { reason } | PresenceState::NotReady { reason } => reason,
        _ => None,
    }
}
