//! Where a directory is and how it is asked; checked before anything is sent.

use std::sync::Arc;
use std::time::Duration;

use domain::settings::DirectorySecurity;
use domain::{Problems, Secret};
use protocols::ldap::Filter;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};

/// The most servers of one directory.
pub const HOSTS_MAX: usize = 4;
/// Finds a user by what they typed; in Active Directory `sAMAccountName` stands for `uid`.
pub const DEFAULT_USER_FILTER: &str = "(&(objectClass=person)(uid={user}))";
/// Finds the groups of an entry; in Active Directory
/// `(member:1.2.840.113556.1.4.1941:={dn})` finds the groups of groups at once.
pub const DEFAULT_GROUP_FILTER: &str = "(|(member={dn})(uniqueMember={dn}))";
/// The longest that a server is waited for, in seconds.
const TIMEOUT_SECONDS_MAX: u32 = 60;

/// A directory as settings describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its name.
    pub name: String,
    /// Its servers, all of which know the same; each is tried when the one before does not answer.
    pub hosts: Vec<Host>,
    /// How connections are kept private.
    pub security: Security,
    /// The entry we are when we look for users.
    pub bind_dn: String,
    /// Its password, never empty.
    pub bind_password: Secret,
    /// The entry below which users are.
    pub base_dn: String,
    /// Finds one user; `{user}` stands for what was typed.
    pub user_filter: String,
    /// The attribute that is a user's id here: `uid`, `sAMAccountName`.
    pub id_attribute: String,
    /// The attribute by which people are called: `cn`, `displayName`.
    pub name_attribute: String,
    /// How the groups of a user are found.
    pub groups: Groups,
    /// The authorities that vouch for the servers, as PEM.
    pub authorities_pem: String,
    /// How long a server may take for each step, 1 to 60 seconds.
    pub timeout_seconds: u32,
}

impl Directory {
    /// A directory as the settings in force describe it, with its password opened and the certificates
    /// that are trusted for directories.
    #[must_use]
    pub fn of_settings(
        settings: &domain::settings::Directory,
        bind_password: Secret,
        authorities_pem: &str,
    ) -> Self {
        let hosts = settings.servers.iter();
        let groups = match &settings.group_base_dn {
            None => Groups::Attribute(settings.group_attribute.clone()),
            Some(base_dn) => Groups::Search {
                base_dn: base_dn.clone(),
                filter: DEFAULT_GROUP_FILTER.to_owned(),
                nested: true,
            },
        };
        Self {
            name: settings.name.clone(),
            hosts: hosts.map(|it| Host { host: it.host.clone(), port: it.port }).collect(),
            security: match settings.security {
                DirectorySecurity::Ldaps => Security::Ldaps,
                DirectorySecurity::StartTls => Security::StartTls,
                DirectorySecurity::Plain => Security::Plain,
            },
            bind_dn: settings.bind_dn.clone(),
            bind_password,
            base_dn: settings.base_dn.clone(),
            user_filter: settings.user_filter.clone(),
            id_attribute: settings.id_attribute.clone(),
            name_attribute: settings.name_attribute.clone(),
            groups,
            authorities_pem: authorities_pem.to_owned(),
            timeout_seconds: settings.timeout_seconds,
        }
    }
}

/// A server of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name, which its certificate must have, or its address.
    pub host: String,
    /// Its port: 636 for LDAPS, else 389.
    pub port: u16,
}

impl std::fmt::Display for Host {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

/// How a connection is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Ldaps,
    /// TLS before anything else is said.
    StartTls,
    /// Not at all: whoever is in between reads every password. Only where settings say so in words.
    Plain,
}

/// How the groups of a user are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Groups {
    /// In an attribute of the user, `memberOf`.
    Attribute(String),
    /// By a search.
    Search {
        /// The entry below which groups are.
        base_dn: String,
        /// Finds the groups of an entry; `{dn}` stands for its name.
        filter: String,
        /// Whether groups of groups are looked for too, one search for each.
        nested: bool,
    },
}

/// A directory whose settings are checked.
#[derive(Clone)]
pub struct Prepared {
    pub(crate) directory: Directory,
    pub(crate) user_filter: Filter,
    pub(crate) group_filter: Option<Filter>,
    pub(crate) timeout: Duration,
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "directory {}", self.directory.name)
    }
}

impl Prepared {
    /// Checks a directory's settings; every problem is told at once, under its member's name.
    pub fn new(directory: Directory) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        if directory.hosts.is_empty() || directory.hosts.len() > HOSTS_MAX {
            problems.add("hosts", format_args!("must be 1 to {HOSTS_MAX} servers"));
        }
        let private = directory.security != Security::Plain;
        for host in &directory.hosts {
            let named = ServerName::try_from(host.host.as_str()).is_ok();
            if host.port == 0 || !named {
                problems.add("hosts", format_args!("has {host}, which is no name and port"));
            }
        }
        // With an empty one a server lets anybody in as nobody, and says yes.
        if directory.bind_dn.is_empty() || directory.bind_password.expose().is_empty() {
            problems.add("bind_dn", "and bind_password must both be there");
        }
        for (name, text) in [
            ("bind_dn", &directory.bind_dn),
            ("base_dn", &directory.base_dn),
            ("id_attribute", &directory.id_attribute),
            ("name_attribute", &directory.name_attribute),
        ] {
            if text.len() > 1_024 || text.chars().any(char::is_control) {
                problems.add(name, "must be at most 1024 bytes without control characters");
            }
        }
        if directory.id_attribute.is_empty() {
            problems.add("id_attribute", "is missing");
        }
        let filter = Filter::parse(&directory.user_filter, &["user"]);
        let user_filter = problems.keep("user_filter", filter);
        if user_filter.as_ref().is_some_and(|filter| !filter.has_place("user")) {
            problems.add("user_filter", "must have {user} where what was typed belongs");
        }
        let group_filter = match &directory.groups {
            Groups::Attribute(_) => None,
            Groups::Search { filter, .. } => {
                let filter = problems.keep("groups.filter", Filter::parse(filter, &["dn"]));
                if filter.as_ref().is_some_and(|filter| !filter.has_place("dn")) {
                    problems.add("groups.filter", "must have {dn} where the member belongs");
                }
                filter
            }
        };
        if !(1..=TIMEOUT_SECONDS_MAX).contains(&directory.timeout_seconds) {
            problems.add("timeout_seconds", format_args!("must be 1 to {TIMEOUT_SECONDS_MAX}"));
        }
        let tls = private.then(|| tls(&directory.authorities_pem));
        let tls = tls.map(|tls| problems.keep("authorities_pem", tls));
        let timeout = Duration::from_secs(directory.timeout_seconds.into());
        problems.into_result()?;
        match (user_filter, tls) {
            (Some(user_filter), tls) => {
                Ok(Self { directory, user_filter, group_filter, timeout, tls: tls.flatten() })
            }
            // Each of these left a problem behind.
            (None, _) => Err(Problems::default()),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.directory.name
    }
}

/// TLS that trusts whom these authorities vouch for, and nobody else.
pub(crate) fn tls(authorities_pem: &str) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(authorities_pem.as_bytes());
    // A machine's own bundle may hold some that are written in old ways; they vouch for nobody here.
    roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    if roots.is_empty() {
        return Err("must hold the certificate of the authority that signed the servers'".into());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
