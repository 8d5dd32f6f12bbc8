//! What a Finesse server has, as settings.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::settings::LABEL_CHARACTERS_MAX;
use domain::{AgentId, Extension, TeamName};
use protocols::finesse::{Layout, Reason, Team, User};
use serde_json::{Map, Value, json};

use super::super::csv::begins_formula;
use super::super::{Imported, Section};

/// The most fields of a column of a layout.
const FIELDS_MAX: usize = 20;

/// All that a server said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Users.
    pub users: Vec<User>,
    /// Teams; empty where the server has no list of them.
    pub teams: Vec<Team>,
    /// Reasons of states, with those for some teams only.
    pub reasons: Vec<Reason>,
    /// Reasons of wrap-up, with those for some teams only.
    pub wrap_up: Vec<Reason>,
    /// For each team the reasons that are not for everybody.
    pub of_teams: BTreeMap<String, TeamReasons>,
    /// Layouts.
    pub layouts: Vec<Layout>,
    /// What the server would not tell.
    pub left_out: Vec<String>,
}

/// Numbers of reasons that a team has beside those for everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamReasons {
    /// Of states.
    pub states: BTreeSet<String>,
    /// Of wrap-up.
    pub wrap_up: BTreeSet<String>,
}

/// What can be taken over, and in words what cannot.
#[must_use]
pub fn imported(gathered: &Gathered) -> Imported {
    let mut imported = Imported { left_out: gathered.left_out.clone(), ..Imported::default() };
    let teams = teams(gathered, &mut imported);
    users(gathered, &teams, &mut imported);
    reasons(gathered, &teams, &mut imported);
    layouts(gathered, &mut imported);
    let held_back = "passwords: Finesse tells none; give agents new ones, or let the contact centre \
                     judge them";
    imported.left_out.push(held_back.to_owned());
    imported
}

/// Names of teams by their numbers; two of one name become one.
fn teams(gathered: &Gathered, imported: &mut Imported) -> HashMap<String, TeamName> {
    let mut found: BTreeMap<&str, &str> = BTreeMap::new();
    for user in &gathered.users {
        found.insert(&user.team_id, &user.team_name);
        found.extend(user.leads.iter().map(|(id, name)| (id.as_str(), name.as_str())));
    }
    found.extend(gathered.teams.iter().map(|team| (team.id.as_str(), team.name.as_str())));
    let mut names = HashMap::new();
    let mut numbers: BTreeMap<TeamName, &str> = BTreeMap::new();
    for (id, name) in found {
        if id.is_empty() || name.is_empty() {
            continue;
        }
        match name.trim().parse::<TeamName>() {
            Ok(_) if begins_formula(name) => imported.left_out.push(format!(
                "team {id}: {name:?} begins like a formula, which spreadsheets would run"
            )),
            Ok(name) => {
                if let Some(other) = numbers.insert(name.clone(), id) {
                    imported
                        .left_out
                        .push(format!("teams {other} and {id} are both {name:?}: they become one"));
                } else {
                    imported.add(Section::Teams, members([("name", json!(name))]));
                }
                names.insert(id.to_owned(), name);
            }
            Err(error) => imported.left_out.push(format!("team {id}: its name {error}")),
        }
    }
    names
}

fn users(gathered: &Gathered, teams: &HashMap<String, TeamName>, imported: &mut Imported) {
    let mut seen = BTreeSet::new();
    let mut without_line = 0_usize;
    for user in &gathered.users {
        let id = match user.login_id.parse::<AgentId>() {
            Ok(id) => id,
            Err(error) => {
                let shown: String = user.login_id.chars().take(40).collect();
                imported.left_out.push(format!("user {shown:?}: the id {error}"));
                continue;
            }
        };
        if !seen.insert(id.clone()) {
            imported.left_out.push(format!("user {id}: is there twice; the first one counts"));
            continue;
        }
        let mut agent = members([("id", json!(id))]);
        let name = format!("{} {}", user.first_name, user.last_name);
        let name: String = name.trim().chars().filter(|it| !it.is_control()).take(64).collect();
        if begins_formula(&name) {
            imported.left_out.push(format!("user {id}: the name begins like a formula"));
        } else if !name.is_empty() {
            agent.insert("name".to_owned(), json!(name));
        }
        if let Some(team) = teams.get(&user.team_id) {
            agent.insert("team".to_owned(), json!(team));
        }
        match user.extension.parse::<Extension>() {
            Ok(extension) => {
                agent.insert("extension".to_owned(), json!(extension));
            }
            Err(_) if user.extension.is_empty() => without_line += 1,
            Err(error) => imported.left_out.push(format!("user {id}: the extension {error}")),
        }
        let mut roles = BTreeSet::new();
        for role in &user.roles {
            match role.to_ascii_lowercase().as_str() {
                "agent" => roles.insert("agent"),
                "supervisor" => roles.insert("supervisor"),
                // Who runs Finesse does not run us by that.
                _ => false,
            };
        }
        if !roles.is_empty() {
            agent.insert("roles".to_owned(), json!(roles));
        }
        imported.add(Section::Agents, agent);
    }
    if without_line > 0 {
        imported.left_out.push(format!(
            "extensions: Finesse tells them only of who is signed in, which {without_line} are not"
        ));
    }
}

