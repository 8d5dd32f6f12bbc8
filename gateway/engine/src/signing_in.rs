//! Signing an agent in: who judges the password, and what is asked of whom in which order.
//!
//! ```text
//!   pair of the agent --- none: the gateway checks the password --- SignIn --> session
//!     | one, or the one that answers for the id
//!   settings allow it? -- admitted (rates, lock-out) -- no sign-out under way? -- LOGIN to the owner
//!     done -------------------------------------------> SignIn, verifier kept --> session
//!     259, signed on already: the password is checked by the owner without a change where it offers
//!       that, else by the verifier of the last sign-in it accepted, else refused ("sign out there")
//!     refused: counted where it was the password; unknown: told as such, nothing is ours
//! ```
//!
//! While people sign in by an identity provider, phones take no password: a PIN that the gateway judges
//! itself goes before all of that, or nobody signs in there at all (PHN-15).
//!
//! Nobody learns whether an agent exists before a password was right: an unknown agent and a wrong
//! password look alike. What LOGIN brought about is undone where the session then cannot be written.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::settings::PairOf;
use domain::{
    AgentId, AgentKey, AgentSession, Command, DeviceName, Document, Extension, Input, InputId, Key,
    Loaded, Mobile, OwnerAnswer, OwnerAsk, OwnerCommand, OwnerRefusalKind, OwnerSignIn, PairName,
    Refusal, Reply, Role, Secret, SessionRef, SignIn, SignInOn, Target, Unclear,
};
use tokio::task::JoinSet;

use crate::submit::Outcome;
use crate::{
    Admission, Applicant, Attempt, AuthenticationRefusal, Judgement, Port, SubmitError,
    counted_name,
};

mod pin;

/// By so much longer than its deadline a sign-out that is under way is waited for.
const LEAVING_SLACK: Duration = Duration::from_secs(1);

/// Somebody wants to sign in.
#[derive(Clone, Debug)]
pub struct SignInAttempt {
    /// Recognises a repeat.
    pub id: InputId,
    /// The account as it was typed.
    pub account: String,
    /// The password as it was typed.
    pub password: Secret,
    /// The line, where it was given; else the agent's own.
    pub extension: Option<Extension>,
    /// The phone picked among several that have the line.
    pub device: Option<DeviceName>,
    /// The remote phone, for a mobile agent.
    pub mobile: Option<Mobile>,
    /// From where.
    pub on: SignInOn,
    /// The client's address.
    pub source: IpAddr,
    /// The surface that asks, for the log.
    pub surface: &'static str,
}

/// What came of it.
#[derive(Debug)]
pub enum SignInAnswer {
    /// The agent is signed in, and this holds the session.
    SignedIn {
        /// Whom.
        agent: AgentKey,
        /// The holder.
        session: SessionRef,
    },
    /// Everything else is right, but no line was given and the agent has none of their own.
    NeedsExtension,
    /// The account is right, but no agent's.
    NotAnAgent,
    /// Nobody was proven.
    NotProven(AuthenticationRefusal),
    /// People sign in by an identity provider, which phones cannot.
    SingleSignOn,
    /// It is not possible, for that reason.
    Refused(Refusal),
    /// The owner of the agent's voice state was asked, and nobody knows what came of it.
    Unclear(Unclear),
    /// We could not do our part.
    Failed(SubmitError),
}

impl From<SubmitError> for SignInAnswer {
    fn from(error: SubmitError) -> Self {
        Self::Failed(error)
    }
}

