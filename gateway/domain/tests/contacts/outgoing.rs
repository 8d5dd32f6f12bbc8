//! Who of several that would send a mail does, and what is left of mails in the end.

use domain::Kind;
use domain::mail::{DraftFile, MailOut, OpenMail, OpenStage, Sender};

use super::*;

const NODES: [&str; 2] = ["gw-a", "gw-b"];

fn sending(node: usize) -> OutState {
    let by = Sender { node: NODES[node].parse().unwrap(), life: "1".to_owned() };
    OutState::Sending { by: Some(by), asks_copy: true }
}

fn failed(at: Timestamp) -> OutState {
    let reason = "550 no".to_owned();
    OutState::Failed { at, reason, is_unclear: false, settled: 0 }
}

/// A contact that was answered, and the answer.
fn answered(world: &mut World) -> domain::ContactId {
    ready(world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let contact = world.contact_by_uid(1);
    world.answer(contact.id);
    world.contact_by_uid(1).answer.unwrap()
}

/// What a node does: it looks where the mail is, or says something of it by what it saw last.
#[derive(Clone, Debug)]
enum Doing {
    Looks(usize),
    Says(usize, u8),
}

fn doing() -> impl Strategy<Value = Doing> {
    let node = 0..2_usize;
    prop_oneof![
        2 => node.clone().prop_map(Doing::Looks),
        5 => (node, 0..5_u8).prop_map(|(node, what)| Doing::Says(node, what)),
    ]
}

proptest! {
    /// Whoever is told that a mail is theirs to hand over had it from where its bytes are kept, and nobody else is
    /// told so before that try is over; only that a server took it is believed whoever says it.
    #[test]
    fn mail_13_of_two_nodes_that_would_send_a_mail_one_does(
        doings in prop::collection::vec(doing(), 1..60)
    ) {
        let mut world = World::new();
        let out = answered(&mut world);
        let state = |world: &World| world.mail_out(out).unwrap().state;
        let mut seen = [state(&world), state(&world)];
        let at = world.now;
        for doing in doings {
            match doing {
                Doing::Looks(node) => seen[node] = state(&world),
                Doing::Says(node, what) => {
                    let before = world.mail_out(out).unwrap();
                    let says = match what {
                        0 => OutState::Prepared,
                        1 | 2 => sending(node),
                        3 => OutState::Unknown { since: Some(at) },
                        _ => OutState::Accepted { at, is_filed: false, settled: 0 },
                    };
                    let was = seen[node].clone();
                    let came = world.out_from(out, was.clone(), says.clone());
                    let after = world.mail_out(out).unwrap();
                    let is_sending = matches!(says, OutState::Sending { .. });
                    if is_sending && came == Came::Done {
                        prop_assert_eq!(&before.state, &OutState::Prepared);
                        prop_assert_eq!(after.tries, before.tries + 1);
                    }
                    if before.state != was && !matches!(says, OutState::Accepted { .. }) {
                        prop_assert_eq!(&after, &before);
                        prop_assert!(came != Came::Done || before.state == says);
                    }
                    if came == Came::Done {
                        seen[node] = after.state;
                    }
                }
            }
        }
    }
}

#[test]
fn mail_13_that_a_mail_is_being_sent_is_taken_once() {
    let mut world = World::new();
    let out = answered(&mut world);
    world.out(out, OutState::Prepared);
    assert_eq!(world.out_from(out, OutState::Prepared, sending(0)), Came::Done);
    let stale = Came::Refused(Refusal::Stale);
    assert_eq!(world.out_from(out, OutState::Prepared, sending(1)), stale);
    assert_eq!(world.out_from(out, OutState::Prepared, sending(0)), stale);
    assert_eq!(world.out_from(out, sending(1), OutState::Prepared), stale);
    assert_eq!(world.mail_out(out).unwrap().tries, 1);
    // The second node took the first one for dead, and the first one heard from the server after all.
    let unknown = OutState::Unknown { since: Some(world.now) };
    assert_eq!(world.out_from(out, sending(0), unknown), Came::Done);
    let accepted = OutState::Accepted { at: world.now, is_filed: false, settled: 0 };
    assert_eq!(world.out_from(out, sending(0), accepted.clone()), Came::Done);
    assert_eq!(world.mail_out(out).unwrap().state, accepted);
}

/// The first try may have arrived, and the second one is refused: its writer is told so, and so is what comes of the copy.
#[test]
fn mail_05_what_was_unclear_once_is_given_back_as_unclear_whatever_ends_it() {
    for is_found_out in [false, true] {
        let mut world = World::new();
        let out = answered(&mut world);
        world.out(out, OutState::Prepared);
        world.out(out, sending(0));
        world.out(out, OutState::Unknown { since: Some(world.now) });
        if !is_found_out {
            // Nothing was found, so it is sent once more.
            world.out(out, OutState::Prepared);
            world.out(out, sending(0));
        }
        assert_eq!(world.out(out, failed(world.now)), Came::Done);
        let OutState::Failed { is_unclear: true, reason, .. } = world.mail_out(out).unwrap().state
        else {
            panic!("it may have arrived")
        };
        assert!(reason.contains("may have reached the customer"), "{reason}");
        assert!(reason.ends_with("550 no") && reason.len() < 200, "{reason}");
        let contact = world.contact_by_uid(1);
        let notes = world.conversation(contact.conversation).notes;
        assert_eq!((notes[0].action.as_str(), &notes[0].status), ("unclear", &reason));
        world.mail(ArrivedMail { copy_of: Some(out), ..arrived("support", 2, 2) });
        let notes = world.conversation(contact.conversation).notes;
        assert_eq!(notes[1].action, "taken");
    }
    let mut world = World::new();
    let out = answered(&mut world);
    world.out(out, failed(world.now));
    assert_eq!(world.mail_out(out).unwrap().state, failed(world.now), "it was never tried");
}

/// The node that was sending heard from the server, and could tell nobody before another one gave the answer back.
#[test]
fn mail_13_that_a_server_took_an_answer_is_believed_after_it_was_given_back() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let contact = world.contact_by_uid(1);
    let file = DraftFile {
        id: domain::ContactId(77),
        name: "terms.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes: 9,
        is_inline: false,
    };
    let change = Box::new(DraftChange::AddFile(file.clone()));
    let by = contact.agent().cloned();
    let wish = ContactWish::SaveDraft { change };
    assert_eq!(world.contact(contact.id, by.as_ref(), wish), Came::Done);
    world.answer(contact.id);
    let out = world.contact_by_uid(1).answer.unwrap();
    world.out(out, OutState::Prepared);
    world.out(out, sending(0));
    world.out(out, OutState::Unknown { since: Some(world.now) });
    assert_eq!(world.out(out, failed(world.now)), Came::Done);
    assert!(!world.swept.contains(&format!("out/{out}")), "it may be filed still");
    let accepted = OutState::Accepted { at: world.now, is_filed: false, settled: 0 };
    assert_eq!(world.out_from(out, sending(0), accepted.clone()), Came::Done);
    assert_eq!(world.mail_out(out).unwrap().state, accepted);
    let contact = world.contact_by_uid(1);
    let said = |world: &World| -> Vec<String> {
        let notes = world.conversation(contact.conversation).notes;
        notes.into_iter().map(|note| note.action).collect()
    };
    assert_eq!(said(&world), ["unclear", "taken"]);
    assert!(contact.is_queued() && contact.answer.is_none(), "its writer judges");
    // What comes after that says nothing new.
    world.mail(ArrivedMail { copy_of: Some(out), ..arrived("support", 2, 2) });
    let filed = OutState::Accepted { at: world.now, is_filed: true, settled: 1 };
    assert_eq!(world.out(out, filed), Came::Done);
    assert_eq!(said(&world), ["unclear", "taken"]);
    assert!(!world.swept.contains(&file.blob()), "the draft has it");
    // What was refused for certain was not taken.
    let mut world = World::new();
    let out = answered(&mut world);
    world.out(out, failed(world.now));
    assert_eq!(world.out_from(out, sending(0), accepted), Came::Refused(Refusal::Stale));
}

