//! How a database is reached, and what a connection asks of it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use domain::Secret;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::OpenError;

/// How long connecting may take, all hosts together.
pub(super) const CONNECT: Duration = Duration::from_secs(3);
/// How long a call may wait for a connection, a new one included.
pub(super) const WAIT: Duration = Duration::from_secs(3);
/// How long the database may take for one call.
pub(super) const WORK: Duration = Duration::from_secs(3);
/// The same for what is much larger than what agents do: settings of a whole site, say.
pub(super) const LARGE_WORK: Duration = Duration::from_secs(60);

/// What the server itself ends, should this process or the network be gone: else locks of a node that
/// is no more would hold up the others. Every statement finds its rows by an index, and its plan does not
/// depend on what is bound: it is made once, not again for each execution, and does not go through a whole
/// table because that was small at the time. `jit` would compile for longer than any statement takes.
const SESSION: &str = "-c statement_timeout=3s -c lock_timeout=2s \
                       -c idle_in_transaction_session_timeout=4s \
                       -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off \
                       -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 \
                       -c tcp_keepalives_count=3 -c tcp_user_timeout=8s";

/// Whose clock says when leases end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeaseClock {
    /// The database's, so that clocks of nodes do not matter.
    #[default]
    Database,
    /// The callers'; for tests that set the time.
    Callers,
}

/// How to reach a PostgreSQL database, and how much to ask of it.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgresql://user@host:5432/database`; several hosts are separated by commas.
    pub url: String,
    /// The password, rather than in the URL.
    pub password: Option<Secret>,
    /// Certificates, in PEM, of the authorities that may vouch for the server.
    pub authority_file: Option<PathBuf>,
    /// The most connections, 4 to 64.
    pub connections: usize,
    /// Whose clock says when leases end.
    pub clock: LeaseClock,
}

impl fmt::Debug for PostgresOptions {
    /// Without the URL, which may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresOptions")
            .field("authority_file", &self.authority_file)
            .field("connections", &self.connections)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

impl PostgresOptions {
    /// The usual options for that database.
    pub fn new(url: impl Into<String>) -> Self {
        let clock = LeaseClock::default();
        Self { url: url.into(), password: None, authority_file: None, connections: 16, clock }
    }

    /// What the driver needs to know.
    pub(super) fn config(&self) -> Result<Config, OpenError> {
        // The driver does not know these words; every mode but `disable` verifies the certificate.
        let url = ["verify-full", "verify-ca", "prefer", "allow"]
            .iter()
            .fold(self.url.clone(), |url, mode| {
                url.replace(&format!("sslmode={mode}"), "sslmode=require")
            });
        // What the driver says may repeat parts of the URL, of a password in it too.
        let mut config: Config = url.parse().map_err(|_| OpenError::Url)?;
        if config.get_hosts().is_empty() || config.get_user().is_none() {
            return Err(OpenError::Url);
        }
        if let Some(password) = &self.password {
            config.password(password.expose());
        }
        let local = config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)));
        if local {
            config.ssl_mode(SslMode::Disable);
        } else if config.get_ssl_mode() != SslMode::Disable {
            config.ssl_mode(SslMode::Require);
        }
        let hosts = u32::try_from(config.get_hosts().len()).unwrap_or(1).max(1);
        if hosts > 1 {
            // Of a primary and its standbys, the one that can be written.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        if config.get_application_name().is_none() {
            config.application_name("jackfield");
        }
        let asked = config.get_options().map_or(String::new(), |options| format!(" {options}"));
        config
            .options(format!("{SESSION}{asked}"))
            .connect_timeout(CONNECT / hosts)
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(5))
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(3)
            .tcp_user_timeout(WORK + WAIT);
        Ok(config)
    }
}

/// Which database it is, for messages: never the user or a password.
pub(super) fn place(config: &Config) -> String {
    let hosts = config.get_hosts().iter().enumerate().map(|(number, host)| {
        let ports = config.get_ports();
        let port = ports.get(number).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(path) => path.display().to_string(),
        }
    });
    let hosts: Vec<_> = hosts.collect();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("{}/{database}", hosts.join(","))
}
