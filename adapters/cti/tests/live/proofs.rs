//! PHN-10 and PHN-22: who is signed on already proves the password otherwise.

use domain::Refusal;

use super::*;

fn is_wrong(answer: &SignInAnswer) -> bool {
    matches!(answer, SignInAnswer::NotProven(engine::AuthenticationRefusal::Wrong))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phn_10_express_checks_the_password_of_who_is_signed_on_already() {
    let Some(peers) = Peers::start(&["--dialect", "express"]) else { return };
    let bench = Bench::express(&peers, 18).await;
    peers.say("sign-in 1001");
    let wrong = bench.sign_in("1001", "2001", "wrong").await;
    assert!(is_wrong(&wrong), "{wrong:?}");
    bench.signed_in("1001", "2001").await;
    assert_eq!(peers.agent("1001", "state"), "not-ready");
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phn_10_a_right_password_at_another_line_says_where_the_agent_is() {
    let Some(peers) = Peers::start(&["--dialect", "express"]) else { return };
    let bench = Bench::express(&peers, 18).await;
    peers.say("sign-in 1001 --line 2004");
    bench.until("known", || bench.port.live(&key("1001")).is_some()).await;
    let answer = bench.sign_in("1001", "2001", "12345").await;
    let SignInAnswer::Refused(Refusal::SignedOnElsewhere { extension }) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(extension, Some("2004".parse().unwrap()));
    let wrong = bench.sign_in("1001", "2001", "wrong").await;
    assert!(is_wrong(&wrong), "nobody learns the line without the password: {wrong:?}");
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phn_22_enterprise_compares_with_the_last_sign_in_it_accepted_and_the_newest_holds() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    bench.signed_in("1001", "2001").await;
    let first = bench.session("1001").await.holder();
    let wrong = bench.sign_in("1001", "2001", "wrong").await;
    assert!(is_wrong(&wrong), "{wrong:?}");
    assert_eq!(bench.session("1001").await.holder(), first);
    let answer = bench.sign_in("1001", "2001", "12345").await;
    let SignInAnswer::SignedIn { session, .. } = answer else { panic!("{answer:?}") };
    assert!(session.generation > first.generation);
    bench.goes("1001", Wish::Ready).await;
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phn_10_enterprise_sends_away_who_never_signed_in_here() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    peers.say("sign-in 1001");
    let answer = bench.sign_in("1001", "2001", "12345").await;
    let SignInAnswer::Refused(Refusal::SignedOnElsewhere { extension }) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(extension, None, "nothing was proven");
    peers.nothing_was_broken();
    bench.close().await;
}
