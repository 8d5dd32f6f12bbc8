//! Handing mails over to servers that err.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail::account::{Patience, SmtpSecurity, TokenMechanism};
use mail::smtp::{self, Envelope, Submitted};
use mail::trial::Outcome;
use mail::{Account, Trouble};

use super::server::Server;
use super::{PASSWORD, SHORT, account, patience, token_account, tokens};

const RAW: &[u8] = b"Subject: x\r\n\r\n.dot\r\nend\r\n";
const READY: &str = "S: 220 localhost ready\n";
const OFFERS: &str = "C: EHLO gateway.x.test\nS: 250-localhost\nS: 250-SIZE 1000\nS: 250-8BITMIME\n\
    S: 250 AUTH LOGIN PLAIN XOAUTH2\n";
const SIGNED_IN: &str = "C: AUTH PLAIN\nS: 235 in\n";
const SENDER: &str = "C: MAIL FROM:<q1@x.test> SIZE=25\nS: 250 ok\n";
const RECIPIENT: &str = "C: RCPT TO:<ann@customer.test>\nS: 250 ok\n";
const DATA: &str = "C: DATA\nS: 354 go\nD\n";
const QUIT: &str = "C: QUIT\nS: 221 bye\n";

fn begun() -> String {
    format!("T\n{READY}{OFFERS}{SIGNED_IN}")
}

fn envelope(to: &[&str]) -> Envelope {
    let to = to.iter().map(|address| (*address).to_owned()).collect();
    Envelope { from: Some("q1@x.test".to_owned()), to, copy_to: None }
}

async fn submitted(script: String) -> Submitted {
    submitted_to(script, &["ann@customer.test"]).await
}

async fn submitted_to(script: String, to: &[&str]) -> Submitted {
    let server = Server::start([script]).await;
    let submitted = smtp::submit(&account(&server), &tokens(), &envelope(to), RAW).await;
    server.finish();
    submitted
}

#[tokio::test]
async fn an_accepted_mail_is_on_the_server_byte_for_byte() {
    let script = begun() + SENDER + RECIPIENT + DATA + "S: 250 2.0.0 queued as 4F2\n" + QUIT;
    let server = Server::start([script]).await;
    let to = envelope(&["ann@customer.test"]);
    let submitted = smtp::submit(&account(&server), &tokens(), &to, RAW).await;
    let text = "2.0.0 queued as 4F2".to_owned();
    assert_eq!(submitted, Submitted::Accepted { text, is_copied: false });
    let heard = server.heard();
    assert!(
        heard.contains(&format!(
            "AUTH PLAIN {}",
            STANDARD.encode(format!("\0q1@x.test\0{PASSWORD}"))
        ))
    );
    let data = heard.iter().position(|line| line == "DATA").unwrap() + 1;
    assert_eq!(heard[data..data + 5], ["Subject: x", "", "..dot", "end", "."]);
    server.finish();
}

#[tokio::test]
async fn a_temporary_refusal_is_told_apart_from_a_final_one() {
    let refused = |answer: &str| format!("{}{SENDER}C: RCPT TO\nS: {answer}\n{QUIT}", begun());
    let later = submitted(refused("451 4.7.1 try again later")).await;
    let Submitted::Refused { code: Some(451), text, is_final: false } = later else {
        panic!("{later:?}")
    };
    assert!(text.contains("ann@customer.test") && text.contains("try again later"), "{text}");
    let never = submitted(refused("550 5.1.1 no such user")).await;
    assert!(matches!(never, Submitted::Refused { code: Some(550), is_final: true, .. }));
    let big = submitted(format!("{}C: MAIL FROM\nS: 552 5.3.4 too big\n{QUIT}", begun())).await;
    assert!(matches!(big, Submitted::Refused { code: Some(552), is_final: true, .. }), "{big:?}");
    let after = submitted(begun() + SENDER + RECIPIENT + DATA + "S: 554 spam\n" + QUIT).await;
    assert!(matches!(after, Submitted::Refused { code: Some(554), is_final: true, .. }));
    let after = submitted(begun() + SENDER + RECIPIENT + DATA + "S: 452 full\n" + QUIT).await;
    assert!(matches!(after, Submitted::Refused { code: Some(452), is_final: false, .. }));
}

