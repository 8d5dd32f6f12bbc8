//! What a client answers, how often, and what it sends unasked.

use super::*;

fn credentials() -> Credentials {
    Credentials {
        user: "6001".to_owned(),
        password: Password::plain("s3cret"),
        realms: vec![REALM.to_owned(), "proxy.example.com".to_owned()],
    }
}

#[track_caller]
fn answer(
    challenges: &[&str],
    carried: &[&str],
    nonces: &mut ClientNonces,
) -> Result<String, NoAnswer> {
    answer_challenge(challenges, &credentials(), &register(), carried, [0xC1; 16], nonces)
        .map(|value| value.as_str().to_owned())
}

fn digest(nonce: &str, rest: &str) -> String {
    format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\", algorithm=MD5{rest}")
}

#[test]
fn an_answer_reads_like_this() {
    let challenge = digest("n0nce", r#", qop="auth-int, auth", opaque="o\"p", domain="sip:x""#);
    let answer = answer(&[&challenge], &[], &mut ClientNonces::default()).unwrap();
    let cnonce = "c1".repeat(16);
    let proof =
        Made { nonce: "n0nce".to_owned(), cnonce: &cnonce, ..Made::of(&digest("n0nce", "")) };
    let response = proof.response(Quality::Auth { count: "00000001" });
    assert_eq!(
        answer,
        format!(
            "Digest username=\"6001\", realm=\"{REALM}\", nonce=\"n0nce\", uri=\"{URI}\", \
             response=\"{}\", algorithm=MD5, cnonce=\"{cnonce}\", qop=auth, nc=00000001, \
             opaque=\"o\\\"p\"",
            response.text()
        )
    );
}

#[test]
fn the_strongest_known_challenge_of_an_allowed_realm_is_answered() {
    let sha = format!("digest realm=\"{REALM}\",nonce=\"b\",qop=\"auth\",algorithm=sha-256");
    let all = [
        "Basic realm=\"voice.example.com\"",
        "Digest realm=\"evil.example.org\", nonce=\"x\", algorithm=SHA-512-256",
        &format!("Digest realm=\"{REALM}\", nonce=\"a\", algorithm=AKAv1-MD5"),
        &digest("c", ""),
        &sha,
        &format!("Digest realm=\"{REALM}\", nonce=\"d\", algorithm=SHA-256, qop=\"new\""),
        &format!("Digest realm=\"{REALM}\", nonce=\"e\", algorithm=SHA-256"),
        "Digest broken",
    ];
    let answered = answer(&all, &[], &mut ClientNonces::default()).unwrap();
    assert!(answered.contains("nonce=\"b\"") && answered.contains("algorithm=SHA-256"));
    let none =
        |challenges: &[&str]| answer(challenges, &[], &mut ClientNonces::default()).unwrap_err();
    assert_eq!(none(&all[..1]), NoAnswer::NoChallenge);
    assert_eq!(none(&all[7..]), NoAnswer::NoChallenge);
    assert_eq!(none(&all[..2]), NoAnswer::ForeignRealm);
    assert_eq!(none(&all[..3]), NoAnswer::UnknownAlgorithm);
    assert_eq!(none(&[&digest("", "")]), NoAnswer::UnknownAlgorithm);
    let mut ours = credentials();
    ours.user = "a\r\nVia: x".to_owned();
    let mut nonces = ClientNonces::default();
    let written = answer_challenge(&all, &ours, &register(), &[], [0; 16], &mut nonces);
    assert_eq!(written.unwrap_err(), NoAnswer::Unwritable);
}

#[test]
fn a_challenge_is_answered_once() {
    let mut nonces = ClientNonces::default();
    let first = answer(&[&digest("a", ", qop=\"auth\"")], &[], &mut nonces).unwrap();
    let again =
        |challenge: &str, nonces: &mut ClientNonces| answer(&[challenge], &[&first], nonces);
    let same = digest("a", ", qop=\"auth\"");
    assert_eq!(again(&same, &mut nonces), Err(NoAnswer::AnsweredAlready));
    let same = digest("a", ", qop=\"auth\", stale=true");
    assert_eq!(again(&same, &mut nonces), Err(NoAnswer::AnsweredAlready));
    let other = digest("b", ", qop=\"auth\"");
    assert_eq!(again(&other, &mut nonces), Err(NoAnswer::Refused));
    let stale = digest("b", ", qop=\"auth\", stale=TRUE");
    assert!(again(&stale, &mut nonces).unwrap().contains("nc=00000001"));
    // A proof for another realm on the way is no reason.
    let proxy = "Digest realm=\"proxy.example.com\", nonce=\"p\", qop=\"auth\"";
    let proxy = answer(&[proxy], &[&first], &mut nonces).unwrap();
    assert!(!proxy.contains("algorithm"), "a server that names none may not know the parameter");
}

#[test]
fn a_nonce_is_used_again_unasked_with_a_higher_count() {
    let mut nonces = ClientNonces::default();
    let challenge = digest("a", ", qop=\"auth\"");
    answer(&[&challenge], &[], &mut nonces).unwrap();
    let sent = preempt(&credentials(), &register(), [0xC2; 16], &mut nonces);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].as_str().contains("nc=00000002"));
    // Another request was challenged with the same nonce meanwhile.
    assert!(answer(&[&challenge], &[], &mut nonces).unwrap().contains("nc=00000003"));
    // A server that forgets to say stale gets a fresh answer for one that was sent unasked.
    let next = digest("b", ", qop=\"auth\"");
    let fresh = answer(&[&next], &[sent[0].as_str()], &mut nonces).unwrap();
    assert!(fresh.contains("nonce=\"b\"") && fresh.contains("nc=00000001"));
    assert_eq!(
        answer(&[&digest("c", ", qop=auth")], &[&fresh], &mut nonces),
        Err(NoAnswer::Refused)
    );
    // Without a count a nonce is good once, and other realms may not ask any more.
    answer(&[&digest("d", "")], &[], &mut nonces).unwrap();
    assert!(preempt(&credentials(), &register(), [0; 16], &mut nonces).is_empty());
    answer(&[&next], &[], &mut nonces).unwrap();
    let elsewhere = Credentials { realms: Vec::new(), ..credentials() };
    assert!(preempt(&elsewhere, &register(), [0; 16], &mut nonces).is_empty());
}

#[test]
fn our_client_and_our_server_agree_over_many_requests() {
    for algorithm in Algorithm::ALL {
        let mut scene = Scene::new(&[algorithm]);
        let mut nonces = ClientNonces::default();
        let challenge = scene.challenge();
        let first = answer(&[&challenge], &[], &mut nonces).unwrap();
        assert_eq!(scene.judge(&first), proven("6001"), "{algorithm:?}");
        for count in 2..300u16 {
            let cnonce = [count as u8; 16];
            let sent = preempt(&credentials(), &register(), cnonce, &mut nonces);
            assert_eq!(scene.judge(sent[0].as_str()), proven("6001"), "{algorithm:?} {count}");
            assert_eq!(scene.judge(sent[0].as_str()), Judged::Replayed);
        }
    }
}
