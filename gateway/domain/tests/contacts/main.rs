//! The rules of contacts and desks, by random lives against documents in memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::mail::{
    AnswerMode, ArrivedMail, BounceSaid, Bounced, Disposition, OutKind, OutState, Writing,
};
use domain::{
    AgentId, Closing, ContactWish, DeskWish, Document, DraftChange, LegEnd, Place, ReasonCode,
    Refusal, SignedOutBy, Timestamp, WrapUpChoice,
};
use proptest::prelude::*;

mod notices;
mod other_ids;
mod outgoing;
mod parameters;
mod records;
mod world;

use world::{Came, World, agent, arrived, writing};

#[derive(Clone, Debug)]
enum Action {
    Mail {
        csq: usize,
        uid: u32,
        customer: u8,
        answers: Option<usize>,
        subject: u8,
        automatic: bool,
    },
    Route,
    SignIn(u8),
    SignOut(u8),
    Ready(u8),
    NotReady(u8),
    Requeue {
        contact: usize,
        csq: usize,
    },
    Discard(usize),
    Write(usize),
    Send(usize),
    Out {
        contact: usize,
        state: u8,
    },
    Reassign {
        contact: usize,
        agent: u8,
    },
    TakeBack(usize),
    Release(usize),
    Clock(u32),
    Due(usize),
    Again(usize),
}

fn action() -> impl Strategy<Value = Action> {
    let mail = (0..2_usize, 1..40_u32, 0..3_u8, prop::option::of(0..20_usize), 0..2_u8);
    prop_oneof![
        6 => (mail, prop::bool::weighted(0.1)).prop_map(
            |((csq, uid, customer, answers, subject), automatic)| {
                Action::Mail { csq, uid, customer, answers, subject, automatic }
            }
        ),
        6 => Just(Action::Route),
        3 => (0..4_u8).prop_map(Action::SignIn),
        1 => (0..4_u8).prop_map(Action::SignOut),
        4 => (0..4_u8).prop_map(Action::Ready),
        1 => (0..4_u8).prop_map(Action::NotReady),
        2 => (0..20_usize, 0..2_usize).prop_map(|(contact, csq)| Action::Requeue { contact, csq }),
        1 => (0..20_usize).prop_map(Action::Discard),
        3 => (0..20_usize).prop_map(Action::Write),
        3 => (0..20_usize).prop_map(Action::Send),
        2 => (0..20_usize, 0..5_u8).prop_map(|(contact, state)| Action::Out { contact, state }),
        1 => (0..20_usize, 0..4_u8).prop_map(|(contact, agent)| Action::Reassign { contact, agent }),
        1 => (0..20_usize).prop_map(Action::TakeBack),
        1 => (0..20_usize).prop_map(Action::Release),
        2 => (1..9_000_u32).prop_map(Action::Clock),
        2 => (0..30_usize).prop_map(Action::Due),
        1 => (0..60_usize).prop_map(Action::Again),
    ]
}

