//! The server's side: challenges, and what a request proves.

use std::fmt;
use std::time::{Duration, Instant};

use subtle::{Choice, ConstantTimeEq};

use super::Proving;
use super::algorithm::{Algorithm, Hashed};
use super::nonce::Nonces;
use super::parameters::{Parameters, quoted};
use super::password::Password;
use super::response::{Response, Said, Unread};
use crate::sip::{Flow, Uri, Value};

/// How a server challenges.
#[derive(Clone)]
pub struct ChallengerSettings {
    /// The realm; control characters in it are left out.
    pub realm: String,
    /// What is offered and accepted; they are offered strongest first.
    pub algorithms: Vec<Algorithm>,
    /// How long a nonce is good, 60 to 300 s.
    pub nonce_lifetime: Duration,
    /// How many nonces are kept after their first use; beyond it the oldest become stale early.
    pub kept_nonces_max: usize,
    /// A secret that nonces are bound with. What is random in the first challenge is mixed in, so nonces of
    /// another process, or of another challenger with the same key, are stale here.
    pub key: [u8; 32],
}

/// What is known of a user.
#[derive(Clone, Debug)]
pub struct Account {
    /// The password.
    pub password: Password,
    /// Whether the user's phone knows no `qop`, so that its proofs have no count.
    pub may_omit_qop: bool,
}

/// What a request proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// The user is who it says.
    Proven {
        /// The user.
        user: String,
    },
    /// There is no proof for our realm, or none of a kind that was offered.
    NoProof,
    /// Its nonce is not ours for this flow, or too old: challenge again with `stale=true` (RFC 7616, section 3.3).
    Stale,
    /// The proof is right and was used before: challenge again with `stale=true`.
    Replayed,
    /// No such user, or not its secret.
    Wrong,
    /// It breaks the grammar or is about another resource, in words: 400.
    Malformed(&'static str),
}

/// Challenges requests and judges their proofs. It does not print.
pub struct Challenger {
    realm: String,
    algorithms: Vec<Algorithm>,
    nonces: Nonces,
    /// In the place of passwords of users that are not there.
    nobody: Password,
}

/// More proofs in one request are not looked at; each realm on the way may have one.
const PROOFS_MAX: usize = 16;

impl Challenger {
    /// One that has kept nothing yet.
    pub fn new(settings: ChallengerSettings) -> Self {
        let mut algorithms = settings.algorithms;
        algorithms.sort_by_key(|algorithm| std::cmp::Reverse(algorithm.strength()));
        Self {
            realm: settings.realm.chars().filter(|character| !character.is_control()).collect(),
            algorithms,
            nonces: Nonces::new(&settings.key, settings.nonce_lifetime, settings.kept_nonces_max),
            nobody: Password::plain(settings.key),
        }
    }

    /// The realm that is asked for.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// How many nonces are kept.
    #[cfg(test)]
    pub(super) fn kept_nonces(&self) -> usize {
        self.nonces.kept()
    }

    /// Values of WWW-Authenticate or Proxy-Authenticate, one field each, strongest first. `stale` tells that
    /// the secret was right and only the nonce was not.
    pub fn challenges(
        &mut self,
        now: Instant,
        random: [u8; 16],
        flow: &Flow,
        stale: bool,
    ) -> Vec<Value> {
        let nonce = self.nonces.issue(now, random, &self.realm, flow);
        let realm = quoted(&self.realm);
        let stale = if stale { ", stale=true" } else { "" };
        let value = |algorithm: &Algorithm| {
            let algorithm = algorithm.name();
            let text = format!(
                "Digest realm={realm}, nonce=\"{nonce}\", qop=\"auth\", algorithm={algorithm}{stale}"
            );
            Value::new(text).ok()
        };
        self.algorithms.iter().filter_map(value).collect()
    }

