//! Worked responses, what a server takes and refuses, what a client answers, and hostile texts.

mod client;
mod hostile;

use std::time::{Duration, Instant};

use super::algorithm::{Hashed, Proof, Quality};
use super::parameters::{Parameters, quoted};
use super::*;
use crate::sip::{Flow, Method};

const REALM: &str = "voice.example.com";
const URI: &str = "sip:voice.example.com";

fn settings(algorithms: &[Algorithm]) -> ChallengerSettings {
    ChallengerSettings {
        realm: REALM.to_owned(),
        algorithms: algorithms.to_vec(),
        nonce_lifetime: Duration::from_secs(300),
        kept_nonces_max: 100,
        key: [7; 32],
    }
}

fn datagram(peer: &str) -> Flow {
    Flow::Datagram { socket: 0, peer: peer.parse().unwrap() }
}

fn stream(number: u64) -> Flow {
    Flow::Stream { number, peer: "192.0.2.21:50211".parse().unwrap(), secure: true }
}

fn register() -> Proving<'static> {
    Proving { method: &Method::Register, uri: URI, body: b"" }
}

/// 6001 and `jürgen` have passwords; the phone of `old` knows no qop.
fn account(user: &str) -> Option<Account> {
    let password = match user {
        "6001" | "jürgen" | "old" | r#"a "b" \c"# => Password::plain("s3cret"),
        _ => return None,
    };
    Some(Account { password, may_omit_qop: user == "old" })
}

/// A proof for the nonce of a challenge, made by hand.
struct Made<'a> {
    user: &'a str,
    password: &'a str,
    algorithm: Algorithm,
    nonce: String,
    cnonce: &'a str,
    session_cnonce: &'a str,
    count: &'a str,
    uri: &'a str,
    method: &'a str,
}

impl<'a> Made<'a> {
    fn of(challenge: &str) -> Self {
        let parameters = Parameters::of_digest(challenge).unwrap().unwrap();
        Self {
            user: "6001",
            password: "s3cret",
            algorithm: Algorithm::of(parameters.get("algorithm").unwrap()).unwrap(),
            nonce: parameters.get("nonce").unwrap().to_owned(),
            cnonce: "c0ffee",
            session_cnonce: "c0ffee",
            count: "00000001",
            uri: URI,
            method: "REGISTER",
        }
    }

    fn with_count(challenge: &str, count: &'a str) -> String {
        Self { count, ..Self::of(challenge) }.auth()
    }

    fn response(&self, quality: Quality<'_>) -> Hashed {
        let secret = Password::plain(self.password);
        let ha1 = secret.ha1(self.algorithm, self.user, REALM).unwrap();
        Proof {
            algorithm: self.algorithm,
            method: self.method,
            uri: self.uri,
            nonce: &self.nonce,
            cnonce: self.cnonce,
            session_cnonce: self.session_cnonce,
            quality,
        }
        .response(&ha1)
    }

    fn text(&self, quality: Quality<'_>, rest: &str) -> String {
        format!(
            "Digest username={}, realm=\"{REALM}\", nonce=\"{}\", uri=\"{}\", response=\"{}\", \
             algorithm={}{rest}",
            quoted(self.user),
            self.nonce,
            self.uri,
            self.response(quality).text(),
            self.algorithm.name(),
        )
    }

    fn auth(&self) -> String {
        let (cnonce, count) = (self.cnonce, self.count);
        let rest = format!(", cnonce=\"{cnonce}\", qop=auth, nc={count}");
        self.text(Quality::Auth { count }, &rest)
    }

    fn auth_int(&self, body: &[u8]) -> String {
        let (cnonce, count) = (self.cnonce, self.count);
        let rest = format!(", cnonce=\"{cnonce}\", qop=auth-int, nc={count}");
        self.text(Quality::AuthInt { count, body }, &rest)
    }
}

/// A server, a moment and a flow.
struct Scene {
    challenger: Challenger,
    now: Instant,
    flow: Flow,
    random: u8,
}

impl Scene {
    fn new(algorithms: &[Algorithm]) -> Self {
        let challenger = Challenger::new(settings(algorithms));
        Self { challenger, now: Instant::now(), flow: datagram("192.0.2.1:5060"), random: 0 }
    }

