//! What is told of mailboxes.

use super::*;
use crate::testing::{START, settings};

fn state_of(statuses: &Statuses, settings: &Settings, now: Timestamp) -> MailboxState {
    statuses.all(settings, &WaysOut::default(), now).remove(0).state
}

#[test]
fn a_mailbox_without_a_finished_round_in_three_intervals_fails() {
    let settings = settings(|_| {});
    let statuses = Statuses::default();
    assert_eq!(state_of(&statuses, &settings, START), MailboxState::Unknown);
    statuses.ours("support", START);
    assert_eq!(state_of(&statuses, &settings, START), MailboxState::Unknown);
    statuses.finished("support", START, &Done::default());
    let later = |seconds| START.after(Duration::from_secs(seconds));
    assert_eq!(state_of(&statuses, &settings, later(539)), MailboxState::Ok);
    let state = state_of(&statuses, &settings, later(540));
    assert!(matches!(state, MailboxState::Failing(_)), "{state:?}");
}

#[test]
fn what_keeps_a_mailbox_from_being_read_is_told_in_words_until_it_is_read() {
    let settings = settings(|_| {});
    let statuses = Statuses::default();
    let trouble = crate::trouble::Trouble::Unusable("no such folder".to_owned());
    statuses.broke("support", &Broken::Server(trouble));
    let state = state_of(&statuses, &settings, START);
    assert_eq!(state, MailboxState::Failing("no such folder".to_owned()));
    statuses.broke("support", &Broken::Store(engine::SubmitError::Stopping));
    let state = state_of(&statuses, &settings, START);
    assert!(matches!(state, MailboxState::StoreRefuses(_)), "{state:?}");
    statuses.finished("support", START, &Done::default());
    assert_eq!(state_of(&statuses, &settings, START), MailboxState::Ok);
    statuses.elsewhere("support");
    assert_eq!(state_of(&statuses, &settings, START), MailboxState::Elsewhere);
}

#[test]
fn mail_16_a_client_secret_that_ends_soon_is_told_of_before_and_after() {
    // START is in 2026-11.
    for (day, is_told) in [("2027-03-01", false), ("2026-12-20", true), ("2026-11-01", true)] {
        let settings = settings(|file| {
            file["mail_servers"][0]["kind"] = "office365".into();
            let email = &mut file["csqs"][0]["email"];
            email["reading"] = "oauth".into();
            for (name, value) in [
                ("tenant", "t"),
                ("client_id", "c"),
                ("client_secret", "s"),
                ("client_secret_expires_on", day),
            ] {
                email[name] = value.into();
            }
        });
        let statuses = Statuses::default();
        statuses.finished("support", START, &Done::default());
        let state = state_of(&statuses, &settings, START);
        assert_eq!(
            matches!(&state, MailboxState::Warned(why) if why.contains(day)),
            is_told,
            "{state:?}"
        );
    }
}

#[test]
fn mails_numbered_anew_are_told_of_for_a_day() {
    let settings = settings(|_| {});
    let statuses = Statuses::default();
    statuses.finished("support", START, &Done { is_renumbered: true, ..Done::default() });
    statuses.finished("support", START, &Done::default());
    let MailboxState::Warned(said) = state_of(&statuses, &settings, START) else { panic!() };
    assert!(said.contains("since a day before the last one that was dealt with"), "{said}");
}

#[test]
fn ccp_11_a_mailbox_whose_mails_cannot_be_sent_is_amiss_and_after_a_quarter_of_an_hour_down() {
    let settings = settings(|_| {});
    let (statuses, ways) = (Statuses::default(), WaysOut::default());
    let state_at = |seconds| {
        let now = START.after(Duration::from_secs(seconds));
        statuses.finished("support", now, &Done::default());
        statuses.all(&settings, &ways, now).remove(0).state
    };
    assert_eq!(state_at(0), MailboxState::Ok);
    ways.fails("support", START, "no such user");
    ways.wait(&[("support".to_owned(), 3)].into());
    let said = "its mails cannot be sent for 14 min, 3 wait: a wrong password";
    ways.fails("support", START.after(Duration::from_secs(60)), "a wrong password");
    assert_eq!(state_at(899), MailboxState::Warned(said.to_owned()));
    let said = "its mails cannot be sent for 15 min, 3 wait: a wrong password";
    assert_eq!(state_at(900), MailboxState::Failing(said.to_owned()));
    // Another node reads it, and this one sends all the same.
    statuses.elsewhere("support");
    let now = START.after(Duration::from_secs(900));
    let state = statuses.all(&settings, &ways, now).remove(0).state;
    assert!(matches!(state, MailboxState::Failing(_)), "{state:?}");
    ways.works("support");
    assert_eq!(statuses.all(&settings, &ways, now).remove(0).state, MailboxState::Elsewhere);
}
