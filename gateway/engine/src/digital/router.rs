//! Gives contacts to agents, on the one node that has the lease.
//!
//! A round looks at everything this node has seen and gives away what can be given; the step judges each once more.
//! Rounds follow every change, so nothing waits while somebody is free (RTE-05), and once a second in any case, for
//! sticky times that ran out while a timer was late.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::routing::{self, FreeAgent, QueueRule, Waiting};
use domain::{
    AgentId, Command, Contact, ContactCommand, ContactId, ContactWish, Desk, Input, InputId, Key,
    Settings, Timestamp,
};
use tokio::task::JoinSet;

use crate::engine::Engine;
use crate::{HeldLease, Outcome};

/// How long a dead router keeps others from going on.
const LASTING: Duration = Duration::from_secs(6);
/// How often it is looked in any case.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many assignments are on their way at once.
const AT_ONCE: usize = 64;

/// Who gets what, by what was seen.
pub(crate) fn round(
    now: Timestamp,
    settings: &Settings,
    desks: &[Arc<Desk>],
    contacts: &[Arc<Contact>],
) -> Vec<(ContactId, AgentId)> {
    let most = usize::try_from(settings.channels.emails_per_agent).unwrap_or(usize::MAX);
    let queues: BTreeMap<&str, QueueRule<'_>> = settings
        .csqs
        .values()
        .map(|csq| (csq.name.as_str(), QueueRule { selection: csq.selection, skills: &csq.skills }))
        .collect();
    let agents = desks.iter().filter_map(|desk| {
        let signed_in = desk.signed_in()?;
        let skills = &settings.agents.get(&desk.agent)?.skills;
        let places = most.saturating_sub(signed_in.mails.len());
        let takes = signed_in.takes_mail(most);
        let free_since = signed_in.free_since.unwrap_or(signed_in.since);
        takes.then_some(FreeAgent { agent: &desk.agent, skills, places, free_since })
    });
    let waiting = contacts.iter().filter(|contact| contact.is_queued()).map(|contact| Waiting {
        contact: contact.id,
        csq: &contact.csq,
        since: contact.waiting_since,
        sticks_to: contact.sticks_to(now),
        not_for: &contact.not_for,
    });
    routing::route(&queues, agents.collect(), waiting.collect())
}

async fn assign(engine: Arc<Engine>, contact: ContactId, agent: AgentId) {
    let mut id = [0; 8];
    if !engine.random.fill(&mut id) {
        return;
    }
    let id = InputId::new("router", format_args!("{:016x}", u64::from_be_bytes(id)));
    let wish = ContactWish::Assign { agent: agent.clone() };
    let command = Command::Contact(ContactCommand { contact, by: None, wish });
    match engine.submit(Input::command(id, command)).await {
        Ok(Outcome::Done(_)) => {}
        // What was seen is old: it is looked at, and the next round knows better.
        Ok(Outcome::Refused(_) | Outcome::Unclear(_)) => {
            for key in [Key::contact(contact), Key::desk(&agent)] {
                if let Err(error) = engine.look_at_digital(&key).await {
                    tracing::debug!(%error, "what is routed is looked at later");
                }
            }
        }
        Err(error) => tracing::debug!(%error, "a contact is assigned later"),
    }
}

/// Routes until the engine stops.
pub(crate) async fn route(engine: Arc<Engine>) {
    let mut stop = engine.stop.subscribe();
    let mut settings = engine.settings_number.subscribe();
    let mut lease = HeldLease::new(Arc::clone(&engine), "routing".to_owned(), LASTING);
    let mut is_new = false;
    // A clock of its own: under a steady stream of changes a pause that begins anew each time never ends.
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            _ = look.tick() => engine.digital.drop_closed(),
            () = engine.digital.stirred.notified() => {}
            _ = settings.changed() => {}
        }
        if !matches!(lease.hold().await, Ok(Some(_))) {
            is_new = true;
            continue;
        }
        if std::mem::take(&mut is_new) && !engine.has_followed().await {
            is_new = true;
            continue;
        }
        let (desks, contacts) = (engine.digital.desks(), engine.digital.open());
        let given = round(engine.now(), &engine.settings(), &desks, &contacts);
        let mut going = JoinSet::new();
        for (contact, agent) in given {
            if going.len() >= AT_ONCE {
                going.join_next().await;
            }
            going.spawn(assign(Arc::clone(&engine), contact, agent));
        }
        while going.join_next().await.is_some() {}
    }
    let _ = lease.release().await;
}
