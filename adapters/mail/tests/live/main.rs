//! The mail client layer against Dovecot, Postfix, tinyproxy and Dante.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails loudly, and says what it left out"
)]

mod journey;
mod peers;
mod reading;
mod sending;
mod signing_in;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use domain::Secret;
use mail::Account;
use mail::account::{
    Endpoint, Folders, Patience, Route, SignIn, SmtpSecurity, TokenMechanism, TokenSource,
};
use mail::imap::{Mail, Mailbox, Reader};
use mail::token::{Tokens, from_google_key};

use self::peers::Peers;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who reads and sends.
const USERS: [&str; 2] = ["support", "sales"];

fn address(user: &str) -> String {
    format!("{user}@mail.test")
}

fn account(peers: &Peers, user: &str) -> Account {
    let sign_in = || SignIn::Password {
        user: address(user),
        password: Secret::new(format!("{user} secret")),
    };
    let patience = Patience {
        connect: PATIENCE,
        command: PATIENCE,
        transfer: PATIENCE,
        acceptance: PATIENCE,
        idle: PATIENCE,
    };
    Account {
        address: address(user),
        imap: peers.endpoint("imaps"),
        smtp: peers.endpoint("submission"),
        smtp_security: SmtpSecurity::StartTls,
        hello_name: "gateway.mail.test".to_owned(),
        route: Route::Direct,
        reading: sign_in(),
        sending: sign_in(),
        folders: Folders {
            inbox: "INBOX".to_owned(),
            drafts: "Drafts".to_owned(),
            outbox: "Outbox".to_owned(),
            sent: "Sent Items".to_owned(),
        },
        patience,
        tls: peers.client_config(),
    }
}

/// The same account with a token in both directions.
fn with_token(account: Account, source: TokenSource, mechanism: TokenMechanism) -> Account {
    let sign_in =
        || SignIn::Token { user: account.address.clone(), mechanism, source: source.clone() };
    Account { reading: sign_in(), sending: sign_in(), ..account }
}

fn microsoft(peers: &Peers) -> TokenSource {
    let oauth = |name: &str| peers.endpoints["oauth"][name].as_str().unwrap().to_owned();
    TokenSource::ClientCredentials {
        url: oauth("tenant_token_url"),
        client_id: oauth("client_id"),
        client_secret: Secret::new(oauth("client_secret")),
        scope: oauth("client_scope"),
    }
}

fn google(peers: &Peers, user: &str) -> TokenSource {
    let oauth = |name: &str| peers.endpoints["oauth"][name].as_str().unwrap().to_owned();
    let file = Secret::new(std::fs::read_to_string(oauth("google_key")).unwrap());
    let allowed = ["localhost".to_owned()];
    from_google_key(&file, &address(user), &oauth("google_scope"), &allowed).unwrap()
}

fn tokens(peers: &Peers, route: Route) -> Arc<Tokens> {
    let now = Arc::new(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        i64::try_from(now.as_secs()).unwrap()
    });
    Tokens::new(now, route, peers.client_config(), PATIENCE)
}

fn mailbox(peers: &Peers, account: Account) -> Mailbox {
    Mailbox::new(Arc::new(account), tokens(peers, Route::Direct))
}

/// Waits until the folder of `reader` holds as many mails as are asked for.
async fn mails(reader: &mut Reader, count: usize) -> Vec<Mail> {
    let coming = async {
        loop {
            reader.begin().await.unwrap();
            let session = reader.session().await.unwrap();
            let uids = session.uids_from(1).await.unwrap();
            if uids.len() >= count {
                return reader.fetch(&uids).await;
            }
            // What comes meanwhile ends it.
            session.wait_for_news().await.unwrap();
        }
    };
    let fetched = tokio::time::timeout(PATIENCE, coming).await.unwrap();
    assert_eq!(fetched.trouble, None);
    assert!(fetched.missing.is_empty() && fetched.unreadable.is_empty(), "{fetched:?}");
    fetched.mails
}

fn proxy(endpoint: Endpoint) -> mail::account::Proxy {
    mail::account::Proxy { endpoint, sign_in: None }
}
