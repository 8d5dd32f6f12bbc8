//! Why a check failed: a kind for programs, words for people, and what to do.

use crate::trouble::Trouble;

macro_rules! kinds {
    ($($(#[$about:meta])* $kind:ident = $name:literal, $remedy:literal;)*) => {
        /// What sort of fault it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FaultKind { $($(#[$about])* $kind,)* }

        impl FaultKind {
            /// Every name there is, with what to do.
            pub const TABLE: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$kind, $name, $remedy),)*];

            /// Its name for programs, which stays as it is.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// What to do, in English.
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$kind => $remedy,)* }
            }
        }
    };
}

kinds! {
    /// Nobody answers there.
    Unreachable = "unreachable",
        "check the name and the port, and that this machine may connect there";
    /// A proxy does not lead there.
    Proxy = "proxy", "check the proxy, its user and password, and whether it leads to this server";
    /// No private connection.
    Tls = "tls",
        "check that the port speaks TLS as the settings say; trust the issuer of the certificate for mail where \
         the system does not";
    /// No answer in time.
    TimedOut = "timed_out", "check the port and the network, then test again";
    /// The connection ended.
    Lost = "lost", "read what the server says, and look at its log; it may limit connections";
    /// What came cannot be understood.
    Malformed = "malformed", "check host and port: another service answers there";
    /// The sign-in is refused.
    SignIn = "sign_in",
        "check user name and password, and whether the server allows this way to sign in for the account";
    /// The sign-in is refused for a while.
    SignInLater = "sign_in_later", "wait a few minutes, then test again";
    /// No token.
    Token = "token", "check tenant, client, secret and key, and what they are allowed to at the provider";
    /// One thing is refused.
    Refused = "refused", "give the account the right to read and write in this folder";
    /// There is no such folder.
    NoFolder = "no_folder", "create the folder in the mailbox, or enter the name it has there";
    /// The settings are of no use.
    Unusable = "unusable", "complete the settings, then test again";
}

/// Why a check failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What sort.
    pub kind: FaultKind,
    /// The server.
    pub host: Option<String>,
    /// What it or the machine said, as far as that says more.
    pub said: Option<String>,
    /// The folder that the server names for this purpose.
    pub meant: Option<String>,
    /// All of it, in English.
    pub words: String,
}

impl Fault {
    pub(crate) fn of(trouble: &Trouble) -> Self {
        let (kind, host, said) = match trouble {
            Trouble::Unreachable { host, why } => (FaultKind::Unreachable, Some(host), Some(why)),
            Trouble::Proxy { host, why, .. } => (FaultKind::Proxy, Some(host), Some(why)),
            Trouble::Tls { host, why } => (FaultKind::Tls, Some(host), Some(why)),
            Trouble::TimedOut { host, .. } => (FaultKind::TimedOut, Some(host), None),
            Trouble::Lost { host, why } => (FaultKind::Lost, Some(host), Some(why)),
            Trouble::Malformed { host, why } => (FaultKind::Malformed, Some(host), Some(why)),
            Trouble::SignIn { host, text, is_temporary: false } => {
                (FaultKind::SignIn, Some(host), Some(text))
            }
            Trouble::SignIn { host, text, is_temporary: true } => {
                (FaultKind::SignInLater, Some(host), Some(text))
            }
            Trouble::Token { host, text, .. } => (FaultKind::Token, Some(host), Some(text)),
            Trouble::Refused { host, text, .. } => (FaultKind::Refused, Some(host), Some(text)),
            Trouble::NoFolder { host, text, .. } => (FaultKind::NoFolder, Some(host), Some(text)),
            Trouble::Unusable(why) => (FaultKind::Unusable, None, Some(why)),
        };
        let said = said.filter(|said| !said.is_empty()).cloned();
        Self { kind, host: host.cloned(), said, meant: None, words: trouble.to_string() }
    }
}
