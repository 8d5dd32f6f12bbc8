//! Whom the simulated peripheral knows: agents, teams, skill groups, from a file or by a pattern.

use std::collections::BTreeSet;

use serde::Deserialize;

/// Agents one peripheral may have here: twelve full pairs.
pub(crate) const AGENTS_MAX: usize = 24_000;
/// Characters of an agent id on Express.
const ID_EXPRESS_MAX: usize = 128;
/// Characters of an agent id elsewhere, in its long form.
const ID_MAX: usize = 31;
/// Characters of an extension.
const EXTENSION_MAX: usize = 15;
/// Characters of an instrument, a device name or a password.
const NAME_MAX: usize = 63;
/// Skill groups of one agent.
const AGENT_GROUPS_MAX: usize = 20;

/// One agent as configured.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) password: String,
    /// The ACD line.
    pub(crate) extension: String,
    /// The device's name to the switch; the extension unless said otherwise.
    #[serde(default)]
    pub(crate) instrument: String,
    /// Another, non-ACD line on the same phone.
    #[serde(default)]
    pub(crate) second_line: String,
    /// Devices that share the ACD line, by name; none where the line is not shared.
    #[serde(default)]
    pub(crate) devices: Vec<String>,
    #[serde(default)]
    pub(crate) first_name: String,
    #[serde(default)]
    pub(crate) last_name: String,
    /// Number of a team; 0 for none.
    #[serde(default)]
    pub(crate) team: u32,
    #[serde(default)]
    pub(crate) supervisor: bool,
    /// May be signed in with a number of its own.
    #[serde(default)]
    pub(crate) mobile: bool,
    #[serde(default)]
    pub(crate) skill_groups: Vec<u32>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Team {
    pub(crate) number: u32,
    pub(crate) name: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SkillGroup {
    pub(crate) number: u32,
    pub(crate) name: String,
}

/// Everybody and everything configured.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Population {
    pub(crate) agents: Vec<Person>,
    #[serde(default)]
    pub(crate) teams: Vec<Team>,
    #[serde(default)]
    pub(crate) skill_groups: Vec<SkillGroup>,
}

/// The pattern of `--generate-agents`.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) count: usize,
    pub(crate) first_id: u32,
    pub(crate) first_extension: u32,
    pub(crate) password: String,
    pub(crate) team_size: usize,
    pub(crate) mobile: bool,
}

impl Population {
    /// Four agents, two of them on two queues, one a supervisor, one on a shared line, one mobile.
    pub(crate) fn small(password: &str) -> Self {
        let names =
            [("Ada", "Lovelace"), ("Grace", "Hopper"), ("Alan", "Turing"), ("Edsger", "Dijkstra")];
        let agents = names.into_iter().zip(1_u32..).map(|((first, last), number)| Person {
            id: (1000 + number).to_string(),
            password: password.to_owned(),
            extension: (2000 + number).to_string(),
            instrument: (2000 + number).to_string(),
            second_line: (3000 + number).to_string(),
            devices: if number == 3 {
                vec!["SEP001122334403".to_owned(), "SEP001122334413".to_owned()]
            } else {
                Vec::new()
            },
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            team: 1,
            supervisor: number == 4,
            mobile: number == 2,
            skill_groups: if number % 2 == 0 { vec![1, 2] } else { vec![1] },
        });
        Self { agents: agents.collect(), ..Self::empty(&["Front office"]) }
    }

