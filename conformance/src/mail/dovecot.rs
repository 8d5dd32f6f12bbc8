//! The configuration of Dovecot 2.3: IMAP over TLS, delivery by LMTP, and who somebody is.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::accounts::Accounts;
use super::folder::{Folder, Ports};
use super::mailboxes::Mailbox;

/// Writes the configuration and the mailboxes; returns the configuration's file.
pub(super) fn write(
    folder: &Folder,
    ports: &Ports,
    accounts: &Accounts,
    mailboxes: &[Mailbox],
) -> Result<PathBuf, String> {
    folder.make("run")?;
    let mail = folder.make("mail")?;
    accounts.give_to_nobody(&mail)?;
    let mut users = String::new();
    for mailbox in mailboxes {
        let home = format!("mail/{}", mailbox.address);
        for part in ["", "/Maildir", "/Maildir/cur", "/Maildir/new", "/Maildir/tmp"] {
            accounts.give_to_nobody(&folder.make(&format!("{home}{part}"))?)?;
        }
        let password = STANDARD.encode(&mailbox.password);
        users.push_str(&format!("{}:{{PLAIN.b64}}{password}::::::\n", mailbox.address));
    }
    accounts.give_to_nobody(&folder.write("users", 0o600, &users)?)?;
    for (name, format) in [("mailbox", "%Lu"), ("application", "%Ld")] {
        let text = introspection(ports, name, format);
        folder.write(&format!("dovecot-{name}.conf"), 0o644, &text)?;
    }
    folder.write("dovecot.conf", 0o644, &configuration(folder, ports, &accounts.nobody_group))
}

/// A token is asked for twice: as one of a mailbox, and as one of an application that may use every mailbox of
/// its domain. The answer names the one or the other; names are compared in `format`.
fn introspection(ports: &Ports, name: &str, format: &str) -> String {
    let port = ports.introspection;
    format!(
        "introspection_mode = post\n\
         introspection_url = http://127.0.0.1:{port}/{name}\n\
         username_attribute = {name}\n\
         username_format = {format}\n\
         active_attribute = active\n\
         active_value = true\n\
         timeout_msecs = 5000\n"
    )
}

fn configuration(folder: &Folder, ports: &Ports, group: &str) -> String {
    let place = folder.path().display();
    let Ports { imaps, lmtp, sasl, .. } = ports;
    format!(
        r#"base_dir = {place}/run
state_dir = {place}/run
log_path = {place}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = nobody
default_internal_group = {group}
default_login_user = nobody
first_valid_uid = 1
first_valid_gid = 1
mail_uid = nobody
mail_gid = {group}
mail_location = maildir:~/Maildir
mail_max_userip_connections = 200
imap_idle_notify_interval = 30s
ssl = required
ssl_min_protocol = TLSv1.2
ssl_cert = <{place}/localhost.pem
ssl_key = <{place}/localhost.key
disable_plaintext_auth = yes
auth_mechanisms = plain login xoauth2 oauthbearer
auth_username_format = %Lu
auth_failure_delay = 0
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {place}/dovecot-mailbox.conf
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {place}/dovecot-application.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = username_format=%u {place}/users
}}
# Postfix has refused whoever has no mailbox.
userdb {{
  driver = static
  args = uid=nobody gid={group} home={place}/mail/%Lu allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox "Sent Items" {{
    special_use = \Sent
    auto = create
  }}
  mailbox Drafts {{
    special_use = \Drafts
    auto = create
  }}
  mailbox Outbox {{
    auto = create
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
# Without its socket nobody waits because somebody else mistook a password.
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {sasl}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
"#
    )
}
