//! Mails of ours to which servers gave other ids than they had.

use domain::mail::{MailOut, OTHER_IDS_MAX, Sender};
use domain::{ContactId, Kind};

use super::*;

const GIVEN: &str = "given@server.test";

/// The first customer's mail is answered by the first agent, and the server has the answer: its number.
fn sent(world: &mut World, asks_copy: bool) -> ContactId {
    ready(world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let contact = world.contact_by_uid(1).id;
    world.answer(contact);
    let out = world.contact_by_uid(1).answer.unwrap();
    let by = Some(Sender { node: "gw-a".parse().unwrap(), life: "1".to_owned() });
    world.out(out, OutState::Prepared);
    world.out(out, OutState::Sending { by, asks_copy });
    world.out(out, OutState::Accepted { at: world.now, is_filed: false, settled: 0 });
    out
}

fn copy(out: ContactId, uid: u32, id: &str) -> ArrivedMail {
    ArrivedMail {
        copy_of: Some(out),
        message_id: Some(id.to_owned()),
        ..arrived("support", uid, 7)
    }
}

fn answer(uid: u32, customer: u8, id: &str) -> ArrivedMail {
    ArrivedMail { answers: vec![id.to_owned()], ..arrived("support", uid, customer) }
}

fn bounce(uid: u32, original: &str, out: Option<ContactId>) -> ArrivedMail {
    let recipients = vec![Bounced {
        recipient: "c1@example.test".to_owned(),
        action: "failed".to_owned(),
        status: "5.1.1".to_owned(),
    }];
    let original = Some(original.to_owned());
    let bounce = BounceSaid { original, out, is_report: true, recipients };
    ArrivedMail { bounce: Some(bounce), automatic: true, ..arrived("support", uid, 9) }
}

fn mail(world: &World, out: ContactId) -> MailOut {
    world.mail_out(out).unwrap()
}

#[test]
fn mail_02_an_answer_to_the_id_that_a_server_gave_our_mail_waits_for_its_agent() {
    for is_copy in [false, true] {
        let mut world = World::new();
        let out = sent(&mut world, is_copy);
        match is_copy {
            true => drop(world.mail(copy(out, 2, GIVEN))),
            false => assert_eq!(world.out_found(out, &[GIVEN]), Came::Done),
        }
        assert_eq!(mail(&world, out).other_ids, [GIVEN]);
        let first = world.contact_by_uid(1);
        world.mail(answer(3, 1, GIVEN));
        let second = world.contact_by_uid(3);
        assert_eq!(second.conversation, first.conversation);
        assert_eq!(second.sticky.map(|it| it.agent), Some(agent(0)));
        // An id proves nothing of who names it.
        world.mail(answer(4, 2, GIVEN));
        let stranger = world.contact_by_uid(4);
        assert_ne!(stranger.conversation, first.conversation);
        assert_eq!(stranger.names, Some(first.conversation));
        // Its own is one as before.
        world.mail(answer(5, 1, &mail(&world, out).message_id));
        assert_eq!(world.contact_by_uid(5).conversation, first.conversation);
    }
}

#[test]
fn mail_01_a_bounce_is_matched_by_the_id_that_a_server_gave_our_mail_or_by_our_number() {
    let mut world = World::new();
    let out = sent(&mut world, false);
    let notes =
        |world: &World| world.conversation(world.contact_by_uid(1).conversation).notes.len();
    world.mail(bounce(2, GIVEN, None));
    assert_eq!(notes(&world), 0, "nobody knows that id yet");
    world.mail(bounce(3, GIVEN, Some(ContactId(7))));
    assert_eq!(notes(&world), 0, "nor that number");
    world.mail(bounce(4, GIVEN, Some(out)));
    assert_eq!(notes(&world), 1);
    world.out_found(out, &[GIVEN]);
    world.mail(bounce(5, GIVEN, None));
    assert_eq!((notes(&world), world.contacts().len()), (2, 1));
}

#[test]
fn mail_02_a_forged_mail_gives_ours_no_id() {
    let learned = |asks_copy, change: fn(ContactId) -> ArrivedMail| {
        let mut world = World::new();
        let out = sent(&mut world, asks_copy);
        world.mail(change(out));
        mail(&world, out).other_ids.len()
    };
    assert_eq!(learned(true, |out| copy(out, 2, GIVEN)), 1);
    // No copy was asked for; it came to another queue; its sender is not who it says; it only names ours.
    assert_eq!(learned(false, |out| copy(out, 2, GIVEN)), 0);
    assert_eq!(
        learned(true, |out| ArrivedMail { csq: "sales".to_owned(), ..copy(out, 2, GIVEN) }),
        0
    );
    assert_eq!(learned(true, |out| ArrivedMail { is_unverified: true, ..copy(out, 2, GIVEN) }), 0);
    assert_eq!(learned(true, |out| ArrivedMail { copy_of: None, ..copy(out, 2, GIVEN) }), 0);
    // More copies than it was sent.
    let mut world = World::new();
    let out = sent(&mut world, true);
    world.mail(copy(out, 2, GIVEN));
    world.mail(copy(out, 3, "more@server.test"));
    assert_eq!(mail(&world, out).other_ids, [GIVEN]);
}

#[test]
fn mail_02_ids_that_servers_gave_are_few_and_take_nobodys_and_go_with_their_contact() {
    let mut world = World::new();
    let out = sent(&mut world, false);
    world.mail(arrived("support", 2, 2));
    let theirs = world.contact_by_uid(2).mail.message_id.unwrap();
    // As programs before kept it.
    let before = serde_json::to_value(mail(&world, out)).unwrap();
    assert_eq!(before.get("other_ids"), None);
    assert_eq!(serde_json::from_value::<MailOut>(before).unwrap(), mail(&world, out));
    let own = mail(&world, out).message_id;
    let long = format!("a@{}", "b".repeat(1_000));
    let mut ids =
        vec![theirs.as_str(), &own, "", "none", "@", "a@", "a b@c", "a<@c", "a\0@c", &long];
    let good: Vec<String> = (0..9).map(|number| format!("{number}@server.test")).collect();
    ids.extend(good.iter().chain(&good).map(String::as_str));
    assert_eq!(world.out_found(out, &ids), Came::Done);
    assert_eq!(mail(&world, out).other_ids, good[..OTHER_IDS_MAX]);
    world.mail(answer(3, 2, &theirs));
    assert_eq!(world.contact_by_uid(3).conversation, world.contact_by_uid(2).conversation);
    let kept = world.documents_of(Kind::MailThread);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.forget(), Came::Done);
    // The first mail's own, the answer's own and those that it was given.
    assert_eq!(world.documents_of(Kind::MailThread), kept - 2 - OTHER_IDS_MAX);
}
