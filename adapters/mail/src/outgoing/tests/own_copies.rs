//! What a mailbox gets of its own answers: proof, the filed mail, and never a contact.

use domain::mail::Disposition;

use super::handing_over::die_sending;
use super::*;
use crate::testing::Copies;

/// Time goes by, and both those who read and those who send do what is due.
async fn minutes(world: &World, outgoing: &Outgoing, minutes: u32) {
    for _ in 0..minutes {
        world.round().await.unwrap();
        due(outgoing).await;
        world.clock.advance(Duration::from_secs(60));
    }
}

/// How many mails lie in the inbox, and how many among the sent ones.
fn lie(world: &World) -> (usize, usize) {
    let state = world.server.state();
    (state.mails.len(), state.sent.len())
}

async fn with(unclear: &str) -> World {
    World::with(|file| file["mail_servers"][0]["unclear_sending"] = json!(unclear)).await
}

/// The answer as it was handed over.
fn submitted(world: &World) -> String {
    String::from_utf8(world.server.state().submitted[0].1.clone()).unwrap()
}

#[tokio::test]
async fn mail_01_an_own_copy_is_filed_among_the_sent_ones_and_is_no_contact() {
    let world = World::new().await;
    let out = answered(&world, AnswerMode::Reply).await;
    let outgoing = world.outgoing();
    due(&outgoing).await;
    assert!(!is_filed(&state(&world, out).await), "its copy is waited for");
    let uid = *world.server.state().mails.keys().last().unwrap();
    // As soon as it is read, and not when the time for it is up.
    world.round().await.unwrap();
    due(&outgoing).await;
    assert!(is_filed(&state(&world, out).await));
    assert_eq!((lie(&world), world.contacts().await.len()), ((1, 1), 1));
    let seen = world.port.mail_seen("support", "INBOX", 7, uid).await.unwrap().unwrap();
    assert_eq!(seen.disposition, Disposition::OwnCopy { out });
    assert!(world.port.mails_out_open().await.unwrap().is_empty());
}

#[tokio::test]
async fn mail_01_a_copy_that_comes_late_doubles_nothing() {
    let world = World::new().await;
    world.server.state().copies = Copies::Later;
    let out = answered(&world, AnswerMode::Reply).await;
    let outgoing = world.outgoing();
    minutes(&world, &outgoing, 3).await;
    assert!(is_filed(&state(&world, out).await), "it is filed without");
    world.server.state().copies_come(world.port.now());
    assert_eq!(lie(&world), (2, 1));
    minutes(&world, &outgoing, 2).await;
    assert!(is_filed(&state(&world, out).await));
    assert_eq!((lie(&world), world.contacts().await.len()), ((1, 1), 1));
    assert_eq!(world.server.state().submitted.len(), 1);
}

#[tokio::test]
async fn mail_01_a_copy_that_cannot_be_moved_stays_and_is_no_contact() {
    let world = World::new().await;
    world.server.state().cannot_move = true;
    let out = answered(&world, AnswerMode::Reply).await;
    minutes(&world, &world.outgoing(), 3).await;
    assert!(is_filed(&state(&world, out).await));
    assert_eq!((lie(&world), world.contacts().await.len()), ((2, 1), 1));
}

#[tokio::test]
async fn mail_01_a_sent_mail_that_is_damaged_here_keeps_no_mail_from_being_read() {
    let world = World::new().await;
    let out = answered(&world, AnswerMode::Reply).await;
    due(&world.outgoing()).await;
    let sent = world.port.mail_out(out).await.unwrap().unwrap();
    damage_blob(&world.engine, &sent.blob()).await;
    world.server.state().deliver(world.port.now(), mail(2));
    world.round().await.unwrap();
    // Nothing proves that the copy is one.
    assert_eq!(world.contacts().await.len(), 3);
    assert_eq!(world.round().await.unwrap().mails, 0);
}

#[tokio::test]
async fn mail_05_a_server_that_refuses_copies_files_answers_without() {
    let world = World::new().await;
    world.server.state().copies = Copies::Refused;
    let out = answered(&world, AnswerMode::Reply).await;
    let outgoing = world.outgoing();
    due(&outgoing).await;
    world.clock.advance(Duration::from_secs(5));
    due(&outgoing).await;
    assert!(is_filed(&state(&world, out).await), "no copy is waited for");
    assert_eq!(lie(&world), (1, 1));
}

