//! What a key of the configuration is: its sort, its default and its meaning.

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A full host name.
    HostName,
    /// A path; a relative one counts from the folder of the configuration file.
    Path,
    /// The path of a file with a secret, or `credential:NAME` for one that systemd hands over.
    SecretPath,
    /// A whole number within both ends.
    Number(u64, u64),
    /// Yes or no.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// IP addresses to listen on.
    Addresses,
    /// IP networks, such as `10.1.0.0/16`; a plain address is a network of one.
    Networks,
    /// Host names or addresses in URLs, each with or without a port.
    PublicNames,
    /// The URL of a PostgreSQL database, without a password.
    DatabaseUrl,
    /// A URL that begins with `https://`.
    SecureUrl,
    /// Mail addresses.
    MailAddresses,
}

/// What holds where the key is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    /// Nothing, or what the key's text says; the text is an example for the sample.
    Absent(&'static str),
    /// That number.
    Number(u64),
    /// Yes or no.
    Switch(bool),
    /// That word or path.
    Word(&'static str),
    /// These elements.
    List(&'static [&'static str]),
}

/// One key of the configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// The full key, tables first.
    pub(super) key: &'static str,
    /// What it holds.
    pub(super) sort: Sort,
    /// What holds where it is not given.
    pub(super) fallback: Fallback,
    /// What it means, with its unit; lines as the sample shows them.
    pub(super) text: &'static [&'static str],
}

/// What a table of keys is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    /// The full key of the table.
    pub(super) key: &'static str,
    /// What it is for; lines as the sample shows them.
    pub(super) text: &'static [&'static str],
}

/// The most elements of a list.
pub(super) const LIST_MAX: usize = 64;

pub(super) const fn field(
    key: &'static str,
    sort: Sort,
    fallback: Fallback,
    text: &'static [&'static str],
) -> Field {
    Field { key, sort, fallback, text }
}

pub(super) const fn section(key: &'static str, text: &'static [&'static str]) -> Section {
    Section { key, text }
}
