//! The client's side: one answer to a challenge, and the nonce it brought for the requests that follow.

use std::fmt;

use super::Proving;
use super::algorithm::{Algorithm, Hashed, Proof, Quality};
use super::nonce::unhex;
use super::parameters::{Parameters, quoted};
use super::password::Password;
use crate::sip::Value;

/// Who we are to a peer.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Our name there.
    pub user: String,
    /// Our password there.
    pub password: Password,
    /// The realms that may ask for it, compared without case; no others get an answer.
    pub realms: Vec<String>,
}

/// Why a challenge is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// There is no digest challenge, or none that can be read.
    #[error("there is no digest challenge that can be read")]
    NoChallenge,
    /// No challenge is of a realm that may ask.
    #[error("no challenge is of a realm that may ask")]
    ForeignRealm,
    /// No challenge has an algorithm, and a protection, that is known or that there is a secret for.
    #[error("no challenge has an algorithm that is known here")]
    UnknownAlgorithm,
    /// The challenge has the nonce that was answered just now.
    #[error("the nonce was answered already")]
    AnsweredAlready,
    /// A fresh answer was not taken: the password is wrong there.
    #[error("the answer to the last challenge was refused")]
    Refused,
    /// The user or what the challenge says has a control character.
    #[error("the answer would have a control character")]
    Unwritable,
}

/// Nonces that a peer gave, one for each realm; one set for Authorization and one for Proxy-Authorization.
/// They do not print.
#[derive(Default)]
pub struct ClientNonces(Vec<Given>);

/// More realms of one peer are not remembered.
const REALMS_MAX: usize = 8;

struct Given {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// Whether the challenge names it; servers of old do not know the parameter.
    names_algorithm: bool,
    quality: Wanted,
    count: u32,
    /// Ours, of the session's first request.
    cnonce: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Nothing,
    Auth,
    AuthInt,
}

/// How well an answer to a challenge protects the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// Whether the answer has a part of ours that nobody knows before.
    pub has_quality: bool,
    /// That of the algorithm: larger where it is stronger.
    pub strength: u8,
}

/// How well a challenge would have us protect the password; `None` where it cannot be answered.
pub fn protection(challenge: &str) -> Option<Protection> {
    let parameters = Parameters::of_digest(challenge)?.ok()?;
    let given = Given::read(&parameters, &[0; 16])?;
    let has_quality = given.quality != Wanted::Nothing;
    Some(Protection { has_quality, strength: given.algorithm.strength() })
}