/// What carries our ids and says something else is a mail of somebody's, and never taken for a copy.
#[tokio::test]
async fn mail_01_a_mail_from_outside_with_our_message_id_is_a_contact() {
    let world = World::new().await;
    // No copy of ours comes in between, so that one is still awaited.
    world.server.state().copies = Copies::Later;
    answered(&world, AnswerMode::Reply).await;
    let outgoing = world.outgoing();
    due(&outgoing).await;
    let answer = submitted(&world);
    let id = answer.lines().find(|line| line.starts_with("Message-ID: ")).unwrap().to_owned();
    let broken =
        format!("From: ada@customer.test\r\n{id}\r\nSubject: Re: mail 1\r\n\r\nNo, it is not.\r\n");
    let forged = answer.replace("All is well", "Pay to another account");
    let mut made = 1;
    for raw in [broken, forged.clone()] {
        assert_ne!(raw, answer);
        world.server.state().deliver(world.port.now(), raw.into_bytes());
        minutes(&world, &outgoing, 3).await;
        made += 1;
        assert_eq!(world.contacts().await.len(), made);
    }
    assert_eq!(lie(&world), (3, 1), "all of them stay, and the answer was put among the sent ones");
}

/// An answer that somebody sends back as it is says nothing new: a repeat, which stays where it lies.
#[tokio::test]
async fn mail_01_what_comes_back_more_often_than_it_was_sent_is_left_alone() {
    let world = World::new().await;
    answered(&world, AnswerMode::Reply).await;
    let outgoing = world.outgoing();
    minutes(&world, &outgoing, 2).await;
    assert_eq!(lie(&world), (1, 1));
    let again = format!("Received: by mx.customer.test\r\n{}", submitted(&world));
    world.server.state().deliver(world.port.now(), again.into_bytes());
    minutes(&world, &outgoing, 3).await;
    assert_eq!((lie(&world), world.contacts().await.len()), ((2, 1), 1));
}

#[tokio::test]
async fn mail_05_an_answer_without_proof_comes_back_where_the_settings_ask() {
    let world = with("ask").await;
    {
        let mut state = world.server.state();
        state.says = [Submitted::Unknown { why: "cut".to_owned() }].into();
        state.has_unknown = true;
    }
    let out = answered(&world, AnswerMode::Reply).await;
    minutes(&world, &world.outgoing(), 5).await;
    let OutState::Failed { is_unclear: true, reason, .. } = state(&world, out).await else {
        panic!("it is given back")
    };
    assert!(reason.contains("nobody knows") && reason.len() <= 200, "{reason}");
    assert_eq!(world.server.state().submitted.len(), 1, "it is never sent again by itself");
    assert_eq!(world.server.state().submitted[0].0.copy_to, None);
    let contact = world.contacts().await.remove(0);
    assert!(contact.is_queued() || contact.agent() == Some(&ada()));
    assert!(world.port.draft(contact.id).await.unwrap().is_some());
    let conversation = world.port.conversation(contact.conversation).await.unwrap().unwrap();
    let note = conversation.notes.last().unwrap();
    assert_eq!((note.action.as_str(), &note.status), ("unclear", &reason));
}

/// Its copy comes after it was given back: the conversation says so, and the copy is filed.
#[tokio::test]
async fn mail_05_an_answer_that_was_given_back_is_told_as_sent_when_its_copy_comes() {
    let world = World::new().await;
    {
        let mut state = world.server.state();
        let unknown = || Submitted::Unknown { why: "cut".to_owned() };
        state.says = [unknown(), unknown(), unknown()].into();
        (state.has_unknown, state.copies) = (true, Copies::Later);
    }
    let out = answered(&world, AnswerMode::Reply).await;
    let outgoing = world.outgoing();
    minutes(&world, &outgoing, 10).await;
    assert!(matches!(state(&world, out).await, OutState::Failed { is_unclear: true, .. }));
    world.server.state().copies_come(world.port.now());
    minutes(&world, &outgoing, 3).await;
    assert_eq!((lie(&world), world.contacts().await.len()), ((1, 1), 1));
    let contact = world.contacts().await.remove(0);
    let conversation = world.port.conversation(contact.conversation).await.unwrap().unwrap();
    let said: Vec<_> = conversation.notes.iter().map(|note| note.action.as_str()).collect();
    assert_eq!(said, ["unclear", "taken"]);
}

