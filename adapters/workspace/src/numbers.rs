//! Numbers of the day: an agent's own, and of what waits for them (RPT-02).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use domain::report::AgentWork;
use domain::{AgentId, Contact, Timestamp, routing};
use serde_json::{Value, json};

use crate::answer;
use crate::lately::{JUST_NOW, REACH};
use crate::problem::Problem;
use crate::surface::{Asked, Given, Workspace};

/// From when on numbers are asked for; since 24 hours where nobody says.
pub(crate) fn since(workspace: &Workspace, asked: &Asked) -> Result<Timestamp, Problem> {
    let now = workspace.port.now();
    let usual = Timestamp::from_microseconds(now.microseconds() - 86_400_000_000);
    let Some(text) = asked.query("since") else { return Ok(usual) };
    let from = answer::read_time(&text).ok_or_else(|| {
        Problem::field("since", "since: must be a time such as 2026-11-28T00:00:00Z")
    })?;
    // A browser's clock may be ahead of this node's.
    let from = from.min(now);
    if now.since(from) > REACH {
        let detail = "since: must be in the last 30 hours; reports tell of what was before";
        return Err(Problem::field("since", detail));
    }
    Ok(from)
}

/// An agent's work as it is told.
pub(crate) fn work(work: &AgentWork) -> Value {
    json!({
        "replied": work.replied,
        "forwarded": work.forwarded,
        "discarded": work.discarded,
        "requeued": work.requeued,
        "taken": work.taken,
        "in_hand": work.in_hand,
        "handling_mean_seconds": work.handling.mean(),
        "handling_longest_seconds": work.handling.longest,
    })
}

/// The agent's own numbers, and what waits in their queues with since when the oldest does.
pub(crate) async fn own(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent = workspace.agent(&asked)?;
    let from = since(&workspace, &asked)?;
    workspace.look_lately(JUST_NOW).await;
    let open = workspace.port.open_contacts();
    let mine = open.iter().filter(|it| it.legs.iter().any(|leg| leg.agent == agent));
    let mine: Vec<_> = mine.collect();
    let (seen, is_whole) = {
        let lately = workspace.lately.lock().unwrap_or_else(PoisonError::into_inner);
        (lately.seen(from, mine), lately.is_whole)
    };
    let own = seen.of(&agent);
    let queues = queues(&workspace, &agent, &open).into_iter().map(|(csq, (waiting, oldest))| {
        json!({"csq": csq, "waiting": waiting, "longest_since": oldest.map(answer::time)})
    });
    Ok(answer::json(&json!({
        "since": answer::time(from),
        "is_whole": is_whole,
        "own": work(&own),
        "queues": queues.collect::<Vec<_>>(),
    })))
}

/// What waits in the queues that an agent qualifies for, and since when the oldest does.
fn queues(
    workspace: &Workspace,
    agent: &AgentId,
    open: &[Arc<Contact>],
) -> BTreeMap<String, (u32, Option<Timestamp>)> {
    let settings = workspace.port.settings();
    let Some(known) = settings.agents.get(agent) else { return BTreeMap::new() };
    let fits = settings
        .csqs
        .values()
        .filter(|csq| csq.email.is_some() && routing::qualifies(&known.skills, &csq.skills));
    let mut queues: BTreeMap<_, (u32, Option<Timestamp>)> =
        fits.map(|csq| (csq.name.clone(), (0, None))).collect();
    for contact in open {
        if contact.is_queued()
            && let Some((waiting, oldest)) = queues.get_mut(&contact.csq)
        {
            *waiting += 1;
            *oldest =
                Some(oldest.map_or(contact.waiting_since, |it| it.min(contact.waiting_since)));
        }
    }
    queues
}
