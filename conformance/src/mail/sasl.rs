//! Signing in by SASL (RFC 4422): what is answered to each challenge of the server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;

/// How somebody proves to be the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Mechanism {
    /// A password (RFC 4616).
    Plain,
    /// A password, asked for in two questions.
    Login,
    /// A token, as Google and Microsoft have it.
    Xoauth2,
    /// A token (RFC 7628).
    Oauthbearer,
}

/// Somebody who signs in.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: String,
    /// Password or token.
    pub(super) secret: String,
    pub(super) mechanism: Mechanism,
}

impl Mechanism {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::Xoauth2 => "XOAUTH2",
            Self::Oauthbearer => "OAUTHBEARER",
        }
    }
}

impl Login {
    /// The answers in order, in base64. Those to tokens end with the one to a refusal, which comes as a
    /// challenge first.
    pub(super) fn answers(&self, host: &str, port: u16) -> Vec<String> {
        let Self { user, secret, mechanism } = self;
        let answers = match mechanism {
            Mechanism::Plain => vec![format!("\0{user}\0{secret}")],
            Mechanism::Login => vec![user.clone(), secret.clone()],
            Mechanism::Xoauth2 => {
                vec![format!("user={user}\x01auth=Bearer {secret}\x01\x01"), String::new()]
            }
            Mechanism::Oauthbearer => {
                let name = user.replace('=', "=3D").replace(',', "=2C");
                let place = format!("host={host}\x01port={port}");
                let first = format!("n,a={name},\x01{place}\x01auth=Bearer {secret}\x01\x01");
                vec![first, "\x01".to_owned()]
            }
        };
        answers.into_iter().map(|answer| STANDARD.encode(answer)).collect()
    }
}
