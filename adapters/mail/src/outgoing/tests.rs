//! Answers over a node in memory: sent once, filed once, given back where nobody takes them.

use std::time::Duration;

use domain::mail::{AnswerMode, OutState, Writing};
use domain::{
    AgentId, Command, Contact, ContactCommand, ContactId, ContactWish, DeskCommand, DeskWish,
    DraftChange, Input, InputId, Timestamp,
};
use engine::Outcome;
use engine::testing::damage_blob;
use protocols::mail::ReadOptions;
use serde_json::json;

mod handing_over;
mod nodes;
mod other_ids;
mod own_copies;
mod running;
mod ways;

use super::*;
use crate::testing::{HOUR, START, World, mail, until_crash};

fn ada() -> AgentId {
    "1001".parse().unwrap()
}

async fn submit(world: &World, name: &str, command: Command) -> Outcome {
    let input = Input::command(InputId::new("test", name), command);
    world.port.submit(input).await.unwrap()
}

/// A mail of a customer is answered by an agent; the number of the answer.
async fn answered(world: &World, mode: AnswerMode) -> ContactId {
    world.server.state().deliver(START, mail(1));
    world.round().await.unwrap();
    let _browser = world.port.connect_desk(&ada()).unwrap();
    for (name, wish) in
        [("in", DeskWish::SignIn { has_extension: false }), ("ready", DeskWish::Ready)]
    {
        let command = Command::Desk(DeskCommand { agent: ada(), desk: None, wish });
        assert!(matches!(submit(world, name, command).await, Outcome::Done(_)));
    }
    let contact = in_hand(world).await;
    let writing = Writing {
        mode,
        to: vec!["Ada <ada@customer.test>".to_owned()],
        cc: Vec::new(),
        bcc: vec!["boss@example.test".to_owned()],
        subject: "Re: mail 1".to_owned(),
        html: "<p>All is well</p>".to_owned(),
    };
    let change = Box::new(DraftChange::Write { writing, follows: 0 });
    let by = Some(ada());
    let save = ContactCommand {
        contact: contact.id,
        by: by.clone(),
        wish: ContactWish::SaveDraft { change },
    };
    let saved = submit(world, "save", Command::Contact(save)).await;
    assert!(matches!(saved, Outcome::Done(_)), "{saved:?}");
    let wish = ContactWish::Send { version: 1, domain: "example.test".to_owned() };
    let send = ContactCommand { contact: contact.id, by, wish };
    let sent = submit(world, "send", Command::Contact(send)).await;
    assert!(matches!(sent, Outcome::Done(_)), "{sent:?}");
    world.contacts().await.first().unwrap().answer.unwrap()
}

async fn in_hand(world: &World) -> Contact {
    let mut changes = world.port.digital_changes();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let contacts = world.port.open_contacts();
        if let Some(contact) = contacts.iter().find(|it| it.agent().is_some()) {
            return contact.as_ref().clone();
        }
        assert!(Instant::now() < deadline, "nobody got it: {contacts:?}");
        let _ = tokio::time::timeout(Duration::from_millis(50), changes.recv()).await;
    }
}

/// Everything that is due is done, over and over, while time goes by.
async fn hours(world: &World, outgoing: &Outgoing, hours: u32) {
    for _ in 0..hours * 60 {
        due(outgoing).await;
        world.clock.advance(Duration::from_secs(60));
    }
}

/// What is due now is done.
async fn due(outgoing: &Outgoing) {
    outgoing.keep_topic(Some(Instant::now() + HOUR));
    for mail in outgoing.orphans().await.unwrap() {
        outgoing.advance(mail.id).await;
    }
    for (csq, mails) in outgoing.due().await.unwrap() {
        outgoing.work(&csq, mails).await;
    }
}

async fn state(world: &World, out: ContactId) -> OutState {
    world.port.mail_out(out).await.unwrap().unwrap().state
}

fn is_filed(state: &OutState) -> bool {
    matches!(state, OutState::Accepted { is_filed: true, .. })
}

