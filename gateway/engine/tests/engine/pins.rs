//! Sign-ins at phones while people sign in by an identity provider.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::settings::{Agent, IdentitySettings, PhoneService, Settings};
use domain::{
    AgentKey, InputId, OwnerAnswer, OwnerAsk, OwnerRefusalKind, PhoneProof, Principal, Refusal,
    Role, Secret, SignInOn,
};
use engine::testing::{OpenAdmission, PlainAuthenticator, apply};
use engine::{
    Admission, Applicant, Attempt, AuthenticationRefusal, Authenticator, Port, SignInAnswer,
    SignInAttempt,
};

use crate::elsewhere::{Asked, NOT_READY, Play, Site, agent, heard, pair, refused, script};

/// Judges PINs, counts under which names, and judges no password at all.
#[derive(Clone, Default)]
struct NoPasswords(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Authenticator for NoPasswords {
    async fn authenticate(&self, _: Attempt) -> Result<Principal, AuthenticationRefusal> {
        panic!("a password was judged");
    }

    async fn admit(&self, who: Applicant) -> Result<Box<dyn Admission>, AuthenticationRefusal> {
        self.0.lock().unwrap().push(who.account);
        Ok(Box::new(OpenAdmission))
    }

    async fn verify(
        &self,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool, AuthenticationRefusal> {
        PlainAuthenticator.verify(password, hash).await
    }

    async fn hash(&self, _: &Secret) -> Option<String> {
        panic!("a PIN was kept as a password");
    }
}

struct Desk {
    port: Port,
    admitted: NoPasswords,
    asked: Asked,
}

/// With those pairs, agents 1001 with a PIN and 1002 without.
async fn desk(pairs: &[&str], with_pins: bool, plays: Vec<Play>) -> Desk {
    let site = Site::new(pairs).await;
    let agent_of = |id: &str, pin: Option<&str>| {
        let agent = Agent {
            id: id.parse().unwrap(),
            name: None,
            team: None,
            pair: None,
            alias: None,
            skills: BTreeMap::new(),
            origin: None,
            extension: Some("2001".parse().unwrap()),
            roles: vec![Role::Agent],
            password_hash: Some("hash-of-right".to_owned()),
            pin_hash: pin.map(|pin| format!("hash-of-{pin}")),
        };
        (agent.id.clone(), Arc::new(agent))
    };
    let agents = [agent_of("1001", Some("135791")), agent_of("1002", None)];
    let settings = Settings {
        agents: Arc::new(agents.into_iter().collect()),
        identity: Arc::new(IdentitySettings {
            single_sign_on: true,
            ..IdentitySettings::default()
        }),
        phone_service: Arc::new(PhoneService {
            single_sign_on_pin: with_pins,
            ..PhoneService::default()
        }),
        ..crate::elsewhere::settings(pairs)
    };
    apply(&site.engine, &settings).await;
    let admitted = NoPasswords::default();
    let port = site.engine.port(Arc::new(admitted.clone()));
    let asked = match pairs.first() {
        Some(name) => {
            let mut owner = port.own(&pair(name));
            owner.hear(&agent("1001").id, heard(NOT_READY));
            script(owner, plays)
        }
        None => Asked::default(),
    };
    Desk { port, admitted, asked }
}

impl Desk {
    async fn sign_in(&self, id: &str, typed: &str, line: Option<&str>) -> SignInAnswer {
        let address = IpAddr::from([127, 0, 0, 1]);
        let proof = PhoneProof { cookie_digest: String::new(), address };
        let attempt = SignInAttempt {
            id: InputId::new("sign-in", format!("{id}-{typed}-{line:?}")),
            account: id.to_owned(),
            password: Secret::new(typed),
            extension: line.map(|line| line.parse().unwrap()),
            device: None,
            mobile: None,
            on: SignInOn::Phone { device: "SEP000000000009".parse().unwrap(), proof },
            source: address,
            surface: "phone",
        };
        self.port.sign_in(attempt).await
    }

    fn asked(&self) -> Vec<OwnerAsk> {
        self.asked.lock().unwrap().clone()
    }
}

fn no(kind: OwnerRefusalKind) -> Play {
    Play::Answer(None, refused(kind))
}

#[tokio::test(start_paused = true)]
async fn phn_15_without_pins_phones_refuse_before_anything_is_judged_or_asked() {
    for pairs in [&[][..], &["east"][..]] {
        let desk = desk(pairs, false, Vec::new()).await;
        for (id, typed) in [("1001", "right"), ("1001", "135791"), ("nobody", "x")] {
            let answer = desk.sign_in(id, typed, Some("2001")).await;
            assert!(matches!(answer, SignInAnswer::SingleSignOn), "{answer:?}");
        }
        assert_eq!((desk.asked(), desk.admitted.0.lock().unwrap().len()), (vec![], 0));
    }
}

#[tokio::test(start_paused = true)]
async fn phn_15_with_pins_an_agent_signs_in_by_one_and_all_else_looks_alike() {
    let desk = desk(&[], true, Vec::new()).await;
    let wrong = format!("{:?}", SignInAnswer::NotProven(AuthenticationRefusal::Wrong));
    // Neither a password, nor an agent without a PIN, nor somebody unknown.
    for (id, typed) in [("1001", "right"), ("1002", "right"), ("nobody", "x"), ("no body", "x")] {
        let answer = desk.sign_in(id, typed, None).await;
        assert_eq!(format!("{answer:?}"), wrong, "{id}");
    }
    let answer = desk.sign_in("1001", "135791", None).await;
    let SignInAnswer::SignedIn { agent, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(agent, AgentKey::owned("1001".parse().unwrap()));
    let names = desk.admitted.0.lock().unwrap().clone();
    let own = |id: &str| format!("\0pin\0{id}");
    assert_eq!(names, ["1001", "1002", "nobody", "no body", "1001"].map(own));
}

#[tokio::test(start_paused = true)]
async fn phn_15_the_contact_centre_is_asked_for_a_sign_in_without_a_password() {
    let signed_on = Play::Answer(Some(NOT_READY), OwnerAnswer::Done);
    let it = desk(&["east"], true, vec![signed_on]).await;
    let answer = it.sign_in("1001", "right", Some("2001")).await;
    assert!(matches!(answer, SignInAnswer::NotProven(AuthenticationRefusal::Wrong)));
    assert_eq!(it.asked(), []);
    let answer = it.sign_in("1001", "135791", Some("2001")).await;
    assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
    let asked = it.asked();
    let [OwnerAsk::SignIn(wish)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(wish.password, None);
    // Who takes none says so, and it is not told as a wrong PIN.
    for kind in [OwnerRefusalKind::NotOffered, OwnerRefusalKind::WrongPassword] {
        let it = desk(&["east"], true, vec![no(kind)]).await;
        let answer = it.sign_in("1001", "135791", Some("2001")).await;
        let SignInAnswer::Refused(Refusal::Owner { why }) = answer else { panic!("{answer:?}") };
        assert_eq!(why.kind, kind);
    }
}

#[tokio::test(start_paused = true)]
async fn phn_15_who_is_signed_on_already_is_taken_over_on_the_same_line_alone() {
    let already = || vec![no(OwnerRefusalKind::AlreadySignedOn)];
    let it = desk(&["east"], true, already()).await;
    let answer = it.sign_in("1001", "135791", Some("2001")).await;
    assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
    let it = desk(&["east"], true, already()).await;
    let answer = it.sign_in("1001", "135791", Some("2002")).await;
    let elsewhere = Refusal::SignedOnElsewhere { extension: Some("2001".parse().unwrap()) };
    assert!(matches!(&answer, SignInAnswer::Refused(why) if *why == elsewhere), "{answer:?}");
    assert!(it.asked().iter().all(|ask| matches!(ask, OwnerAsk::SignIn(_))));
}
