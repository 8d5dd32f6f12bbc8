//! What comes beside customers' questions: reports of servers, copies, and whom a mail's arrival is told.

use super::*;

#[test]
fn a_bounce_is_a_note_where_its_mail_is_known_and_never_a_contact() {
    let mut world = World::new();
    ready(&mut world, 0);
    world.mail(arrived("support", 1, 1));
    world.route();
    let contact = world.contact_by_uid(1);
    world.answer(contact.id);
    let out = world.mail_out(world.contact_by_uid(1).answer.unwrap()).unwrap();
    let about = |recipient: &str| Bounced {
        recipient: recipient.to_owned(),
        action: "failed".to_owned(),
        status: "5.1.1".to_owned(),
    };
    let said = |original: Option<String>, uid, is_report| ArrivedMail {
        bounce: Some(BounceSaid {
            original,
            out: None,
            is_report,
            recipients: vec![about("ada@example.test"), about("bob@example.test")],
        }),
        subject: "undelivered".to_owned(),
        automatic: true,
        ..arrived("support", uid, 9)
    };
    let bounce = |original, uid| said(original, uid, true);
    world.mail(bounce(Some(out.message_id.clone()), 2));
    world.mail(bounce(Some("unheard@elsewhere.test".to_owned()), 3));
    assert_eq!(world.contacts().len(), 1);
    let notes = world.conversation(contact.conversation).notes;
    let notes: Vec<_> =
        notes.iter().map(|it| (it.recipient.as_str(), it.status.as_str())).collect();
    assert_eq!(notes, [("ada@example.test", "5.1.1"), ("bob@example.test", "5.1.1")]);
    let parked = world.seen().into_iter().find(|it| it.uid == 3).unwrap();
    assert_eq!(parked.disposition, Disposition::Parked);
    assert_eq!((parked.from.as_str(), parked.subject.as_str()), ("c9@example.test", "undelivered"));
    // What only looks like one is one where the mail that it names went out from here.
    let other = |original, uid: u32| ArrivedMail {
        identity: uid.to_string(),
        ..said(original, uid, false)
    };
    world.mail(other(Some(out.message_id), 4));
    assert_eq!(world.contacts().len(), 1);
    assert_eq!(world.conversation(contact.conversation).notes.len(), 4);
    let theirs = contact.mail.message_id.clone();
    world.mail(other(theirs, 5));
    world.mail(other(Some("unheard@elsewhere.test".to_owned()), 6));
    assert_eq!(world.contacts().len(), 3);
}

#[test]
fn mail_16_a_customer_is_told_once_a_day_that_a_mail_arrived_and_a_machine_never() {
    let mut world = World::new();
    world.acknowledges("support");
    world.mail(arrived("support", 1, 1));
    world.mail(arrived("support", 2, 1));
    world.mail(ArrivedMail { automatic: true, ..arrived("support", 3, 2) });
    let told = world.outs().into_iter().filter(|out| {
        matches!(&out.kind, OutKind::Acknowledgement { to } if to.address == "c1@example.test")
    });
    assert_eq!(told.count(), 1);
    assert_eq!(world.outs().len(), 1);
    world.pass(Duration::from_secs(25 * 3_600));
    world.mail(arrived("support", 4, 1));
    assert_eq!(world.outs().len(), 2);
}

#[test]
fn mail_16_nobody_is_told_of_a_mail_that_another_wrote_in_their_name() {
    let mut world = World::new();
    world.acknowledges("support");
    world.mail(ArrivedMail { is_unverified: true, ..arrived("support", 1, 1) });
    assert_eq!((world.contacts().len(), world.outs().len()), (1, 0));
    world.mail(arrived("support", 2, 1));
    assert_eq!(world.outs().len(), 1);
}

#[test]
fn mail_01_a_copy_of_a_mail_leaves_no_bytes_behind_and_takes_none_away() {
    let mut world = World::new();
    world.mail(arrived("support", 1, 1));
    let copy = |uid, blob: &str| ArrivedMail {
        identity: "identity-1".to_owned(),
        blob: Some(blob.to_owned()),
        ..arrived("support", uid, 1)
    };
    world.mail(copy(2, "mail/2"));
    assert_eq!(world.promises(domain::SWEEP_TOPIC), 1);
    // The contact holds these very bytes.
    world.mail(copy(3, "mail/1"));
    assert_eq!(world.promises(domain::SWEEP_TOPIC), 1);
    assert_eq!(world.contacts().len(), 1);
}
