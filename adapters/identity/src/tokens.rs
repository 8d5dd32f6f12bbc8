//! Writes tokens, and reads them back by key alone.
//!
//! ```text
//!   access:  JWS (typ at+jwt) --encrypt_tokens--> JWE dir/A256GCM      claims name family and generation
//!   refresh: jfr_<family>_<generation>_<MAC>                            the MAC is checked before any look-up
//! ```
//!
//! Both follow from the grant, so whoever repeats a refresh gets what was given out before. An access token is good
//! while its signature, its times, its client and its family are; nothing of that needs the store.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::settings::OauthClient;
use domain::{Grant, Person, Revoked, Secret, Timestamp};
use protocols::jose::{self, Algorithm, JoseRefused, JwsHeader};
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::keyring::{Keyring, Signer};
use crate::making::hexadecimal;
use crate::site::Site;

/// The media type of access tokens (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";
/// What refresh tokens begin with, so that leaked ones are found by searching for it.
const REFRESH_PREFIX: &str = "jfr_";
const FAMILY_DIGITS: usize = 32;

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    client_id: String,
    iat: i64,
    exp: i64,
    jti: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    scope: String,
    user_id: String,
    realm: String,
    upn: String,
    /// The IdP that proved them.
    idp: String,
    /// The family it belongs to, which the original calls the refresh token's id.
    rt: String,
    /// Which of the family.
    generation: u32,
}

/// An access token that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whom it speaks for.
    pub person: Person,
    /// The application that it was given to.
    pub client_id: String,
    /// What it may be used for.
    pub scope: Vec<String>,
    /// Since when.
    pub issued_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Its own number.
    pub id: String,
    /// Its family.
    pub(crate) family: String,
    /// Which of the family.
    pub(crate) generation: u32,
}

impl Access {
    /// What it was granted by, which may be revoked.
    pub fn family(&self) -> &str {
        &self.family
    }
}

/// Why an access token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefused {
    /// It is none of ours.
    Form(JoseRefused),
    /// What it says is not what ours say.
    Claims,
    /// It is over, or not begun.
    Over,
    /// Its application is gone.
    Client,
    /// It was revoked.
    Revoked,
    /// This node cannot know: it is cut off, or has no keys.
    Unavailable,
}

impl TokenRefused {
    /// Every sort, as figures name them.
    pub const NAMES: [&'static str; 6] =
        ["form", "claims", "over", "client", "revoked", "unavailable"];

    /// Its name in figures.
    pub fn name(self) -> &'static str {
        let [form, claims, over, client, revoked, unavailable] = Self::NAMES;
        match self {
            Self::Form(_) => form,
            Self::Claims => claims,
            Self::Over => over,
            Self::Client => client,
            Self::Revoked => revoked,
            Self::Unavailable => unavailable,
        }
    }
}

/// Tokens for an application.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) expires_seconds: u64,
}

/// A refresh token that was made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) family: String,
    pub(crate) generation: u32,
}

/// What makes and checks refresh tokens and numbers of access tokens.
pub(crate) struct TokenMac(hmac::Key);

impl TokenMac {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    fn refresh(&self, family: &str, generation: u32) -> String {
        let beginning = format!("{REFRESH_PREFIX}{family}_{generation}");
        let mac = hmac::sign(&self.0, format!("refresh\0{beginning}").as_bytes());
        format!("{beginning}_{}", URL_SAFE_NO_PAD.encode(mac.as_ref()))
    }

    /// Reads a refresh token; `None` for what was not made here.
    pub(crate) fn read_refresh(&self, token: &str) -> Option<RefreshToken> {
        let (beginning, mac) = token.split_at_checked(token.match_indices('_').nth(2)?.0)?;
        let mac = URL_SAFE_NO_PAD.decode(mac.strip_prefix('_')?).ok()?;
        let message = format!("refresh\0{beginning}");
        hmac::verify(&self.0, message.as_bytes(), &mac).ok()?;
        let (family, generation) = beginning.strip_prefix(REFRESH_PREFIX)?.split_once('_')?;
        let is_family = family.len() == FAMILY_DIGITS;
        let family = Some(family.to_owned()).filter(|_| is_family)?;
        Some(RefreshToken { family, generation: generation.parse().ok()? })
    }

    /// The number of an access token, 40 digits as those of the original.
    fn access_id(&self, family: &str, generation: u32) -> String {
        let mac = hmac::sign(&self.0, format!("access\0{family}_{generation}").as_bytes());
        hexadecimal(mac.as_ref()).chars().take(40).collect()
    }
}

