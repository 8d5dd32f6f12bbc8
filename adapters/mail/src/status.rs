//! How mailboxes stand, for whoever shows it: reachable, why not, how far behind.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::settings::{Channel, EmailCsq, Settings};

use crate::round::{Broken, Done};
use crate::way_out::{SendingFails, WaysOut};

mod said;

pub(crate) use said::said;
pub use said::{SAID_MAILBOXES, said_mailboxes};

/// After so many intervals without a finished round a mailbox fails, whatever the last try said.
const INTERVALS_MAX: u32 = 3;
/// So long before its last day an administrator is told that a secret ends.
const TOLD_DAYS: i64 = 30;
/// So long it is told that a server numbered its mails anew.
const RENUMBERED_FOR: Duration = Duration::from_secs(24 * 3_600);
/// A mailbox whose mails cannot be handed over for so long fails.
const UNSENT_FOR: Duration = Duration::from_secs(15 * 60);

/// How a mailbox stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailboxState {
    /// It is read.
    Ok,
    /// It is read, and somebody should look: a secret ends soon, mails were numbered anew, some are behind, or cannot be
    /// sent for a while.
    Warned(String),
    /// It is not read, or its mails cannot be sent.
    Failing(String),
    /// The store takes no mails, so none are fetched.
    StoreRefuses(String),
    /// Another node reads it.
    Elsewhere,
    /// Nothing is known yet.
    Unknown,
}

/// How the mailbox of a CSQ stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxStatus {
    /// Which CSQ.
    pub csq: String,
    /// How it stands.
    pub state: MailboxState,
    /// When the last round was finished here.
    pub last_round_at: Option<Timestamp>,
    /// Mails that wait for another try.
    pub behind: u32,
}

/// What is known of one mailbox.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Since when this node reads it; none while another does.
    ours_since: Option<Timestamp>,
    is_elsewhere: bool,
    last_round_at: Option<Timestamp>,
    behind: u32,
    renumbered_at: Option<Timestamp>,
    trouble: Option<String>,
    is_store: bool,
}

/// What is known of all mailboxes.
#[derive(Debug, Default)]
pub(crate) struct Statuses(Mutex<BTreeMap<String, Known>>);

impl Statuses {
    fn change(&self, csq: &str, change: impl FnOnce(&mut Known)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(csq.to_owned()).or_default());
    }

    /// This node reads it.
    pub(crate) fn ours(&self, csq: &str, now: Timestamp) {
        self.change(csq, |known| {
            known.is_elsewhere = false;
            known.ours_since.get_or_insert(now);
        });
    }

    /// Another node does.
    pub(crate) fn elsewhere(&self, csq: &str) {
        self.change(csq, |known| *known = Known { is_elsewhere: true, ..Known::default() });
    }

    /// A round was finished.
    pub(crate) fn finished(&self, csq: &str, now: Timestamp, done: &Done) {
        self.change(csq, |known| {
            known.last_round_at = Some(now);
            known.behind = done.behind;
            known.trouble = None;
            known.is_store = false;
            if done.is_renumbered {
                known.renumbered_at = Some(now);
            }
        });
    }

    /// A round broke off.
    pub(crate) fn broke(&self, csq: &str, broken: &Broken) {
        self.change(csq, |known| {
            known.trouble = Some(broken.to_string());
            known.is_store = matches!(broken, Broken::Store(_));
        });
    }

    /// It cannot be begun, for that reason.
    pub(crate) fn unusable(&self, csq: &str, why: &str) {
        self.change(csq, |known| known.trouble = Some(why.to_owned()));
    }

    /// CSQs that the settings no longer have are forgotten.
    pub(crate) fn retain(&self, keep: impl Fn(&str) -> bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|csq, _| keep(csq));
    }

    /// How the mailboxes of all email CSQs of these settings stand, by name.
    pub(crate) fn all(
        &self,
        settings: &Settings,
        ways: &WaysOut,
        now: Timestamp,
    ) -> Vec<MailboxStatus> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let csqs = settings.csqs_of(Channel::Email);
        let status = |csq: &domain::settings::Csq| {
            let email = csq.email.as_ref()?;
            let known = all.get(&csq.name).cloned().unwrap_or_default();
            Some(MailboxStatus {
                csq: csq.name.clone(),
                state: with_sending(state(&known, email, now), ways.of(&csq.name), now),
                last_round_at: known.last_round_at,
                behind: known.behind,
            })
        };
        csqs.filter_map(status).collect()
    }
}

fn state(known: &Known, email: &EmailCsq, now: Timestamp) -> MailboxState {
    if known.is_elsewhere {
        return MailboxState::Elsewhere;
    }
    if let Some(trouble) = &known.trouble {
        return match known.is_store {
            true => MailboxState::StoreRefuses(trouble.clone()),
            false => MailboxState::Failing(trouble.clone()),
        };
    }
    let Some(since) = known.last_round_at.or(known.ours_since) else {
        return MailboxState::Unknown;
    };
    let patience = Duration::from_secs(u64::from(email.poll_seconds)) * INTERVALS_MAX;
    if now.since(since) >= patience {
        return MailboxState::Failing(format!(
            "no round of reading was finished for {} s",
            now.since(since).as_secs()
        ));
    }
    if known.last_round_at.is_none() {
        return MailboxState::Unknown;
    }
    warning(known, email, now).map_or(MailboxState::Ok, MailboxState::Warned)
}

/// How it stands where mails cannot be handed over; that it is not read comes first, and is most often why.
fn with_sending(state: MailboxState, fails: Option<SendingFails>, now: Timestamp) -> MailboxState {
    let Some(SendingFails { since, why, waiting }) = fails else { return state };
    if matches!(state, MailboxState::Failing(_) | MailboxState::StoreRefuses(_)) {
        return state;
    }
    let lasting = now.since(since);
    let said = format!(
        "its mails cannot be sent for {} min, {waiting} wait: {why}",
        lasting.as_secs().div_euclid(60)
    );
    match lasting >= UNSENT_FOR {
        true => MailboxState::Failing(said),
        false => MailboxState::Warned(said),
    }
}

fn warning(known: &Known, email: &EmailCsq, now: Timestamp) -> Option<String> {
    if let Some(day) = email.client_secret_expires_on {
        let left = day.days_since_1970() - now.seconds().div_euclid(86_400);
        if left < 0 {
            return Some(format!("its client secret ended on {day}; put in a new one"));
        }
        if left <= TOLD_DAYS {
            return Some(format!("its client secret ends on {day}; put in a new one before"));
        }
    }
    if known.renumbered_at.is_some_and(|at| now.since(at) < RENUMBERED_FOR) {
        return Some(
            "the mail server numbered its mails anew; what came since a day before the last one that was dealt with was looked at again".to_owned(),
        );
    }
    let behind = known.behind;
    (behind > 0).then(|| format!("{behind} mails could not be fetched yet"))
}

#[cfg(test)]
mod tests;
