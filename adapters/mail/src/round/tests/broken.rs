//! Connections that break at mails, and whom that is laid to.

use super::*;
use crate::testing::lost;

#[tokio::test]
async fn mail_01_a_mail_that_breaks_the_connection_holds_up_none_behind_it() {
    let world = World::new().await;
    for number in 1..=3 {
        world.server.state().deliver(START, mail(number));
    }
    world.server.state().breaking.insert(1);
    let mut rounds = world.rounds_of(world.terms());
    let mut folder = Folder(world.server.clone());
    // It breaks at the first one; those behind it come before it is tried again.
    for _ in 0..3 {
        rounds.round(&mut folder).await.unwrap_err();
    }
    let contacts = world.contacts().await;
    let notices: Vec<_> = contacts.iter().filter_map(|it| it.notice).collect();
    assert_eq!((contacts.len(), notices), (3, vec![MailNotice::CannotFetch]));
    rounds.round(&mut folder).await.unwrap();
    assert_eq!(world.contacts().await.len(), 3);
}

/// Connections come about and break at every mail, for half an hour.
#[tokio::test]
async fn mail_01_a_way_that_carries_nothing_makes_no_mail_one_that_cannot_be_fetched() {
    let world = World::new().await;
    for number in 1..=3 {
        world.server.state().deliver(START, mail(number));
    }
    world.server.state().breaking.extend(1..=3);
    let mut rounds = world.rounds_of(world.terms());
    let mut folder = Folder(world.server.clone());
    for _ in 0..30 {
        rounds.round(&mut folder).await.unwrap_err();
        world.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(world.contacts().await.len(), 0);
    world.server.state().breaking.clear();
    rounds.round(&mut folder).await.unwrap();
    assert_eq!(world.subjects().await, once(1..=3));
    // Where that goes on for longer, somebody has to look.
    world.server.state().deliver(START, mail(4));
    world.server.state().breaking.insert(4);
    for _ in 0..70 {
        let _ = rounds.round(&mut folder).await;
        world.clock.advance(Duration::from_secs(60));
    }
    let notices: Vec<_> = world.contacts().await.iter().filter_map(|it| it.notice).collect();
    assert_eq!(notices, [MailNotice::CannotFetch]);
}

/// Nobody can say what it is: as bad as one that nobody can read.
#[tokio::test]
async fn mail_01_a_mail_of_which_nothing_is_known_holds_up_none_of_its_mailbox() {
    let refused = |code: Option<&str>| Trouble::Refused {
        host: "imap.example.test".to_owned(),
        what: "what it knows of mails".to_owned(),
        code: code.map(str::to_owned),
        text: "no".to_owned(),
    };
    for trouble in [lost(), refused(Some("SERVERBUG")), refused(None)] {
        let world = World::new().await;
        for number in 1..=3 {
            world.server.state().deliver(START, mail(number));
        }
        world.server.state().headless.insert(2, trouble.clone());
        let mut rounds = world.rounds_of(world.terms());
        let mut folder = Folder(world.server.clone());
        let mut behind = 0;
        for _ in 0..4 {
            behind += rounds.round(&mut folder).await.map_or(0, |done| done.behind);
        }
        let contacts = world.contacts().await;
        let notices: Vec<_> = contacts.iter().filter_map(|it| it.notice).collect();
        assert_eq!((contacts.len(), notices), (3, vec![MailNotice::CannotFetch]), "{trouble}");
        let is_told = behind > 0 || trouble.ends_conversation();
        assert!(is_told, "{trouble}");
        world.server.state().deliver(START, mail(4));
        rounds.round(&mut folder).await.unwrap();
        assert_eq!(world.contacts().await.len(), 4);
        world.engine.abandon();
    }
}

#[tokio::test]
async fn mail_01_a_server_that_says_nothing_of_any_mail_makes_none_one_that_cannot_be_fetched() {
    let world = World::new().await;
    for number in 1..=3 {
        let uid = world.server.state().deliver(START, mail(number));
        world.server.state().headless.insert(uid, lost());
    }
    let mut rounds = world.rounds_of(world.terms());
    let mut folder = Folder(world.server.clone());
    for _ in 0..30 {
        rounds.round(&mut folder).await.unwrap_err();
        world.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(world.contacts().await.len(), 0);
    world.server.state().headless.clear();
    rounds.round(&mut folder).await.unwrap();
    assert_eq!(world.subjects().await, once(1..=3));
}
