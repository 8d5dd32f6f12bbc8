//! Mails: how they read, how they get there, and what does not go over an open line.

use dispatch::{Found, PartKey, Seen};
use domain::settings::{AlarmState, MailSecurity};
use engine::probe::Verdict;

use crate::authority::Authority;
use crate::desk::{Desk, down};
use crate::post_office::PostOffice;

const ACCOUNT: (&str, &str) = ("gateway", "correct horse");

#[tokio::test(flavor = "multi_thread")]
async fn ops_02_an_alarm_is_mailed_over_every_sort_of_connection() {
    let authority = Authority::new();
    for (security, account) in [
        (MailSecurity::Tls, Some(ACCOUNT)),
        (MailSecurity::StartTls, Some(ACCOUNT)),
        (MailSecurity::StartTls, None),
        (MailSecurity::Plain, None),
    ] {
        let office = PostOffice::start(authority.acceptor("localhost"), security, account).await;
        let mut desk = Desk::new().await;
        let mut receiver = office.receiver();
        if let (Some((user, password)), Some(mail)) = (account, receiver.mail.as_mut()) {
            mail.user = Some(user.to_owned());
            mail.password = Some(desk.sealed(password));
        }
        desk.receivers(vec![receiver], &[authority.pem()]).await;
        desk.start();
        desk.parts(vec![down("main")]);
        let mail = desk.passing("the mail", || office.taken().first().cloned()).await;
        desk.until_sent("mail", 1).await;
        desk.stop().await;
        assert_eq!(mail.from, "gateway@example.com");
        assert_eq!(mail.to, ["one@example.com", "two@example.org"]);
        assert_eq!(mail.is_private, security != MailSecurity::Plain);
        assert_eq!(mail.user.as_deref(), account.map(|(user, _)| user));
        assert_eq!(mail.header("Subject"), "[Jackfield gw-a] CRITICAL: cti pair main missing");
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        assert!(mail.header("Message-ID").starts_with("<alarm_"), "{mail:?}");
        assert!(mail.header("Content-Type").contains("charset=utf-8"), "{mail:?}");
        assert!(mail.lines.iter().any(|line| line.contains("no side answers")), "{mail:?}");
        if security != MailSecurity::Plain {
            let open = office.heard_in_the_open();
            assert!(
                open.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS"),
                "{open:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_parts_put_no_header_and_no_address_into_a_mail() {
    let authority = Authority::new();
    let office =
        PostOffice::start(authority.acceptor("localhost"), MailSecurity::Plain, None).await;
    let mut desk = Desk::new().await;
    desk.receivers(vec![office.receiver()], &[]).await;
    desk.start();
    let key = PartKey {
        part: "directory".to_owned(),
        name: Some("x\r\nBcc: evil@example.net\r\n\r\nhello ß".to_owned()),
    };
    let found = Found::Amiss {
        state: AlarmState::Missing,
        code: "directory_failed".to_owned(),
        reason: "\r\n.\r\nMAIL FROM:<evil@example.net>\r\n".to_owned(),
    };
    desk.parts(vec![Seen { key, found }]);
    let mail = desk.passing("the mail", || office.taken().first().cloned()).await;
    desk.until_sent("mail", 1).await;
    desk.stop().await;
    assert_eq!((mail.to.len(), office.taken().len()), (2, 1));
    let headers: Vec<_> = mail.lines.iter().take_while(|line| !line.is_empty()).collect();
    assert!(!headers.iter().any(|line| line.starts_with("Bcc")), "{headers:?}");
    assert!(headers.iter().all(|line| line.is_ascii()), "{headers:?}");
    assert!(!mail.lines.iter().any(|line| line.starts_with("MAIL FROM")), "{mail:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_without_tls_or_of_another_authority_gets_no_password() {
    let (authority, other) = (Authority::new(), Authority::new());
    let stranger =
        PostOffice::start(other.acceptor("localhost"), MailSecurity::StartTls, Some(ACCOUNT)).await;
    let stripped =
        PostOffice::start(authority.acceptor("localhost"), MailSecurity::Plain, None).await;
    let desk = Desk::new().await;
    for (office, words) in [(&stranger, "vouches"), (&stripped, "STARTTLS")] {
        let mut receiver = office.receiver();
        let mail = receiver.mail.as_mut().unwrap();
        mail.security = MailSecurity::StartTls;
        mail.user = Some(ACCOUNT.0.to_owned());
        mail.password = Some(desk.sealed(ACCOUNT.1));
        desk.receivers(vec![receiver], &[authority.pem()]).await;
        let probe = desk.probe("people").await;
        assert_eq!(probe.verdict(), Verdict::Failed);
        assert!(probe.steps[0].words.contains(words), "{probe:?}");
        assert!(office.taken().is_empty());
        let open = office.heard_in_the_open();
        assert!(!open.iter().any(|line| line.starts_with("AUTH")), "{open:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_10_a_refused_password_is_not_tried_again_until_the_settings_change() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("localhost");
    let office = PostOffice::start(acceptor, MailSecurity::Tls, Some(ACCOUNT)).await;
    let mut desk = Desk::new().await;
    let receiver = |password: &str| {
        let mut receiver = office.receiver();
        let mail = receiver.mail.as_mut().unwrap();
        mail.user = Some(ACCOUNT.0.to_owned());
        mail.password = Some(desk.sealed(password));
        receiver
    };
    let (wrong, right) = (receiver("wrong password"), receiver(ACCOUNT.1));
    desk.receivers(vec![wrong], &[authority.pem()]).await;
    desk.start();
    desk.parts(vec![down("main")]);
    let refused = || desk.shows("mail", "refused", 1).then_some(());
    desk.passing("the refusal", refused).await;
    let state = desk.until_away(Option::is_some).await;
    let words = state.away.unwrap();
    assert!(words.contains("refuses our user") && !words.contains("wrong password"), "{words}");
    // Ten minutes go by with looks in between, and it is not asked again.
    let mut left = 600;
    desk.passing("ten minutes", || {
        left -= 1;
        (left <= 0).then_some(())
    })
    .await;
    assert!(desk.shows("mail", "refused", 1));
    desk.receivers(vec![right], &[authority.pem()]).await;
    desk.passing("the mail", || office.taken().first().cloned()).await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_gone_keeps_nobody_else_from_an_alarm() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("localhost");
    let office = PostOffice::start(acceptor, MailSecurity::Tls, None).await;
    office.lose("one@example.com");
    let mut desk = Desk::new().await;
    desk.receivers(vec![office.receiver()], &[authority.pem()]).await;
    let probe = desk.probe("people").await;
    assert_eq!(probe.verdict(), Verdict::Ok);
    let words = &probe.steps[0].words;
    assert!(words.contains("not for one@example.com") && words.contains("550"), "{words}");
    desk.start();
    desk.parts(vec![down("main")]);
    desk.passing("the mail", || office.taken().get(1).cloned()).await;
    desk.until_sent("mail", 1).await;
    desk.stop().await;
    let to: Vec<_> = office.taken().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [["two@example.org"], ["two@example.org"]]);
    // Where it is for nobody, it failed.
    office.lose("two@example.org");
    assert_eq!(desk.probe("people").await.verdict(), Verdict::Failed);
}