impl From<Refusal> for SignInAnswer {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<AuthenticationRefusal> for SignInAnswer {
    fn from(refusal: AuthenticationRefusal) -> Self {
        Self::NotProven(refusal)
    }
}

/// How often the owner is asked to sign somebody on whose session changes meanwhile.
const TRIES: usize = 3;

/// What is proven of somebody who wants to sign in.
struct Proof {
    /// Whether the gateway judged a PIN, so that the owner is asked for nothing but the sign-in.
    by_pin: bool,
    /// Under which limits; `None` once that was told what came of it.
    admission: Option<Box<dyn Admission>>,
    /// Set once the password was right.
    accepted: Option<Accepted>,
}

impl Proof {
    async fn right(&mut self, how: Accepted) -> Result<(), SignInAnswer> {
        if let Some(admission) = self.admission.take() {
            admission.judged(Judgement::Right).await?;
        }
        // Who was signed on by us before is so still.
        if self.accepted != Some(Accepted::SignedOn) {
            self.accepted = Some(how);
        }
        Ok(())
    }

    async fn wrong(&mut self) -> SignInAnswer {
        match self.admission.take() {
            Some(admission) => wrong(admission).await,
            None => SignInAnswer::NotProven(AuthenticationRefusal::Wrong),
        }
    }
}

/// How the owner came to accept somebody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Accepted {
    /// By signing them on; undone should the session not be written.
    SignedOn,
    /// They were signed on, and the password is right.
    Before,
}

impl Port {
    /// Signs an agent in, by whoever judges passwords for them. It goes to its end whether or not
    /// somebody still waits for the answer, so that nobody is signed on without a session.
    pub async fn sign_in(&self, attempt: SignInAttempt) -> SignInAnswer {
        let port = self.clone();
        let signing_in = tokio::spawn(async move { port.carry_sign_in(attempt).await });
        signing_in.await.unwrap_or(SignInAnswer::Failed(SubmitError::Undecided))
    }

    async fn carry_sign_in(&self, attempt: SignInAttempt) -> SignInAnswer {
        if let Some(phone) = self.single_sign_on_of(&attempt) {
            return self.with_pin(attempt, phone).await.unwrap_or_else(|answer| answer);
        }
        let id = attempt.account.parse::<AgentId>().ok();
        let of_pair = id.map(|id| (self.settings().pair_of(&id), id));
        let signing_in = match of_pair {
            Some((PairOf::One(pair), id)) => self.with_owner(attempt, vec![pair], id).await,
            Some((PairOf::Unsettled(pairs), id)) => self.with_owner(attempt, pairs, id).await,
            Some((PairOf::Owned, _)) | None => self.with_us(attempt).await,
        };
        signing_in.unwrap_or_else(|answer| answer)
    }

    async fn with_us(&self, attempt: SignInAttempt) -> Result<SignInAnswer, SignInAnswer> {
        let check = Attempt {
            account: attempt.account.clone(),
            password: attempt.password.clone(),
            source: attempt.source,
            surface: attempt.surface,
        };
        let principal = self.authenticate(check).await?;
        let id = AgentId::parse(&principal.who).ok();
        let id = id.filter(|_| principal.has(Role::Agent) || principal.has(Role::Supervisor));
        let agent = AgentKey::owned(id.ok_or(SignInAnswer::NotAnAgent)?);
        let wish = self.wish(&attempt, agent)?;
        self.begin_session(attempt.id, wish).await
    }

    async fn with_owner(
        &self,
        attempt: SignInAttempt,
        pairs: Vec<PairName>,
        id: AgentId,
    ) -> Result<SignInAnswer, SignInAnswer> {
        self.check_maintenance()?;
        // Whether an id has a line of its own is nobody's business before a password was right, which
        // here cannot be judged without a line.
        if attempt.extension.is_none() {
            return Err(SignInAnswer::NeedsExtension);
        }
        let applicant = Applicant {
            account: counted_name(&attempt.account),
            source: attempt.source,
            surface: attempt.surface,
        };
        let admission = self.authenticator.admit(applicant).await?;
        let pair = match self.pair_for(&id, pairs).await {
            Ok(pair) => pair,
            Err(Refusal::AgentUnknown) => return Err(wrong(admission).await),
            Err(refusal) => return Err(refusal.into()),
        };
        let proof = Proof { by_pin: false, admission: Some(admission), accepted: None };
        self.at_owner(attempt, AgentKey { pair, id }, proof).await
    }

