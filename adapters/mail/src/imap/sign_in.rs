//! The greeting and the sign-in.

use async_imap::error::{Error, ParseError};
use async_imap::imap_proto::{Response, Status};
use async_imap::{Authenticator, Client};
use domain::Secret;
use tokio::time::timeout;

use super::conversation::{Session, Stream, code_in};
use crate::account::{Account, TokenMechanism};
use crate::connect::{connect, encrypt};
use crate::token::Token;
use crate::trial::Stage;
use crate::trouble::{Trouble, said};

/// What servers say when the same sign-in may do later (RFC 5530), and what some say instead.
const TEMPORARY_CODES: [&str; 4] = ["UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"];
const TEMPORARY_WORDS: [&str; 4] = ["temporar", "try again", "too many", "not available"];

/// A server that greeted us and does not know us yet.
pub(super) type Greeted = Client<Stream>;

/// Connects and reads the greeting; `passed` is told how far it came.
pub(super) async fn greeted(
    account: &Account,
    passed: &mut (dyn FnMut(Stage) + Send),
) -> Result<Greeted, Trouble> {
    let patience = account.patience;
    let host = account.imap.host.clone();
    let stream = connect(&account.imap, &account.route, patience.connect).await?;
    passed(Stage::Connected);
    let stream = encrypt(stream, &host, &account.tls, patience.connect).await?;
    passed(Stage::Private);
    let mut client = Client::new(stream);
    let greeting = timeout(patience.command, client.read_response()).await;
    let Ok(greeting) = greeting else {
        return Err(Trouble::TimedOut { host, what: "its greeting".to_owned() });
    };
    let lost = |why: String| Trouble::Lost { host: host.clone(), why };
    let malformed = |why: &str| Trouble::Malformed { host: host.clone(), why: why.to_owned() };
    let greeting = match greeting {
        Ok(Some(greeting)) => greeting,
        Ok(None) => return Err(lost("it closed it before its greeting".to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::Other => {
            return Err(malformed("it does not greet as IMAP does"));
        }
        Err(error) => return Err(lost(error.to_string())),
    };
    match greeting.parsed() {
        Response::Data { status: Status::Ok, .. } => {
            passed(Stage::Greeted);
            Ok(client)
        }
        Response::Data { status: Status::Bye, outcome } => {
            let text = outcome.information.as_deref().unwrap_or_default();
            Err(lost(format!("it says {:?}", said(text, ""))))
        }
        Response::Data { status: Status::PreAuth, .. } => {
            Err(malformed("it lets us in without asking who we are"))
        }
        _ => Err(malformed("it does not greet as IMAP does")),
    }
}

/// Signs in by a password.
pub(super) async fn by_password(
    client: Client<Stream>,
    account: &Account,
    user: &str,
    password: &Secret,
) -> Result<Session, Trouble> {
    let signing_in = async {
        // A quoted string is ASCII; whoever needs more has to know PLAIN.
        if user.is_ascii() && password.expose().is_ascii() {
            client.login(user, password.expose()).await
        } else {
            client.authenticate("PLAIN", Plain { user, password }).await
        }
    };
    let entered = timeout(account.patience.command, signing_in).await;
    finish(entered.map(|it| it.map_err(|(error, _)| error)), account, password, None).await
}

/// Signs in by a token.
pub(super) async fn by_token(
    client: Client<Stream>,
    account: &Account,
    user: &str,
    mechanism: TokenMechanism,
    token: &Token,
) -> Result<Session, Trouble> {
    let mut refusal = None;
    let name = match mechanism {
        TokenMechanism::Xoauth2 => "XOAUTH2",
        TokenMechanism::OauthBearer => "OAUTHBEARER",
    };
    let bearer = Bearer { account, user, mechanism, token, is_said: false, refusal: &mut refusal };
    let entered = timeout(account.patience.command, client.authenticate(name, bearer)).await;
    let secret = Secret::new(token.expose());
    finish(entered.map(|it| it.map_err(|(error, _)| error)), account, &secret, refusal).await
}

async fn finish(
    entered: Result<Result<async_imap::Session<Stream>, Error>, tokio::time::error::Elapsed>,
    account: &Account,
    secret: &Secret,
    refusal: Option<String>,
) -> Result<Session, Trouble> {
    let host = account.imap.host.clone();
    let inner = match entered {
        Ok(Ok(inner)) => inner,
        Ok(Err(error)) => return Err(trouble(&error, host, secret.expose(), refusal)),
        Err(_) => return Err(Trouble::TimedOut { host, what: "our sign-in".to_owned() }),
    };
    let mut session = Session::new(inner, host, secret.clone(), account.patience);
    session.learn_capabilities().await?;
    Ok(session)
}

fn trouble(error: &Error, host: String, secret: &str, refusal: Option<String>) -> Trouble {
    match error {
        Error::No(text) | Error::Bad(text) => {
            let text = information(text);
            let code = code_in(&text).unwrap_or_default();
            let lower = text.to_ascii_lowercase();
            let is_temporary = TEMPORARY_CODES.contains(&code.as_str())
                || TEMPORARY_WORDS.iter().any(|words| lower.contains(words));
            let text = match refusal {
                Some(refusal) => format!("{text} {refusal}"),
                None => text,
            };
            Trouble::SignIn { host, text: said(&text, secret), is_temporary }
        }
        // As the library reports a BYE.
        Error::Io(error) if error.kind() == std::io::ErrorKind::Other => {
            Trouble::Lost { host, why: "it ended it during our sign-in".to_owned() }
        }
        Error::Io(error) => Trouble::Lost { host, why: error.to_string() },
        Error::ConnectionLost => {
            Trouble::Lost { host, why: "it closed it during our sign-in".to_owned() }
        }
        Error::Validate(_) => {
            Trouble::Unusable("the user's name or the password holds a line break".to_owned())
        }
        Error::Parse(ParseError::Authentication(..)) => {
            Trouble::Malformed { host, why: "its challenge is none".to_owned() }
        }
        _ => Trouble::Malformed { host, why: "it is no answer to a sign-in".to_owned() },
    }
}

/// What the server said, out of what the library makes of it.
fn information(text: &str) -> String {
    let inner = text.split_once("info: Some(\"").map(|(_, rest)| rest);
    let inner = inner.and_then(|rest| rest.rsplit_once("\")")).map(|(inner, _)| inner);
    inner.unwrap_or_default().replace("\\\"", "\"").replace("\\\\", "\\")
}

/// `PLAIN` (RFC 4616).
struct Plain<'a> {
    user: &'a str,
    password: &'a Secret,
}

impl Authenticator for Plain<'_> {
    type Response = String;

    fn process(&mut self, _: &[u8]) -> String {
        format!("\0{}\0{}", self.user, self.password.expose())
    }
}