#[tokio::test]
async fn nobody_gets_a_mail_that_one_of_them_is_refused() {
    let script = format!(
        "{}{SENDER}{RECIPIENT}C: RCPT TO:<b@x.test>\nS: 450 later\nC: RCPT TO:<c@x.test>\nS: 550 never\n{QUIT}",
        begun()
    );
    let refused = submitted_to(script, &["ann@customer.test", "b@x.test", "c@x.test"]).await;
    let Submitted::Refused { code: Some(550), text, is_final: true } = refused else {
        panic!("{refused:?}")
    };
    assert!(text.contains("b@x.test") && text.contains("c@x.test"), "{text}");
}

/// A server may take its time over each step and then ten minutes over the mail (RFC 5321, 4.5.3.2.6): nobody asks what
/// became of it before.
#[tokio::test]
async fn mail_05_a_submission_is_not_over_before_each_of_its_steps_may_be() {
    let server = Server::start([""; 0]).await;
    let account = Account { patience: Patience::default(), ..account(&server) };
    let recipients: Vec<String> = (0..40).map(|number| format!("c{number}@x.test")).collect();
    let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
    let patience = account.patience;
    for (to, copy_to) in [(1, None), (40, Some("q1@x.test".to_owned()))] {
        let envelope = Envelope { copy_to, ..envelope(&recipients[..to]) };
        let commands = u32::try_from(to + usize::from(envelope.copy_to.is_some())).unwrap() + 2;
        let least = patience.connect * 2
            + patience.command * (commands + 3)
            + patience.transfer
            + patience.acceptance;
        let longest = smtp::longest(&account, &envelope, 1_000);
        assert!(longest >= least && longest < least * 2, "{longest:?} of {least:?}");
        assert!(smtp::longest(&account, &envelope, 30_000_000) > longest + patience.connect);
    }
    server.finish();
}

/// The sender's own address is asked for last, and what is said of it changes nothing for the others.
#[tokio::test]
async fn mail_05_a_refused_copy_for_the_sender_keeps_no_answer_from_the_customer() {
    for (said, is_copied) in
        [("250 ok", true), ("550 5.1.1 not to yourself", false), ("451 later", false)]
    {
        let script = format!(
            "{}{SENDER}{RECIPIENT}C: RCPT TO:<q1@x.test>\nS: {said}\n{DATA}S: 250 taken\n{QUIT}",
            begun()
        );
        let server = Server::start([script]).await;
        let envelope =
            Envelope { copy_to: Some("q1@x.test".to_owned()), ..envelope(&["ann@customer.test"]) };
        let submitted = smtp::submit(&account(&server), &tokens(), &envelope, RAW).await;
        let text = "taken".to_owned();
        assert_eq!(submitted, Submitted::Accepted { text, is_copied }, "{said}");
        server.finish();
    }
    // Where the customer is refused nobody asks for a copy.
    let script = format!("{}{SENDER}C: RCPT TO:<ann@customer.test>\nS: 550 no\n{QUIT}", begun());
    let server = Server::start([script]).await;
    let envelope =
        Envelope { copy_to: Some("q1@x.test".to_owned()), ..envelope(&["ann@customer.test"]) };
    let submitted = smtp::submit(&account(&server), &tokens(), &envelope, RAW).await;
    assert!(matches!(submitted, Submitted::Refused { code: Some(550), .. }), "{submitted:?}");
    server.finish();
}

/// Whoever writes to the mailbox itself has its copy by that.
#[tokio::test]
async fn mail_05_a_sender_who_gets_the_mail_anyway_is_asked_for_once() {
    let script =
        format!("{}{SENDER}C: RCPT TO:<q1@x.test>\nS: 250 ok\n{DATA}S: 250 taken\n{QUIT}", begun());
    let server = Server::start([script]).await;
    let envelope = Envelope { copy_to: Some("q1@x.test".to_owned()), ..envelope(&["q1@x.test"]) };
    let submitted = smtp::submit(&account(&server), &tokens(), &envelope, RAW).await;
    assert!(matches!(submitted, Submitted::Accepted { is_copied: true, .. }), "{submitted:?}");
    server.finish();
}