    fn check_maintenance(&self) -> Result<(), Refusal> {
        if self.in_maintenance() {
            let alternates = &self.settings().phone_service.alternates;
            let alternate = alternates.get(self.node()).cloned();
            return Err(Refusal::Maintenance { alternate });
        }
        Ok(())
    }

    /// Signs on with the owner and begins the session, or leaves nothing behind.
    async fn at_owner(
        &self,
        attempt: SignInAttempt,
        agent: AgentKey,
        mut proof: Proof,
    ) -> Result<SignInAnswer, SignInAnswer> {
        let wish = self.wish(&attempt, agent)?;
        domain::sign_in_possible(&wish, &self.settings())?;
        let begun = self.begin_with_owner(&attempt, &wish, &mut proof).await;
        let is_ours = matches!(begun, Ok(SignInAnswer::SignedIn { .. }));
        let signed_on = proof.accepted == Some(Accepted::SignedOn);
        if !is_ours && signed_on && !self.is_spoken_for(&wish.agent).await {
            self.undo(wish.agent, wish.extension).await;
        }
        begun
    }

    /// Asks the owner and begins the session; again where the agent's session changed meanwhile, since a
    /// sign-out may have followed what the owner said.
    async fn begin_with_owner(
        &self,
        attempt: &SignInAttempt,
        wish: &SignIn,
        proof: &mut Proof,
    ) -> Result<SignInAnswer, SignInAnswer> {
        let mut verifier = None;
        for _ in 1..TRIES {
            let begun = self.try_with_owner(attempt, wish, proof, &mut verifier).await;
            let is_old = |it: &Refusal| matches!(it, Refusal::Stale | Refusal::Leaving { .. });
            match begun {
                Err(SignInAnswer::Refused(refusal))
                    if proof.accepted.is_some() && is_old(&refusal) => {}
                begun => return begun,
            }
        }
        self.try_with_owner(attempt, wish, proof, &mut verifier).await
    }

    async fn try_with_owner(
        &self,
        attempt: &SignInAttempt,
        wish: &SignIn,
        proof: &mut Proof,
        verifier: &mut Option<String>,
    ) -> Result<SignInAnswer, SignInAnswer> {
        let follows = Some(self.wait_for_leaving(wish).await?);
        self.log_on(wish, &attempt.password, proof).await?;
        if verifier.is_none() && !proof.by_pin {
            *verifier = self.authenticator.hash(&attempt.password).await;
        }
        let wish = SignIn { verifier: verifier.clone(), follows, ..wish.clone() };
        self.begin_session(attempt.id.clone(), wish).await
    }

    fn wish(&self, attempt: &SignInAttempt, agent: AgentKey) -> Result<SignIn, SignInAnswer> {
        let own = || self.settings().agents.get(&agent.id)?.extension.clone();
        let extension = attempt.extension.clone().or_else(own);
        Ok(SignIn {
            extension: extension.ok_or(SignInAnswer::NeedsExtension)?,
            agent,
            device: attempt.device.clone(),
            mobile: attempt.mobile.clone(),
            on: attempt.on.clone(),
            node: self.node().clone(),
            verifier: None,
            follows: None,
        })
    }

    async fn begin_session(&self, id: InputId, wish: SignIn) -> Result<SignInAnswer, SignInAnswer> {
        let agent = wish.agent.clone();
        match self.submit(Input::command(id, Command::SignIn(Box::new(wish)))).await? {
            Outcome::Done(Reply::SignedIn { session }) => {
                Ok(SignInAnswer::SignedIn { agent, session })
            }
            Outcome::Done(_) => Err(SubmitError::Undecided.into()),
            Outcome::Refused(refusal) => Err(refusal.into()),
            Outcome::Unclear(unclear) => Err(SignInAnswer::Unclear(unclear)),
        }
    }

