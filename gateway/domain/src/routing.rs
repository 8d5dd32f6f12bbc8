//! Who gets which contact: pure, and the same for the same facts (RTE-05).
//!
//! Contacts are looked at in the order in which they wait. Each goes to the best of the agents who may have it and
//! have a place: who has been free for longest, or who has the highest competence over the CSQ's skills, ties to
//! who was free first (RTE-01, RTE-02). What was given away counts for the next one, so after a round no contact
//! waits while an agent who may take it is free.
//!
//! Names of skills are numbered once and agents are sorted once by how long they have been free, so a CSQ's order
//! by competence takes one pass over the agents.

use std::collections::{BTreeMap, HashMap};

use crate::{AgentId, ContactId, Timestamp};

/// How a CSQ chooses (CCP-03).
pub use crate::settings::Selection;

/// A CSQ as routing sees it.
#[derive(Clone, Debug)]
pub struct QueueRule<'a> {
    /// How it chooses.
    pub selection: Selection,
    /// Its skills with the least competence in each.
    pub skills: &'a BTreeMap<String, u8>,
}

/// An agent with a place.
#[derive(Clone, Debug)]
pub struct FreeAgent<'a> {
    /// Who.
    pub agent: &'a AgentId,
    /// Their competence in each of their skills.
    pub skills: &'a BTreeMap<String, u8>,
    /// How many more contacts they may get, at least one.
    pub places: usize,
    /// Since when they are free.
    pub free_since: Timestamp,
}

/// A contact that waits.
#[derive(Clone, Debug)]
pub struct Waiting<'a> {
    /// Which.
    pub contact: ContactId,
    /// In which CSQ.
    pub csq: &'a str,
    /// Since when.
    pub since: Timestamp,
    /// Who alone gets it at this time.
    pub sticks_to: Option<&'a AgentId>,
    /// Who does not get it.
    pub not_for: &'a std::collections::BTreeSet<AgentId>,
}

/// Whether somebody with those skills may take contacts of a CSQ with those (RTE-03). A CSQ without a skill has
/// nobody.
pub fn qualifies(skills: &BTreeMap<String, u8>, wanted: &BTreeMap<String, u8>) -> bool {
    !wanted.is_empty()
        && wanted.iter().all(|(name, least)| skills.get(name).is_some_and(|has| has >= least))
}

/// The competence of somebody with those skills over a CSQ's skills in sum (RTE-02), where they qualify.
pub fn competence(skills: &BTreeMap<String, u8>, wanted: &BTreeMap<String, u8>) -> Option<u32> {
    let sum = || wanted.keys().filter_map(|name| skills.get(name)).map(|has| u32::from(*has)).sum();
    qualifies(skills, wanted).then(sum)
}

/// The agents who may take contacts of a CSQ, best first, as numbers of `agents`, which are in the order in which
/// they became free.
fn order(
    rule: &QueueRule<'_>,
    numbers: &HashMap<&str, usize>,
    competences: &[Vec<u8>],
) -> Vec<usize> {
    if rule.skills.is_empty() {
        return Vec::new();
    }
    let mut wanted = Vec::with_capacity(rule.skills.len());
    for (name, least) in rule.skills {
        // Nobody who is free has it.
        let Some(number) = numbers.get(name.as_str()) else { return Vec::new() };
        wanted.push((*number, (*least).max(1)));
    }
    let sum = |skills: &Vec<u8>| {
        let mut sum = 0_usize;
        for (number, least) in &wanted {
            let has = skills.get(*number).copied().unwrap_or(0);
            if has < *least {
                return None;
            }
            sum += usize::from(has);
        }
        Some(sum)
    };
    let qualified = competences.iter().enumerate();
    let qualified = qualified.filter_map(|(agent, skills)| Some((agent, sum(skills)?)));
    match rule.selection {
        Selection::LongestAvailable => qualified.map(|(agent, _)| agent).collect(),
        Selection::MostSkilled => {
            let mut by_sum: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for (agent, sum) in qualified {
                by_sum.entry(sum).or_default().push(agent);
            }
            by_sum.into_values().rev().flatten().collect()
        }
    }
}

/// One CSQ's order and how far it is used up.
struct Candidates {
    agents: Vec<usize>,
    from: usize,
}

/// Gives contacts to agents: each of `waiting` at most once, each agent no more than their places.
pub fn route(
    queues: &BTreeMap<&str, QueueRule<'_>>,
    mut agents: Vec<FreeAgent<'_>>,
    mut waiting: Vec<Waiting<'_>>,
) -> Vec<(ContactId, AgentId)> {
    agents.sort_by(|one, other| (one.free_since, one.agent).cmp(&(other.free_since, other.agent)));
    waiting.sort_by_key(|it| (it.since, it.contact));
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for agent in &agents {
        for name in agent.skills.keys() {
            let next = numbers.len();
            numbers.entry(name).or_insert(next);
        }
    }
    let competences: Vec<Vec<u8>> = agents
        .iter()
        .map(|agent| {
            let mut row = vec![0; numbers.len()];
            for (name, competence) in agent.skills {
                if let Some(place) = numbers.get(name.as_str()).and_then(|at| row.get_mut(*at)) {
                    *place = *competence;
                }
            }
            row
        })
        .collect();
    let by_id: HashMap<&AgentId, usize> =
        agents.iter().enumerate().map(|(number, agent)| (agent.agent, number)).collect();
    let mut places: Vec<usize> = agents.iter().map(|agent| agent.places).collect();
    let mut left = agents.len();
    let mut orders: HashMap<&str, Candidates> = HashMap::new();
    let mut given = Vec::new();
    for contact in &waiting {
        if left == 0 {
            break;
        }
        let Some(rule) = queues.get(contact.csq) else { continue };
        let chosen = match contact.sticks_to {
            // The agent of the last leg gets it as soon as they qualify and are free, and nobody else meanwhile.
            Some(agent) => by_id.get(agent).copied().filter(|number| {
                places.get(*number).is_some_and(|places| *places > 0)
                    && agents.get(*number).is_some_and(|it| qualifies(it.skills, rule.skills))
                    && !contact.not_for.contains(agent)
            }),
            None => {
                let candidates = orders.entry(contact.csq).or_insert_with(|| Candidates {
                    agents: order(rule, &numbers, &competences),
                    from: 0,
                });
                let is_full = |number: &usize| places.get(*number).is_none_or(|it| *it == 0);
                while candidates.agents.get(candidates.from).is_some_and(is_full) {
                    candidates.from += 1;
                }
                let rest = candidates.agents.get(candidates.from..).unwrap_or_default();
                rest.iter().copied().find(|number| {
                    !is_full(number)
                        && agents.get(*number).is_some_and(|it| !contact.not_for.contains(it.agent))
                })
            }
        };
        let Some(number) = chosen else { continue };
        if let (Some(place), Some(agent)) = (places.get_mut(number), agents.get(number)) {
            *place -= 1;
            if *place == 0 {
                left -= 1;
            }
            given.push((contact.contact, agent.agent.clone()));
        }
    }
    given
}

#[cfg(test)]
mod tests;
