//! Real mail servers in a folder of their own, and small clients that send and read mail.
//!
//! The servers are Dovecot (IMAP, LMTP, SASL), Postfix (mail from outside, submission), and on wish tinyproxy
//! and Dante as proxies; tokens are issued and looked up here, written from RFC 6749, 7523 and 7662. The
//! clients are written from RFC 5321, 3207, 4954 and 9051 alone. Nothing here knows any gateway's code.
//!
//! - `options`: the command line of the servers, and their life as one.
//! - `folder`: what is kept from one start to the next: ports, certificates, the client's secret, mail.
//! - `mailboxes`: who has a mailbox; `accounts`: the system's accounts that the servers run as.
//! - `dovecot`, `postfix`, `proxies`: the configurations.
//! - `children`: the programs as processes; whatever dies is told, and all end together.
//! - `tokens`: who gets a token and what a token is good for, without sockets; `token_server`: the sockets.
//! - `wire`: connections of the clients; `sasl`: signing in; `smtp`, `imap`: the clients; `message`: one mail;
//!   `clients`: their command lines.

mod accounts;
mod children;
mod clients;
mod dovecot;
mod folder;
mod imap;
mod mailboxes;
mod message;
mod options;
mod postfix;
mod proxies;
mod sasl;
mod smtp;
#[cfg(test)]
mod tests;
mod token_server;
mod tokens;
mod wire;

pub(crate) use self::clients::{MailReadArguments, MailSendArguments, run_read, run_send};
pub(crate) use self::options::{MailServersArguments, run as run_servers};

/// The name that every server's certificate has.
const HOST: &str = "localhost";
