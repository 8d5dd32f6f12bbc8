//! Who has a mailbox, as the command line says it.

use std::str::FromStr;

/// `name:password`; the name is an address, or what stands before the `@` of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    name: String,
    password: String,
}

/// A mailbox, whose user is its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mailbox {
    pub(super) address: String,
    pub(super) password: String,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, password)) = text.split_once(':') else {
            return Err("write name:password".to_owned());
        };
        // The name becomes a folder, and stands in files of the servers.
        let (local, domain) = name.split_once('@').unwrap_or((name, "x"));
        let allowed = |part: &str, more: &str| {
            let mut letters = part.chars();
            letters.next().is_some_and(|first| first.is_ascii_alphanumeric())
                && letters.all(|it| it.is_ascii_alphanumeric() || more.contains(it))
        };
        if !allowed(local, "._+-") || !allowed(domain, ".-") {
            return Err("the name may have letters, digits and . _ + - and one domain".to_owned());
        }
        if password.is_empty() || password.chars().any(char::is_control) {
            return Err("the password is empty or has control characters".to_owned());
        }
        Ok(Self { name: name.to_ascii_lowercase(), password: password.to_owned() })
    }
}

impl Wanted {
    /// The mailbox in `domain`, unless it names one of its own.
    pub(super) fn mailbox_in(&self, domain: &str) -> Mailbox {
        let address = if self.name.contains('@') {
            self.name.clone()
        } else {
            format!("{}@{domain}", self.name)
        };
        Mailbox { address, password: self.password.clone() }
    }
}

impl Mailbox {
    pub(super) fn domain(&self) -> &str {
        self.address.split_once('@').map_or("", |(_, domain)| domain)
    }
}

/// The domains of mailboxes, each once.
pub(super) fn domains(mailboxes: &[Mailbox]) -> Vec<&str> {
    let mut domains: Vec<_> = mailboxes.iter().map(Mailbox::domain).collect();
    domains.sort_unstable();
    domains.dedup();
    domains
}