fn reasons(gathered: &Gathered, teams: &HashMap<String, TeamName>, imported: &mut Imported) {
    let mut taken = BTreeSet::new();
    let states = gathered.reasons.iter().map(|reason| (reason, false));
    for (reason, is_wrap_up) in states.chain(gathered.wrap_up.iter().map(|it| (it, true))) {
        if reason.system {
            continue;
        }
        let category = match reason.category.to_ascii_uppercase().as_str() {
            _ if is_wrap_up => "wrap_up",
            "NOT_READY" => "not_ready",
            "LOGOUT" => "sign_out",
            other => {
                imported.left_out.push(format!("reason {}: {other:?} is no category", reason.id));
                continue;
            }
        };
        // Wrap-up reasons have no code there; the number of the object stands for it.
        let code = if is_wrap_up { &reason.id } else { &reason.code };
        let Ok(code) = code.parse::<u16>() else {
            imported.left_out.push(format!(
                "{category} {:?}: the code {code:?} is none from 0 to 65535",
                reason.label
            ));
            continue;
        };
        let label: String = reason.label.chars().take(LABEL_CHARACTERS_MAX).collect();
        let label = label.trim().to_owned();
        if label.is_empty() || begins_formula(&label) || label.chars().any(char::is_control) {
            let why = "the label is empty, has control characters or begins like a formula";
            imported.left_out.push(format!("{category} {code}: {why}"));
            continue;
        }
        if label.chars().count() < reason.label.trim().chars().count() {
            let why = format!("the label is cut to {LABEL_CHARACTERS_MAX} characters");
            imported.left_out.push(format!("{category} {code}: {why}"));
        }
        let mut entry = members([
            ("category", json!(category)),
            ("code", json!(code)),
            ("label", json!(label)),
        ]);
        let having = gathered.of_teams.iter().filter(|(_, reasons)| {
            let numbers = if is_wrap_up { &reasons.wrap_up } else { &reasons.states };
            numbers.contains(&reason.id)
        });
        let having: BTreeSet<_> = having.filter_map(|(team, _)| teams.get(team)).collect();
        match (reason.for_all, having.is_empty()) {
            (true, _) => {
                entry.insert("teams".to_owned(), Value::Null);
            }
            (false, false) => {
                entry.insert("teams".to_owned(), json!(having));
            }
            (false, true) => {
                imported.left_out.push(format!("{category} {code}: no team has it"));
                continue;
            }
        }
        if !taken.insert((category, code)) {
            imported.left_out.push(format!("{category} {code}: is there twice"));
            continue;
        }
        imported.add(Section::Reasons, entry);
    }
}

fn layouts(gathered: &Gathered, imported: &mut Imported) {
    let mut taken = BTreeSet::new();
    for layout in &gathered.layouts {
        let name: String = if layout.is_default {
            "default".to_owned()
        } else {
            layout.name.chars().filter(|it| !it.is_control()).take(64).collect()
        };
        if name.is_empty() || begins_formula(&name) || !taken.insert(name.clone()) {
            imported.left_out.push(format!("layout {name:?}: the name is taken or cannot be used"));
            continue;
        }
        let mut skipped = 0_usize;
        let mut fields = |entries: &[(String, String)]| -> Vec<Value> {
            let good = entries.iter().filter_map(|(label, variable)| {
                let fits = |text: &str| {
                    (1..=50).contains(&text.chars().count()) && !text.chars().any(char::is_control)
                };
                let good = fits(label) && fits(variable) && !begins_formula(label);
                skipped += usize::from(!good);
                good.then(|| json!({"label": label, "variable": variable}))
            });
            good.take(FIELDS_MAX).collect()
        };
        let mut columns = layout.columns.iter();
        let left = columns.next().map(|it| fields(it)).unwrap_or_default();
        let right = columns.next().map(|it| fields(it)).unwrap_or_default();
        let header = fields(&layout.header).into_iter().next();
        let more = columns.count();
        let entry = members([
            ("name", json!(name)),
            ("header", header.unwrap_or_default()),
            ("left", left.into()),
            ("right", right.into()),
        ]);
        if skipped + more > 0 {
            let what = format!("{skipped} fields and {more} columns are left out");
            imported.left_out.push(format!("layout {name:?}: {what}"));
        }
        imported.add(Section::Layouts, entry);
    }
}

fn members<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
