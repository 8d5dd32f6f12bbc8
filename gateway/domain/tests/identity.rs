//! Sign-ons, codes and lines of refresh tokens, against documents in memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Ask, AuthorizationCode, Command, Document, Entropy, Grant, IdentityCommand, IdentityKeys,
    Input, InputId, Key, Kind, Loaded, Person, Refusal, Reply, Revoked, SamlKey, Sealed, Settings,
    SignOnSession, Step, Timestamp, TrustTest, View, WriteBody, identity_over, step,
};
use proptest::prelude::*;

const HOUR: Duration = Duration::from_secs(3_600);
const OVERLAP: Duration = Duration::from_secs(10);

/// What a store would hold, without the store.
struct World {
    now: Timestamp,
    documents: BTreeMap<Key, Loaded>,
    inputs: u32,
}

impl World {
    fn new() -> Self {
        let now = Timestamp::from_seconds(1_700_000_000);
        Self { now, documents: BTreeMap::new(), inputs: 0 }
    }

    fn wait(&mut self, duration: Duration) {
        self.now = self.now.after(duration);
    }

    fn submit(&mut self, command: IdentityCommand) -> Result<Reply, Refusal> {
        self.inputs += 1;
        let id = InputId::new("test", self.inputs);
        let input = Input::command(id, Command::Identity(command));
        let mut view = View::new(Arc::new(Settings::default()));
        for _ in 0..16 {
            match step(self.now, Entropy([0; 16]), &input, &view) {
                Step::Load(asks) => {
                    for ask in asks {
                        let Ask::Document(key) = ask else { panic!("no ranges here") };
                        view.add_document(key.clone(), self.documents.get(&key).cloned());
                    }
                }
                Step::Refuse(refusal) => return Err(refusal),
                Step::Decide(decision) => {
                    for write in &decision.writes {
                        let guards = decision.guards.iter().filter(|it| it.key == write.key);
                        assert_eq!(guards.count(), 1, "{:?} is not guarded", write.key);
                        let version = self.documents.get(&write.key).map(|it| it.version);
                        let guard = decision.guards.iter().find(|it| it.key == write.key);
                        assert_eq!(version, guard.unwrap().version);
                        match &write.body {
                            WriteBody::Put(document) => {
                                let kind = write.key.kind;
                                let text = document.encode().unwrap();
                                let schema = Document::schema(kind);
                                let document = Document::decode(kind, schema, &text).unwrap();
                                let version = version.unwrap_or(0) + 1;
                                self.documents
                                    .insert(write.key.clone(), Loaded { version, document });
                            }
                            WriteBody::Delete => {
                                self.documents.remove(&write.key);
                            }
                        }
                    }
                    return Ok(decision.reply);
                }
            }
        }
        panic!("never decided");
    }

    fn sign_on(&mut self, messages: &[&str]) -> Result<Reply, Refusal> {
        let session = SignOnSession {
            person: person(),
            number: "1".to_owned(),
            began_at: self.now,
            ends_at: self.now.after(10 * HOUR),
            from: "192.0.2.1".to_owned(),
            families: Vec::new(),
        };
        let used = messages.iter().map(|it| (*it).to_owned()).collect();
        let remembered_until = self.now.after(HOUR);
        let session = Some(("session".to_owned(), Box::new(session)));
        self.submit(IdentityCommand::BeginSignOn { used, remembered_until, session })
    }

    fn code(&mut self, digest: &str, challenge: Option<&str>) {
        let code = AuthorizationCode {
            client_id: "c".to_owned(),
            redirect_uri: "https://app.example/cb".to_owned(),
            challenge: challenge.map(str::to_owned),
            person: person(),
            session: "session".to_owned(),
            scope: Vec::new(),
            ends_at: self.now.after(Duration::from_secs(60)),
            kept_until: self.now.after(10 * HOUR),
            family: None,
        };
        let command =
            IdentityCommand::IssueCode { digest: digest.to_owned(), code: Box::new(code) };
        assert_eq!(self.submit(command), Ok(Reply::Done));
    }

    fn redeem(&mut self, digest: &str, family: &str) -> Result<Reply, Refusal> {
        self.redeem_as(digest, family, "c", "https://app.example/cb", None)
    }