fn refused(code: u16, is_final: bool) -> Submitted {
    Submitted::Refused { code: Some(code), text: "no".to_owned(), is_final }
}

#[tokio::test]
async fn mail_05_an_answer_goes_out_from_the_queues_account_once_and_is_filed() {
    let world = World::with(|file| {
        file["email_signatures"] =
            json!([{"name": "all", "content": "<p>Yours, {{agent-alias}}</p>"}]);
    })
    .await;
    let out = answered(&world, AnswerMode::Reply).await;
    hours(&world, &world.outgoing(), 1).await;
    assert!(is_filed(&state(&world, out).await));
    let state = world.server.state();
    let [(envelope, raw)] = state.submitted.as_slice() else { panic!("{:?}", state.submitted) };
    assert_eq!(envelope.from.as_deref(), Some("support@example.test"));
    assert_eq!(envelope.to, ["ada@customer.test", "boss@example.test"]);
    // What is filed is the copy that the mailbox got of it.
    assert_eq!(state.sent.len(), 1);
    assert!(state.sent[0].ends_with(raw) && state.sent[0].starts_with(b"Received: "));
    assert_eq!(envelope.copy_to.as_deref(), Some("support@example.test"));
    let read = protocols::mail::read(raw, &ReadOptions::default());
    assert_eq!(read.in_reply_to, ["m1@customer.test"]);
    assert_eq!(read.references, ["m1@customer.test"]);
    assert_eq!(read.from.unwrap().address, "support@example.test");
    assert!(!String::from_utf8_lossy(raw).contains("boss@"), "nobody sees who gets it too");
    // The signature ends what the agent wrote, and what is answered stands below (MAIL-06).
    let html = read.html.unwrap();
    let places: Vec<_> = ["All is well", "Yours, Grace", "Text 1"]
        .map(|text| html.find(text).unwrap_or_else(|| panic!("{text} is not in {html}")))
        .to_vec();
    assert!(places.is_sorted(), "{html}");
}

#[tokio::test]
async fn mail_04_whoever_gets_a_forwarded_mail_answers_the_customer() {
    let world = World::new().await;
    answered(&world, AnswerMode::Forward).await;
    hours(&world, &world.outgoing(), 1).await;
    let state = world.server.state();
    let read = protocols::mail::read(&state.submitted[0].1, &ReadOptions::default());
    assert_eq!(read.reply_to.unwrap().address, "ada@customer.test");
    assert!(read.html.unwrap().contains("Text 1"));
}

#[tokio::test]
async fn mail_01_an_answer_that_the_server_files_by_itself_is_not_filed_twice() {
    let world = World::new().await;
    world.server.state().files = true;
    let out = answered(&world, AnswerMode::Reply).await;
    hours(&world, &world.outgoing(), 1).await;
    assert!(is_filed(&state(&world, out).await));
    let state = world.server.state();
    assert_eq!((state.submitted.len(), state.sent.len()), (1, 1));
}

#[tokio::test]
async fn mail_01_filing_is_tried_on_its_own_until_it_is_done() {
    let world = World::new().await;
    world.server.state().is_sent_away = true;
    let out = answered(&world, AnswerMode::Reply).await;
    let outgoing = world.outgoing();
    hours(&world, &outgoing, 3).await;
    assert!(matches!(state(&world, out).await, OutState::Accepted { is_filed: false, .. }));
    world.server.state().is_sent_away = false;
    hours(&world, &outgoing, 1).await;
    assert!(is_filed(&state(&world, out).await));
    let state = world.server.state();
    assert_eq!((state.submitted.len(), state.sent.len()), (1, 1));
}

