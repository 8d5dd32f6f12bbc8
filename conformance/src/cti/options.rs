//! The command line of the CTI server, made into settings with nothing left to check.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::population::{AGENTS_MAX, Pattern, Population};
use super::wire::Width;

/// Be a contact centre's CTI server (GED-188): both sides of one peripheral, its agents and calls.
///
/// Strict by the CTI Server Message Reference Guide: what a client must not do is refused with the
/// guide's status and kept as a violation. Drive it with `jackfield-peers control ADDRESS ...`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    jackfield-peers cti-server --listen-a 127.0.0.1:42027 --listen-b 127.0.0.1:43027 \\\n      \
    --control 127.0.0.1:42100\n  \
    jackfield-peers cti-server --dialect express --listen-a 127.0.0.1:12028\n  \
    jackfield-peers cti-server --generate-agents 24000 --wrap-up-seconds 0 --endpoints cti.json\n\n\
    Without --agents or --generate-agents there are agents 1001 to 1004 with the extensions 2001 to \
    2004: 1002 may be mobile, 1003 has a line shared by two devices, 1004 is the supervisor.\n\
    Once all listens, one line `ready {...}` on standard output names the addresses.")]
pub(crate) struct CtiArguments {
    /// Address of side A, active at the start
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen_a: SocketAddr,
    /// Address of side B; without it there is only side A
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen_b: Option<SocketAddr>,
    /// Address of the control socket; loopback only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) control: SocketAddr,
    /// Which product it is
    #[arg(long, value_enum, default_value_t = Dialect::Enterprise)]
    pub(crate) dialect: Dialect,
    /// Highest protocol version spoken: 9 to 25 (Enterprise, 24 unless named), 10 to 18 (Express, 18)
    #[arg(long, value_name = "N")]
    pub(crate) maximum_version: Option<u32>,
    /// Bytes of a tag and of a length, 1 or 2, whatever the version says
    #[arg(long, value_name = "1|2", value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) tag_width: Option<u8>,
    /// The peripheral's "logout on agent disconnect": 0 makes a forced logout Not Ready, 1 signs out
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=1))]
    pub(crate) load: u8,
    /// YAML or JSON file with `agents`, `teams` and `skill_groups`
    #[arg(long, value_name = "FILE", conflicts_with = "generate_agents")]
    pub(crate) agents: Option<PathBuf>,
    /// Make up so many agents
    #[arg(long, value_name = "N")]
    pub(crate) generate_agents: Option<usize>,
    /// Id of the first agent made up; the others count up
    #[arg(long, value_name = "ID", default_value_t = 100_001)]
    pub(crate) first_id: u32,
    /// Extension of the first agent made up
    #[arg(long, value_name = "EXTENSION", default_value_t = 200_001)]
    pub(crate) first_extension: u32,
    /// Agents of one team made up; each team's first is its supervisor
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) team_size: usize,
    /// Agents made up may be mobile
    #[arg(long)]
    pub(crate) mobile_agents: bool,
    /// Password of agents that no file names
    #[arg(long, value_name = "TEXT", default_value = "12345")]
    pub(crate) agent_password: String,
    /// A client that may open sessions; without any, every client and password is welcome
    #[arg(long, value_name = "ID:PASSWORD")]
    pub(crate) client: Vec<String>,
    /// From version 24, a standby side takes sessions of clients with the bit ACTIVE_STANDBY
    #[arg(long, value_name = "BOOL", default_value_t = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub(crate) standby_sessions: bool,
    /// PeripheralID; always 1 on Express
    #[arg(long, value_name = "N", default_value_t = 5000)]
    pub(crate) peripheral: u32,
    /// Least IdleTimeout a client may ask for: 20 by the guide (10 on Express)
    #[arg(long, value_name = "SECONDS")]
    pub(crate) idle_timeout_minimum: Option<u32>,
    /// Bytes of FAILURE_CONF: 8 in every edition but one, which prints 10
    #[arg(long, value_name = "8|10", default_value_t = 8, value_parser = parse_failure_bytes)]
    pub(crate) failure_conf_bytes: u8,
    /// Tag of UniqueInstanceID, which the guide does not number; judged from version 25
    #[arg(long, value_name = "TAG")]
    pub(crate) unique_instance_tag: Option<u16>,
    /// Work state after a call of an agent who was ready; 0 for none
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    pub(crate) wrap_up_seconds: u64,
    /// How long a call rings before the agent is made not ready
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    pub(crate) ring_seconds: u64,
    /// When a number outside answers
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 500)]
    pub(crate) external_answer_milliseconds: u64,
    /// Wrong passwords in a row that lock an agent; 0 never locks
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) lock_after: u32,
    /// Failure code of a wrong password: 257, or 258 where id and password are not told apart
    #[arg(long, value_name = "257|258", default_value_t = 257, value_parser = clap::value_parser!(u16).range(257..=258))]
    pub(crate) password_failure: u16,
    /// Reason of the Not Ready that a forced logout ends in where --load is 0
    #[arg(long, value_name = "CODE", default_value_t = 50_002)]
    pub(crate) disconnect_reason: u16,
    /// Not Ready needs a reason, else 281
    #[arg(long)]
    pub(crate) require_not_ready_reason: bool,
    /// A logout needs a reason, else 281
    #[arg(long)]
    pub(crate) require_logout_reason: bool,
    /// Leaving the work state needs wrap-up data, else 280
    #[arg(long)]
    pub(crate) require_wrap_up_data: bool,
    /// Leave out the passing LOGIN event before Not Ready
    #[arg(long)]
    pub(crate) no_login_event: bool,
    /// One state event for each agent, not one for each skill group
    #[arg(long)]
    pub(crate) no_skill_group_events: bool,
    /// Bytes waiting for one session before it is dropped as too slow
    #[arg(long, value_name = "BYTES", default_value_t = 8 * 1024 * 1024)]
    pub(crate) queue_bytes: usize,
    /// File of control commands, one a line, as words or as JSON, run at the start
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// Write each agent state event there with the time it was written, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// End when standard input ends: with whoever started it
    #[arg(long)]
    pub(crate) until_input_ends: bool,
    /// Write the bound addresses there as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) endpoints: Option<PathBuf>,
}