/// `XOAUTH2` and `OAUTHBEARER` (RFC 7628).
struct Bearer<'a> {
    account: &'a Account,
    user: &'a str,
    mechanism: TokenMechanism,
    token: &'a Token,
    is_said: bool,
    /// What the server says of a token that it does not take.
    refusal: &'a mut Option<String>,
}

impl Authenticator for Bearer<'_> {
    type Response = String;

    fn process(&mut self, challenge: &[u8]) -> String {
        let (user, token) = (self.user, self.token.expose());
        if self.is_said {
            // The refusal waits to be heard, by an answer that says nothing.
            *self.refusal = Some(String::from_utf8_lossy(challenge).into_owned());
            return match self.mechanism {
                TokenMechanism::Xoauth2 => String::new(),
                TokenMechanism::OauthBearer => "\u{1}".to_owned(),
            };
        }
        self.is_said = true;
        match self.mechanism {
            TokenMechanism::Xoauth2 => {
                format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}")
            }
            TokenMechanism::OauthBearer => {
                let user = user.replace('=', "=3D").replace(',', "=2C");
                let (host, port) = (&self.account.imap.host, self.account.imap.port);
                format!(
                    "n,a={user},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {token}\u{1}\u{1}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_is_found_in_what_the_library_says() {
        let text = r#"code: None, info: Some("[AUTHENTICATIONFAILED] \"no\" such (user)")"#;
        assert_eq!(information(text), r#"[AUTHENTICATIONFAILED] "no" such (user)"#);
        assert_eq!(information("code: None, info: None"), "");
    }
}