fn act(world: &mut World, action: &Action) {
    let contact = |world: &World, number: usize| {
        let contacts = world.contacts();
        (!contacts.is_empty()).then(|| contacts[number % contacts.len()].clone())
    };
    match action {
        Action::Mail { csq, uid, customer, answers, subject, automatic } => {
            let mut mail = arrived(["support", "billing"][*csq], *uid, *customer);
            if let Some(number) = answers
                && let Some(contact) = contact(world, *number)
            {
                mail.answers = contact.mail.message_id.into_iter().collect();
            }
            mail.base_subject = format!("subject {subject}");
            mail.automatic = *automatic;
            world.mail(mail);
        }
        Action::Route => world.route(),
        Action::SignIn(who) => {
            world.desk(*who, DeskWish::SignIn { has_extension: false });
        }
        Action::SignOut(who) => {
            world.desk(*who, DeskWish::SignOut { reason: None, by: SignedOutBy::Agent });
        }
        Action::Ready(who) => {
            world.desk(*who, DeskWish::Ready);
        }
        Action::NotReady(who) => {
            world.desk(*who, DeskWish::NotReady { reason: None });
        }
        Action::Requeue { contact: number, csq } => {
            if let Some(it) = contact(world, *number) {
                let csq = ["support", "billing"][*csq].to_owned();
                world.contact(it.id, it.agent(), ContactWish::Requeue { csq });
            }
        }
        Action::Discard(number) => {
            if let Some(it) = contact(world, *number) {
                world.contact(it.id, it.agent(), ContactWish::Discard);
            }
        }
        Action::Write(number) => {
            if let Some(it) = contact(world, *number) {
                let follows = world.draft(it.id).map_or(0, |draft| draft.version);
                let change = DraftChange::Write { writing: writing("Hello"), follows };
                let change = Box::new(change);
                world.contact(it.id, it.agent(), ContactWish::SaveDraft { change });
            }
        }
        Action::Send(number) => {
            if let Some(it) = contact(world, *number) {
                let version = world.draft(it.id).map_or(0, |draft| draft.version);
                let domain = "example.test".to_owned();
                world.contact(it.id, it.agent(), ContactWish::Send { version, domain });
            }
        }
        Action::Out { contact: number, state } => {
            if let Some(out) = contact(world, *number).and_then(|it| it.answer) {
                let at = world.now;
                world.out(
                    out,
                    match state {
                        0 => OutState::Prepared,
                        1 => OutState::Sending { by: None, asks_copy: true },
                        2 => OutState::Accepted { at, is_filed: false, settled: 0 },
                        3 => OutState::Accepted { at, is_filed: true, settled: 0 },
                        _ => OutState::Failed {
                            at,
                            reason: "550 no".to_owned(),
                            is_unclear: false,
                            settled: 0,
                        },
                    },
                );
            }
        }
        Action::Reassign { contact: number, agent: who } => {
            if let Some(it) = contact(world, *number) {
                world.contact(it.id, None, ContactWish::Reassign { agent: agent(*who) });
            }
        }
        Action::TakeBack(number) => {
            if let Some(it) = contact(world, *number) {
                world.contact(it.id, None, ContactWish::TakeBack { csq: None });
            }
        }
        Action::Release(number) => {
            if let Some(it) = contact(world, *number) {
                world.contact(it.id, None, ContactWish::Release);
            }
        }
        Action::Clock(seconds) => world.pass(Duration::from_secs((*seconds).into())),
        Action::Due(number) => world.due(*number),
        Action::Again(number) => world.again(*number),
    }
}

/// What must be so at all times.
fn check(world: &World) {
    let mut in_hand: BTreeMap<_, AgentId> = BTreeMap::new();
    for desk in world.desks() {
        let Some(signed_in) = desk.signed_in() else { continue };
        assert!(signed_in.mails.len() <= 2, "more in hand than may be");
        for id in &signed_in.mails {
            assert_eq!(in_hand.insert(*id, desk.agent.clone()), None, "one contact at two desks");
        }
    }
    for contact in world.contacts() {
        let has = in_hand.remove(&contact.id);
        assert_eq!(contact.agent().cloned(), has, "a contact and a desk disagree: {contact:?}");
        if let Some(agent) = contact.agent() {
            let by_hand = contact
                .legs
                .iter()
                .any(|leg| matches!(leg.ended, Some((_, LegEnd::Requeued))) && leg.agent == *agent);
            let was_given = world.reassigned.contains(&(contact.id, agent.clone()));
            assert!(!by_hand || was_given, "a contact is back with who gave it back");
        }
        if let Place::Closed { how: Closing::Replied, .. } = contact.place {
            assert!(contact.answer.is_some_and(|out| world.mail_out(out).is_some()));
            assert!(world.draft(contact.id).is_none());
        }
        let open_legs = contact.legs.iter().filter(|leg| leg.ended.is_none()).count();
        assert_eq!(open_legs, usize::from(contact.agent().is_some()), "{contact:?}");
    }
    assert_eq!(in_hand, BTreeMap::new(), "a desk has what is no contact");
    // Every mail of the server stands in the ledger once, and is one contact or a repeat of one.
    let seen = world.seen();
    let made: Vec<_> = seen
        .iter()
        .filter_map(|seen| match seen.disposition {
            Disposition::Contact { contact } => Some(contact),
            _ => None,
        })
        .collect();
    let all: BTreeSet<_> = world.contacts().into_iter().map(|it| it.id).collect();
    assert_eq!(made.iter().copied().collect::<BTreeSet<_>>(), all);
    assert_eq!(made.len(), all.len());
    assert_eq!(seen.len(), world.arrived.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn rte_05_and_mail_09_contacts_keep_their_rules_through_random_lives(
        actions in prop::collection::vec(action(), 1..80)
    ) {
        let mut world = World::new();
        for action in &actions {
            act(&mut world, action);
            check(&world);
        }
        // Once nothing more happens nobody waits while somebody may take it.
        world.route();
        check(&world);
        prop_assert_eq!(world.routable(), Vec::new());
    }
}

fn ready(world: &mut World, who: u8) {
    world.desk(who, DeskWish::SignIn { has_extension: false });
    world.desk(who, DeskWish::Ready);
}

#[test]
fn mail_01_the_same_mail_is_one_contact_however_often_it_is_found() {
    let mut world = World::new();
    assert_eq!(world.mail(arrived("support", 7, 1)), Came::Done);
    assert_eq!(world.mail(arrived("support", 7, 1)), Came::Done);
    let mut again = arrived("support", 7, 1);
    again.uid_validity += 1;
    assert_eq!(world.mail(again), Came::Done);
    assert_eq!(world.contacts().len(), 1);
    // Another queue's mailbox has a mail of its own.
    let mut other = arrived("billing", 7, 1);
    other.csq = "billing".to_owned();
    world.mail(other);
    assert_eq!(world.contacts().len(), 2);
}

#[test]
fn mail_02_the_last_agent_has_it_first_for_as_long_as_the_settings_say() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let first = world.contacts()[0].clone();
    assert_eq!(first.agent(), Some(&agent(0)));
    world.answer(first.id);
    world.desk(0, DeskWish::NotReady { reason: None });
    ready(&mut world, 1);
    world.browser(1, 9, true);
    let mut next = arrived("support", 2, 1);
    next.answers = first.mail.message_id.clone().into_iter().collect();
    world.mail(next.clone());
    world.route();
    let second = world.contact_by_uid(2);
    assert_eq!((second.conversation, second.agent()), (first.conversation, None));
    // Four hours later anybody of the CSQ.
    world.pass(Duration::from_secs(4 * 3_600 + 1));
    world.all_due();
    world.route();
    assert_eq!(world.contact_by_uid(2).agent(), Some(&agent(1)));
    // With another subject there is no waiting for anybody.
    let mut third = arrived("support", 3, 1);
    third.answers = next.message_id.into_iter().collect();
    third.base_subject = "something else".to_owned();
    world.mail(third);
    let third = world.contact_by_uid(3);
    assert_eq!((third.conversation, third.sticky), (first.conversation, None));
}