/// Which product's CTI protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    /// Unified Contact Center Enterprise
    Enterprise,
    /// Unified Contact Center Express
    Express,
}

/// Everything the simulated peripheral goes by.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) express: bool,
    pub(crate) minimum_version: u32,
    pub(crate) maximum_version: u32,
    pub(crate) width: Option<Width>,
    pub(crate) load: bool,
    pub(crate) population: Population,
    pub(crate) clients: Vec<(String, String)>,
    pub(crate) standby_sessions: bool,
    pub(crate) peripheral: u32,
    pub(crate) idle_minimum: u32,
    pub(crate) failure_conf_bytes: u8,
    pub(crate) unique_instance_tag: Option<u16>,
    pub(crate) wrap_up: Duration,
    pub(crate) ring: Duration,
    pub(crate) external_answer: Duration,
    pub(crate) lock_after: u32,
    pub(crate) password_failure: u16,
    pub(crate) disconnect_reason: u16,
    pub(crate) require_not_ready_reason: bool,
    pub(crate) require_logout_reason: bool,
    pub(crate) require_wrap_up_data: bool,
    pub(crate) login_event: bool,
    pub(crate) skill_group_events: bool,
    /// Whether states that are told are recorded.
    pub(crate) records: bool,
    /// Whether there is a side B.
    pub(crate) two_sides: bool,
}

fn parse_failure_bytes(text: &str) -> Result<u8, String> {
    match text {
        "8" => Ok(8),
        "10" => Ok(10),
        _ => Err("it is 8 or 10".to_owned()),
    }
}

impl CtiArguments {
    /// Checks everything; the error says which flag or field to change.
    pub(crate) fn settle(&self) -> Result<Settings, String> {
        if !self.control.ip().is_loopback() {
            return Err(format!("--control {}: the control socket is for loopback", self.control));
        }
        let express = self.dialect == Dialect::Express;
        let (least, usual, most) = if express { (10, 18, 18) } else { (9, 24, 25) };
        let maximum_version = self.maximum_version.unwrap_or(usual);
        if !(least..=most).contains(&maximum_version) {
            return Err(format!("--maximum-version {maximum_version}: it is {least} to {most}"));
        }
        let mut clients = Vec::new();
        for client in &self.client {
            let (id, password) = client.split_once(':').ok_or_else(|| {
                format!("--client {client:?}: it is an id, a colon and a password")
            })?;
            if id.is_empty() || id.len() > 63 || password.len() > 63 {
                return Err("--client: the id has 1 to 63 characters, the password up to 63".into());
            }
            clients.push((id.to_owned(), password.to_owned()));
        }
        let second = Duration::from_secs;
        Ok(Settings {
            express,
            minimum_version: least,
            maximum_version,
            width: self.tag_width.map(|width| if width == 1 { Width::One } else { Width::Two }),
            load: self.load == 1,
            population: self.population(express)?,
            clients,
            standby_sessions: self.standby_sessions,
            peripheral: if express { 1 } else { self.peripheral },
            idle_minimum: self.idle_timeout_minimum.unwrap_or(if express { 10 } else { 20 }),
            failure_conf_bytes: self.failure_conf_bytes,
            unique_instance_tag: self.unique_instance_tag,
            wrap_up: second(self.wrap_up_seconds),
            ring: second(self.ring_seconds),
            external_answer: Duration::from_millis(self.external_answer_milliseconds),
            lock_after: self.lock_after,
            password_failure: self.password_failure,
            disconnect_reason: self.disconnect_reason,
            require_not_ready_reason: self.require_not_ready_reason,
            require_logout_reason: self.require_logout_reason,
            require_wrap_up_data: self.require_wrap_up_data,
            login_event: !self.no_login_event,
            skill_group_events: !self.no_skill_group_events,
            records: self.record.is_some(),
            two_sides: self.listen_b.is_some(),
        })
    }

    fn population(&self, express: bool) -> Result<Population, String> {
        if let Some(path) = &self.agents {
            let named = |problem: String| format!("{}: {problem}", path.display());
            let text = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
            return Population::read(&text, express).map_err(named);
        }
        let population = match self.generate_agents {
            None => Population::small(&self.agent_password),
            Some(count) => {
                if !(1..=AGENTS_MAX).contains(&count) {
                    return Err(format!("--generate-agents {count}: it is 1 to {AGENTS_MAX}"));
                }
                Population::generated(&Pattern {
                    count,
                    first_id: self.first_id,
                    first_extension: self.first_extension,
                    password: self.agent_password.clone(),
                    team_size: self.team_size,
                    mobile: self.mobile_agents,
                })
            }
        };
        population.check(express)?;
        Ok(population)
    }
}
