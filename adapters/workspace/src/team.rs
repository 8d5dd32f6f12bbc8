//! What supervisors see of their teams and change: who has what, what waits, skills (RTE-06, MAIL-16).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use domain::settings::SettingDocument;
use domain::{
    AgentId, Command, Contact, ContactCommand, ContactWish, Deed, Role, Settings, TeamName,
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::voice;
use crate::lately::JUST_NOW;
use crate::problem::Problem;
use crate::surface::{Asked, Given, Workspace};
use crate::{answer, numbers, told};

/// So many contacts of each queue are told where all queues are, and so many of one that is asked for.
const FIRST_MAX: usize = 5;
const SHOWN_MAX: usize = 200;
/// How often settings that moved meanwhile are looked at anew.
const TRIES: usize = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct To {
    agent: Option<AgentId>,
    csq: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Skills {
    skills: BTreeMap<String, u8>,
}

/// What is open in one queue.
#[derive(Default)]
struct Open<'o> {
    waiting: Vec<&'o Contact>,
    active: usize,
}

/// The queues with what waits in them, or `only` one of them with more of it. One that is gone from the settings while
/// contacts of it are open is among them: nobody gets these by themselves, so that a supervisor has to give them to
/// somebody.
fn queues(settings: &Settings, open: &[Arc<Contact>], only: Option<&str>) -> Vec<Value> {
    let known = settings.csqs.values().filter(|csq| csq.email.is_some());
    let mut queues: BTreeMap<&str, Open<'_>> =
        known.map(|csq| (csq.name.as_str(), Open::default())).collect();
    for contact in open {
        let queue = queues.entry(contact.csq.as_str()).or_default();
        if contact.is_queued() {
            queue.waiting.push(contact);
        } else if contact.agent().is_some() {
            queue.active += 1;
        }
    }
    let shown_max = if only.is_some() { SHOWN_MAX } else { FIRST_MAX };
    let wanted = queues.into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name));
    let rows = wanted.map(|(name, Open { mut waiting, active })| {
        let csq = settings.csqs.get(name).filter(|csq| csq.email.is_some());
        waiting.sort_by_key(|it| (it.waiting_since, it.id));
        let shown = waiting.get(..shown_max).unwrap_or(&waiting);
        let is_sticky = |it: &&&Contact| it.sticky.is_some();
        json!({
            "csq": name,
            "is_gone": csq.is_none(),
            "selection": csq.map(|csq| csq.selection),
            "skills": csq.map(|csq| csq.skills.clone()).unwrap_or_default(),
            "waiting": waiting.len(),
            "active": active,
            "longest_since": waiting.first().map(|it| answer::time(it.waiting_since)),
            "sticky_waiting": waiting.iter().filter(is_sticky).count(),
            "sticky": shown.iter().filter(is_sticky).map(|it| it.id).collect::<Vec<_>>(),
            "contacts": shown.iter().map(|it| told::contact(it)).collect::<Vec<_>>(),
        })
    });
    rows.collect()
}

/// One queue with more of what waits in it, for whoever asks for it.
fn one_queue(workspace: &Workspace, name: &str) -> Given {
    let port = &workspace.port;
    let queues = queues(&port.settings(), &port.open_contacts(), Some(name));
    let queue = queues.into_iter().next().ok_or_else(|| {
        Problem::field("csq", "csq: there is no such queue; leave it away for all of them")
    })?;
    Ok(answer::json(&json!({"queues": [queue]})))
}

/// A supervisor's teams, and the queues.
pub(crate) async fn team(workspace: Arc<Workspace>, asked: Asked) -> Given {
    if let Some(csq) = asked.query("csq") {
        return one_queue(&workspace, &csq);
    }
    let port = &workspace.port;
    let settings = port.settings();
    let since = numbers::since(&workspace, &asked)?;
    workspace.look_lately(JUST_NOW).await;
    let open = port.open_contacts();
    let worked: Vec<_> = open.iter().filter(|it| !it.legs.is_empty()).collect();
    let (seen, is_whole) = {
        let lately = workspace.lately.lock().unwrap_or_else(PoisonError::into_inner);
        (lately.seen(since, worked), lately.is_whole)
    };
    let work = seen.all();
    let agents = settings.agents.values().filter(|it| workspace.leads(&asked, &it.id));
    let agents: Vec<_> = agents
        .filter_map(|agent| {
            let desk = port.desk(&agent.id).filter(|desk| desk.signed_in().is_some());
            let voice = voice(&workspace, &agent.id);
            // Whoever is nowhere is no news in a large team.
            if desk.is_none() && voice.is_null() {
                return None;
            }
            let mut has: Vec<_> = open.iter().filter(|it| it.agent() == Some(&agent.id)).collect();
            has.sort_by_key(|it| it.arrived_at);
            Some(json!({
                "agent": agent.id,
                "name": agent.called(),
                "team": agent.team,
                "skills": agent.skills,
                "desk": desk.map(|desk| told::desk(&desk)),
                "voice": voice,
                "done": numbers::work(&work.get(&agent.id).copied().unwrap_or_default()),
                "contacts": has.into_iter().map(|it| told::contact(it)).collect::<Vec<_>>(),
            }))
        })
        .collect();
    let queues = queues(&settings, &open, None);
    let history = {
        let names = queues.iter().filter_map(|queue| queue.get("csq")?.as_str());
        let is_led = |team: Option<&TeamName>| {
            asked.principal.has(Role::Administrator)
                || team.is_some_and(|team| asked.principal.teams.contains(team))
        };
        let history = workspace.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.told(port.now(), names, is_led)
    };
    let skills: Vec<_> = settings.skills.keys().collect();
    Ok(answer::json(&json!({
        "agents": agents,
        "queues": queues,
        "since": answer::time(since),
        "is_whole": is_whole,
        "history": history,
        "skills": skills,
        "emails_per_agent": settings.channels.emails_per_agent,
    })))
}