    /// The pair that answers for the id (CTI-10). All are asked each time, since an id may come to be
    /// known to another one.
    async fn pair_for(&self, id: &AgentId, mut pairs: Vec<PairName>) -> Result<PairName, Refusal> {
        if pairs.len() == 1
            && let Some(pair) = pairs.pop()
        {
            return Ok(pair);
        }
        let mut asking = JoinSet::new();
        for pair in pairs {
            let engine = Arc::clone(&self.engine);
            let command = OwnerCommand { agent: id.clone(), ask: OwnerAsk::Query };
            asking.spawn(async move {
                let answer = engine.live.ask(&pair, command).await;
                (pair, answer)
            });
        }
        let (mut knowing, mut away) = (Vec::new(), None);
        while let Some(Ok((pair, answer))) = asking.join_next().await {
            match answer {
                Some(OwnerAnswer::Done) if self.is_known_there(&pair, id) => knowing.push(pair),
                Some(OwnerAnswer::Done) => {}
                Some(OwnerAnswer::Refused(refusal))
                    if refusal.kind == OwnerRefusalKind::AgentUnknown => {}
                _ => away = Some(pair),
            }
        }
        match (knowing.len(), away) {
            (1, _) => knowing.pop().ok_or(Refusal::AgentUnknown),
            (0, Some(pair)) => Err(Refusal::OwnerAway { pair }),
            (0, None) => Err(Refusal::AgentUnknown),
            _ => {
                knowing.sort();
                Err(Refusal::SeveralPairs { pairs: knowing })
            }
        }
    }

    fn is_known_there(&self, pair: &PairName, id: &AgentId) -> bool {
        let key = AgentKey { pair: pair.clone(), id: id.clone() };
        self.engine.live.value(&key).is_some()
    }

    /// A sign-out that is under way could overtake a new sign-in on the wire, so that waits for it.
    /// The generation of the agent's sessions then.
    async fn wait_for_leaving(&self, wish: &SignIn) -> Result<u32, SignInAnswer> {
        let mut watch = self.watch(&wish.agent);
        // What this node saw of other nodes' doings may be old.
        self.engine.see_session(&Key::session(&wish.agent)).await?;
        let until = watch.borrow().as_ref().and_then(|session| Some(session.leaving()?.until));
        let generation = |session: &Option<Arc<AgentSession>>| {
            session.as_ref().map_or(0, |session| session.generation)
        };
        let Some(until) = until else { return Ok(generation(&watch.borrow())) };
        let lasting = until.since(self.now()) + LEAVING_SLACK;
        let over = watch
            .wait_for(|session| session.as_ref().is_none_or(|session| session.leaving().is_none()));
        let is_over = tokio::time::timeout(lasting, over).await.is_ok();
        // The deadline ends it for the rule as well.
        if is_over || self.now() >= until {
            return Ok(generation(&watch.borrow()));
        }
        Err(Refusal::Leaving { until }.into())
    }

    async fn log_on(
        &self,
        wish: &SignIn,
        password: &Secret,
        proof: &mut Proof,
    ) -> Result<(), SignInAnswer> {
        let ask = OwnerAsk::SignIn(OwnerSignIn {
            extension: wish.extension.clone(),
            password: (!proof.by_pin).then(|| password.clone()),
            mobile: wish.mobile.clone(),
            device: self.terminal(wish),
        });
        let Some(refusal) = self.owner(&wish.agent, ask).await? else {
            return proof.right(Accepted::SignedOn).await;
        };
        match refusal.kind {
            OwnerRefusalKind::AlreadySignedOn if proof.by_pin => self.is_on_line(wish),
            // The password was right a moment ago.
            OwnerRefusalKind::AlreadySignedOn if proof.accepted.is_some() => Ok(()),
            OwnerRefusalKind::AlreadySignedOn => self.prove_otherwise(wish, password, proof).await,
            OwnerRefusalKind::WrongPassword | OwnerRefusalKind::AgentUnknown if !proof.by_pin => {
                Err(proof.wrong().await)
            }
            _ => Err(Refusal::Owner { why: refusal }.into()),
        }
    }