#[test]
fn mail_02_a_machine_waits_for_nobody_and_a_stranger_joins_no_conversation() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let first = world.contacts()[0].clone();
    world.answer(first.id);
    let mut machine = arrived("support", 2, 1);
    machine.answers = first.mail.message_id.clone().into_iter().collect();
    machine.automatic = true;
    world.mail(machine);
    assert_eq!(world.contact_by_uid(2).sticky, None);
    let mut stranger = arrived("support", 3, 2);
    stranger.answers = first.mail.message_id.into_iter().collect();
    world.mail(stranger);
    let stranger = world.contact_by_uid(3);
    assert_ne!(stranger.conversation, first.conversation);
    assert_eq!((stranger.names, stranger.sticky), (Some(first.conversation), None));
}

#[test]
fn mail_03_only_an_agent_who_is_ready_and_has_a_place_gets_a_mail() {
    let mut world = World::new();
    world.desk(0, DeskWish::SignIn { has_extension: false });
    for uid in 1..=3 {
        world.mail(arrived("support", uid, 1));
    }
    world.route();
    assert!(world.contacts().iter().all(domain::Contact::is_queued));
    world.desk(0, DeskWish::Ready);
    world.route();
    let active = world.contacts().iter().filter(|it| it.agent().is_some()).count();
    assert_eq!(active, 2, "the limit of mails for one agent");
    assert!(world.contact_by_uid(3).is_queued(), "who waits longest comes first");
}

#[test]
fn mail_09_who_gave_it_back_never_gets_it_again_but_a_sign_out_may() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    world.desk(0, DeskWish::SignOut { reason: None, by: SignedOutBy::Agent });
    assert!(world.contact_by_uid(1).is_queued());
    ready(&mut world, 0);
    world.route();
    let contact = world.contact_by_uid(1);
    assert_eq!(contact.agent(), Some(&agent(0)));
    let csq = "support".to_owned();
    assert_eq!(
        world.contact(contact.id, contact.agent(), ContactWish::Requeue { csq }),
        Came::Done
    );
    world.route();
    assert!(world.contact_by_uid(1).is_queued(), "even when that one is free");
    ready(&mut world, 1);
    world.route();
    assert_eq!(world.contact_by_uid(1).agent(), Some(&agent(1)));
}