/// What was sent is damaged, and its copy comes before it was filed or after it was given back: it is over, once.
#[tokio::test]
async fn mail_05_a_damaged_mail_whose_copy_comes_is_over() {
    for is_given_back in [false, true] {
        let world = World::new().await;
        world.server.state().copies = Copies::Later;
        if is_given_back {
            let mut state = world.server.state();
            let unknown = || Submitted::Unknown { why: "cut".to_owned() };
            state.says = [unknown(), unknown(), unknown()].into();
            state.has_unknown = true;
        }
        let out = answered(&world, AnswerMode::Reply).await;
        let outgoing = world.outgoing();
        minutes(&world, &outgoing, if is_given_back { 10 } else { 0 }).await;
        due(&outgoing).await;
        let is_back = matches!(state(&world, out).await, OutState::Failed { .. });
        assert_eq!(is_back, is_given_back);
        // It is read before the bytes are damaged with which it is compared.
        world.server.state().copies_come(world.port.now());
        world.round().await.unwrap();
        damage_blob(&world.engine, &format!("out/{out}")).await;
        let over = tokio::time::timeout(Duration::from_secs(20), due(&outgoing)).await;
        assert_eq!(over, Ok(()), "it goes on for ever");
        assert!(world.port.mails_out_open().await.unwrap().is_empty());
        assert_eq!(is_filed(&state(&world, out).await), !is_given_back);
    }
}

/// A node that comes back knows that whoever was sending under its name is gone, and another node does not.
#[tokio::test]
async fn mail_13_a_node_that_restarts_goes_on_at_once_with_what_it_was_sending() {
    let world = World::new().await;
    let out = answered(&world, AnswerMode::Reply).await;
    die_sending(&world, false).await;
    let mail = world.port.mail_out(out).await.unwrap().unwrap();
    assert!(world.outgoing().is_due(&mail, world.port.now()));
    let OutState::Sending { by: Some(by), asks_copy } = mail.state.clone() else { panic!() };
    let by = Sender { node: "gw-b.example".parse().unwrap(), ..by };
    let elsewhere = MailOut { state: OutState::Sending { by: Some(by), asks_copy }, ..mail };
    assert!(!world.outgoing().is_due(&elsewhere, world.port.now()));
    minutes(&world, &world.outgoing(), 10).await;
    assert!(is_filed(&state(&world, out).await));
    assert_eq!((lie(&world), world.server.state().submitted.len()), ((1, 1), 1));
}

/// A node that died between the server's taking an answer and its own note of that.
async fn sent_and_not_noted() -> (World, ContactId) {
    let world = World::new().await;
    let out = answered(&world, AnswerMode::Reply).await;
    die_sending(&world, true).await;
    (world, out)
}

/// A copy that is read while nobody knows ends the waiting, without a look at the mail server.
#[tokio::test]
async fn mail_13_a_copy_that_is_read_after_a_crash_proves_that_the_answer_was_taken() {
    let (world, out) = sent_and_not_noted().await;
    assert!(matches!(state(&world, out).await, OutState::Sending { .. }));
    world.round().await.unwrap();
    due(&world.outgoing()).await;
    assert!(is_filed(&state(&world, out).await));
    assert_eq!((lie(&world), world.server.state().submitted.len()), ((1, 1), 1));
}

#[tokio::test]
async fn mail_16_a_copy_of_an_acknowledgement_is_no_contact_and_is_filed() {
    let world = World::with(|file| {
        file["csqs"][0]["email"]["acknowledgement"] = json!({"subject": "a", "text": "b"});
    })
    .await;
    world.server.state().deliver(START, mail(1));
    minutes(&world, &world.outgoing(), 3).await;
    let envelope = world.server.state().submitted[0].0.clone();
    assert_eq!((envelope.from, envelope.copy_to.as_deref()), (None, Some("support@example.test")));
    assert_eq!((lie(&world), world.contacts().await.len()), ((1, 1), 1));
}
