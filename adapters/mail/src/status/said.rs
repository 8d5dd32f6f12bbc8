//! What a node says of the mailboxes that it reads, so that whoever asks another node is told (CCP-11).
//!
//! A line each: state, last round in microseconds or `-`, mails behind, the CSQ, and why, with tabs between. Of a
//! node's word nothing is taken for granted: what cannot be read is left out.

use domain::Timestamp;

use super::{MailboxState, MailboxStatus};

/// Under this name a node says it.
pub const SAID_MAILBOXES: &str = "mailboxes";
/// The most bytes; a node repeats them with each sign of life. What has no room is known from its own console.
const BYTES_MAX: usize = 8_192;
/// The most characters of a reason.
const WHY_CHARACTERS_MAX: usize = 160;

/// How a node tells the mailboxes that it reads; `None` where it reads none.
pub(crate) fn said(statuses: &[MailboxStatus]) -> Option<String> {
    let mut text = String::new();
    for status in statuses {
        let (state, why) = match &status.state {
            MailboxState::Ok => ("ok", ""),
            MailboxState::Warned(why) => ("warned", why.as_str()),
            MailboxState::Failing(why) => ("failing", why.as_str()),
            MailboxState::StoreRefuses(why) => ("store", why.as_str()),
            MailboxState::Elsewhere | MailboxState::Unknown => continue,
        };
        let at = status.last_round_at.map(|at| at.microseconds().to_string());
        let at = at.as_deref().unwrap_or("-");
        let why: String = why
            .chars()
            .map(|it| if it.is_control() { ' ' } else { it })
            .take(WHY_CHARACTERS_MAX)
            .collect();
        let line = format!("{state}\t{at}\t{}\t{}\t{why}\n", status.behind, status.csq);
        if text.len() + line.len() <= BYTES_MAX {
            text.push_str(&line);
        }
    }
    (!text.is_empty()).then_some(text)
}

/// What another node said.
pub fn said_mailboxes(text: &str) -> Vec<MailboxStatus> {
    text.lines().filter_map(read).collect()
}

fn read(line: &str) -> Option<MailboxStatus> {
    let mut parts = line.splitn(5, '\t');
    let (state, at, behind, csq) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let why = parts.next()?.to_owned();
    let state = match state {
        "ok" => MailboxState::Ok,
        "warned" => MailboxState::Warned(why),
        "failing" => MailboxState::Failing(why),
        "store" => MailboxState::StoreRefuses(why),
        _ => return None,
    };
    let last_round_at = match at {
        "-" => None,
        at => Some(Timestamp::from_microseconds(at.parse().ok()?)),
    };
    Some(MailboxStatus { csq: csq.to_owned(), state, last_round_at, behind: behind.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(csq: &str, state: MailboxState) -> MailboxStatus {
        let last_round_at = Some(Timestamp::from_seconds(1_795_842_600));
        MailboxStatus { csq: csq.to_owned(), state, last_round_at, behind: 3 }
    }

    #[test]
    fn ccp_11_what_a_node_says_of_its_mailboxes_is_read_as_it_was_said() {
        let mut silent = status("silent", MailboxState::StoreRefuses("full".to_owned()));
        silent.last_round_at = None;
        let statuses = [
            status("support", MailboxState::Ok),
            status("a b/ü", MailboxState::Failing("refused\tagain\nand again".to_owned())),
            silent.clone(),
            status("elsewhere", MailboxState::Elsewhere),
        ];
        let read = said_mailboxes(&said(&statuses).unwrap());
        let failing = status("a b/ü", MailboxState::Failing("refused again and again".to_owned()));
        assert_eq!(read, [statuses[0].clone(), failing, silent]);
        assert_eq!(said(&statuses[3..]), None);
    }

    #[test]
    fn ccp_11_what_cannot_be_read_of_it_is_left_out() {
        for wrong in
            ["", "ok", "ok\t-\tx\tsupport\t", "odd\t-\t0\tsupport\t", "ok\tx\t0\tsupport\t"]
        {
            assert_eq!(said_mailboxes(wrong), [], "{wrong:?}");
        }
        let many: Vec<_> = (0..500)
            .map(|it| status(&format!("{it} {}", "x".repeat(50)), MailboxState::Ok))
            .collect();
        let text = said(&many).unwrap();
        assert!(text.len() <= BYTES_MAX && said_mailboxes(&text).len() > 50);
    }
}