#[tokio::test]
async fn mail_05_a_server_that_takes_it_later_gets_the_same_bytes_again() {
    let world = World::new().await;
    let trouble = Trouble::Unusable("away".to_owned());
    world.server.state().says = [refused(451, false), Submitted::NotBegun(trouble)].into();
    let out = answered(&world, AnswerMode::Reply).await;
    hours(&world, &world.outgoing(), 1).await;
    assert!(is_filed(&state(&world, out).await));
    let mail = world.port.mail_out(out).await.unwrap().unwrap();
    assert_eq!((mail.tries, world.server.state().submitted.len()), (3, 1));
}

#[tokio::test]
async fn mail_05_an_answer_that_is_refused_comes_back_with_its_draft() {
    let world = World::new().await;
    world.server.state().says = [refused(554, true)].into();
    let out = answered(&world, AnswerMode::Reply).await;
    hours(&world, &world.outgoing(), 1).await;
    let OutState::Failed { reason, .. } = state(&world, out).await else { panic!("it failed") };
    assert!(reason.contains("554"), "{reason}");
    let contact = world.contacts().await.remove(0);
    assert!(!contact.is_closed());
    let draft = world.port.draft(contact.id).await.unwrap().unwrap();
    assert_eq!(draft.writing.unwrap().html, "<p>All is well</p>");
}

/// The bytes of the customer's mail cannot be read any more.
#[tokio::test]
async fn mail_05_what_answers_a_damaged_mail_goes_out_without_it_or_comes_back() {
    for (mode, goes_out) in [(AnswerMode::Reply, true), (AnswerMode::Forward, false)] {
        let world = World::new().await;
        let out = answered(&world, mode).await;
        let blob = world.contacts().await.remove(0).mail.blob.unwrap();
        damage_blob(&world.engine, &blob).await;
        hours(&world, &world.outgoing(), 1).await;
        let state = state(&world, out).await;
        assert_eq!(is_filed(&state), goes_out, "{state:?}");
        let server = world.server.state();
        if let OutState::Failed { reason, .. } = &state {
            assert!(reason.contains("damaged") && server.submitted.is_empty(), "{reason}");
            continue;
        }
        let read = protocols::mail::read(&server.submitted[0].1, &ReadOptions::default());
        let html = read.html.unwrap();
        assert!(html.contains("All is well") && !html.contains("Text 1"), "{html}");
        assert_eq!(read.in_reply_to, ["m1@customer.test"]);
    }
}

/// A mail that was made before is damaged: it is not sent, and nobody tries for ever.
#[tokio::test]
async fn mail_05_a_damaged_answer_comes_back_to_who_wrote_it() {
    let world = World::new().await;
    world.server.state().says = [refused(451, false)].into();
    let out = answered(&world, AnswerMode::Reply).await;
    let outgoing = world.outgoing();
    due(&outgoing).await;
    damage_blob(&world.engine, &format!("out/{out}")).await;
    hours(&world, &outgoing, 1).await;
    let OutState::Failed { reason, .. } = state(&world, out).await else { panic!("it failed") };
    assert!(reason.contains("damaged"), "{reason}");
    let contact = world.contacts().await.remove(0);
    let draft = world.port.draft(contact.id).await.unwrap().unwrap();
    assert_eq!(draft.writing.unwrap().html, "<p>All is well</p>");
}

#[tokio::test]
async fn mail_05_a_server_that_never_takes_it_is_given_up_after_two_days() {
    let world = World::new().await;
    world.server.state().says = std::iter::repeat_with(|| refused(450, false)).take(500).collect();
    let out = answered(&world, AnswerMode::Reply).await;
    let outgoing = world.outgoing();
    hours(&world, &outgoing, 47).await;
    assert!(!matches!(state(&world, out).await, OutState::Failed { .. }));
    hours(&world, &outgoing, 3).await;
    assert!(matches!(state(&world, out).await, OutState::Failed { .. }));
}