    /// The phone picked among several, for owners that know shared lines. They refuse one for a line
    /// that is not shared, and a client may name the only phone there is.
    fn terminal(&self, wish: &SignIn) -> Option<DeviceName> {
        let settings = self.settings();
        let phones = settings.devices_with(&wish.extension).filter(|device| !device.profile);
        wish.device.clone().filter(|_| phones.count() != 1)
    }

    /// The agent is signed on already: is the password right all the same?
    async fn prove_otherwise(
        &self,
        wish: &SignIn,
        password: &Secret,
        proof: &mut Proof,
    ) -> Result<(), SignInAnswer> {
        let line = self.live(&wish.agent).and_then(|live| live.extension.clone());
        let elsewhere = line.clone().filter(|line| *line != wish.extension);
        let ask = OwnerAsk::CheckPassword {
            extension: line.unwrap_or_else(|| wish.extension.clone()),
            password: password.clone(),
        };
        let right = match self.owner(&wish.agent, ask).await? {
            None => true,
            Some(refusal) => match refusal.kind {
                OwnerRefusalKind::NotOffered => self.matches_verifier(wish, password).await?,
                OwnerRefusalKind::WrongPassword | OwnerRefusalKind::AgentUnknown => false,
                _ => return Err(Refusal::Owner { why: refusal }.into()),
            },
        };
        if !right {
            return Err(proof.wrong().await);
        }
        proof.right(Accepted::Before).await?;
        match elsewhere {
            Some(line) => Err(Refusal::SignedOnElsewhere { extension: Some(line) }.into()),
            None => Ok(()),
        }
    }

    async fn matches_verifier(
        &self,
        wish: &SignIn,
        password: &Secret,
    ) -> Result<bool, SignInAnswer> {
        match self.engine.document(&Key::verifier(&wish.agent)).await? {
            Some(Loaded { document: Document::Verifier(verifier), .. }) => {
                Ok(self.authenticator.verify(password, Some(&verifier.hash)).await?)
            }
            _ => Err(Refusal::SignedOnElsewhere { extension: None }.into()),
        }
    }

    /// Asks the owner; `None` where it is done, else why it refused.
    async fn owner(
        &self,
        agent: &AgentKey,
        ask: OwnerAsk,
    ) -> Result<Option<domain::OwnerRefusal>, SignInAnswer> {
        let command = OwnerCommand { agent: agent.id.clone(), ask };
        match self.engine.live.ask(&agent.pair, command).await {
            None => Err(SubmitError::Busy.into()),
            Some(OwnerAnswer::Done) => Ok(None),
            Some(OwnerAnswer::Refused(refusal)) => Ok(Some(refusal)),
            Some(OwnerAnswer::Unknown(unclear)) => Err(SignInAnswer::Unclear(unclear)),
            Some(OwnerAnswer::Unreachable) => {
                Err(Refusal::OwnerAway { pair: agent.pair.clone() }.into())
            }
        }
    }

    /// Whether a session of the agent lasts all the same, which another sign-in began or an older one
    /// left: it speaks for them, and the bridge ends it where the owner does.
    async fn is_spoken_for(&self, agent: &AgentKey) -> bool {
        match self.engine.document(&Key::session(agent)).await {
            Ok(Some(Loaded { document: Document::Session(session), .. })) => {
                session.signed_in().is_some()
            }
            _ => false,
        }
    }

    /// Signs somebody off again whom the owner signed on, since nobody would speak for them.
    async fn undo(&self, agent: AgentKey, extension: Extension) {
        let target = Target::SignedOut(None);
        let ask = OwnerAsk::Set { target, extension: Some(extension) };
        let answer = self.owner(&agent, ask).await;
        if !matches!(answer, Ok(None)) {
            tracing::warn!(
                "an agent stays signed on with the contact centre without a session here"
            );
        }
    }
}

async fn wrong(admission: Box<dyn Admission>) -> SignInAnswer {
    match admission.judged(Judgement::Wrong).await {
        Err(refusal) => SignInAnswer::NotProven(refusal),
        Ok(()) => SignInAnswer::NotProven(AuthenticationRefusal::Wrong),
    }
}
