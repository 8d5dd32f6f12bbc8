//! An account that does not let us in is left alone, and what waits for it is told.

use super::nodes::owed;
use super::*;

fn sign_in_refused() -> Submitted {
    let (host, text) = ("smtp.example.test".to_owned(), "wrong password".to_owned());
    Submitted::NotBegun(Trouble::SignIn { host, text, is_temporary: false })
}

/// How often it was tried when a server says that each time.
fn tries(world: &World, says: impl Fn() -> Submitted) -> impl Fn() -> usize {
    world.server.state().says = std::iter::repeat_with(says).take(1_000).collect();
    let server = Arc::clone(&world.server);
    move || 1_000 - server.state().says.len()
}

#[tokio::test]
async fn mail_05_twenty_owed_mails_with_a_refused_sign_in_make_one_attempt() {
    let cases: [fn() -> Submitted; 3] =
        [sign_in_refused, || refused(421, false), || refused(432, false)];
    for says in cases {
        let world = owed(20).await;
        let outgoing = world.outgoing();
        let tries = tries(&world, says);
        for _ in 0..5 {
            due(&outgoing).await;
        }
        assert_eq!(tries(), 1);
        // One more after each pause, which are 1, 2, 4, 8, 16 and then 30 minutes.
        let mut tried_at = Vec::new();
        for minute in 1..=120 {
            world.clock.advance(Duration::from_secs(60));
            due(&outgoing).await;
            if tries() > tried_at.len() + 1 {
                tried_at.push(minute);
            }
        }
        assert_eq!(tried_at, [1, 3, 7, 15, 31, 61, 91]);
        assert_eq!(tries(), 8);
        // Other settings may have mended it.
        world.server.state().says.clear();
        outgoing.ways.try_again();
        due(&outgoing).await;
        assert!(world.server.state().submitted.len() > 10, "what was not tried goes at once");
        hours(&world, &outgoing, 1).await;
        assert_eq!(world.server.state().submitted.len(), 20);
    }
}

#[tokio::test]
async fn mail_05_a_mail_that_is_refused_for_itself_holds_up_no_other() {
    let world = owed(5).await;
    world.server.state().says = [refused(450, false), refused(451, false)].into();
    due(&world.outgoing()).await;
    assert_eq!(world.server.state().submitted.len(), 3);
}

#[tokio::test]
async fn mail_05_what_waited_for_two_days_behind_a_closed_account_comes_back_at_once() {
    let world = owed(10).await;
    let outgoing = world.outgoing();
    let _tries = tries(&world, sign_in_refused);
    hours(&world, &outgoing, 49).await;
    assert!(world.port.mails_out_open().await.unwrap().is_empty());
}

#[tokio::test]
async fn ccp_11_a_way_out_that_fails_says_since_when_why_and_how_many_wait() {
    let world = owed(4).await;
    let outgoing = world.outgoing();
    let tries = tries(&world, sign_in_refused);
    hours(&world, &outgoing, 1).await;
    outgoing.count().await.unwrap();
    let fails = outgoing.ways.of("support").unwrap();
    assert_eq!((fails.since, fails.waiting), (START, 4));
    assert!(fails.why.contains("wrong password"), "{}", fails.why);
    assert!(tries() > 1);
    world.server.state().says.clear();
    hours(&world, &outgoing, 1).await;
    assert_eq!(outgoing.ways.of("support"), None);
}

/// Its secret cannot be opened, or its proxy is missing: what is owed rests, and nothing is written of that each time.
#[tokio::test]
async fn mail_05_what_waits_for_a_mail_server_that_cannot_be_asked_rests_and_comes_back_after_two_days()
 {
    let world = World::new().await;
    let out = answered(&world, AnswerMode::Reply).await;
    let outgoing = world.outgoing_without(false);
    hours(&world, &outgoing, 47).await;
    let mail = world.port.mail_out(out).await.unwrap().unwrap();
    assert_eq!((&mail.state, mail.next_try_at), (&OutState::Queued, None));
    let fails = outgoing.ways.of("support").unwrap();
    assert!(fails.why.contains("cannot be opened"), "{}", fails.why);
    hours(&world, &outgoing, 2).await;
    let OutState::Failed { reason, .. } = state(&world, out).await else { panic!("it failed") };
    assert!(reason.contains("two days") && reason.contains("cannot be opened"), "{reason}");
}

#[tokio::test]
async fn mail_01_a_sent_answer_is_filed_once_its_mailbox_is_back_and_never_said_to_be_before() {
    for is_gone in [false, true] {
        let world = World::new().await;
        world.server.state().is_sent_away = true;
        let out = answered(&world, AnswerMode::Reply).await;
        let outgoing = world.outgoing();
        hours(&world, &outgoing, 1).await;
        assert!(!is_filed(&state(&world, out).await));
        world.server.state().is_sent_away = false;
        hours(&world, &world.outgoing_without(is_gone), 2).await;
        // Where the settings have no mailbox any more there is nothing to wait for.
        assert_eq!(is_filed(&state(&world, out).await), is_gone);
        hours(&world, &outgoing, 1).await;
        assert!(is_filed(&state(&world, out).await));
        assert_eq!(world.server.state().sent.len(), usize::from(!is_gone));
    }
}
