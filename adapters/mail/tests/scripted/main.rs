//! The mail client layer against servers that do what no real one does, each by a script.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly"
)]

mod changing;
mod filing;
mod folders;
mod moving;
mod reading;
mod sending;
mod server;
mod tokens;
mod waiting;
mod ways;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::Secret;
use mail::Account;
use mail::account::{
    Endpoint, Folders, Patience, Route, SignIn, SmtpSecurity, TokenMechanism, TokenSource,
};
use mail::imap::Mailbox;
use mail::token::Tokens;

use self::server::{Server, client_config};

const PASSWORD: &str = "queue password";

/// Long for everything that has to come, short for what a test waits out.
fn patience() -> Patience {
    let long = Duration::from_secs(30);
    Patience { connect: long, command: long, transfer: long, acceptance: long, idle: long }
}

/// What is waited out in a test that is about waiting.
const SHORT: Duration = Duration::from_millis(200);

fn account(server: &Server) -> Account {
    let sign_in =
        || SignIn::Password { user: "q1@x.test".to_owned(), password: Secret::new(PASSWORD) };
    Account {
        address: "q1@x.test".to_owned(),
        imap: Endpoint::new("localhost", server.port),
        smtp: Endpoint::new("localhost", server.port),
        smtp_security: SmtpSecurity::Tls,
        hello_name: "gateway.x.test".to_owned(),
        route: Route::Direct,
        reading: sign_in(),
        sending: sign_in(),
        folders: Folders {
            inbox: "INBOX".to_owned(),
            drafts: "Drafts".to_owned(),
            outbox: "Outbox".to_owned(),
            sent: "Sent Items".to_owned(),
        },
        patience: patience(),
        tls: client_config(),
    }
}

/// An account that signs in by a token of `giver`.
fn token_account(server: &Server, giver: &Server, mechanism: TokenMechanism) -> Account {
    let sign_in = || SignIn::Token {
        user: "q1@x.test".to_owned(),
        mechanism,
        source: client_credentials(giver),
    };
    Account { reading: sign_in(), sending: sign_in(), ..account(server) }
}

fn client_credentials(giver: &Server) -> TokenSource {
    TokenSource::ClientCredentials {
        url: format!("https://localhost:{}/token", giver.port),
        client_id: "client-1".to_owned(),
        client_secret: Secret::new("client secret"),
        scope: "https://outlook.example/.default".to_owned(),
    }
}

/// Tokens by a clock that a test sets.
fn tokens_by(clock: &Arc<AtomicI64>) -> Arc<Tokens> {
    let clock = Arc::clone(clock);
    let now = Arc::new(move || clock.load(Ordering::Relaxed));
    Tokens::new(now, Route::Direct, client_config(), patience().connect)
}

fn tokens() -> Arc<Tokens> {
    tokens_by(&Arc::new(AtomicI64::new(1_700_000_000)))
}

fn mailbox(account: Account) -> Mailbox {
    Mailbox::new(Arc::new(account), tokens())
}

/// What each conversation begins with.
const SIGNED_IN: &str = "
T
S: * OK ready
C: LOGIN \"q1@x.test\" \"queue password\"
S: {t} OK in
C: CAPABILITY
S: * CAPABILITY IMAP4rev1 IDLE UIDPLUS SPECIAL-USE
S: {t} OK done
";

const EXAMINED: &str = "
C: EXAMINE \"INBOX\"
S: * 3 EXISTS
S: * OK [UIDVALIDITY 7] valid
S: * OK [UIDNEXT 9] next
S: {t} OK [READ-ONLY] open
";

const CLOSED: &str = "
C: LOGOUT
S: * BYE going
S: {t} OK done
X
";

/// A whole mail as a server sends it.
fn fetched(uid: u32, text: &str) -> String {
    let text = text.replace('¶', "\r\n");
    let bytes = text.len();
    let text = text.replace("\r\n", "¶");
    format!(
        "S: * 1 FETCH (UID {uid} FLAGS (\\Recent) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" \
         RFC822.SIZE {bytes} BODY[] {{{bytes}}}¶{text})\n"
    )
}