/// The value of Authorization or Proxy-Authorization that answers the strongest of these challenges.
///
/// `carried` are the values that the refused request carried. By them a challenge is answered once: the
/// same nonce is never answered again, a new one only with `stale=true` or where the refused proof was not
/// a fresh answer but one of [`preempt`].
pub fn answer_challenge(
    challenges: &[&str],
    credentials: &Credentials,
    proving: &Proving<'_>,
    carried: &[&str],
    cnonce: [u8; 16],
    nonces: &mut ClientNonces,
) -> Result<Value, NoAnswer> {
    let read = challenges.iter().filter_map(|value| Parameters::of_digest(value)?.ok());
    let mut all = read.filter(|it| it.get("realm").is_some()).peekable();
    all.peek().ok_or(NoAnswer::NoChallenge)?;
    let mut allowed = all
        .filter(|it| {
            let realm = it.get("realm").unwrap_or_default();
            credentials.realms.iter().any(|each| each.eq_ignore_ascii_case(realm))
        })
        .peekable();
    allowed.peek().ok_or(NoAnswer::ForeignRealm)?;
    let mut best: Option<(Parameters<'_>, Given)> = None;
    for parameters in allowed {
        let Some(given) = Given::read(&parameters, &cnonce) else { continue };
        let has_secret = credentials.password.suits(given.algorithm);
        let strength = given.algorithm.strength();
        // The first of equally strong ones is what the server prefers.
        if has_secret && best.as_ref().is_none_or(|(_, it)| it.algorithm.strength() < strength) {
            best = Some((parameters, given));
        }
    }
    let (parameters, mut given) = best.ok_or(NoAnswer::UnknownAlgorithm)?;
    let is_stale = parameters.get("stale").is_some_and(|it| it.eq_ignore_ascii_case("true"));
    for proof in carried.iter().filter_map(|value| Parameters::of_digest(value)?.ok()) {
        if proof.get("realm") != Some(&given.realm) {
            continue;
        }
        if proof.get("nonce") == Some(&given.nonce) {
            return Err(NoAnswer::AnsweredAlready);
        }
        let count = proof.get("nc").and_then(unhex::<4>).map_or(1, u32::from_be_bytes);
        if count == 1 && !is_stale {
            return Err(NoAnswer::Refused);
        }
    }
    // Another request may have got the same nonce meanwhile: its count goes on.
    if let Some(known) = nonces.0.iter().find(|it| it.is_same(&given)) {
        given.count = known.count;
        given.cnonce.clone_from(&known.cnonce);
    }
    let value = given.answer(credentials, proving, &cnonce)?;
    nonces.0.retain(|it| it.realm != given.realm);
    if nonces.0.len() == REALMS_MAX {
        nonces.0.remove(0);
    }
    nonces.0.push(given);
    Ok(value)
}

/// Values for a request that was not challenged, by the nonces given before; none for realms that may not
/// ask any more and for nonces that are good once.
pub fn preempt(
    credentials: &Credentials,
    proving: &Proving<'_>,
    cnonce: [u8; 16],
    nonces: &mut ClientNonces,
) -> Vec<Value> {
    let is_allowed =
        |realm: &str| credentials.realms.iter().any(|each| each.eq_ignore_ascii_case(realm));
    nonces.0.retain(|given| is_allowed(&given.realm) && given.count < u32::MAX);
    let reusable = nonces.0.iter_mut().filter(|given| given.quality != Wanted::Nothing);
    reusable.filter_map(|given| given.answer(credentials, proving, &cnonce).ok()).collect()
}

impl Given {
    /// What a challenge gives, where its algorithm and its protection are known.
    fn read(challenge: &Parameters<'_>, cnonce: &[u8; 16]) -> Option<Self> {
        let algorithm = challenge.get("algorithm");
        let nonce = challenge.get("nonce").filter(|nonce| !nonce.is_empty())?;
        let offers = |wanted: &str| {
            let offered = challenge.get("qop").unwrap_or_default();
            offered.split(',').any(|each| each.trim().eq_ignore_ascii_case(wanted))
        };
        let quality = match challenge.get("qop") {
            None => Wanted::Nothing,
            Some(_) if offers("auth") => Wanted::Auth,
            Some(_) if offers("auth-int") => Wanted::AuthInt,
            Some(_) => return None,
        };
        Some(Self {
            realm: challenge.get("realm")?.to_owned(),
            nonce: nonce.to_owned(),
            opaque: challenge.get("opaque").map(str::to_owned),
            algorithm: algorithm.map_or(Some(Algorithm::Md5), Algorithm::of)?,
            names_algorithm: algorithm.is_some(),
            quality,
            count: 0,
            cnonce: Hashed::of(cnonce).text().to_owned(),
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.realm == other.realm
            && self.nonce == other.nonce
            && self.algorithm == other.algorithm
            && self.quality == other.quality
    }

    fn answer(
        &mut self,
        credentials: &Credentials,
        proving: &Proving<'_>,
        cnonce: &[u8; 16],
    ) -> Result<Value, NoAnswer> {
        let Credentials { user, password, .. } = credentials;
        let ha1 = password.ha1(self.algorithm, user, &self.realm);
        let ha1 = ha1.ok_or(NoAnswer::UnknownAlgorithm)?;
        self.count = self.count.checked_add(1).ok_or(NoAnswer::AnsweredAlready)?;
        let count = format!("{:08x}", self.count);
        let fresh = Hashed::of(cnonce);
        // A session is hashed with its first nonce of ours; using no other one suits every server.
        let cnonce = if self.algorithm.is_session() { &self.cnonce } else { fresh.text() };
        let quality = match self.quality {
            Wanted::Nothing => Quality::None,
            Wanted::Auth => Quality::Auth { count: &count },
            Wanted::AuthInt => Quality::AuthInt { count: &count, body: proving.body },
        };
        let proof = Proof {
            algorithm: self.algorithm,
            method: proving.method.name(),
            uri: proving.uri,
            nonce: &self.nonce,
            cnonce,
            session_cnonce: cnonce,
            quality,
        };
        let mut text = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{}\"",
            quoted(user),
            quoted(&self.realm),
            quoted(&self.nonce),
            quoted(proving.uri),
            proof.response(&ha1).text()
        );
        if self.names_algorithm {
            text += &format!(", algorithm={}", self.algorithm.name());
        }
        let quality = match self.quality {
            Wanted::Nothing => "",
            Wanted::Auth => "auth",
            Wanted::AuthInt => "auth-int",
        };
        if self.quality != Wanted::Nothing {
            text += &format!(", cnonce=\"{cnonce}\", qop={quality}, nc={count}");
        } else if self.algorithm.is_session() {
            text += &format!(", cnonce=\"{cnonce}\"");
        }
        if let Some(opaque) = &self.opaque {
            text += &format!(", opaque={}", quoted(opaque));
        }
        Value::new(text).map_err(|_| NoAnswer::Unwritable)
    }
}

impl fmt::Debug for ClientNonces {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "nonces of {} realms", self.0.len())
    }
}
