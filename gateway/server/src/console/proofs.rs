//! Sessions and tokens in the store: who shows what, and what they may do now.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    AccessToken, Actor, Command, ConsoleCommand, Deed, Document, Identity, Input, InputId, Key,
    Principal, Proof, Role, Secret, Settings, Timestamp, WebSession,
};
use engine::Engine;
use identity::{CONSOLE_CLIENT_ID, Identity as IdentityService, TokenRefused};
use ring::digest;
use subtle::ConstantTimeEq;

use super::SURFACE;
use super::tries::Tries;
use crate::http::Proofs;
use crate::http::proofs::{NotProven, PasswordTry, Shown};

/// That a session was used is noted so often at most.
const TOUCH_EVERY: Duration = Duration::from_secs(60);
/// The most characters of a name that somebody typed, in the audit log.
pub(super) const WHO_CHARACTERS_MAX: usize = 64;
/// What every access token begins with, so that leaked ones are found by searching for it.
pub(crate) const TOKEN_PREFIX: &str = "jf_";

/// Looks sessions and tokens up with every request, so that what ended is over on every node at once.
pub(crate) struct StoredProofs {
    engine: Arc<Engine>,
    tries: Arc<Tries>,
    identity: Option<Arc<IdentityService>>,
}

impl StoredProofs {
    pub(crate) fn new(
        engine: Arc<Engine>,
        tries: Arc<Tries>,
        identity: Option<Arc<IdentityService>>,
    ) -> Self {
        Self { engine, tries, identity }
    }

    /// For whom a token of the identity service speaks, as far as its application may act for them here.
    fn of_identity(&self, token: &Secret) -> Result<Principal, NotProven> {
        let identity = self.identity.as_ref().ok_or(NotProven::Nobody)?;
        let access = identity.check(token).map_err(|refused| match refused {
            TokenRefused::Unavailable => NotProven::Unavailable,
            _ => NotProven::Nobody,
        })?;
        // What was given to the console stays within this node, whatever the settings call by its id.
        if access.client_id == CONSOLE_CLIENT_ID {
            return Err(NotProven::Nobody);
        }
        let settings = self.engine.settings();
        let client = settings.oauth_clients.get(&access.client_id).ok_or(NotProven::Nobody)?;
        let person = access.person;
        let identity = Identity::SignedOn {
            provider: person.provider,
            uid: person.uid,
            principal: person.principal,
        };
        self.principal(identity, Proof::Bearer, access.id, Some(&client.api_roles))
    }

    fn principal(
        &self,
        identity: Identity,
        how: Proof,
        session: String,
        most: Option<&[Role]>,
    ) -> Result<Principal, NotProven> {
        let settings = self.engine.settings();
        let mut standing = identity.standing(&settings).ok_or(NotProven::Nobody)?;
        if let Some(most) = most {
            standing.roles.retain(|role| most.contains(role));
        }
        Ok(Principal {
            who: identity.who().to_owned(),
            roles: standing.roles,
            how,
            session: Some(session),
            identity: Some(identity),
            teams: standing.teams,
        })
    }

    fn touch(&self, digest: String) {
        let engine = Arc::clone(&self.engine);
        let minute = engine.now().seconds() / 60;
        tokio::spawn(async move {
            let id = InputId::new("session_seen", format_args!("{digest}/{minute}"));
            let command = Command::Console(ConsoleCommand::TouchSession { digest });
            if let Err(error) = engine.submit(Input::command(id, command)).await {
                tracing::debug!(%error, "that a session was used is not noted");
            }
        });
    }

    /// Whose session the cookie is of, its digest, and when it was used last.
    async fn session(&self, cookie: &Secret) -> Result<(Principal, String, Timestamp), NotProven> {
        let digest = sha256(cookie.expose());
        let found = self.document(&Key::web_session(&digest)).await?;
        let Document::WebSession(session) = found else { return Err(NotProven::Nobody) };
        let WebSession { identity, number, seen_at, credential, family, .. } =
            session.as_ref().clone();
        let settings = self.engine.settings();
        // Whoever signs off at the identity service is signed off here too.
        let is_revoked = |family: String| {
            let port = self.identity.as_ref().map(|identity| identity.is_revoked(&family));
            port.unwrap_or(true)
        };
        if family.is_some_and(is_revoked)
            || session.is_over(self.engine.now(), settings.sign_on.idle_minutes)
            || !identity.has_credential(credential.as_deref(), &settings)
        {
            return Err(NotProven::Nobody);
        }
        let principal = self.principal(identity, Proof::Cookie, number, None)?;
        Ok((principal, digest, seen_at))
    }

    async fn document(&self, key: &Key) -> Result<Document, NotProven> {
        let loaded = self.engine.document(key).await.map_err(|_| NotProven::Unavailable)?;
        loaded.map(|loaded| loaded.document).ok_or(NotProven::Nobody)
    }
}

#[async_trait]
impl Proofs for StoredProofs {
    async fn of_cookie(&self, cookie: &Secret) -> Result<Principal, NotProven> {
        let (principal, digest, seen_at) = self.session(cookie).await?;
        if self.engine.now().since(seen_at) >= TOUCH_EVERY {
            self.touch(digest);
        }
        Ok(principal)
    }