    /// What the request proves by those values of Authorization or Proxy-Authorization.
    pub fn judge(
        &mut self,
        now: Instant,
        flow: &Flow,
        proving: &Proving<'_>,
        authorizations: &[&str],
        account_of: &dyn Fn(&str) -> Option<Account>,
    ) -> Judged {
        let parameters = match self.ours(authorizations) {
            Ok(Some(parameters)) => parameters,
            Ok(None) => return Judged::NoProof,
            Err(words) => return Judged::Malformed(words),
        };
        let response = match Response::read(&parameters) {
            Ok(response) if self.algorithms.contains(&response.algorithm) => response,
            Ok(_) | Err(Unread::Nothing) => return Judged::NoProof,
            Err(Unread::Broken(words)) => return Judged::Malformed(words),
        };
        if !same_resource(response.uri, proving.uri) {
            return Judged::Malformed("the uri of a proof is not the Request-URI");
        }
        // Whoever writes a nonce of somebody else proves nothing, right or wrong, and costs no more than this.
        let Some(stamp) = self.nonces.valid(now, response.nonce, &self.realm, flow) else {
            return Judged::Stale;
        };
        let account = account_of(&response.user);
        let count = match response.quality {
            Said::Auth { number, .. } | Said::AuthInt { number, .. } => number,
            // Without a count a nonce is good once.
            Said::Nothing if account.as_ref().is_some_and(|it| it.may_omit_qop) => u32::MAX,
            Said::Nothing => return Judged::NoProof,
        };
        let begun = self.nonces.session_cnonce(&stamp);
        if !self.is_right(proving, &response, account, begun) {
            return Judged::Wrong;
        }
        let session = response.algorithm.is_session().then_some(response.cnonce);
        match self.nonces.spend(now, stamp, count, session) {
            true => Judged::Proven { user: response.user },
            false if count == u32::MAX => Judged::Stale,
            false => Judged::Replayed,
        }
    }

    /// The user that a proof for our realm names, whatever it proves: what wrong passwords are counted by. It
    /// reads what [`Challenger::judge`] reads.
    pub fn claimed_user(&self, authorizations: &[&str]) -> Option<String> {
        let parameters = self.ours(authorizations).ok()??;
        Response::read(&parameters).ok().map(|response| response.user)
    }

    /// The proof for our realm; two of them could be read differently by others.
    fn ours<'a>(&self, values: &[&'a str]) -> Result<Option<Parameters<'a>>, &'static str> {
        let mut ours = None;
        for value in values.iter().take(PROOFS_MAX) {
            let Some(parameters) = Parameters::of_digest(value) else { continue };
            let parameters = parameters?;
            if parameters.get("realm").ok_or("a proof has no realm")? == self.realm {
                if ours.is_some() {
                    return Err("there are two proofs for one realm");
                }
                ours = Some(parameters);
            }
        }
        Ok(ours)
    }

    /// Whether the user is there and the proof is right, at the same price either way.
    fn is_right(
        &self,
        proving: &Proving<'_>,
        response: &Response<'_>,
        account: Option<Account>,
        begun: Option<&str>,
    ) -> bool {
        let ha1 =
            |password: &Password| password.ha1(response.algorithm, &response.user, &self.realm);
        let known = account.as_ref().and_then(|account| ha1(&account.password));
        let is_known = Choice::from(u8::from(known.is_some()));
        let Some(ha1) = known.or_else(|| ha1(&self.nobody)) else { return false };
        let equals = |session_cnonce: &str| {
            let expected = response.expected(proving, &ha1, session_cnonce);
            expected.digits().ct_eq(Hashed::of(&response.hash).digits())
        };
        let mut is_right = equals(response.cnonce);
        if response.algorithm.is_session() {
            is_right |= equals(begun.unwrap_or(response.cnonce));
        }
        bool::from(is_right & is_known)
    }
}

fn same_resource(proof: &str, request: &str) -> bool {
    proof == request
        || match (Uri::parse(proof), Uri::parse(request)) {
            (Ok(proof), Ok(request)) => proof.is_resource_of(&request),
            _ => false,
        }
}

impl fmt::Debug for Challenger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Challenger").field("realm", &self.realm).finish_non_exhaustive()
    }
}

impl fmt::Debug for ChallengerSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChallengerSettings")
            .field("realm", &self.realm)
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}
