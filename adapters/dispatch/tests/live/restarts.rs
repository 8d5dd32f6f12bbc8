//! What was told stays told, and what was not yet taken is sent again, whoever dies in between.

use crate::authority::Authority;
use crate::desk::{Desk, down};
use crate::hook::Hook;

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_tells_nothing_twice() {
    let authority = Authority::new();
    let hook = Hook::start(authority.acceptor("localhost")).await;
    let mut desk = Desk::new().await;
    desk.receivers(vec![hook.receiver("localhost")], &[authority.pem()]).await;
    desk.start();
    desk.parts(vec![down("main")]);
    desk.passing("the alarm", || hook.posted().first().cloned()).await;
    desk.until_sent("webhook", 1).await;
    desk.stop().await;
    desk.start();
    // A second part shows that the first was judged too, and not told.
    desk.parts(vec![down("main"), down("second")]);
    let second = desk.passing("the second", || hook.posted().get(1).cloned()).await;
    assert_eq!(second.body["data"]["alarms"].as_array().unwrap().len(), 1);
    assert_eq!(second.body["data"]["alarms"][0]["name"], "second");
    desk.until_sent("webhook", 2).await;
    desk.stop().await;
    // What ends while nobody looks is told when somebody does.
    desk.parts(vec![]);
    desk.start();
    let told = desk.passing("the ends", || Some(hook.posted()).filter(|it| it.len() >= 4)).await;
    let kinds: Vec<_> = told.iter().map(|it| it.kind().to_owned()).collect();
    assert_eq!(kinds, ["alarm.raised", "alarm.raised", "alarm.cleared", "alarm.cleared"]);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_was_not_taken_when_the_process_died_comes_with_its_id() {
    let authority = Authority::new();
    let hook = Hook::start(authority.acceptor("localhost")).await;
    hook.answers(&["HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"; 3]);
    let mut desk = Desk::new().await;
    desk.receivers(vec![hook.receiver("localhost")], &[authority.pem()]).await;
    desk.start();
    desk.parts(vec![down("main")]);
    let first = desk.passing("the first try", || hook.posted().first().cloned()).await;
    desk.kill().await;
    desk.start();
    desk.parts(vec![down("main"), down("second")]);
    let second = |it: &crate::hook::Posted| it.body["data"]["alarms"][0]["name"] == "second";
    desk.passing("the second", || hook.posted().iter().any(second).then_some(())).await;
    let (of_second, of_first): (Vec<_>, Vec<_>) = hook.posted().into_iter().partition(second);
    let id = first.header("webhook-id");
    assert!(of_first.len() >= 4 && of_first.iter().all(|it| it.header("webhook-id") == id));
    assert!(of_second.iter().all(|it| it.header("webhook-id") != id));
    desk.stop().await;
}