    fn redeem_as(
        &mut self,
        digest: &str,
        family: &str,
        client: &str,
        redirect: &str,
        challenge: Option<&str>,
    ) -> Result<Reply, Refusal> {
        self.submit(IdentityCommand::Redeem {
            digest: digest.to_owned(),
            client_id: client.to_owned(),
            redirect_uri: Some(redirect.to_owned()),
            challenge: challenge.map(str::to_owned),
            family: family.to_owned(),
            lasting: 10 * HOUR,
        })
    }

    fn refresh(&mut self, family: &str, generation: u32) -> Result<Reply, Refusal> {
        self.refresh_as(family, generation, "c")
    }

    fn refresh_as(
        &mut self,
        family: &str,
        generation: u32,
        client: &str,
    ) -> Result<Reply, Refusal> {
        self.submit(IdentityCommand::Refresh {
            family: family.to_owned(),
            generation,
            client_id: client.to_owned(),
            overlap: OVERLAP,
        })
    }

    fn is_revoked(&self, family: &str) -> bool {
        self.documents.contains_key(&Key::revocation(&Revoked::Family(family.to_owned())))
    }

    fn count(&self, kind: Kind) -> usize {
        self.documents.keys().filter(|key| key.kind == kind).count()
    }
}

fn person() -> Person {
    Person {
        provider: "idp".to_owned(),
        uid: "1001".to_owned(),
        principal: "1001@example.com".to_owned(),
    }
}

fn generation(reply: Result<Reply, Refusal>) -> u32 {
    let Ok(Reply::Granted { grant }) = reply else { panic!("{reply:?}") };
    let Grant { of, .. } = *grant;
    of.generation
}

fn signed_on() -> World {
    let mut world = World::new();
    world.sign_on(&["request", "response", "assertion"]).unwrap();
    world
}

#[test]
fn ids_04_no_request_response_or_assertion_counts_twice() {
    let mut world = signed_on();
    for again in [["request", "a", "b"], ["a", "response", "b"], ["a", "b", "assertion"]] {
        assert_eq!(world.sign_on(&again), Err(Refusal::UsedAlready));
    }
    // Nothing of a refused one is kept.
    assert_eq!(world.count(Kind::UsedMessage), 3);
    // A test of trust uses its messages up too.
    let used = vec!["q".to_owned()];
    let remembered_until = world.now.after(HOUR);
    let command = IdentityCommand::BeginSignOn { used, remembered_until, session: None };
    assert_eq!(world.submit(command.clone()), Ok(Reply::Done));
    assert_eq!(world.submit(command), Err(Refusal::UsedAlready));
    assert_eq!(world.count(Kind::SignOnSession), 1);
}

#[test]
fn ids_05_a_code_is_traded_once_in_time_by_whom_it_was_made_for() {
    let mut world = signed_on();
    world.code("a", Some("challenge"));
    let cb = "https://app.example/cb";
    let invalid = Err(Refusal::GrantInvalid);
    let right = Some("challenge");
    for (client, redirect, challenge) in [
        ("other", cb, right),
        ("c", "https://app.example/cb/", right),
        ("c", cb, None),
        ("c", cb, Some("Challenge")),
    ] {
        assert_eq!(world.redeem_as("a", "f", client, redirect, challenge), invalid);
    }
    assert_eq!(world.redeem_as("unknown", "f", "c", cb, right), invalid);
    assert_eq!(generation(world.redeem_as("a", "f", "c", cb, right)), 1);
    // A verifier for a code without a challenge: somebody took the challenge away.
    world.code("b", None);
    assert_eq!(world.redeem_as("b", "g", "c", cb, right), invalid);
    world.wait(Duration::from_secs(60));
    assert_eq!(world.redeem("b", "g"), invalid);
}

#[test]
fn ids_05_a_code_used_twice_ends_what_came_of_it() {
    let mut world = signed_on();
    world.code("a", None);
    world.redeem("a", "f").unwrap();
    assert_eq!(generation(world.refresh("f", 1)), 2);
    world.wait(HOUR);
    assert_eq!(world.redeem("a", "g"), Ok(Reply::Reused));
    assert!(world.is_revoked("f") && !world.is_revoked("g"));
    assert_eq!(world.refresh("f", 2), Err(Refusal::GrantInvalid));
    assert_eq!(world.redeem("a", "g"), Err(Refusal::GrantInvalid));
}

#[test]
fn ids_05_a_retry_or_a_second_tab_gets_the_same_successor_and_a_thief_ends_the_line() {
    let mut world = signed_on();
    world.code("a", None);
    world.redeem("a", "f").unwrap();
    assert_eq!(generation(world.refresh("f", 1)), 2);
    world.wait(OVERLAP);
    assert_eq!(generation(world.refresh("f", 1)), 2, "within the overlap");
    world.wait(Duration::from_secs(1));
    assert_eq!(world.refresh("f", 1), Ok(Reply::Reused));
    assert!(world.is_revoked("f"));
    assert_eq!(world.refresh("f", 2), Err(Refusal::GrantInvalid));
}