/// The table of what becomes of a mail that nobody knows of: whether the server had it, whether it filed it, how
/// it is judged.
#[tokio::test]
async fn mail_05_a_mail_that_nobody_knows_of_is_looked_for_and_sent_once_more_at_most() {
    for (has_it, files, unclear, submissions) in [
        (true, true, "repeat", 1),
        (true, false, "repeat", 2),
        (false, false, "repeat", 1),
        (true, true, "own_copy", 1),
        (true, false, "own_copy", 1),
        (false, false, "own_copy", 1),
        (true, true, "ask", 1),
    ] {
        let world = World::with(|file| {
            file["mail_servers"][0]["unclear_sending"] = json!(unclear);
        })
        .await;
        {
            let mut state = world.server.state();
            state.says = [Submitted::Unknown { why: "cut".to_owned() }].into();
            (state.has_unknown, state.files) = (has_it, files);
        }
        let out = answered(&world, AnswerMode::Reply).await;
        hours(&world, &world.outgoing(), 1).await;
        assert!(is_filed(&state(&world, out).await), "{has_it} {files} {unclear}");
        let state = world.server.state();
        let bytes: BTreeSet<_> = state.submitted.iter().map(|it| &it.1).collect();
        let told = (state.submitted.len(), bytes.len());
        // A second copy has the same bytes, which mail programs show once.
        assert_eq!(told, (submissions, 1), "{has_it} {files} {unclear}");
        assert_eq!(state.sent.len(), 1, "{has_it} {files} {unclear}");
        assert_eq!(state.mails.len(), 1, "the customer's stays: {has_it} {files} {unclear}");
    }
}

#[tokio::test]
async fn mail_05_what_nobody_knows_again_and_again_is_for_its_writer_to_judge() {
    for (unclear, tries) in [("ask", 1), ("repeat", 2), ("own_copy", 3)] {
        let world = World::with(|file| {
            file["mail_servers"][0]["unclear_sending"] = json!(unclear);
        })
        .await;
        let unknown = || Submitted::Unknown { why: "cut".to_owned() };
        world.server.state().says = std::iter::repeat_with(unknown).take(9).collect();
        let out = answered(&world, AnswerMode::Reply).await;
        hours(&world, &world.outgoing(), 2).await;
        let state = state(&world, out).await;
        assert!(matches!(state, OutState::Failed { is_unclear: true, .. }), "{unclear}: {state:?}");
        assert_eq!(world.server.state().says.len(), 9 - tries, "{unclear}");
    }
}

/// The other rows of the table of crashes: sent, or sent and not noted, or not filed.
#[tokio::test]
async fn mail_13_a_crash_at_any_point_of_sending_loses_no_answer_and_files_it_once() {
    // A provider that files what it takes tells us of it, and any other by the copy for the mailbox itself.
    for files in [true, false] {
        let mut points = 0;
        for polls in 1.. {
            let mut world = World::new().await;
            world.server.state().files = files;
            let out = answered(&world, AnswerMode::Reply).await;
            let done = {
                let outgoing = world.outgoing();
                until_crash(polls, hours(&world, &outgoing, 1)).await
            };
            world.fail_over();
            // Whoever comes first: those who read or those who send.
            if polls % 2 == 0 {
                world.round().await.unwrap();
            }
            hours(&world, &world.outgoing(), 1).await;
            world.round().await.unwrap();
            hours(&world, &world.outgoing(), 1).await;
            assert!(is_filed(&state(&world, out).await), "after {polls} steps");
            assert_eq!(world.contacts().await.len(), 1, "after {polls} steps");
            {
                let state = world.server.state();
                let submissions = state.submitted.len();
                assert_eq!(submissions, 1, "after {polls} steps, files: {files}");
                assert_eq!(state.sent.len(), 1, "after {polls} steps");
                assert_eq!(state.mails.len(), 1, "after {polls} steps");
            }
            world.engine.abandon();
            points = polls;
            if done.is_some() {
                break;
            }
        }
        assert!(points > 8, "sending has many points at which it may end, not {points}");
    }
}

