//! Sign-ins that the owner of voice state judges.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Document, InputId, Key, OwnerAnswer, OwnerAsk, OwnerRefusalKind, PhoneProof, Principal,
    Refusal, Report, Secret, SignInOn, SignedOutBy, Status, Target, Unclear, Wish,
};
use engine::testing::PlainAuthenticator;
use engine::{
    Admission, Applicant, Attempt, AuthenticationRefusal, Authenticator, Judgement, Port,
    SignInAnswer, SignInAttempt,
};

use crate::elsewhere::{
    Asked, NOT_READY, Play, SIGNED_OUT, Site, agent, heard, pair, refused, script,
};

/// Notes what admissions are told.
#[derive(Clone, Default)]
struct Noting(Arc<Mutex<Vec<Judgement>>>);

#[async_trait]
impl Authenticator for Noting {
    async fn authenticate(&self, attempt: Attempt) -> Result<Principal, AuthenticationRefusal> {
        PlainAuthenticator.authenticate(attempt).await
    }

    async fn admit(&self, who: Applicant) -> Result<Box<dyn Admission>, AuthenticationRefusal> {
        match who.account.as_str() {
            "6666" => Err(AuthenticationRefusal::Busy { retry_seconds: 7 }),
            _ => Ok(Box::new(self.clone())),
        }
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool, AuthenticationRefusal> {
        PlainAuthenticator.verify(password, hash).await
    }

    async fn hash(&self, password: &Secret) -> Option<String> {
        PlainAuthenticator.hash(password).await
    }
}

#[async_trait]
impl Admission for Noting {
    async fn judged(self: Box<Self>, judgement: Judgement) -> Result<(), AuthenticationRefusal> {
        self.0.lock().unwrap().push(judgement);
        match judgement {
            Judgement::Wrong => Err(AuthenticationRefusal::Wrong),
            Judgement::Right | Judgement::None => Ok(()),
        }
    }
}

fn attempt(name: &str, id: &str) -> SignInAttempt {
    SignInAttempt {
        id: InputId::new("sign-in", name),
        account: id.to_owned(),
        password: Secret::new("right"),
        extension: Some("2001".parse().unwrap()),
        device: None,
        mobile: None,
        on: SignInOn::Local,
        source: IpAddr::from([127, 0, 0, 1]),
        surface: "test",
    }
}

fn on_phone(name: &str, id: &str) -> SignInAttempt {
    let proof = PhoneProof { cookie_digest: String::new(), address: IpAddr::from([127, 0, 0, 1]) };
    let device = "SEP000000000009".parse().unwrap();
    SignInAttempt { on: SignInOn::Phone { device, proof }, ..attempt(name, id) }
}

struct Desk {
    site: Site,
    port: Port,
    judged: Noting,
    asked: Asked,
}

impl Desk {
    /// A site whose owner knows the agent in that state and then plays the script.
    async fn new(known: Option<domain::PresenceState>, plays: Vec<Play>) -> Self {
        let site = Site::new(&["east"]).await;
        let judged = Noting::default();
        let port = site.engine.port(Arc::new(judged.clone()));
        let mut owner = port.own(&pair("east"));
        if let Some(known) = known {
            owner.hear(&agent("1001").id, heard(known));
        }
        let asked = script(owner, plays);
        Self { site, port, judged, asked }
    }

    fn judged(&self) -> Vec<Judgement> {
        self.judged.0.lock().unwrap().clone()
    }

    fn asked(&self) -> Vec<OwnerAsk> {
        self.asked.lock().unwrap().clone()
    }

    async fn is_signed_in(&self) -> bool {
        matches!(self.site.status("1001").await, Some(Status::SignedIn(_)))
    }

