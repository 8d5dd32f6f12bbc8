//! Servers that are away, strangers, or do not know our own account.

use std::sync::Arc;
use std::time::Duration;

use directory::{Answer, Directories, Host, Refusal, Security};
use domain::{Secret, Timestamp};
use engine::Clock;
use engine::probe::{StepOutcome, Verdict};
use engine::testing::ManualClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{Content, another_authority, free_port};
use crate::signing_in::{answer, directories};

fn anna() -> Content {
    let mut content = Content::default();
    content.person("anna", "right-1", "");
    content
}

fn is_proven(answer: &Answer) -> bool {
    matches!(answer, Answer::Proven(_))
}

fn refusal(answer: Answer) -> Refusal {
    match answer {
        Answer::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn ids_17_the_second_server_is_asked_when_the_first_is_away() {
    let server = slapd_or_leave!(&anna());
    let mut settings = server.directory();
    let away = Host { host: "localhost".to_owned(), port: free_port() };
    settings.hosts.insert(0, away.clone());
    assert!(is_proven(&answer(&directories(settings.clone()).await, "anna", "right-1").await));
    settings.hosts.truncate(1);
    let refused = refusal(answer(&directories(settings).await, "anna", "right-1").await);
    assert!(refused.to_string().starts_with(&format!("{away} cannot be reached")), "{refused}");
}

#[tokio::test]
async fn ids_17_a_server_of_another_authority_or_name_is_told_no_password() {
    let server = slapd_or_leave!(&anna());
    let mut settings = server.directory();
    settings.authorities_pem = another_authority();
    let refused = refusal(answer(&directories(settings).await, "anna", "right-1").await);
    assert!(refused.to_string().contains("no private connection"), "{refused}");
    // The certificate is for localhost, not for the address.
    let mut settings = server.directory();
    settings.hosts[0].host = "127.0.0.1".to_owned();
    let refused = refusal(answer(&directories(settings).await, "anna", "right-1").await);
    assert!(refused.to_string().contains("no private connection"), "{refused}");
}

#[tokio::test]
async fn ids_17_who_speaks_no_tls_is_not_spoken_to_in_the_clear() {
    let server = slapd_or_leave!(&anna());
    let mut settings = server.directory();
    settings.hosts[0].port = server.plain;
    let refused = refusal(answer(&directories(settings).await, "anna", "right-1").await);
    assert!(refused.to_string().contains("no private connection"), "{refused}");
}

#[tokio::test]
async fn ops_10_our_own_account_is_left_alone_once_it_was_refused_and_tried_at_once_when_corrected()
{
    let server = slapd_or_leave!(&anna());
    let clock = Arc::new(ManualClock::new(Timestamp::default()));
    let directories = Directories::new(Arc::clone(&clock) as Arc<dyn Clock>);
    let good = server.directory();
    let mut wrong = good.clone();
    wrong.bind_password = Secret::new("mistyped");
    assert!(directories.set(vec![wrong.clone()]).await.is_empty());
    // The server locks an account after three wrong passwords; ten people sign in at once.
    let all = (0..10).map(|_| answer(&directories, "anna", "right-1"));
    for answer in join(all).await {
        assert!(matches!(refusal(answer), Refusal::OwnAccount { .. }));
    }
    assert!(directories.left_alone("site").await.is_some());
    clock.advance(Duration::from_secs(29 * 60));
    // The same settings applied again are no correction.
    assert!(directories.set(vec![wrong.clone()]).await.is_empty());
    assert!(matches!(
        refusal(answer(&directories, "anna", "right-1").await),
        Refusal::OwnAccount { .. }
    ));
    clock.advance(Duration::from_secs(2 * 60));
    assert!(directories.left_alone("site").await.is_none());
    assert!(matches!(
        refusal(answer(&directories, "anna", "right-1").await),
        Refusal::OwnAccount { .. }
    ));
    // That were two wrong ones; a third would have locked it.
    assert!(directories.set(vec![good]).await.is_empty());
    assert!(is_proven(&answer(&directories, "anna", "right-1").await));
    assert!(directories.left_alone("site").await.is_none());
}

async fn join<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pinned: Vec<_> = all.map(Box::pin).collect();
    let mut outputs = Vec::new();
    std::future::poll_fn(|context| {
        pinned.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => {
                outputs.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        if pinned.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    outputs
}

#[tokio::test]
async fn a_server_that_talks_nonsense_or_announces_gigabytes_is_left() {
    for nonsense in
        [b"HTTP/1.1 400 Bad\r\n\r\n".as_slice(), b"\x30\x84\x7f\xff\xff\xff", b"\x30\x00"]
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 512]).await;
            let _ = stream.write_all(nonsense).await;
            let _ = stream.read(&mut [0; 512]).await;
        });
        let directory = directory::Directory {
            name: "site".to_owned(),
            hosts: vec![Host { host: "127.0.0.1".to_owned(), port }],
            security: Security::Plain,
            bind_dn: "cn=x".to_owned(),
            bind_password: Secret::new("x"),
            base_dn: String::new(),
            user_filter: directory::DEFAULT_USER_FILTER.to_owned(),
            id_attribute: "uid".to_owned(),
            name_attribute: "cn".to_owned(),
            groups: directory::Groups::Attribute("memberOf".to_owned()),
            authorities_pem: String::new(),
            timeout_seconds: 10,
        };
        let directories = directories(directory).await;
        let refused = refusal(answer(&directories, "anna", "right-1").await);
        assert!(matches!(refused, Refusal::Trouble(_)), "{refused}");
        serving.await.unwrap();
    }
}

#[tokio::test]
async fn ops_15_each_server_of_a_directory_is_tested_step_by_step() {
    let server = slapd_or_leave!(&anna());
    let mut settings = server.directory();
    let away = Host { host: "localhost".to_owned(), port: free_port() };
    settings.hosts.push(away);
    let good = directories(settings.clone()).await;
    let probe = good.probe("site").await;
    assert_eq!(probe.verdict(), Verdict::Partial, "{probe:?}");
    let outcomes: Vec<_> = probe.steps.iter().map(|step| step.outcome).collect();
    use StepOutcome::{Failed, Ok};
    assert_eq!(outcomes, [Ok, Ok, Ok, Failed], "{probe:?}");
    settings.hosts.truncate(1);
    // A base that is not there is a mistake in the settings, not somebody who is unknown.
    let mut astray = settings.clone();
    astray.base_dn = "dc=elsewhere,dc=org".to_owned();
    let astray = directories(astray).await;
    let probe = astray.probe("site").await;
    assert_eq!(probe.steps[2].outcome, Failed, "{probe:?}");
    assert!(matches!(refusal(answer(&astray, "anna", "right-1").await), Refusal::Trouble(_)));
    settings.bind_password = Secret::new("mistyped");
    let wrong = directories(settings).await;
    let first = wrong.probe("site").await;
    assert!(first.steps[1].words.contains("invalid credentials (49)"), "{first:?}");
    // The second time the account is left alone, and the words say so.
    let second = wrong.probe("site").await;
    assert!(second.steps[1].words.contains("left alone"), "{second:?}");
    assert_eq!(good.probe("other").await.verdict(), Verdict::Failed);
}