    fn challenge(&mut self) -> String {
        self.random += 1;
        let random = [self.random; 16];
        let all = self.challenger.challenges(self.now, random, &self.flow, false);
        all[0].as_str().to_owned()
    }

    fn judge(&mut self, authorization: &str) -> Judged {
        self.judge_for(&register(), authorization)
    }

    fn judge_for(&mut self, proving: &Proving<'_>, authorization: &str) -> Judged {
        self.challenger.judge(self.now, &self.flow, proving, &[authorization], &account)
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

fn proven(user: &str) -> Judged {
    Judged::Proven { user: user.to_owned() }
}

#[test]
fn worked_responses_of_rfc_7616_and_2617() {
    let response = |algorithm, realm, password, nonce, cnonce| {
        let ha1 = Password::plain(password).ha1(algorithm, "Mufasa", realm).unwrap();
        let proof = Proof {
            algorithm,
            method: "GET",
            uri: "/dir/index.html",
            nonce,
            cnonce,
            session_cnonce: cnonce,
            quality: Quality::Auth { count: "00000001" },
        };
        proof.response(&ha1).text().to_owned()
    };
    let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    let realm = "http-auth@example.org";
    assert_eq!(
        response(Algorithm::Md5, realm, "Circle of Life", nonce, cnonce),
        "8ca523f5e9506fed4657c9700eebdbec"
    );
    assert_eq!(
        response(Algorithm::Sha256, realm, "Circle of Life", nonce, cnonce),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
    let (nonce, cnonce) = ("dcd98b7102dd2f0e8b11d0f600bfb0c093", "0a4f113b");
    assert_eq!(
        response(Algorithm::Md5, "testrealm@host.com", "Circle Of Life", nonce, cnonce),
        "6629fae49393a05397450978507c4ef1"
    );
}

/// Values made with another implementation of the hashes.
#[test]
fn worked_responses_of_every_algorithm_and_protection() {
    let expected = [
        (
            Algorithm::Md5,
            "fd7b05f51a4c8dd25b20e34796e96fed",
            "ff8e40f2278eed3585656f39cce0de4c",
            "2e05cb47c5e5b732044e303c2b2060f5",
        ),
        (
            Algorithm::Md5Sess,
            "76da7986ba53422604901b1ba2f439b6",
            "68c44a407021e8f19012d42b84881367",
            "82f427581e2e286e09d7f6520f2f2e39",
        ),
        (
            Algorithm::Sha256,
            "6b517412d1eca6752e5d4a64971cd677838865e3d07a67c64f428e4b827510f6",
            "dcc9d5591efb6b10609f04a7d8c95941ea76debd52723991b77ec0e41ae1289c",
            "6e2a0549e30015d235bbb542b3758839746e7a92161f77de8e8132fcf07cb2d0",
        ),
        (
            Algorithm::Sha256Sess,
            "ff3f5c50e040bd054c3dac4bc3e44af7448e0abacb45ec0b83c82a08460ebc54",
            "5b9c9f421364e6fca1820170c68b616cf8fb642990f3e26555aede754ce082b3",
            "8828ac548a077bd6faf2f141dc3be9fda5311c698afb78c1009865c664c038fc",
        ),
        (
            Algorithm::Sha512_256,
            "3192771b97498e59ecc24c2247d497c926f5db47f86fb10341355f30df921cd8",
            "d89129ebadd9c476994d23e4de60e605ece4f638d34889b37aad9fbc91b051af",
            "fbb5a1eae08e984ae4c72de9713f810bb153870a674de0a20940956a7c5f4d44",
        ),
        (
            Algorithm::Sha512_256Sess,
            "bc96c01ede14bbf690ad4905d30615bcaa01b3cf7ed27a11522056618e3a91bd",
            "7d347e42406a345790edc1e7407447a01233ceb3dd5147aa0ae1701e0a2ed690",
            "c73204258936d3ddd0bb25d92ead74ccf32fbedcb41c17f8a351aa71304a9e8b",
        ),
    ];
    for (algorithm, none, auth, auth_int) in expected {
        let made = Made {
            user: "jürgen",
            password: "s3cret",
            algorithm,
            nonce: "n0nce".to_owned(),
            cnonce: "c1",
            session_cnonce: "c0",
            count: "0000000a",
            uri: URI,
            method: "REGISTER",
        };
        let count = made.count;
        assert_eq!(made.response(Quality::None).text(), none);
        assert_eq!(made.response(Quality::Auth { count }).text(), auth);
        assert_eq!(made.response(Quality::AuthInt { count, body: b"hello" }).text(), auth_int);
    }
}

#[test]
fn sip_accept_26_a_challenge_is_answered_and_proven_with_every_algorithm() {
    for algorithm in Algorithm::ALL {
        let mut scene = Scene::new(&[algorithm]);
        let challenge = scene.challenge();
        assert_eq!(scene.judge(&Made::of(&challenge).auth()), proven("6001"), "{algorithm:?}");
        let wrong = Made { password: "secret", count: "00000002", ..Made::of(&challenge) };
        assert_eq!(scene.judge(&wrong.auth()), Judged::Wrong);
        let other_method = Made { method: "INVITE", count: "00000002", ..Made::of(&challenge) };
        assert_eq!(scene.judge(&other_method.auth()), Judged::Wrong);
    }
}

#[test]
fn sip_accept_29_counts_go_up_and_a_replay_is_refused() {
    let mut scene = Scene::new(&[Algorithm::Sha256]);
    let challenge = scene.challenge();
    for count in ["0000000a", "000000ff", "00000100"] {
        assert_eq!(scene.judge(&Made::with_count(&challenge, count)), proven("6001"), "{count}");
        assert_eq!(scene.judge(&Made::with_count(&challenge, count)), Judged::Replayed, "{count}");
    }
    assert_eq!(scene.judge(&Made::with_count(&challenge, "000000FF")), Judged::Replayed);
    assert_eq!(scene.judge(&Made::with_count(&challenge, "ffffffff")), proven("6001"));
    for count in ["1", "00000000", "0000000g", "000000010", "+0000001"] {
        let judged = scene.judge(&Made::with_count(&challenge, count));
        assert!(matches!(judged, Judged::Malformed(_)), "{count}: {judged:?}");
    }
}

#[test]
fn sip_accept_29_an_expired_nonce_is_stale_and_counts_as_no_guess() {
    let mut scene = Scene::new(&[Algorithm::Md5]);
    let challenge = scene.challenge();
    scene.pass(300);
    assert_eq!(scene.judge(&Made::with_count(&challenge, "00000001")), proven("6001"));
    scene.pass(1);
    assert_eq!(scene.judge(&Made::with_count(&challenge, "00000002")), Judged::Stale);
    let guess = Made { password: "guess", ..Made::of(&challenge) };
    // Anybody may write a nonce that is not good, in a packet from any address: that guesses nothing.
    assert_eq!(scene.judge(&guess.auth()), Judged::Stale);
    let (now, flow) = (scene.now, scene.flow);
    let again = scene.challenger.challenges(now, [9; 16], &flow, true);
    assert!(again[0].as_str().ends_with(", stale=true"), "{again:?}");
    assert_eq!(scene.judge(&Made::of(again[0].as_str()).auth()), proven("6001"));
}

#[test]
fn nonces_are_good_where_they_were_sent_to_and_only_ours_are() {
    let mut scene = Scene::new(&[Algorithm::Sha256]);
    let challenge = scene.challenge();
    for flow in [datagram("192.0.2.2:5060"), datagram("192.0.2.1:5061"), stream(1)] {
        scene.flow = flow;
        assert_eq!(scene.judge(&Made::of(&challenge).auth()), Judged::Stale);
    }
    // An IPv4-mapped address is the same peer, whichever socket it came to.
    scene.flow = Flow::Datagram { socket: 3, peer: "[::ffff:192.0.2.1]:5060".parse().unwrap() };
    assert_eq!(scene.judge(&Made::of(&challenge).auth()), proven("6001"));
    scene.flow = stream(1);
    let challenge = scene.challenge();
    scene.flow = stream(2);
    assert_eq!(scene.judge(&Made::of(&challenge).auth()), Judged::Stale);
    scene.flow = stream(1);
    let mut forged = Made::of(&challenge);
    forged.nonce.replace_range(0..12, "7fffffffffff");
    assert_eq!(scene.judge(&forged.auth()), Judged::Stale);
    // Another process with the same key has not seen what was used.
    let mut restarted = Scene::new(&[Algorithm::Sha256]);
    restarted.flow = stream(1);
    assert_eq!(restarted.judge(&Made::of(&challenge).auth()), Judged::Stale);
    restarted.random = 100;
    restarted.challenge();
    assert_eq!(restarted.judge(&Made::of(&challenge).auth()), Judged::Stale);
    assert_eq!(scene.judge(&Made::of(&challenge).auth()), proven("6001"));
}

#[test]
fn dropping_kept_nonces_never_lets_a_proof_be_used_again() {
    let mut scene = Scene::new(&[Algorithm::Sha256]);
    scene.challenger = Challenger::new(ChallengerSettings {
        kept_nonces_max: 3,
        ..settings(&[Algorithm::Sha256])
    });
    let mut used = Vec::new();
    for _ in 0..10 {
        let challenge = scene.challenge();
        scene.pass(1);
        assert_eq!(scene.judge(&Made::of(&challenge).auth()), proven("6001"));
        used.push(challenge);
        assert!(scene.challenger.kept_nonces() <= 3);
    }
    for (age, challenge) in used.iter().rev().enumerate() {
        let expected = if age < 3 { Judged::Replayed } else { Judged::Stale };
        assert_eq!(scene.judge(&Made::of(challenge).auth()), expected);
    }
    // What has expired makes room by itself.
    scene.pass(1000);
    let challenge = scene.challenge();
    assert_eq!(scene.judge(&Made::of(&challenge).auth()), proven("6001"));
    assert_eq!(scene.challenger.kept_nonces(), 1);
}

#[test]
fn challenges_and_wrong_proofs_cost_no_memory() {
    let mut scene = Scene::new(&[Algorithm::Sha256]);
    for _ in 0..100 {
        let challenge = scene.challenge();
        let wrong = Made { password: "guess", ..Made::of(&challenge) };
        assert_eq!(scene.judge(&wrong.auth()), Judged::Wrong);
    }
    assert_eq!(scene.challenger.kept_nonces(), 0);
}

#[test]
fn a_proof_without_qop_is_for_phones_that_know_none_and_good_once() {
    let mut scene = Scene::new(&[Algorithm::Md5]);
    let challenge = scene.challenge();
    let proof = Made::of(&challenge).text(Quality::None, "");
    assert_eq!(scene.judge(&proof), Judged::NoProof);
    let old = Made { user: "old", ..Made::of(&challenge) }.text(Quality::None, "");
    assert_eq!(scene.judge(&old), proven("old"));
    assert_eq!(scene.judge(&old), Judged::Stale);
    let counted = Made { user: "old", ..Made::of(&challenge) }.auth();
    assert_eq!(scene.judge(&counted), Judged::Replayed);
    // RFC 2069 has no algorithm either.
    let challenge = scene.challenge();
    let old = Made { user: "old", ..Made::of(&challenge) }.text(Quality::None, "");
    assert_eq!(scene.judge(&old.replace(", algorithm=MD5", "")), proven("old"));
}

#[test]
fn auth_int_covers_the_body() {
    let mut scene = Scene::new(&[Algorithm::Sha256]);
    let challenge = scene.challenge();
    let proof = Made { method: "REFER", ..Made::of(&challenge) }.auth_int(b"body");
    let with = |body| Proving { method: &Method::Refer, uri: URI, body };
    assert_eq!(scene.judge_for(&with(b"other"), &proof), Judged::Wrong);
    assert_eq!(scene.judge_for(&with(b"body"), &proof), proven("6001"));
}

#[test]
fn a_session_may_keep_its_first_client_nonce_or_not() {
    let mut scene = Scene::new(&[Algorithm::Md5Sess]);
    let challenge = scene.challenge();
    let made = Made::of(&challenge);
    assert_eq!(scene.judge(&made.auth()), proven("6001"));
    let kept = Made { cnonce: "c2", count: "00000002", ..Made::of(&challenge) };
    assert_eq!(scene.judge(&kept.auth()), proven("6001"));
    let fresh =
        Made { cnonce: "c3", session_cnonce: "c3", count: "00000003", ..Made::of(&challenge) };
    assert_eq!(scene.judge(&fresh.auth()), proven("6001"));
    let foreign =
        Made { cnonce: "c4", session_cnonce: "c3", count: "00000004", ..Made::of(&challenge) };
    assert_eq!(scene.judge(&foreign.auth()), Judged::Wrong);
}

#[test]
fn the_uri_of_a_proof_is_the_request_uri() {
    let mut scene = Scene::new(&[Algorithm::Sha256]);
    let challenge = scene.challenge();
    let others = ["sip:voice.example.com;transport=tls", "sip:VOICE.example.com:5060;lr"];
    for (count, uri) in ["00000001", "00000002"].into_iter().zip(others) {
        assert_eq!(
            scene.judge(&Made { uri, count, ..Made::of(&challenge) }.auth()),
            proven("6001")
        );
    }
    for uri in
        ["sip:voice.example.org", "sip:voice.example.com:5070", "sips:voice.example.com", "/"]
    {
        let judged = scene.judge(&Made { uri, ..Made::of(&challenge) }.auth());
        assert!(matches!(judged, Judged::Malformed(_)), "{uri}: {judged:?}");
    }
    let to = |uri| Proving { uri, ..register() };
    for (uri, request) in [
        ("sip:%61@h;user=phone", "sip:a@H"),
        ("sips:h:5061", "sips:h;transport=tcp"),
        ("sip:[::1]", "sip:[0:0::1]:5060"),
        ("tel:1", "tel:1"),
    ] {
        let challenge = scene.challenge();
        let proof = Made { uri, ..Made::of(&challenge) }.auth();
        assert_eq!(scene.judge_for(&to(request), &proof), proven("6001"), "{uri} {request}");
    }
    let many = format!("sip:h{}", ";a".repeat(33));
    for (uri, request) in [
        ("sip:a@h", "sip:A@h"),
        ("sip:h;transport=udp", "sip:h;transport=tcp"),
        ("sip:h?a=b", "sip:h"),
        // Both the same, and not worth to be looked into.
        ("sip:h?a=b&c=d", "sip:h?c=d&a=b"),
        (&many, "sip:h"),
        ("sip:h", "tel:1"),
        ("sip:", "sip::"),
    ] {
        let judged = scene.judge_for(&to(request), &Made { uri, ..Made::of(&challenge) }.auth());
        assert!(matches!(judged, Judged::Malformed(_)), "{uri} {request}: {judged:?}");
    }
}

#[test]
fn users_may_have_any_letters_and_be_written_in_two_ways() {
    let mut scene = Scene::new(&[Algorithm::Sha256]);
    for user in ["jürgen", r#"a "b" \c"#] {
        let challenge = scene.challenge();
        assert_eq!(scene.judge(&Made { user, ..Made::of(&challenge) }.auth()), proven(user));
    }
    let challenge = scene.challenge();
    let proof = Made { user: "jürgen", ..Made::of(&challenge) }.auth();
    let extended = proof.replace("username=\"jürgen\"", "username*=utf-8'de'j%C3%BCrgen");
    assert_eq!(scene.judge(&extended), proven("jürgen"));
}

#[test]
fn an_unknown_user_and_a_wrong_secret_are_not_told_apart() {
    let mut scene = Scene::new(&[Algorithm::Sha256, Algorithm::Md5]);
    let challenge = scene.challenge();
    let unknown = Made { user: "6002", ..Made::of(&challenge) };
    let wrong = Made { password: "guess", ..Made::of(&challenge) };
    assert_eq!(scene.judge(&unknown.auth()), Judged::Wrong);
    assert_eq!(scene.judge(&wrong.auth()), Judged::Wrong);
    // The stand-in for the secret of a user that is not there opens nothing.
    let key = String::from_utf8(vec![7; 32]).unwrap();
    let stand_in = Made { user: "6002", password: &key, ..Made::of(&challenge) };
    assert_eq!(scene.judge(&stand_in.auth()), Judged::Wrong);
}

#[test]
fn the_claimed_user_is_the_one_that_is_judged() {
    let mut scene = Scene::new(&[Algorithm::Sha256]);
    let challenge = scene.challenge();
    let decoy = "Digest xusername=\"1\", ";
    let proof = Made { password: "guess", ..Made::of(&challenge) }.auth();
    let proof = proof.replace("Digest ", decoy).replace("username=\"6001", "username = \"\\6001");
    assert_eq!(scene.judge(&proof), Judged::Wrong);
    assert_eq!(scene.challenger.claimed_user(&["Basic x", &proof]).as_deref(), Some("6001"));
    assert_eq!(scene.challenger.claimed_user(&["Basic x"]), None);
    assert_eq!(scene.challenger.claimed_user(&["Digest x"]), None);
}

#[test]
fn hashes_take_the_place_of_a_password() {
    let mut scene = Scene::new(&[Algorithm::Sha256, Algorithm::Md5]);
    let text = format!("6001:{REALM}:s3cret");
    let md5 = md5::Digest::finalize(<md5::Md5 as md5::Digest>::new_with_prefix(&text)).into();
    let hashed = |_: &str| {
        let ha1 = Ha1 { md5: Some(md5), ..Ha1::default() };
        Some(Account { password: Password::hashed(ha1), may_omit_qop: false })
    };
    let challenge = scene.challenge();
    let mut judge = |algorithm| {
        let proof = Made { algorithm, ..Made::of(&challenge) }.auth();
        scene.challenger.judge(scene.now, &scene.flow, &register(), &[&proof], &hashed)
    };
    assert_eq!(judge(Algorithm::Sha256), Judged::Wrong);
    assert_eq!(judge(Algorithm::Md5), proven("6001"));
}

#[test]
fn challenges_are_strongest_first_and_read_like_this() {
    let algorithms = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256];
    let mut challenger = Challenger::new(ChallengerSettings {
        realm: "a\"\\\r\nb".to_owned(),
        ..settings(&algorithms)
    });
    assert_eq!(challenger.realm(), "a\"\\b");
    let flow = stream(1);
    let values = challenger.challenges(Instant::now(), [0xAB; 16], &flow, false);
    let texts: Vec<_> = values.iter().map(|value| value.as_str()).collect();
    let start = r#"Digest realm="a\"\\b", nonce="000000000000abababab"#;
    let ends = ["SHA-512-256", "SHA-256", "MD5"];
    assert_eq!(texts.len(), 3);
    for (text, end) in texts.iter().zip(ends) {
        assert!(text.starts_with(start), "{text}");
        assert!(text.ends_with(&format!(r#"", qop="auth", algorithm={end}"#)), "{text}");
    }
}

#[test]
fn nothing_secret_prints() {
    let mut scene = Scene::new(&[Algorithm::Sha256]);
    let challenge = scene.challenge();
    let nonce = Made::of(&challenge).nonce;
    assert_eq!(scene.judge(&Made::of(&challenge).auth()), proven("6001"));
    let credentials = Credentials {
        user: "6001".to_owned(),
        password: Password::plain("s3cret"),
        realms: vec![REALM.to_owned()],
    };
    let mut nonces = ClientNonces::default();
    answer_challenge(&[&challenge], &credentials, &register(), &[], [1; 16], &mut nonces).unwrap();
    let ha1 = Ha1 { md5: Some([0x5A; 16]), ..Ha1::default() };
    let printed = format!(
        "{:?} {credentials:?} {nonces:?} {:?} {ha1:?} {:?}",
        scene.challenger,
        settings(&[Algorithm::Md5]),
        account("6001"),
    );
    for secret in ["s3cret", &nonce, "7, 7", "5a", "90, 90", "115, 51"] {
        assert!(!printed.contains(secret), "{secret} is in {printed}");
    }
}