    /// Keeps a verifier, as a sign-in before did.
    async fn keep_verifier(&self, password: &str) {
        let wish = domain::SignIn {
            agent: agent("1001"),
            verifier: Some(format!("hash-of-{password}")),
            ..crate::sign_in("1001", "2001")
        };
        let command = domain::Command::SignIn(Box::new(wish));
        let input = domain::Input::command(InputId::new("before", "1"), command);
        self.port.submit(input).await.unwrap();
    }
}

fn signed_on() -> Play {
    Play::Answer(Some(NOT_READY), OwnerAnswer::Done)
}

fn no(kind: OwnerRefusalKind) -> Play {
    Play::Answer(None, refused(kind))
}

#[tokio::test(start_paused = true)]
async fn phn_22_a_sign_in_that_the_owner_accepts_begins_a_session_and_keeps_a_verifier() {
    let desk = Desk::new(None, vec![signed_on()]).await;
    let answer = desk.port.sign_in(attempt("a", "1001")).await;
    assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
    assert_eq!(desk.judged(), [Judgement::Right]);
    assert!(desk.is_signed_in().await);
    let asks = vec![domain::Ask::Document(Key::verifier(&agent("1001")))];
    let loaded = desk.site.store.load(store::Load { asks, input: None }).await.unwrap();
    let Some((_, Some(loaded))) = loaded.documents.into_iter().next() else { panic!() };
    let Document::Verifier(verifier) = loaded.document else { panic!() };
    assert_eq!(verifier.hash, "hash-of-right");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_agent_and_a_wrong_password_look_alike_and_are_counted() {
    for kind in [OwnerRefusalKind::WrongPassword, OwnerRefusalKind::AgentUnknown] {
        let desk = Desk::new(None, vec![no(kind)]).await;
        let answer = desk.port.sign_in(attempt("a", "1001")).await;
        let wrong = SignInAnswer::NotProven(AuthenticationRefusal::Wrong);
        assert_eq!(format!("{answer:?}"), format!("{wrong:?}"));
        assert_eq!(desk.judged(), [Judgement::Wrong]);
        assert!(!desk.is_signed_in().await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_says_nothing_of_the_password_is_told_and_not_counted() {
    for kind in
        [OwnerRefusalKind::ExtensionInUse, OwnerRefusalKind::Device, OwnerRefusalKind::Locked]
    {
        let desk = Desk::new(None, vec![no(kind)]).await;
        let answer = desk.port.sign_in(attempt("a", "1001")).await;
        let SignInAnswer::Refused(Refusal::Owner { why }) = answer else { panic!("{answer:?}") };
        assert_eq!(why.kind, kind);
        assert_eq!(desk.judged(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_without_admission_and_without_a_link_it_is_said_so() {
    let desk = Desk::new(None, Vec::new()).await;
    let answer = desk.port.sign_in(attempt("a", "6666")).await;
    let busy = AuthenticationRefusal::Busy { retry_seconds: 7 };
    assert!(matches!(answer, SignInAnswer::NotProven(why) if why == busy));
    assert_eq!(desk.asked(), []);
    let site = Site::new(&["east"]).await;
    let answer = site.port.sign_in(attempt("a", "1001")).await;
    assert!(matches!(answer, SignInAnswer::Refused(Refusal::OwnerAway { .. })), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_link_lost_in_the_middle_leaves_a_sign_in_unclear() {
    let desk = Desk::new(None, vec![Play::Drop]).await;
    let answer = desk.port.sign_in(attempt("a", "1001")).await;
    assert!(matches!(answer, SignInAnswer::Unclear(Unclear::LinkLost)), "{answer:?}");
    assert!(!desk.is_signed_in().await);
}

#[tokio::test(start_paused = true)]
async fn phn_22_who_is_signed_on_already_is_proven_by_the_owner_without_a_change() {
    let already = || no(OwnerRefusalKind::AlreadySignedOn);
    let right = Play::Answer(None, OwnerAnswer::Done);
    let desk = Desk::new(Some(NOT_READY), vec![already(), right]).await;
    let answer = desk.port.sign_in(attempt("a", "1001")).await;
    assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
    assert_eq!(desk.judged(), [Judgement::Right]);
    let desk =
        Desk::new(Some(NOT_READY), vec![already(), no(OwnerRefusalKind::WrongPassword)]).await;
    let answer = desk.port.sign_in(attempt("a", "1001")).await;
    assert!(matches!(answer, SignInAnswer::NotProven(AuthenticationRefusal::Wrong)));
    assert_eq!(desk.judged(), [Judgement::Wrong]);
    // With a right password on another line, that line is told, and nothing is taken over.
    let right = Play::Answer(None, OwnerAnswer::Done);
    let desk = Desk::new(Some(NOT_READY), vec![already(), right]).await;
    let other = SignInAttempt { extension: Some("2002".parse().unwrap()), ..attempt("a", "1001") };
    let answer = desk.port.sign_in(other).await;
    let line = Some("2001".parse().unwrap());
    let elsewhere = Refusal::SignedOnElsewhere { extension: line };
    assert!(matches!(&answer, SignInAnswer::Refused(why) if *why == elsewhere), "{answer:?}");
    assert!(!desk.is_signed_in().await);
}

#[tokio::test(start_paused = true)]
async fn phn_22_where_the_owner_checks_none_the_last_accepted_password_decides() {
    let plays = || vec![no(OwnerRefusalKind::AlreadySignedOn), no(OwnerRefusalKind::NotOffered)];
    let desk = Desk::new(Some(NOT_READY), plays()).await;
    let answer = desk.port.sign_in(attempt("a", "1001")).await;
    let elsewhere = Refusal::SignedOnElsewhere { extension: None };
    assert!(matches!(&answer, SignInAnswer::Refused(why) if *why == elsewhere), "{answer:?}");
    assert_eq!(desk.judged(), []);
    let desk = Desk::new(Some(NOT_READY), plays()).await;
    desk.keep_verifier("right").await;
    let answer = desk.port.sign_in(attempt("a", "1001")).await;
    assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
    let desk = Desk::new(Some(NOT_READY), plays()).await;
    desk.keep_verifier("another").await;
    let answer = desk.port.sign_in(attempt("a", "1001")).await;
    assert!(matches!(answer, SignInAnswer::NotProven(AuthenticationRefusal::Wrong)), "{answer:?}");
    assert_eq!(desk.judged(), [Judgement::Wrong]);
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_is_refused_after_all_is_taken_back_at_the_owner() {
    let desk = Desk::new(None, vec![signed_on(), signed_on()]).await;
    let answer = desk.port.sign_in(on_phone("a", "1002")).await;
    assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
    let answer = desk.port.sign_in(on_phone("b", "1001")).await;
    assert!(matches!(answer, SignInAnswer::Refused(Refusal::DeviceInUse { .. })), "{answer:?}");
    let undone =
        OwnerAsk::Set { target: Target::SignedOut(None), extension: Some("2001".parse().unwrap()) };
    assert_eq!(desk.asked().last(), Some(&undone));
    assert!(!desk.is_signed_in().await);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_back_that_another_session_speaks_for() {
    let desk = Desk::new(None, vec![signed_on(), signed_on()]).await;
    let answer = desk.port.sign_in(on_phone("a", "1002")).await;
    assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
    desk.site.session("1001").await;
    let answer = desk.port.sign_in(on_phone("b", "1001")).await;
    assert!(matches!(answer, SignInAnswer::Refused(Refusal::DeviceInUse { .. })), "{answer:?}");
    let sign_ins = desk.asked();
    assert!(sign_ins.iter().all(|ask| matches!(ask, OwnerAsk::SignIn(_))), "{sign_ins:?}");
    assert!(desk.is_signed_in().await);
}

#[tokio::test(start_paused = true)]
async fn dsk_04_a_sign_in_waits_for_a_sign_out_that_is_owed_or_for_its_deadline() {
    for is_seen in [true, false] {
        let desk = Desk::new(Some(NOT_READY), vec![signed_on()]).await;
        desk.site.session("1001").await;
        let force = Wish::ForceSignOut { reason: None, by: SignedOutBy::System };
        desk.site.wish("force", "1001", force).await;
        let port = desk.port.clone();
        let waiting = tokio::spawn(async move { port.sign_in(attempt("a", "1001")).await });
        // Time passes only when all wait.
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(desk.asked(), [], "a LOGIN overtook the sign-out");
        if is_seen {
            let session = desk.port.session_of(&agent("1001")).await.unwrap().unwrap();
            let generation = session.generation;
            let left = Report::Left { agent: agent("1001"), generation, reason: None };
            let left = domain::Input::report(InputId::new("left", "1"), left);
            desk.port.submit(left).await.unwrap();
        } else {
            desk.site.clock.advance(Duration::from_secs(domain::LEAVING_SECONDS));
        }
        let answer = waiting.await.unwrap();
        assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn dsk_04_what_the_owner_said_before_a_sign_out_begins_no_session() {
    let desk = Desk::new(Some(NOT_READY), Vec::new()).await;
    let holder = desk.site.session("1001").await;
    let wish = |follows| domain::SignIn {
        agent: agent("1001"),
        follows: Some(follows),
        ..crate::sign_in("1001", "2001")
    };
    let submit = async |name: &str, follows| {
        let command = domain::Command::SignIn(Box::new(wish(follows)));
        let input = domain::Input::command(InputId::new("judged", name), command);
        desk.port.submit(input).await.unwrap()
    };
    let stale = engine::Outcome::Refused(Refusal::Stale);
    assert_eq!(submit("old", holder.generation - 1).await, stale);
    let done = submit("now", holder.generation).await;
    assert!(matches!(done, engine::Outcome::Done(_)), "{done:?}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_does_not_wait_leaves_a_session_all_the_same() {
    let desk = Desk::new(None, vec![signed_on()]).await;
    let dropped = desk.port.sign_in(attempt("a", "1001"));
    assert!(tokio::time::timeout(Duration::ZERO, dropped).await.is_err());
    desk.site.until("1001", |status| matches!(status, Status::SignedIn(_))).await;
    assert_eq!(desk.judged(), [Judgement::Right]);
}

#[tokio::test(start_paused = true)]
async fn cti_10_the_pair_that_knows_the_agent_is_found_and_two_are_told() {
    let unknown = || no(OwnerRefusalKind::AgentUnknown);
    let knows = || Play::Answer(Some(SIGNED_OUT), OwnerAnswer::Done);
    let sign_in = async |plays: [Option<Vec<Play>>; 2]| {
        let site = Site::new(&["east", "west"]).await;
        for (name, plays) in ["east", "west"].into_iter().zip(plays) {
            if let Some(plays) = plays {
                script(site.port.own(&pair(name)), plays);
            }
        }
        site.port.sign_in(attempt("a", "1001")).await
    };
    let found = sign_in([Some(vec![unknown()]), Some(vec![knows(), signed_on()])]).await;
    let SignInAnswer::SignedIn { agent, .. } = found else { panic!("{found:?}") };
    assert_eq!(agent.pair, pair("west"));
    let several = sign_in([Some(vec![knows()]), Some(vec![knows()])]).await;
    let SignInAnswer::Refused(Refusal::SeveralPairs { pairs }) = several else { panic!() };
    assert_eq!(pairs, [pair("east"), pair("west")]);
    let nobody = sign_in([Some(vec![unknown()]), Some(vec![unknown()])]).await;
    assert!(matches!(nobody, SignInAnswer::NotProven(AuthenticationRefusal::Wrong)));
    let away = sign_in([Some(vec![unknown()]), None]).await;
    assert!(matches!(away, SignInAnswer::Refused(Refusal::OwnerAway { .. })), "{away:?}");
}