#[test]
fn mail_09_what_is_being_sent_on_is_not_given_back() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let contact = world.contact_by_uid(1);
    let forward = Writing { mode: AnswerMode::Forward, ..writing("See below") };
    let change = Box::new(DraftChange::Write { writing: forward, follows: 0 });
    world.contact(contact.id, contact.agent(), ContactWish::SaveDraft { change });
    let csq = "billing".to_owned();
    let came = world.contact(contact.id, contact.agent(), ContactWish::Requeue { csq });
    assert_eq!(came, Came::Refused(Refusal::ForwardOpen));
}

#[test]
fn mail_09_a_browser_that_comes_back_within_a_minute_keeps_its_contacts() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.browser(0, 1, true);
    world.mail(arrived("support", 1, 1));
    world.route();
    world.browser(0, 1, false);
    world.pass(Duration::from_secs(59));
    world.browser(0, 2, true);
    world.pass(Duration::from_secs(10));
    world.all_due();
    assert_eq!(world.contact_by_uid(1).agent(), Some(&agent(0)));
    // Away for longer: what is in hand waits for somebody else (DSK-03).
    world.browser(0, 2, false);
    world.pass(Duration::from_secs(61));
    world.all_due();
    let contact = world.contact_by_uid(1);
    assert!(contact.is_queued());
    assert_eq!(contact.legs[0].ended.unwrap().1, LegEnd::Lost);
    assert!(world.desks()[0].signed_in().is_none());
}

#[test]
fn mail_05_an_answer_is_owed_once_and_from_the_queue_the_contact_is_in() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let contact = world.contact_by_uid(1);
    let by = contact.agent().cloned();
    world.answer(contact.id);
    let closed = world.contact_by_uid(1);
    let out = world.mail_out(closed.answer.unwrap()).unwrap();
    assert_eq!((out.csq.as_str(), &out.state), ("support", &OutState::Queued));
    assert_eq!(world.promises("mail"), 1);
    // Sent again by an impatient hand: nothing more is owed.
    let send = ContactWish::Send { version: 1, domain: "example.test".to_owned() };
    assert_eq!(world.contact(contact.id, by.as_ref(), send), Came::Done);
    assert_eq!(world.promises("mail"), 1);
}

#[test]
fn mail_08_an_answer_that_nobody_took_comes_back_with_all_that_was_written() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let contact = world.contact_by_uid(1);
    world.answer(contact.id);
    let out = world.contact_by_uid(1).answer.unwrap();
    let reason = "550 no such user".to_owned();
    world.out(out, OutState::Failed { at: world.now, reason, is_unclear: false, settled: 0 });
    let back = world.contact_by_uid(1);
    assert!(back.is_queued());
    assert_eq!(back.sticky.as_ref().map(|it| &it.agent), Some(&agent(0)));
    assert_eq!(world.draft(contact.id).unwrap().writing.unwrap().html, "Hello");
    let notes = world.conversation(contact.conversation).notes;
    assert_eq!((notes.len(), notes[0].status.as_str()), (1, "550 no such user"));
    assert_eq!((notes[0].contact, notes[0].is_ours), (Some(contact.id), true));
    // A second word about it changes nothing.
    world.out(out, OutState::Accepted { at: world.now, is_filed: true, settled: 0 });
    assert!(world.contact_by_uid(1).is_queued());
}

/// As often as it was tried to send, and for the mailbox that sent it; anything else is a mail like any other.
#[test]
fn mail_01_a_copy_counts_for_its_own_mailbox_and_no_more_often_than_it_was_sent() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let contact = world.contact_by_uid(1);
    world.answer(contact.id);
    let out = world.contact_by_uid(1).answer.unwrap();
    let copy = |csq: &str, uid| ArrivedMail { copy_of: Some(out), ..arrived(csq, uid, 2) };
    let copies = |world: &World| world.mail_out(out).unwrap().proof.copies;
    // Nothing was sent yet, so nothing can come back.
    world.mail(copy("support", 2));
    assert_eq!((copies(&world), world.contacts().len()), (0, 2));
    world.out(out, OutState::Prepared);
    world.out(out, OutState::Sending { by: None, asks_copy: true });
    world.mail(copy("billing", 3));
    assert_eq!((copies(&world), world.contacts().len()), (0, 3));
    world.mail(copy("support", 4));
    assert_eq!((copies(&world), world.contacts().len()), (1, 3));
    // It is told once more by a round that broke off.
    world.mail(copy("support", 4));
    world.mail(copy("support", 5));
    assert_eq!((copies(&world), world.contacts().len()), (1, 4));
    let at = world.now;
    world.out(out, OutState::Accepted { at, is_filed: true, settled: 0 });
    assert!(!world.mail_out(out).unwrap().is_over(), "its copy lies in the inbox");
    world.out(out, OutState::Accepted { at, is_filed: true, settled: 1 });
    assert!(world.mail_out(out).unwrap().is_over());
}