/// The id of a new family.
pub(crate) fn family_id(random: [u8; 16]) -> String {
    hexadecimal(&random)
}

/// The tokens of that grant; `None` where keys are missing or the machine gives no randomness.
pub(crate) fn issue(
    site: &Site,
    keyring: &Keyring,
    mac: &TokenMac,
    client: &OauthClient,
    grant: &Grant,
    now: Timestamp,
    nonce: [u8; 12],
) -> Option<Issued> {
    let Grant { family, of } = grant;
    let ends_at = of.rotated_at.after(site.access_lasting()).min(of.ends_at);
    let claims = Claims {
        iss: site.issuer()?.to_owned(),
        sub: of.person.uid.clone(),
        aud: site.issuer()?.to_owned(),
        client_id: of.client_id.clone(),
        iat: of.rotated_at.seconds(),
        exp: ends_at.seconds(),
        jti: mac.access_id(family, of.generation),
        scope: of.scope.join(" "),
        user_id: of.person.uid.clone(),
        realm: of.person.realm().to_owned(),
        upn: of.person.principal.clone(),
        idp: of.person.provider.clone(),
        rt: family.clone(),
        generation: of.generation,
    };
    let (kid, signer) = keyring.signer(site.identity().token_signature, now)?;
    let algorithm = match signer {
        Signer::Rsa(_) => Algorithm::Rs256,
        Signer::P256(_) => Algorithm::Es256,
    };
    let payload = serde_json::to_vec(&claims).ok()?;
    let header = JwsHeader { algorithm, kid, typ: TYPE };
    let mut access = jose::sign(&header, &payload, |message| signer.sign(message))?;
    if client.encrypt_tokens.unwrap_or(site.identity().encrypt_tokens) {
        let (kid, key) = keyring.seal(now)?;
        access = jose::encrypt(kid, key, nonce, access.as_bytes())?;
    }
    let expires_seconds = ends_at.since(now).as_secs();
    Some(Issued { access, refresh: mac.refresh(family, of.generation), expires_seconds })
}

/// Reads an access token by the keys alone.
pub(crate) fn check(
    site: &Site,
    keyring: &Keyring,
    is_client: impl Fn(&str) -> bool,
    is_revoked: impl Fn(&Revoked) -> bool,
    token: &Secret,
    now: Timestamp,
) -> Result<Access, TokenRefused> {
    let token = token.expose();
    let opened;
    let signed = if jose::is_sealed(token) {
        let plain = jose::decrypt(token, |kid| keyring.unseal(kid, now));
        opened = plain.map_err(TokenRefused::Form)?;
        std::str::from_utf8(&opened).map_err(|_| TokenRefused::Form(JoseRefused::Segments))?
    } else {
        token
    };
    let payload = jose::verify(signed, TYPE, |kid| keyring.check(kid, now));
    let payload = payload.map_err(TokenRefused::Form)?;
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_| TokenRefused::Claims)?;
    let issuer = site.issuer().ok_or(TokenRefused::Unavailable)?;
    if claims.iss != issuer || claims.aud != issuer || claims.sub != claims.user_id {
        return Err(TokenRefused::Claims);
    }
    let skew = i64::from(site.identity().clock_skew_seconds);
    if now.seconds() >= claims.exp || now.seconds() + skew < claims.iat {
        return Err(TokenRefused::Over);
    }
    if !is_client(&claims.client_id) {
        return Err(TokenRefused::Client);
    }
    // Whoever takes an IdP away believes nothing more of what it said.
    if !site.settings.identity_providers.contains_key(&claims.idp) {
        return Err(TokenRefused::Claims);
    }
    let (family, id) = (Revoked::Family(claims.rt), Revoked::Token(claims.jti));
    if is_revoked(&family) || is_revoked(&id) {
        return Err(TokenRefused::Revoked);
    }
    let (Revoked::Family(family), Revoked::Token(id)) = (family, id) else {
        return Err(TokenRefused::Claims);
    };
    let person = Person { provider: claims.idp, uid: claims.user_id, principal: claims.upn };
    Ok(Access {
        person,
        client_id: claims.client_id,
        scope: claims.scope.split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect(),
        issued_at: Timestamp::from_seconds(claims.iat),
        ends_at: Timestamp::from_seconds(claims.exp),
        id,
        family,
        generation: claims.generation,
    })
}