    async fn of_token(&self, token: &Secret) -> Result<Principal, NotProven> {
        if !token.expose().starts_with(TOKEN_PREFIX) {
            return self.of_identity(token);
        }
        let (id, secret) = halves(token.expose()).ok_or(NotProven::Nobody)?;
        let found = self.document(&Key::access_token(id)).await?;
        let Document::AccessToken(found) = found else { return Err(NotProven::Nobody) };
        let AccessToken { identity, roles, digest, ends_at, credential, .. } = found.as_ref();
        let right = sha256(secret);
        if !bool::from(right.as_bytes().ct_eq(digest.as_bytes())) || self.engine.now() >= *ends_at {
            return Err(NotProven::Nobody);
        }
        if !identity.has_credential(credential.as_deref(), &self.engine.settings()) {
            return Err(NotProven::Nobody);
        }
        self.principal(identity.clone().of_a_token(), Proof::Bearer, id.to_owned(), Some(roles))
    }

    async fn again(&self, shown: &Shown, principal: &Principal) -> Result<Principal, NotProven> {
        match shown {
            Shown::Cookie(cookie) => Ok(self.session(cookie).await?.0),
            Shown::Token(token) => self.of_token(token).await,
            Shown::Password(credential) => {
                let identity = principal.identity.clone().ok_or(NotProven::Nobody)?;
                let settings = self.engine.settings();
                if !identity.has_credential(credential.as_deref(), &settings) {
                    return Err(NotProven::Nobody);
                }
                let standing = identity.standing(&settings).ok_or(NotProven::Nobody)?;
                let (roles, teams) = (standing.roles, standing.teams);
                Ok(Principal { roles, teams, ..principal.clone() })
            }
        }
    }

    fn credential(&self, principal: &Principal) -> Option<String> {
        principal.identity.as_ref()?.credential(&self.engine.settings())
    }

    fn refuses_passwords(&self, surface: &str) -> Option<&'static str> {
        let asks = surface == SURFACE && self.engine.settings().sign_on.message.is_some();
        asks.then_some(
            "a message must be acknowledged at sign-in: sign in for a session, or use a token",
        )
    }

    fn may_be_framed(&self) -> bool {
        !self.engine.settings().channels.workspace_frame_origins.is_empty()
    }

    async fn tell(&self, tried: PasswordTry<'_>) {
        let by = Actor {
            who: tried.account.chars().take(WHO_CHARACTERS_MAX).collect(),
            how: Some(Proof::Password),
            from: Some(tried.source.to_string()),
            reference: Some(tried.reference.to_owned()),
        };
        let object = format!("surfaces/{}", tried.surface);
        match tried.refused {
            Some(why) => {
                let deed = Deed::done("sign_in_refused", object).with_outcome(why);
                self.tries.refused(by, deed).await;
            }
            None => self.tries.right(by, Deed::done("signed_in", object)).await,
        }
    }

    fn wants_more_than_password(&self, principal: &Principal) -> Option<&'static str> {
        more_than_password(&self.engine.settings(), principal)
    }
}

/// A password beside a request must not pass where a session is begun with a second factor only.
fn more_than_password(settings: &Settings, principal: &Principal) -> Option<&'static str> {
    let Some(Identity::Account { name }) = &principal.identity else {
        return settings
            .identity
            .single_sign_on
            .then_some("single sign-on is on: sign on with it, use a token, or a local account");
    };
    if settings.accounts.get(name).is_some_and(|account| account.totp.is_some()) {
        return Some("this account has a second factor: sign in for a session, or use a token");
    }
    let needs = settings.sign_on.administrators_need_totp && principal.has(Role::Administrator);
    needs.then_some(
        "administrators need a second factor here, which this account has not: another administrator \
         gives it one",
    )
}

/// The public half of a token, and the secret one.
fn halves(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.strip_prefix(TOKEN_PREFIX)?.split_once('_')?;
    let is_id = id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_id && !secret.is_empty()).then_some((id, secret))
}

/// SHA-256 in hexadecimal: what is random needs no slower hash.
pub(crate) fn sha256(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use domain::settings::{LocalAccount, SettingDocument, SettingsHead, SignOn};

    use super::*;

    #[test]
    fn ops_06_an_administrators_password_alone_is_too_little_where_they_need_a_second_factor() {
        let name: domain::AgentId = "boss".parse().unwrap();
        let refused = |need: bool, role: Role, identity: Identity| {
            let sign_on = SignOn { administrators_need_totp: need, ..SignOn::default() };
            let account = LocalAccount {
                name: name.clone(),
                description: None,
                roles: vec![role],
                password_hash: None,
                totp: None,
                disabled: false,
            };
            let documents = [SettingDocument::Account(account), SettingDocument::SignOn(sign_on)];
            let settings = Settings::from_documents(&SettingsHead::default(), documents);
            let principal = Principal {
                who: "boss".to_owned(),
                roles: vec![role],
                how: Proof::Password,
                session: None,
                identity: Some(identity),
                teams: Vec::new(),
            };
            more_than_password(&settings, &principal).is_some()
        };
        let account = || Identity::Account { name: name.clone() };
        assert!(refused(true, Role::Administrator, account()));
        assert!(!refused(false, Role::Administrator, account()));
        assert!(!refused(true, Role::Report, account()));
        assert!(!refused(true, Role::Administrator, Identity::Agent { id: name.clone() }));
    }
}