    /// Agents whose ids and extensions count up; each team's first agent is its supervisor.
    pub(crate) fn generated(pattern: &Pattern) -> Self {
        let size = pattern.team_size.max(1);
        let agents = (0..pattern.count).map(|index| {
            let add = |first: u32| {
                first.saturating_add(u32::try_from(index).unwrap_or(u32::MAX)).to_string()
            };
            let extension = add(pattern.first_extension);
            Person {
                id: add(pattern.first_id),
                password: pattern.password.clone(),
                instrument: extension.clone(),
                extension,
                first_name: "Agent".to_owned(),
                last_name: add(pattern.first_id),
                team: u32::try_from(index / size + 1).unwrap_or(u32::MAX),
                supervisor: index % size == 0,
                mobile: pattern.mobile,
                skill_groups: vec![u32::try_from(index % 2 + 1).unwrap_or(1)],
                ..Person::default()
            }
        });
        let agents: Vec<_> = agents.collect();
        let teams = pattern.count.div_ceil(size);
        let names: Vec<_> = (1..=teams).map(|number| format!("Team {number}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        Self { agents, ..Self::empty(&names) }
    }

    fn empty(teams: &[&str]) -> Self {
        let teams = teams.iter().zip(1..);
        let groups = [(1, "Sales"), (2, "Support")];
        Self {
            agents: Vec::new(),
            teams: teams.map(|(name, number)| Team { number, name: (*name).to_owned() }).collect(),
            skill_groups: groups
                .map(|(number, name)| SkillGroup { number, name: name.to_owned() })
                .to_vec(),
        }
    }

    /// Reads a file in YAML, of which JSON is a part.
    pub(crate) fn read(text: &str, express: bool) -> Result<Self, String> {
        let mut population: Self =
            serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        for person in &mut population.agents {
            if person.instrument.is_empty() {
                person.instrument.clone_from(&person.extension);
            }
        }
        population.check(express)?;
        Ok(population)
    }

    /// Says every problem at once, each by its field, with the limit.
    pub(crate) fn check(&self, express: bool) -> Result<(), String> {
        let mut problems = Vec::new();
        if self.agents.is_empty() || self.agents.len() > AGENTS_MAX {
            problems.push(format!("agents: {} of them, 1 to {AGENTS_MAX}", self.agents.len()));
        }
        let (mut ids, mut lines) = (BTreeSet::new(), BTreeSet::new());
        for (index, person) in self.agents.iter().enumerate() {
            let id_max = if express { ID_EXPRESS_MAX } else { ID_MAX };
            let texts = [
                ("id", &person.id, 1, id_max),
                ("extension", &person.extension, 1, EXTENSION_MAX),
                ("second_line", &person.second_line, 0, EXTENSION_MAX),
                ("instrument", &person.instrument, 1, NAME_MAX),
                ("password", &person.password, 0, NAME_MAX),
            ];
            for (field, value, least, most) in texts {
                let length = value.len();
                if length < least || length > most {
                    problems.push(format!(
                        "agents[{index}].{field}: {length} characters, {least} to {most}"
                    ));
                }
                if !value.is_ascii() || value.contains([';', '\0']) {
                    problems.push(format!("agents[{index}].{field}: plain ASCII without `;`"));
                }
            }
            for device in &person.devices {
                if device.is_empty() || device.len() > NAME_MAX || !device.is_ascii() {
                    problems.push(format!(
                        "agents[{index}].devices: {device:?} is not 1 to {NAME_MAX} ASCII characters"
                    ));
                }
            }
            if !ids.insert(&person.id) {
                problems.push(format!("agents[{index}].id: {:?} is there twice", person.id));
            }
            for line in [&person.extension, &person.second_line] {
                if !line.is_empty() && !lines.insert(line) {
                    problems.push(format!("agents[{index}]: line {line:?} is there twice"));
                }
            }
            if person.skill_groups.len() > AGENT_GROUPS_MAX {
                let count = person.skill_groups.len();
                problems.push(format!(
                    "agents[{index}].skill_groups: {count} of them, at most {AGENT_GROUPS_MAX}"
                ));
            }
            for group in &person.skill_groups {
                if self.skill_groups.iter().all(|each| each.number != *group) {
                    problems.push(format!(
                        "agents[{index}].skill_groups: {group} is not in skill_groups"
                    ));
                }
            }
            if person.team != 0 && self.teams.iter().all(|team| team.number != person.team) {
                problems.push(format!("agents[{index}].team: {} is not in teams", person.team));
            }
        }
        for team in &self.teams {
            if team.name.is_empty() || team.name.len() > 31 || !team.name.is_ascii() {
                problems.push(format!("teams: {:?} is not 1 to 31 ASCII characters", team.name));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
    }
}