#[test]
fn mail_13_mails_stand_in_their_index_by_when_they_are_due() {
    let mut world = World::new();
    let out = answered(&mut world);
    let mail = world.mail_out(out).unwrap();
    let open = OpenMail::of(&mail).unwrap();
    assert_eq!((open.stage, open.due_at), (OpenStage::Unsent, mail.at));
    let odd = MailOut {
        csq: "a/b ~ \u{e4}".to_owned(),
        next_try_at: Some(mail.at.after(Duration::from_secs(90))),
        state: OutState::Unknown { since: None },
        ..mail.clone()
    };
    for mail in [mail.clone(), odd] {
        let open = OpenMail::of(&mail).unwrap();
        assert_eq!(OpenMail::from_index(out, &open.index_value()), Some(open));
    }
    // As programs before had it: it says nothing but when it was asked for.
    assert_eq!(OpenMail::from_index(out, &OpenMail::former_value(&mail)), None);
    world.out(out, failed(world.now));
    assert_eq!(OpenMail::of(&world.mail_out(out).unwrap()), None);
}

#[test]
fn ops_13_nothing_of_what_went_out_or_failed_outlives_its_contact() {
    let mut world = World::new();
    let first = answered(&mut world);
    world.out(first, failed(world.now));
    assert!(world.swept.contains(&format!("out/{first}")), "its bytes are of no more use");
    world.route();
    let contact = world.contact_by_uid(1);
    assert_eq!(contact.failed_answers, [first]);
    world.answer(contact.id);
    let second = world.contact_by_uid(1).answer.unwrap();
    world.out(second, OutState::Accepted { at: world.now, is_filed: true, settled: 0 });
    assert_eq!(world.documents_of(Kind::MailOut), 2);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.forget(), Came::Done);
    assert_eq!(world.contacts(), []);
    assert_eq!((world.documents_of(Kind::MailOut), world.documents_of(Kind::MailThread)), (0, 0));
    assert!(world.swept.contains(&format!("out/{second}")));
}

#[test]
fn ops_13_an_acknowledgement_goes_with_its_contact() {
    let mut world = World::new();
    world.acknowledges("support");
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    assert_eq!(world.documents_of(Kind::MailOut), 1, "its sender is told that it arrived");
    world.route();
    let contact = world.contact_by_uid(1);
    assert_eq!(world.contact(contact.id, contact.agent(), ContactWish::Discard), Came::Done);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.forget(), Came::Done);
    assert_eq!((world.documents_of(Kind::MailOut), world.documents_of(Kind::MailThread)), (0, 0));
}