#[tokio::test]
async fn no_answer_after_the_final_dot_is_neither_a_yes_nor_a_no() {
    let handed = begun() + SENDER + RECIPIENT + DATA;
    for end in ["X\n", "S: what\nH\n", "S- 250 qu\nX\n"] {
        let unknown = submitted(handed.clone() + end).await;
        assert!(matches!(unknown, Submitted::Unknown { .. }), "{end}: {unknown:?}");
    }
    let server = Server::start([handed + "H\n"]).await;
    let patience = Patience { transfer: SHORT, acceptance: Duration::ZERO, ..patience() };
    let account = Account { patience, ..account(&server) };
    let to = envelope(&["ann@customer.test"]);
    let unknown = smtp::submit(&account, &tokens(), &to, RAW).await;
    assert!(matches!(unknown, Submitted::Unknown { .. }), "{unknown:?}");
    server.finish();
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    // It comes in pieces, each when the machine gets to it.
    let slow = "S- 250-thi\nS- nking¶250 \nS: queued\n";
    let accepted = submitted(begun() + SENDER + RECIPIENT + DATA + slow + QUIT).await;
    let text = "thinking queued".to_owned();
    assert_eq!(accepted, Submitted::Accepted { text, is_copied: false });
}

#[tokio::test]
async fn what_ends_before_the_mail_is_not_begun() {
    let not_begun = async |script: String| match submitted(script).await {
        Submitted::NotBegun(trouble) => trouble,
        other => panic!("{other:?}"),
    };
    let lost = not_begun(begun() + SENDER + RECIPIENT + "C: DATA\nX\n").await;
    assert!(matches!(lost, Trouble::Lost { .. }), "{lost}");
    let busy = not_begun("T\nS: 421 too many connections\nH\n".to_owned()).await;
    assert!(busy.to_string().contains("too many connections"), "{busy}");
    let odd = not_begun("T\nS: SSH-2.0-OpenSSH\nH\n".to_owned()).await;
    assert!(matches!(odd, Trouble::Malformed { .. }), "{odd}");
    let refused = "S: 535 5.7.8 no: queue password\nH\n";
    let refused = format!("T\n{READY}{OFFERS}C: AUTH PLAIN\n{refused}");
    let trouble = not_begun(refused).await;
    assert!(matches!(trouble, Trouble::SignIn { is_temporary: false, .. }), "{trouble}");
    assert!(!trouble.to_string().contains(PASSWORD), "{trouble}");
    let busy = format!("T\n{READY}{OFFERS}C: AUTH PLAIN\nS: 454 4.7.0 later\nH\n");
    let trouble = not_begun(busy).await;
    assert!(matches!(trouble, Trouble::SignIn { is_temporary: true, .. }), "{trouble}");
    let none = format!("T\n{READY}C: EHLO\nS: 250 AUTH GSSAPI\nH\n");
    let trouble = not_begun(none).await;
    assert!(matches!(trouble, Trouble::SignIn { .. }), "{trouble}");
}

#[tokio::test]
async fn a_hanging_server_is_left_in_time() {
    for script in ["T\nH\n".to_owned(), begun() + "C: MAIL FROM\nH\n"] {
        let server = Server::start([script]).await;
        let patience = Patience { command: SHORT, ..patience() };
        let account = Account { patience, ..account(&server) };
        let to = envelope(&["ann@customer.test"]);
        let submitted = smtp::submit(&account, &tokens(), &to, RAW).await;
        let Submitted::NotBegun(Trouble::TimedOut { .. }) = submitted else {
            panic!("{submitted:?}")
        };
        server.finish();
    }
}

#[tokio::test]
async fn what_a_server_says_it_does_not_take_is_not_sent() {
    let leaving = format!("{}{QUIT}", begun());
    let server = Server::start([leaving.clone(), leaving]).await;
    let (account, tokens) = (account(&server), tokens());
    let to = envelope(&["ann@customer.test"]);
    let raw = [RAW, b"x\r\n".repeat(400).as_slice()].concat();
    let big = smtp::submit(&account, &tokens, &to, &raw).await;
    assert!(matches!(big, Submitted::Refused { code: None, is_final: true, .. }), "{big:?}");
    let to = envelope(&["用户@例子.test"]);
    let unknown = smtp::submit(&account, &tokens, &to, RAW).await;
    assert!(matches!(unknown, Submitted::Refused { code: None, is_final: true, .. }));
    // These are not even begun.
    for (to, raw) in [
        (envelope(&["no address"]), RAW),
        (envelope(&["a@x.test>\r\nRCPT TO:<b@x.test"]), RAW),
        (envelope(&[]), RAW),
        (envelope(&["ann@customer.test"]), b"a: b\n\n.\nMAIL FROM".as_slice()),
    ] {
        let refused = smtp::submit(&account, &tokens, &to, raw).await;
        assert!(matches!(refused, Submitted::Refused { code: None, is_final: true, .. }));
    }
    server.finish();
}