#[tokio::test]
async fn mail_16_a_customer_is_told_once_a_day_that_their_mail_arrived_and_no_machine_is() {
    let world = World::with(|file| {
        file["csqs"][0]["email"]["acknowledgement"] =
            json!({"subject": "It arrived", "text": "We answer soon."});
    })
    .await;
    world.server.state().deliver(START, mail(1));
    world.server.state().deliver(START, mail(2));
    let machine = [
        b"Auto-Submitted: auto-replied\r\nFrom: bot@customer.test\r\n".as_slice(),
        b"Subject: away\r\n\r\nx\r\n",
    ]
    .concat();
    world.server.state().deliver(START, machine);
    world.round().await.unwrap();
    let outgoing = world.outgoing();
    hours(&world, &outgoing, 1).await;
    {
        let state = world.server.state();
        let [(envelope, raw)] = state.submitted.as_slice() else { panic!("{:?}", state.submitted) };
        assert_eq!(
            (envelope.from.as_ref(), envelope.to.as_slice()),
            (None, ["ada@customer.test".to_owned()].as_slice())
        );
        let text = String::from_utf8_lossy(raw);
        for line in
            ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All", "Subject: It arrived"]
        {
            assert!(text.contains(line), "{line} is not in {text}");
        }
    }
    world.clock.advance(HOUR * 24);
    let later = Timestamp::from_seconds(world.port.now().seconds());
    world.server.state().deliver(later, mail(3));
    world.round().await.unwrap();
    hours(&world, &outgoing, 1).await;
    assert_eq!(world.server.state().submitted.len(), 2);
}

#[tokio::test]
async fn mail_16_no_more_acknowledgements_go_out_in_an_hour_than_the_site_allows() {
    let world = World::with(|file| {
        file["csqs"][0]["email"]["acknowledgement"] = json!({"subject": "a", "text": "b"});
        file["mail"] = json!({"acknowledgements_per_hour_max": 2});
    })
    .await;
    for number in 1..=4 {
        let raw = String::from_utf8(mail(number)).unwrap();
        let raw = raw.replace("ada@", &format!("ada{number}@"));
        world.server.state().deliver(START, raw.into_bytes());
    }
    world.round().await.unwrap();
    hours(&world, &world.outgoing(), 1).await;
    assert_eq!(world.server.state().submitted.len(), 2);
    assert!(world.port.mails_out_open().await.unwrap().is_empty());
}

#[tokio::test]
async fn mail_16_a_provider_that_takes_no_mail_from_nobody_gets_it_from_the_account() {
    let world = World::with(|file| {
        file["csqs"][0]["email"]["acknowledgement"] = json!({"subject": "a", "text": "b"});
    })
    .await;
    world.server.state().says = [refused(550, true)].into();
    world.server.state().deliver(START, mail(1));
    world.round().await.unwrap();
    hours(&world, &world.outgoing(), 1).await;
    let state = world.server.state();
    assert_eq!(state.submitted[0].0.from.as_deref(), Some("support@example.test"));
}

#[tokio::test]
async fn mail_01_a_bounce_is_a_note_in_the_conversation_and_no_contact() {
    let world = World::new().await;
    let out = answered(&world, AnswerMode::Reply).await;
    hours(&world, &world.outgoing(), 1).await;
    let id = world.port.mail_out(out).await.unwrap().unwrap().message_id;
    let bounce = format!(
        "From: MAILER-DAEMON@customer.test\r\nSubject: Undelivered\r\nReturn-Path: <>\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.customer.test\r\n\r\n\
         Final-Recipient: rfc822; ada@customer.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\n\r\n--b--\r\n"
    );
    world.server.state().deliver(world.port.now(), bounce.into_bytes());
    world.round().await.unwrap();
    let contacts = world.contacts().await;
    assert_eq!(contacts.len(), 1, "{contacts:?}");
    let conversation = world.port.conversation(contacts[0].conversation).await.unwrap().unwrap();
    let note = &conversation.notes[0];
    let said = (note.recipient.as_str(), note.action.as_str(), note.status.as_str());
    assert_eq!(said, ("ada@customer.test", "failed", "5.1.1"));
}