#[test]
fn mail_04_no_more_than_twenty_in_each_field_and_no_files_on_what_is_sent_on() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let contact = world.contact_by_uid(1);
    let many = (0..21).map(|number| format!("c{number}@example.test")).collect();
    let written = Writing { cc: many, ..writing("Hello") };
    let change = Box::new(DraftChange::Write { writing: written, follows: 0 });
    let came = world.contact(contact.id, contact.agent(), ContactWish::SaveDraft { change });
    assert_eq!(came, Came::Refused(Refusal::TooMany { limit: 20 }));
}

#[test]
fn ccp_07_only_reasons_of_its_time_and_no_more_than_five() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let contact = world.contact_by_uid(1);
    let choice =
        |reason: &str| WrapUpChoice { category: "Orders".to_owned(), reason: reason.to_owned() };
    let wrap_up = |world: &mut World, chosen| {
        world.contact(contact.id, contact.agent(), ContactWish::WrapUp { chosen })
    };
    assert_eq!(wrap_up(&mut world, vec![choice("late")]), Came::Done);
    assert_eq!(
        wrap_up(&mut world, vec![choice("never heard")]),
        Came::Refused(Refusal::WrapUpUnknown)
    );
    // A change of the settings reaches new contacts only.
    world.reasons(&["lost"]);
    assert_eq!(wrap_up(&mut world, vec![choice("broken"), choice("late")]), Came::Done);
    assert_eq!(wrap_up(&mut world, vec![choice("lost")]), Came::Refused(Refusal::WrapUpUnknown));
    let many = ["late", "broken", "a", "b", "c", "d"].map(choice).to_vec();
    assert_eq!(wrap_up(&mut world, many), Came::Refused(Refusal::TooMany { limit: 5 }));
    world.mail(arrived("support", 2, 1));
    world.route();
    let next = world.contact_by_uid(2);
    let chosen = vec![choice("lost")];
    assert_eq!(world.contact(next.id, next.agent(), ContactWish::WrapUp { chosen }), Came::Done);
}

#[test]
fn mail_16_a_supervisor_moves_releases_and_takes_back() {
    let mut world = World::new();
    ready(&mut world, 0);
    ready(&mut world, 1);
    world.mail(arrived("support", 1, 1));
    world.route();
    let contact = world.contact_by_uid(1);
    let other = if contact.agent() == Some(&agent(0)) { 1 } else { 0 };
    let wish = ContactWish::Reassign { agent: agent(other) };
    assert_eq!(world.contact(contact.id, None, wish), Came::Done);
    assert_eq!(world.contact_by_uid(1).agent(), Some(&agent(other)));
    assert_eq!(world.contact(contact.id, None, ContactWish::TakeBack { csq: None }), Came::Done);
    assert!(world.contact_by_uid(1).is_queued());
    check(&world);
}

#[test]
fn rte_04_a_reason_that_the_team_does_not_have_is_refused() {
    let mut world = World::new();
    world.desk(0, DeskWish::SignIn { has_extension: false });
    let came = world.desk(0, DeskWish::NotReady { reason: Some(ReasonCode(99)) });
    assert!(matches!(came, Came::Refused(Refusal::ReasonUnknown { .. })));
    assert_ne!(Timestamp::from_seconds(0), world.now);
    assert!(world.documents().all(|it| !matches!(it, Document::Session(_))), "no line is needed");
}

#[test]
fn mail_12_changed_skills_leave_mails_in_work_where_they_are() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    world.without_skills(0);
    assert_eq!(world.contact_by_uid(1).agent(), Some(&agent(0)));
    // What comes next goes by the new ones.
    world.mail(arrived("support", 2, 1));
    world.route();
    assert!(world.contact_by_uid(2).is_queued());
    world.answer(world.contact_by_uid(1).id);
    assert!(world.contact_by_uid(1).is_closed());
}
