//! Signing in, by passwords and tokens, straight and through proxies.

use std::sync::Arc;

use domain::Secret;
use mail::account::{Route, SignIn, TokenMechanism, TokenSource};
use mail::imap::Mailbox;
use mail::trial::Outcome;
use mail::{Account, Trouble, smtp};

use super::peers::Peers;
use super::{account, address, google, mailbox, microsoft, proxy, tokens, with_token};

#[tokio::test]
async fn ccp_04_tokens_of_both_kinds_open_a_mailbox_and_send() {
    let Some(peers) = Peers::start() else { return };
    // Givers are asked through the HTTP proxy, as they have to be where there is one.
    let tokens = tokens(&peers, Route::Http(proxy(peers.endpoint("http_proxy"))));
    for mechanism in [TokenMechanism::Xoauth2, TokenMechanism::OauthBearer] {
        for source in [microsoft(&peers), google(&peers, "support")] {
            let account = with_token(account(&peers, "support"), source, mechanism);
            let checks = smtp::test(&account, &tokens).await;
            assert!(
                checks.iter().all(|check| check.outcome == Outcome::Passed),
                "{mechanism:?} {checks:?}"
            );
            let mailbox = Mailbox::new(Arc::new(account), Arc::clone(&tokens));
            let mut session = mailbox.open().await.unwrap();
            session.examine("INBOX").await.unwrap();
            session.close().await;
        }
    }
    // Each giver was asked once, since tokens are kept.
    let log = peers.log("http_proxy");
    let token_port = peers.endpoints["token_url"].as_str().unwrap();
    let port = token_port.split(':').nth(2).unwrap().split('/').next().unwrap();
    let asked = log.matches(&format!("CONNECT localhost:{port}")).count();
    assert_eq!(asked, 2, "{log}");
}

#[tokio::test]
async fn a_token_for_another_mailbox_and_a_wrong_secret_are_refused() {
    let Some(peers) = Peers::start() else { return };
    let tokens = tokens(&peers, Route::Direct);
    let of = |source| with_token(account(&peers, "support"), source, TokenMechanism::Xoauth2);
    let other = of(google(&peers, "sales"));
    let sent = smtp::test(&other, &tokens).await;
    assert!(sent.iter().any(|it| matches!(it.outcome, Outcome::Failed(_))), "{sent:?}");
    let mailbox = Mailbox::new(Arc::new(other), Arc::clone(&tokens));
    let trouble = mailbox.open().await.unwrap_err();
    assert!(matches!(trouble, Trouble::SignIn { is_temporary: false, .. }), "{trouble}");
    let TokenSource::ClientCredentials { url, client_id, scope, .. } = microsoft(&peers) else {
        panic!()
    };
    let client_secret = Secret::new("another secret");
    let wrong = of(TokenSource::ClientCredentials { url, client_id, client_secret, scope });
    let mailbox = Mailbox::new(Arc::new(wrong), tokens);
    let trouble = mailbox.open().await.unwrap_err();
    assert!(matches!(trouble, Trouble::Token { is_refused: true, .. }), "{trouble}");
    assert!(!trouble.to_string().contains("another secret"), "{trouble}");
}

#[tokio::test]
async fn ccp_02_both_proxies_lead_to_both_servers() {
    let Some(peers) = Peers::start() else { return };
    for route in [
        Route::Http(proxy(peers.endpoint("http_proxy"))),
        Route::Socks(proxy(peers.endpoint("socks_proxy"))),
    ] {
        let account = Account { route, ..account(&peers, "support") };
        let checks = smtp::test(&account, &tokens(&peers, Route::Direct)).await;
        assert!(checks.iter().all(|check| check.outcome == Outcome::Passed), "{checks:?}");
        let checks = mailbox(&peers, account).test().await;
        assert!(checks.iter().all(|check| check.outcome == Outcome::Passed), "{checks:?}");
    }
    let mut nowhere = account(&peers, "support");
    // Nobody listens on a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    nowhere.imap.port = free;
    for route in [
        Route::Http(proxy(peers.endpoint("http_proxy"))),
        Route::Socks(proxy(peers.endpoint("socks_proxy"))),
    ] {
        let account = Account { route, ..nowhere.clone() };
        let trouble = mailbox(&peers, account).open().await.unwrap_err();
        assert!(matches!(trouble, Trouble::Proxy { .. }), "{trouble}");
    }
    let trouble = mailbox(&peers, nowhere).open().await.unwrap_err();
    assert!(matches!(trouble, Trouble::Unreachable { .. }), "{trouble}");
}

#[tokio::test]
async fn a_wrong_password_is_refused_in_both_directions() {
    let Some(peers) = Peers::start() else { return };
    let wrong = || SignIn::Password {
        user: address("support"),
        password: Secret::new("wrong \"password\\ käse"),
    };
    let account = Account { reading: wrong(), sending: wrong(), ..account(&peers, "support") };
    let checks = smtp::test(&account, &tokens(&peers, Route::Direct)).await;
    let Some(Outcome::Failed(fault)) = checks.last().map(|check| &check.outcome) else {
        panic!("{checks:?}")
    };
    let why = &fault.words;
    assert!(why.contains("refuses our sign-in") && why.contains("535"), "{why}");
    let trouble = mailbox(&peers, account).open().await.unwrap_err();
    assert!(matches!(trouble, Trouble::SignIn { is_temporary: false, .. }), "{trouble}");
}