#[tokio::test]
async fn addresses_with_other_letters_go_where_they_are_known() {
    let offers = OFFERS.replace("250-8BITMIME", "250-8BITMIME¶250-SMTPUTF8");
    let script = format!(
        "T\n{READY}{offers}{SIGNED_IN}C: MAIL FROM:<q1@x.test> SIZE=25 SMTPUTF8\nS: 250 ok\n\
         C: RCPT TO:<用户@xn--fsqu00a.test>\nS: 250 ok\n{DATA}S: 250 ok\n{QUIT}"
    );
    let accepted = submitted_to(script, &["用户@例子.test"]).await;
    assert!(matches!(accepted, Submitted::Accepted { .. }), "{accepted:?}");
}

#[tokio::test]
async fn nothing_is_said_in_the_clear() {
    let plain = |rest: &str| format!("{READY}C: EHLO gateway.x.test\n{rest}");
    let begun = format!("{OFFERS}{SIGNED_IN}{SENDER}{RECIPIENT}{DATA}S: 250 ok\n{QUIT}");
    let scripts = [
        plain(&format!("S: 250-x\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nT\n{begun}")),
        plain("S: 250 AUTH PLAIN\nH\n"),
        plain("S: 250 STARTTLS\nC: STARTTLS\nS: 454 not now\nH\n"),
        // What somebody slips in before TLS is no answer after it.
        plain("S: 250 STARTTLS\nC: STARTTLS\nS: 220 go¶250-injected¶250 AUTH PLAIN\nH\n"),
    ];
    let server = Server::start(scripts).await;
    let account = Account { smtp_security: SmtpSecurity::StartTls, ..account(&server) };
    let tokens = tokens();
    let to = envelope(&["ann@customer.test"]);
    let accepted = smtp::submit(&account, &tokens, &to, RAW).await;
    assert!(matches!(accepted, Submitted::Accepted { .. }), "{accepted:?}");
    let none = smtp::submit(&account, &tokens, &to, RAW).await;
    assert!(matches!(none, Submitted::NotBegun(Trouble::Tls { .. })), "{none:?}");
    let later = smtp::submit(&account, &tokens, &to, RAW).await;
    assert!(matches!(later, Submitted::NotBegun(Trouble::Refused { .. })), "{later:?}");
    let injected = smtp::submit(&account, &tokens, &to, RAW).await;
    assert!(matches!(injected, Submitted::NotBegun(Trouble::Tls { .. })), "{injected:?}");
    server.finish();
}

#[tokio::test]
async fn a_token_that_is_refused_for_sending_is_replaced_once() {
    let given = |token: &str| {
        let body = format!("{{\"access_token\":\"{token}\",\"expires_in\":3600}}");
        format!(
            "T\nB POST /token\nS: HTTP/1.1 200 OK\nS: Content-Length: {}\nS: \nS- {body}\nX\n",
            body.len()
        )
    };
    let shown = |token: &str| {
        let text = format!("user=q1@x.test\u{1}auth=Bearer {token}\u{1}\u{1}");
        format!("C: AUTH XOAUTH2 {}\n", STANDARD.encode(text))
    };
    let challenge = STANDARD.encode("{\"status\":\"401\"}");
    let giver = Server::start([given("one"), given("two")]).await;
    let server = Server::start([
        format!("T\n{READY}{OFFERS}{}S: 334 {challenge}\nH\n", shown("one")),
        format!("T\n{READY}{OFFERS}{}S: 235 in\n{QUIT}", shown("two")),
    ])
    .await;
    let account = token_account(&server, &giver, TokenMechanism::Xoauth2);
    let checks = smtp::test(&account, &tokens()).await;
    assert!(checks.iter().all(|check| check.outcome == Outcome::Passed), "{checks:?}");
    server.finish();
    giver.finish();
}

#[tokio::test]
async fn a_server_that_knows_only_login_is_signed_in_to() {
    let offers = OFFERS.replace("LOGIN PLAIN XOAUTH2", "LOGIN");
    let (user, password) = (STANDARD.encode("q1@x.test"), STANDARD.encode(PASSWORD));
    let script = format!(
        "T\n{READY}{offers}C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: {user}\nS: 334 UGFzc3dvcmQ6\nC: {password}\n\
         S: 235 in\n{QUIT}"
    );
    let server = Server::start([script]).await;
    let checks = smtp::test(&account(&server), &tokens()).await;
    assert!(checks.iter().all(|check| check.outcome == Outcome::Passed), "{checks:?}");
    server.finish();
}
