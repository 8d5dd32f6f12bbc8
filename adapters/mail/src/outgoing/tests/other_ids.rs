//! A server that gives mails other ids than they had.

use super::*;

const GIVEN: &str = "given@server.test";

/// A server that does so; files what it takes where `files`, else it delivers a copy to the inbox.
async fn giving(files: bool) -> World {
    let unclear = if files { "repeat" } else { "own_copy" };
    let world =
        World::with(|file| file["mail_servers"][0]["unclear_sending"] = json!(unclear)).await;
    {
        let mut state = world.server.state();
        (state.files, state.gives_id) = (files, Some(GIVEN.to_owned()));
    }
    world
}

async fn other_ids(world: &World, out: ContactId) -> Vec<String> {
    world.port.mail_out(out).await.unwrap().unwrap().other_ids
}

async fn arrives(world: &World, raw: String) {
    world.server.state().deliver(world.port.now(), raw.into_bytes());
    world.round().await.unwrap();
}

#[tokio::test]
async fn mail_02_the_customers_answer_names_the_id_that_a_server_gave_ours() {
    for files in [true, false] {
        let world = giving(files).await;
        let out = answered(&world, AnswerMode::Reply).await;
        let outgoing = world.outgoing();
        for _ in 0..3 {
            due(&outgoing).await;
            world.round().await.unwrap();
            world.clock.advance(Duration::from_secs(60));
        }
        assert!(is_filed(&state(&world, out).await));
        assert_eq!(other_ids(&world, out).await, [GIVEN], "{files}");
        assert_eq!(world.server.state().sent.len(), 1, "it is not filed beside that");
        arrives(
            &world,
            format!(
                "From: Ada <ada@customer.test>\r\nMessage-ID: <m9@customer.test>\r\n\
                 In-Reply-To: Yours <{GIVEN}>\r\nSubject: Re: mail 1\r\n\r\nThanks\r\n"
            ),
        )
        .await;
        let contacts = world.contacts().await;
        assert_eq!(contacts.len(), 2);
        assert_eq!(contacts[0].conversation, contacts[1].conversation);
    }
}

/// The answer to what became of a mail is lost, and it is found among the sent ones by our number alone.
#[tokio::test]
async fn mail_05_an_answer_that_lies_among_the_sent_ones_under_another_id_is_not_sent_again() {
    let world = giving(true).await;
    {
        let mut state = world.server.state();
        state.says = [Submitted::Unknown { why: "cut".to_owned() }].into();
        state.has_unknown = true;
    }
    let out = answered(&world, AnswerMode::Reply).await;
    hours(&world, &world.outgoing(), 1).await;
    assert!(is_filed(&state(&world, out).await));
    assert_eq!(other_ids(&world, out).await, [GIVEN]);
    assert_eq!(world.server.state().submitted.len(), 1);
}

/// Whoever got the answer knows its ids, and says something else.
#[tokio::test]
async fn mail_02_a_mail_that_only_names_ours_gives_it_no_id() {
    let world = giving(false).await;
    // No copy of ours comes in between, so that one is still awaited.
    world.server.state().copies = crate::testing::Copies::Later;
    let out = answered(&world, AnswerMode::Reply).await;
    due(&world.outgoing()).await;
    let answer = String::from_utf8(world.server.state().submitted[0].1.clone()).unwrap();
    assert!(answer.contains(&format!("X-Jackfield-Id: {out}\r\n")));
    let forged = answer
        .replace("All is well", "All is lost")
        .replace("Message-ID: <", "Message-ID: <forged");
    assert_ne!(forged, answer);
    arrives(&world, forged).await;
    hours(&world, &world.outgoing(), 1).await;
    assert_eq!(other_ids(&world, out).await, [""; 0]);
    assert_eq!(world.contacts().await.len(), 2);
}

/// What somebody sent back under an id of theirs is moved there before it is read, and is no better for that.
#[tokio::test]
async fn mail_02_a_copy_that_was_moved_among_the_sent_ones_gives_ours_no_id() {
    let world = giving(false).await;
    world.server.state().copies = crate::testing::Copies::Later;
    let out = answered(&world, AnswerMode::Reply).await;
    let outgoing = world.outgoing();
    due(&outgoing).await;
    let forged = "forged@customer.test";
    let id = world.port.mail_out(out).await.unwrap().unwrap().message_id;
    let answer = String::from_utf8(world.server.state().submitted[0].1.clone()).unwrap();
    let raw = answer.replace(&id, forged).into_bytes();
    world.server.state().deliver(world.port.now(), raw);
    hours(&world, &outgoing, 1).await;
    assert!(is_filed(&state(&world, out).await));
    assert!(String::from_utf8_lossy(&world.server.state().sent[0]).contains(forged));
    // Its own copy comes at last, and it is looked for there once more.
    world.server.state().copies_come(world.port.now());
    world.round().await.unwrap();
    hours(&world, &outgoing, 1).await;
    assert!(world.port.mails_out_open().await.unwrap().is_empty());
    assert_eq!(other_ids(&world, out).await, [GIVEN]);
}

#[tokio::test]
async fn mail_01_a_bounce_that_holds_our_number_is_a_note() {
    let world = giving(true).await;
    let out = answered(&world, AnswerMode::Reply).await;
    due(&world.outgoing()).await;
    assert_eq!(other_ids(&world, out).await, [""; 0], "it is not looked for yet");
    let bounce = format!(
        "From: MAILER-DAEMON@customer.test\r\nSubject: Undelivered\r\nReturn-Path: <>\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.customer.test\r\n\r\n\
         Final-Recipient: rfc822; ada@customer.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{GIVEN}>\r\n\
         X-Jackfield-Id: {out}\r\n\r\n--b--\r\n"
    );
    arrives(&world, bounce).await;
    let contacts = world.contacts().await;
    assert_eq!(contacts.len(), 1, "{contacts:?}");
    let conversation = world.port.conversation(contacts[0].conversation).await.unwrap().unwrap();
    assert_eq!(conversation.notes[0].recipient, "ada@customer.test");
}
