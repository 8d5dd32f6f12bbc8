//! The configuration of Postfix 3: mail from outside in the clear, and submission with TLS both ways.

use std::path::{Path, PathBuf};

use super::accounts::Accounts;
use super::folder::{Folder, Ports};
use super::mailboxes::{Mailbox, domains};

/// Bytes of a mail, as large providers have it or more.
const MESSAGE_BYTES_MAX: u32 = 50 * 1024 * 1024;

/// Where packages put the programs that nobody starts by hand.
const DAEMONS: [&str; 2] = ["/usr/lib/postfix/sbin", "/usr/libexec/postfix"];

/// Services that take no more than their names; the columns are those of master(5).
const SERVICES: &str = "pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// The folder of Postfix's daemons, where it is installed.
pub(super) fn daemons() -> Option<&'static Path> {
    DAEMONS.iter().map(Path::new).find(|folder| folder.join("master").exists())
}

/// Writes the configuration; returns its folder.
pub(super) fn write(
    folder: &Folder,
    ports: &Ports,
    accounts: &Accounts,
    mailboxes: &[Mailbox],
    daemons: &Path,
) -> Result<PathBuf, String> {
    let configuration = folder.make("postfix/etc")?;
    folder.make("postfix/spool")?;
    // The master's lock file is made without rights.
    accounts.give_to_postfix(&folder.make("postfix/data")?)?;
    let each = |line: fn(&str) -> String| -> String {
        mailboxes.iter().map(|mailbox| line(&mailbox.address)).collect()
    };
    let known = each(|address| format!("{address} ok\n"));
    folder.write("postfix/etc/mailboxes", 0o644, &known)?;
    let senders = each(|address| format!("{address} {address}\n"));
    folder.write("postfix/etc/senders", 0o644, &senders)?;
    folder.write("postfix/etc/main.cf", 0o644, &main(folder, ports, mailboxes, daemons))?;
    folder.write("postfix/etc/master.cf", 0o644, &master(ports))?;
    Ok(configuration)
}

fn main(folder: &Folder, ports: &Ports, mailboxes: &[Mailbox], daemons: &Path) -> String {
    let place = folder.path().display();
    let Ports { lmtp, sasl, .. } = ports;
    let domains = domains(mailboxes).join(" ");
    let daemons = daemons.display();
    format!(
        "compatibility_level = 3.6
queue_directory = {place}/postfix/spool
data_directory = {place}/postfix/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {place}/postfix/postfix.log
maillog_file_prefixes = {place}
myhostname = localhost
myorigin = localhost
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
mydestination =
local_recipient_maps =
local_transport = error:nobody has mail on this system
alias_maps =
alias_database =
biff = no
virtual_mailbox_domains = {domains}
virtual_mailbox_maps = texthash:{place}/postfix/etc/mailboxes
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
# Nothing ever leaves this machine.
default_transport = discard
relay_transport = discard
minimal_backoff_time = 2s
maximal_backoff_time = 10s
queue_run_delay = 2s
smtpd_helo_required = yes
strict_rfc821_envelopes = yes
disable_vrfy_command = yes
smtpd_forbid_bare_newline = reject
smtpd_forbid_unauth_pipelining = yes
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtputf8_enable = yes
message_size_limit = {MESSAGE_BYTES_MAX}
mailbox_size_limit = 0
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
smtpd_sasl_security_options = noanonymous
smtpd_sasl_auth_enable = no
smtpd_sender_login_maps = texthash:{place}/postfix/etc/senders
smtpd_tls_cert_file = {place}/localhost.pem
smtpd_tls_key_file = {place}/localhost.key
smtpd_tls_protocols = >=TLSv1.2
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_auth_only = yes
"
    )
}

fn master(ports: &Ports) -> String {
    let Ports { smtp, submission, submissions, .. } = ports;
    let submitting = "  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_sender_restrictions=reject_authenticated_sender_login_mismatch
";
    format!(
        "127.0.0.1:{smtp} inet n - n - - smtpd
  -o smtpd_tls_security_level=none
127.0.0.1:{submission} inet n - n - - smtpd
{submitting}127.0.0.1:{submissions} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
{submitting}{SERVICES}"
    )
}
