//! Signing in at a phone while people sign in by an identity provider (PHN-15).

use domain::settings::{HashOf, PairOf};
use domain::{AgentId, AgentKey, Refusal, Role, SignIn, SignInOn};

use super::{Accepted, Proof, SignInAnswer, SignInAttempt, wrong};
use crate::{Applicant, Judgement, Port, SubmitError, counted_name};

/// What phones do meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PhoneSignIn {
    /// They take a PIN.
    Pin,
    /// They let nobody sign in.
    Refused,
}

impl Port {
    /// What holds for that attempt, where people sign in by an identity provider and it is made at a
    /// phone.
    pub(super) fn single_sign_on_of(&self, attempt: &SignInAttempt) -> Option<PhoneSignIn> {
        let settings = self.settings();
        let is_phone = matches!(attempt.on, SignInOn::Phone { .. });
        let holds = is_phone && settings.identity.single_sign_on;
        holds.then_some(match settings.phone_service.single_sign_on_pin {
            true => PhoneSignIn::Pin,
            false => PhoneSignIn::Refused,
        })
    }

    pub(super) async fn with_pin(
        &self,
        attempt: SignInAttempt,
        phone: PhoneSignIn,
    ) -> Result<SignInAnswer, SignInAnswer> {
        if phone == PhoneSignIn::Refused {
            return Err(SignInAnswer::SingleSignOn);
        }
        let id = attempt.account.parse::<AgentId>().ok();
        let pairs = match id.as_ref().map(|id| self.settings().pair_of(id)) {
            None | Some(PairOf::Owned) => None,
            Some(PairOf::One(pair)) => Some(vec![pair]),
            Some(PairOf::Unsettled(pairs)) => Some(pairs),
        };
        if pairs.is_some() {
            self.check_maintenance()?;
        }
        let id = self.prove_by_pin(&attempt, id).await?;
        if let Some(pairs) = pairs {
            let pair = self.pair_for(&id, pairs).await?;
            let proof = Proof { by_pin: true, admission: None, accepted: Some(Accepted::Before) };
            return self.at_owner(attempt, AgentKey { pair, id }, proof).await;
        }
        let roles = self.settings().agents.get(&id).map(|agent| agent.roles.clone());
        let roles = roles.unwrap_or_default();
        if !roles.iter().any(|role| matches!(role, Role::Agent | Role::Supervisor)) {
            return Err(SignInAnswer::NotAnAgent);
        }
        let wish = self.wish(&attempt, AgentKey::owned(id))?;
        self.begin_session(attempt.id, wish).await
    }

    /// Signs in, with a line, an agent whom the gateway itself has proven: the owner is asked without a password.
    pub async fn sign_in_proven(&self, attempt: SignInAttempt, id: AgentId) -> SignInAnswer {
        let port = self.clone();
        let signing_in =
            tokio::spawn(async move { port.as_proven(attempt, id).await.unwrap_or_else(|it| it) });
        signing_in.await.unwrap_or(SignInAnswer::Failed(SubmitError::Undecided))
    }

    async fn as_proven(
        &self,
        attempt: SignInAttempt,
        id: AgentId,
    ) -> Result<SignInAnswer, SignInAnswer> {
        let pairs = match self.settings().pair_of(&id) {
            PairOf::Owned => {
                let wish = self.wish(&attempt, AgentKey::owned(id))?;
                return self.begin_session(attempt.id, wish).await;
            }
            PairOf::One(pair) => vec![pair],
            PairOf::Unsettled(pairs) => pairs,
        };
        self.check_maintenance()?;
        let pair = self.pair_for(&id, pairs).await?;
        let proof = Proof { by_pin: true, admission: None, accepted: Some(Accepted::Before) };
        self.at_owner(attempt, AgentKey { pair, id }, proof).await
    }

    /// The agent whose PIN was typed. Somebody unknown, and an agent without one, go the same way.
    async fn prove_by_pin(
        &self,
        attempt: &SignInAttempt,
        id: Option<AgentId>,
    ) -> Result<AgentId, SignInAnswer> {
        let typed = counted_name(&attempt.account);
        let name = id.as_ref().map_or(typed.as_str(), AgentId::as_str);
        // Counted under a name that nobody can type, apart from the password's own count: neither sets
        // the other's back.
        let account = format!("\0pin\0{name}");
        let applicant = Applicant { account, source: attempt.source, surface: attempt.surface };
        let admission = self.authenticator.admit(applicant).await?;
        let hash = id.clone().and_then(|id| self.settings().hash(&HashOf::Pin(id)));
        let is_right = self.authenticator.verify(&attempt.password, hash.as_deref()).await?;
        match id.filter(|_| is_right && hash.is_some()) {
            Some(id) => {
                admission.judged(Judgement::Right).await?;
                Ok(id)
            }
            None => Err(wrong(admission).await),
        }
    }

    /// Whether whoever is signed on already is so on the line that is asked for.
    pub(super) fn is_on_line(&self, wish: &SignIn) -> Result<(), SignInAnswer> {
        let line = self.live(&wish.agent).and_then(|live| live.extension.clone());
        match line.filter(|line| *line != wish.extension) {
            Some(line) => Err(Refusal::SignedOnElsewhere { extension: Some(line) }.into()),
            None => Ok(()),
        }
    }
}