/// Whether a supervisor may change where a contact is.
async fn led(workspace: &Workspace, asked: &Asked) -> Result<domain::ContactId, Problem> {
    let id = asked.contact_id()?;
    let contact = workspace.port.contact(id).await?.ok_or_else(Problem::not_found)?;
    let is_led = contact.agent().is_none_or(|agent| workspace.leads(asked, agent));
    match is_led {
        true => Ok(id),
        false => Err(Problem::not_found()),
    }
}

/// Gives a contact to another agent, or back into a queue.
pub(crate) async fn reassign(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let contact = led(&workspace, &asked).await?;
    let to: To = asked.body()?;
    let (wish, object) = match to {
        To { agent: Some(agent), csq: None } => {
            if !workspace.leads(&asked, &agent) {
                return Err(Problem::field("agent", "agent: this agent is in none of your teams"));
            }
            let object = agent.to_string();
            (ContactWish::Reassign { agent }, object)
        }
        To { agent: None, csq: Some(csq) } => {
            let object = csq.clone();
            (ContactWish::TakeBack { csq: Some(csq) }, object)
        }
        _ => return Err(Problem::field("agent", "give either agent or csq")),
    };
    let deed = Deed::done("contact_reassigned", contact.to_string()).with("to", &object.into());
    let command = Command::Contact(ContactCommand { contact, by: None, wish });
    match workspace.audited(&asked, deed, command).await {
        // Who is not signed in is the agent that was chosen, not whoever asks.
        Err(problem) if problem.is("not_signed_in") => Err(Problem::new(
            StatusCode::CONFLICT,
            "no_place",
            "this agent is not signed in; choose another one, or a queue",
        )),
        done => done.map(|_| answer::nothing()),
    }
}

/// Lets a contact go that waits for one agent.
pub(crate) async fn release(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let contact = led(&workspace, &asked).await?;
    let deed = Deed::done("contact_released", contact.to_string());
    let wish = ContactWish::Release;
    workspace
        .audited(&asked, deed, Command::Contact(ContactCommand { contact, by: None, wish }))
        .await?;
    Ok(answer::nothing())
}

/// Skills as a supervisor gives them.
fn checked(workspace: &Workspace, skills: &BTreeMap<String, u8>) -> Result<(), Problem> {
    let known = workspace.port.settings();
    for (name, competence) in skills {
        if !known.skills.contains_key(name) {
            return Err(Problem::field("skills", format!("skills: there is no skill {name:?}")));
        }
        if !(1..=10).contains(competence) {
            let detail =
                format!("skills: {name} must be a competence from 1 to 10, not {competence}");
            return Err(Problem::field("skills", detail));
        }
    }
    if skills.len() > 50 {
        return Err(Problem::field("skills", "skills: at most 50 skills; remove some"));
    }
    Ok(())
}

/// Changes the settings as an administrator's change does, and tries anew where they moved meanwhile.
async fn changed(
    workspace: &Workspace,
    asked: &Asked,
    change: impl Fn(&Settings) -> Option<SettingDocument>,
) -> Given {
    for _ in 0..TRIES {
        let settings = workspace.port.settings();
        let document = change(&settings).ok_or_else(Problem::not_found)?;
        let command = Command::ChangeSettings {
            base: settings.number,
            put: vec![document],
            removed: Vec::new(),
        };
        let command =
            Command::Audited { by: asked.actor(), deed: None, command: Some(Box::new(command)) };
        let input = domain::Input::command(workspace.id("supervisor_skills")?, command);
        match workspace.port.submit(input).await {
            Ok(engine::Outcome::Refused(domain::Refusal::SettingsMoved)) => {}
            outcome => {
                crate::problem::done(outcome)?;
                return Ok(answer::nothing());
            }
        }
    }
    Err(Problem::new(
        StatusCode::CONFLICT,
        "settings_moved",
        "the settings changed meanwhile; try again",
    ))
}

/// A supervisor changes the competences of an agent of their teams (RTE-06).
pub(crate) async fn agent_skills(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent: AgentId = asked.path("agent").parse().map_err(|_| Problem::not_found())?;
    if !workspace.leads(&asked, &agent) {
        return Err(Problem::not_found());
    }
    let Skills { skills } = asked.body()?;
    checked(&workspace, &skills)?;
    changed(&workspace, &asked, |settings| {
        let mut document = settings.agents.get(&agent)?.as_ref().clone();
        document.skills.clone_from(&skills);
        Some(SettingDocument::Agent(document))
    })
    .await
}

/// A supervisor changes the skills of a CSQ (RTE-06).
pub(crate) async fn csq_skills(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let csq = asked.path("csq").to_owned();
    let Skills { skills } = asked.body()?;
    checked(&workspace, &skills)?;
    if skills.is_empty() {
        return Err(Problem::field("skills", "skills: a queue needs one skill at least"));
    }
    if !asked.principal.has(Role::Supervisor) && !asked.principal.has(Role::Administrator) {
        return Err(Problem::not_found());
    }
    changed(&workspace, &asked, |settings| {
        let mut document = settings.csqs.get(&csq)?.as_ref().clone();
        document.skills.clone_from(&skills);
        Some(SettingDocument::Csq(Box::new(document)))
    })
    .await
}
