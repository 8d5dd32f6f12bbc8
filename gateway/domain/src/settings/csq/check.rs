//! What only several CSQs together say: no mailbox is another's (CCP-13), and not too many of them.

use super::{Csq, EMAIL_CSQS_MAX, MailProof};
use crate::settings::{Channel, MailServer, MailServerKind};
use crate::{Problem, Problems};

/// Notes mailboxes that another CSQ has too, by account or by address, and what is too many.
pub(in crate::settings) fn check_mailboxes<'c>(
    csqs: impl Iterator<Item = &'c Csq> + Clone,
    servers: &[MailServer],
    problems: &mut Problems,
) {
    let count = csqs.clone().filter(|csq| csq.channel == Channel::Email).count();
    if count > EMAIL_CSQS_MAX {
        let message = format_args!(
            "has {count} CSQs for email, and Jackfield takes at most {EMAIL_CSQS_MAX} of them; remove \
             those beyond"
        );
        problems.add("csqs", message);
    }
    let host = |name: &str| {
        let server = servers.iter().find(|server| server.name == name);
        server.map(|server| server.imap_host.to_ascii_lowercase())
    };
    for (position, csq) in csqs.clone().enumerate() {
        let Some(email) = &csq.email else { continue };
        let before = || csqs.clone().take(position).filter_map(|it| Some((it, it.email.as_ref()?)));
        let found = before().find(|(_, other)| {
            other.user_name().eq_ignore_ascii_case(email.user_name())
                && host(&other.mail_server) == host(&email.mail_server)
        });
        if let Some((other, _)) = found {
            let key = if email.user_name.is_some() { "user_name" } else { "address" };
            let message = format_args!(
                "is {}, whose mailbox the CSQ {:?} reads already; give each CSQ a mailbox of its own",
                email.user_name(),
                other.name
            );
            problems.add(format!("csqs[{position}].email.{key}"), message);
            continue;
        }
        for (number, address) in email.addresses().enumerate() {
            let is_same = |it: &str| it.eq_ignore_ascii_case(address);
            let found = before().find(|(_, other)| other.addresses().any(is_same));
            if let Some((other, _)) = found {
                let name = match number.checked_sub(1) {
                    None => "address".to_owned(),
                    Some(alias) => format!("aliases[{alias}]"),
                };
                let message = format_args!(
                    "is {address}, which is an address of the CSQ {:?} already; keep it in one of the \
                     two",
                    other.name
                );
                problems.add(format!("csqs[{position}].email.{name}"), message);
            }
        }
    }
}

/// What is taken but will not work, each under its key; every CSQ comes with whether it has a password.
pub(in crate::settings) fn warnings<'c>(
    csqs: impl Iterator<Item = (&'c Csq, bool)>,
    kind: impl Fn(&str) -> Option<MailServerKind>,
) -> Vec<Problem> {
    let mut problems = Problems::default();
    for (position, (csq, has_password)) in csqs.enumerate() {
        let Some(email) = &csq.email else { continue };
        let is_basic = [email.reading, email.sending].contains(&MailProof::Basic);
        if kind(&email.mail_server) == Some(MailServerKind::Gmail) && is_basic && !has_password {
            let message = format_args!(
                "is missing, so nobody signs in to the mailbox of {:?}; give one, or choose oauth with \
                 a google_key for reading and sending",
                csq.name
            );
            problems.add(format!("csqs[{position}].email.password"), message);
        }
    }
    problems.as_slice().to_vec()
}