#[test]
fn ids_05_a_refresh_token_shown_by_another_client_ends_the_line() {
    let mut world = signed_on();
    world.code("a", None);
    world.redeem("a", "f").unwrap();
    assert_eq!(world.refresh_as("f", 1, "other"), Ok(Reply::Reused));
    assert!(world.is_revoked("f"));
}

#[test]
fn ids_05_a_line_ends_as_long_after_the_sign_on_as_the_settings_say() {
    let mut world = signed_on();
    world.wait(9 * HOUR);
    world.code("a", None);
    let Ok(Reply::Granted { grant }) = world.redeem("a", "f") else { panic!("not granted") };
    assert_eq!(grant.of.ends_at.since(world.now), HOUR);
    world.wait(HOUR - Duration::from_secs(1));
    assert_eq!(generation(world.refresh("f", 1)), 2);
    world.wait(Duration::from_secs(1));
    assert_eq!(world.refresh("f", 2), Err(Refusal::GrantInvalid));
    // The sign-on is over with it.
    world.code_refused("b");
}

impl World {
    fn code_refused(&mut self, digest: &str) {
        let code = AuthorizationCode {
            client_id: "c".to_owned(),
            redirect_uri: "https://app.example/cb".to_owned(),
            challenge: None,
            person: person(),
            session: "session".to_owned(),
            scope: Vec::new(),
            ends_at: self.now.after(HOUR),
            kept_until: self.now.after(HOUR),
            family: None,
        };
        let command =
            IdentityCommand::IssueCode { digest: digest.to_owned(), code: Box::new(code) };
        assert_eq!(self.submit(command), Err(Refusal::NotSignedIn));
    }
}

#[test]
fn ids_15_who_signs_off_ends_all_that_was_granted_by_it() {
    let mut world = signed_on();
    for (code, family) in [("a", "f"), ("b", "g")] {
        world.code(code, None);
        world.redeem(code, family).unwrap();
    }
    world.code("late", None);
    let end = IdentityCommand::EndSignOn { digest: "session".to_owned() };
    assert_eq!(world.submit(end.clone()), Ok(Reply::Done));
    assert_eq!(world.submit(end), Ok(Reply::Done));
    assert!(world.is_revoked("f") && world.is_revoked("g"));
    assert_eq!(world.refresh("f", 1), Err(Refusal::GrantInvalid));
    // A code that was not traded yet is worth nothing any more.
    assert_eq!(world.redeem("late", "h"), Err(Refusal::GrantInvalid));
    world.code_refused("c");
}

#[test]
fn ids_15_a_sign_off_is_remembered_for_as_long_as_a_session_that_it_ended_might_last() {
    let mut world = signed_on();
    // A console's session begins near the end of the sign-on, and lasts half a day by itself.
    world.wait(9 * HOUR);
    world.code("code", None);
    assert_eq!(generation(world.redeem("code", "family")), 1);
    world.wait(HOUR / 2);
    let digest = "session".to_owned();
    assert_eq!(world.submit(IdentityCommand::EndSignOn { digest }), Ok(Reply::Done));
    let kept = world.documents.get(&Key::revocation(&Revoked::Family("family".to_owned())));
    let Some(Document::Revocation(revocation)) = kept.map(|it| &it.document) else {
        panic!("nothing is revoked")
    };
    assert!(revocation.ends_at >= world.now.after(12 * HOUR), "{revocation:?}");
}

#[test]
fn ids_05_a_client_revokes_its_own_tokens_alone() {
    let mut world = signed_on();
    world.code("a", None);
    world.redeem("a", "f").unwrap();
    let now = world.now;
    let revoke = |client: &str| IdentityCommand::Revoke {
        what: Revoked::Family("f".to_owned()),
        ends_at: now,
        client_id: Some(client.to_owned()),
    };
    assert_eq!(world.submit(revoke("other")), Err(Refusal::GrantInvalid));
    assert_eq!(generation(world.refresh("f", 1)), 2);
    assert_eq!(world.submit(revoke("c")), Ok(Reply::Done));
    assert_eq!(world.submit(revoke("c")), Ok(Reply::Done));
    assert!(world.is_revoked("f"));
}

