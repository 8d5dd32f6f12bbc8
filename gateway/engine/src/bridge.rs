//! From the live lane to the durable one: an agent whom the owner of their voice state says to be
//! signed out has no session here either (CTI-07).
//!
//! Two nodes hear of one event at different times, so what was heard ends nothing by itself: the owner
//! is asked, after the session was seen, and its answer is reported for that holder alone. What could
//! not be asked or written is found again by a look at all sessions now and then.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    AgentKey, Input, InputId, OwnerAnswer, OwnerAsk, OwnerCommand, OwnerRefusalKind, PresenceState,
    ReasonCode, Report, SessionRef, SignedOutBy,
};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use crate::engine::Engine;

/// How often all sessions are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How many agents are asked about at once.
const ASKED_MAX: usize = 64;

/// Bridges until the engine stops.
pub(crate) async fn bridge(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    let mut changes = engine.mirror.ends();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut asking = JoinSet::new();
    let mut asked = HashSet::new();
    loop {
        let wanted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            Some(done) = asking.join_next(), if !asking.is_empty() => {
                if let Ok(agent) = done {
                    asked.remove(&agent);
                }
                continue;
            }
            changed = changes.recv(), if asking.len() < ASKED_MAX => match changed {
                Ok(agent) => vec![agent],
                Err(RecvError::Lagged(_)) => engine.sessions_elsewhere(),
                Err(RecvError::Closed) => return,
            },
            _ = look.tick() => engine.sessions_elsewhere(),
        };
        for agent in wanted {
            if asking.len() >= ASKED_MAX {
                break;
            }
            if !asked.contains(&agent)
                && let Some(holder) = engine.contradiction(&agent)
            {
                asked.insert(agent.clone());
                let engine = Arc::clone(&engine);
                asking.spawn(async move {
                    engine.settle_contradiction(&agent, holder).await;
                    agent
                });
            }
        }
    }
}

impl Engine {
    /// Agents with a session whose voice state another owns.
    fn sessions_elsewhere(&self) -> Vec<AgentKey> {
        let sessions = self.mirror.signed_in();
        sessions.into_iter().map(|it| it.agent.clone()).filter(|it| !it.is_owned()).collect()
    }

    /// The holder of a session whose agent is signed out by what was heard last.
    fn contradiction(&self, agent: &AgentKey) -> Option<SessionRef> {
        if agent.is_owned() || self.live.value(agent)?.is_signed_in() != Some(false) {
            return None;
        }
        // Where a sign-out is owed, only whoever sends it knows that none is on its way any more.
        let session = self.mirror.session_of(agent)?;
        session.signed_in().is_some().then(|| session.holder())
    }

    async fn settle_contradiction(&self, agent: &AgentKey, holder: SessionRef) {
        let command = OwnerCommand { agent: agent.id.clone(), ask: OwnerAsk::Query };
        match self.live.ask(&agent.pair, command).await {
            Some(OwnerAnswer::Done) => {}
            // Whoever was deleted there is signed out there as well.
            Some(OwnerAnswer::Refused(refusal))
                if refusal.kind == OwnerRefusalKind::AgentUnknown => {}
            _ => return,
        }
        let Some(live) = self.live.value(agent).filter(|it| it.is_signed_in() == Some(false))
        else {
            return;
        };
        let PresenceState::SignedOut { reason } = live.state else { return };
        let by = ended_by(reason);
        let report = Report::VoiceSignedOut { agent: agent.clone(), session: holder, reason, by };
        let name = format!("{}/{}", holder.number, holder.generation);
        let input = Input::report(InputId::new("voice-signed-out", name), report);
        if let Err(error) = self.submit(input).await {
            tracing::warn!(%error, "a session could not be ended that its owner ended");
        }
    }
}

/// Who ended it, as far as the code tells. Products differ: 999 is a supervisor's doing on Enterprise,
/// 22 on Express (reason codes of both products' guides); codes from 20001 on are the system's.
fn ended_by(reason: Option<ReasonCode>) -> SignedOutBy {
    match reason {
        Some(ReasonCode(999 | 22)) => SignedOutBy::Supervisor,
        Some(ReasonCode(code)) if code == 255 || code >= 20_001 => SignedOutBy::System,
        _ => SignedOutBy::Agent,
    }
}
