//! Webhooks: what comes, how it is proven, and what happens where it is not taken.

use engine::probe::Verdict;

use crate::authority::Authority;
use crate::desk::{Desk, down};
use crate::hook::Hook;

const REFUSED: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn ops_02_a_part_that_goes_and_comes_back_is_posted_signed_and_in_order() {
    let authority = Authority::new();
    let hook = Hook::start(authority.acceptor("localhost")).await;
    let mut desk = Desk::new().await;
    let mut receiver = hook.receiver("localhost");
    let secret = desk.sealed("a shared secret");
    receiver.webhook.as_mut().unwrap().signing_secret = Some(secret);
    desk.receivers(vec![receiver], &[authority.pem()]).await;
    desk.start();
    desk.parts(vec![down("main")]);
    let raised = desk.passing("the alarm", || hook.posted().first().cloned()).await;
    assert_eq!((raised.kind(), raised.path.as_str()), ("alarm.raised", "/alarms?x=1"));
    let alarm = &raised.body["data"]["alarms"][0];
    assert_eq!((&alarm["part"], &alarm["name"]), (&"cti_pair".into(), &"main".into()));
    assert_eq!((&alarm["severity"], &alarm["code"]), (&"critical".into(), &"cti_down".into()));
    assert_eq!(raised.body["data"]["node"], "gw-a");
    assert_eq!(raised.body["id"], raised.header("webhook-id"));
    assert!(raised.is_signed_with(b"a shared secret") && !raised.is_signed_with(b"another"));
    desk.parts(vec![]);
    let over = desk.passing("its end", || hook.posted().get(1).cloned()).await;
    assert_eq!(over.kind(), "alarm.cleared");
    desk.until_sent("webhook", 2).await;
    desk.stop().await;
    assert_eq!(hook.posted().len(), 2);
    let shown = String::from_utf8(desk.port.metrics().text()).unwrap();
    assert!(!shown.contains("a shared secret"), "no secret and no address is in figures");
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_02_what_is_not_taken_comes_again_with_the_same_id() {
    let authority = Authority::new();
    let hook = Hook::start(authority.acceptor("localhost")).await;
    let moved = "HTTP/1.1 307 Moved\r\nlocation: https://localhost:1/\r\ncontent-length: 0\r\n\r\n";
    hook.answers(&[REFUSED, "", moved]);
    let mut desk = Desk::new().await;
    desk.receivers(vec![hook.receiver("localhost")], &[authority.pem()]).await;
    desk.start();
    desk.parts(vec![down("main")]);
    let posted =
        desk.passing("four tries", || Some(hook.posted()).filter(|it| it.len() >= 4)).await;
    let first = posted[0].header("webhook-id");
    assert!(
        first.starts_with("alarm_")
            && posted[..4].iter().all(|it| it.header("webhook-id") == first)
    );
    assert!(posted[0].header("webhook-signature").is_empty(), "there is no secret to sign with");
    // Each try has its own time, lest it is taken for a repeat; what it tells of was when it was.
    let time = |it: &crate::hook::Posted| it.header("webhook-timestamp").parse::<i64>().unwrap();
    assert!(time(&posted[3]) > time(&posted[0]), "{} {}", time(&posted[3]), time(&posted[0]));
    assert_eq!(posted[3].body, posted[0].body);
    desk.until_away(Option::is_none).await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_02_many_parts_at_once_come_as_one_message() {
    let authority = Authority::new();
    let hook = Hook::start(authority.acceptor("localhost")).await;
    let mut desk = Desk::new().await;
    desk.receivers(vec![hook.receiver("localhost")], &[authority.pem()]).await;
    desk.start();
    desk.parts((0..40).map(|number| down(&number.to_string())).collect());
    let digest = desk.passing("the digest", || hook.posted().first().cloned()).await;
    assert_eq!(digest.kind(), "alarm.digest");
    assert_eq!(digest.body["data"]["alarms"].as_array().unwrap().len(), 40);
    desk.until_sent("webhook", 1).await;
    desk.stop().await;
    assert_eq!(hook.posted().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_of_another_authority_or_name_gets_nothing() {
    let (authority, other) = (Authority::new(), Authority::new());
    let stranger = Hook::start(other.acceptor("localhost")).await;
    let misnamed = Hook::start(authority.acceptor("alarms.example")).await;
    let mut desk = Desk::new().await;
    for (hook, words) in [(&stranger, "vouches"), (&misnamed, "is not for localhost")] {
        desk.receivers(vec![hook.receiver("localhost")], &[authority.pem()]).await;
        let probe = desk.probe("desk").await;
        assert_eq!(probe.verdict(), Verdict::Failed);
        assert!(probe.steps[0].words.contains(words), "{probe:?}");
        assert!(hook.posted().is_empty());
    }
    // The same while alarms are told, mended by the settings without a restart.
    desk.receivers(vec![stranger.receiver("localhost")], &[authority.pem()]).await;
    desk.start();
    desk.parts(vec![down("main")]);
    desk.passing("a try", || (!desk.shows("webhook", "failed", 0)).then_some(())).await;
    let state = desk.until_away(Option::is_some).await;
    assert!(state.away.unwrap().contains("vouches"));
    let trusted = [authority.pem(), other.pem()];
    desk.receivers(vec![stranger.receiver("localhost")], &trusted).await;
    desk.passing("the alarm", || stranger.posted().first().cloned()).await;
    desk.until_away(Option::is_none).await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_15_a_test_of_a_receiver_sends_one_test_alarm() {
    let authority = Authority::new();
    let hook = Hook::start(authority.acceptor("localhost")).await;
    let desk = Desk::new().await;
    desk.receivers(vec![hook.receiver("localhost")], &[]).await;
    let untrusted = desk.probe("desk").await;
    assert!(untrusted.steps[0].words.contains("purpose alarms"), "{untrusted:?}");
    desk.receivers(vec![hook.receiver("localhost")], &[authority.pem()]).await;
    let probe = desk.probe("desk").await;
    assert_eq!((probe.verdict(), probe.peer.as_str()), (Verdict::Ok, "alarm desk"));
    assert_eq!(hook.posted()[0].kind(), "alarm.test");
    hook.answers(&[REFUSED]);
    let refused = desk.probe("desk").await;
    assert!(refused.steps[0].words.contains("503"), "{refused:?}");
}