#[test]
fn ids_05_what_is_over_goes_and_nothing_else() {
    let mut world = signed_on();
    world.code("a", None);
    world.code("b", None);
    world.redeem("a", "f").unwrap();
    let all: Vec<_> = world.documents.keys().cloned().collect();
    let left = |world: &mut World| {
        world.submit(IdentityCommand::Forget { keys: all.clone() }).unwrap();
        world.documents.len()
    };
    assert_eq!(left(&mut world), all.len());
    world.wait(Duration::from_secs(60));
    // The code that nobody used.
    assert_eq!(left(&mut world), all.len() - 1);
    world.wait(HOUR);
    assert_eq!(world.count(Kind::UsedMessage), 3);
    left(&mut world);
    assert_eq!(world.count(Kind::UsedMessage), 0);
    world.wait(10 * HOUR);
    assert_eq!(left(&mut world), 0);
    assert!(identity_over(world.now).to > identity_over(Timestamp::from_seconds(0)).to);
}

#[test]
fn ids_07_keys_follow_one_another_and_a_test_with_the_next_one_makes_it_current() {
    let mut world = World::new();
    let saml = |id: &str| SamlKey {
        id: id.to_owned(),
        private: Sealed::from_text("x"),
        certificate: String::new(),
        entity_id: "gw.example".to_owned(),
        not_after: Timestamp::from_seconds(0),
        made_at: Timestamp::from_seconds(0),
    };
    let mut keys = IdentityKeys { number: 1, saml: vec![saml("a")], ..IdentityKeys::default() };
    let keep = |keys: &IdentityKeys| IdentityCommand::KeepKeys { keys: Box::new(keys.clone()) };
    assert_eq!(world.submit(keep(&keys)), Ok(Reply::Done));
    // Another node made them too.
    assert_eq!(world.submit(keep(&keys)), Err(Refusal::SettingsMoved));
    keys.number = 2;
    keys.saml.push(saml("b"));
    assert_eq!(world.submit(keep(&keys)), Ok(Reply::Done));
    let now = world.now;
    let test = |key: &str| IdentityCommand::NoteTest {
        component: "identity/a".to_owned(),
        test: TrustTest { at: now, passed: true, reason: None, who: None, trust: "t".to_owned() },
        proven: None,
        key: Some(key.to_owned()),
    };
    let ids = |world: &World| match &world.documents[&Key::identity_keys()].document {
        Document::IdentityKeys(keys) => {
            (keys.number, keys.saml.iter().map(|key| key.id.clone()).collect::<Vec<_>>())
        }
        _ => panic!("no keys"),
    };
    world.submit(test("a")).unwrap();
    world.submit(test("unknown")).unwrap();
    assert_eq!(ids(&world), (2, vec!["a".to_owned(), "b".to_owned()]));
    world.submit(test("b")).unwrap();
    assert_eq!(ids(&world), (3, vec!["b".to_owned()]));
}

proptest! {
    /// Whatever is shown in which order: one line of tokens, which never goes back, and once anybody showed an old
    /// one too late nothing of it is good again.
    #[test]
    fn ids_05_a_line_of_refresh_tokens_never_goes_back(
        acts in prop::collection::vec((0u32..6, 0u64..20), 1..60),
    ) {
        let mut world = signed_on();
        world.code("a", None);
        world.redeem("a", "f").unwrap();
        let (mut newest, mut rotated_at, mut ended) = (1, world.now, false);
        for (back, seconds) in acts {
            world.wait(Duration::from_secs(seconds));
            let shown = newest + 1 - back.min(newest);
            let came = world.refresh("f", shown);
            let in_time = world.now.since(rotated_at) <= OVERLAP;
            match came {
                _ if ended => prop_assert_eq!(came, Err(Refusal::GrantInvalid)),
                Ok(Reply::Granted { grant }) => {
                    if shown == newest {
                        newest += 1;
                        rotated_at = world.now;
                    } else {
                        prop_assert!(shown + 1 == newest && in_time);
                    }
                    prop_assert_eq!(grant.of.generation, newest);
                }
                Ok(Reply::Reused) => {
                    prop_assert!(shown + 1 < newest || (shown + 1 == newest && !in_time));
                    ended = true;
                }
                other => {
                    prop_assert_eq!(other, Err(Refusal::GrantInvalid));
                    prop_assert!(shown > newest);
                }
            }
            prop_assert_eq!(world.is_revoked("f"), ended);
        }
    }
}
