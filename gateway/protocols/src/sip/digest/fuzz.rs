//! What must hold for any bytes at all.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::{
    Account, Algorithm, Challenger, ChallengerSettings, ClientNonces, Credentials, Judged,
    Password, Proving, answer_challenge, preempt,
};
use crate::sip::{Flow, Method};

/// The first byte chooses an algorithm; the rest is a proof, a challenge, and the name and password of a
/// user. Nothing that was not challenged is proven, what a client answers is proven to a server once, and
/// not again. Panics where that does not hold, which is what a fuzzer looks for. `start` is any moment.
pub fn fuzz_digest(data: &[u8], start: Instant) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let algorithms = Algorithm::ALL;
    let algorithm = algorithms.iter().cycle().nth(usize::from(choice)).copied();
    let mut challenger = Challenger::new(ChallengerSettings {
        realm: "voice.example.com".to_owned(),
        algorithms: algorithm.into_iter().collect(),
        nonce_lifetime: Duration::from_secs(60),
        kept_nonces_max: 2,
        key: [choice; 32],
    });
    let flow = Flow::Datagram { socket: 0, peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 5060)) };
    let method = Method::Register;
    let proving = Proving { method: &method, uri: "sip:voice.example.com", body: rest };
    let account = |_: &str| {
        Some(Account { password: Password::plain(rest), may_omit_qop: choice & 0x80 != 0 })
    };
    let judged = challenger.judge(start, &flow, &proving, &[text], &account);
    assert!(!matches!(judged, Judged::Proven { .. }), "a proof of nothing was taken");

    let mut nonces = ClientNonces::default();
    let mut credentials = Credentials {
        user: text.to_owned(),
        password: Password::plain(rest),
        realms: vec!["voice.example.com".to_owned()],
    };
    let answer = answer_challenge(&[text], &credentials, &proving, &[], [choice; 16], &mut nonces);
    if let Ok(answer) = answer {
        let judged = challenger.judge(start, &flow, &proving, &[answer.as_str()], &account);
        let harmless = matches!(judged, Judged::Stale | Judged::Wrong | Judged::NoProof);
        // A secret that is not the user's own would be wrong; here a right answer to a foreign nonce is stale.
        assert!(harmless, "an answer to a foreign challenge is {judged:?}");
    }
    credentials.user.retain(|character| !character.is_ascii_control());
    let challenges = challenger.challenges(start, [choice; 16], &flow, false);
    let challenges: Vec<_> = challenges.iter().map(|value| value.as_str()).collect();
    let mut nonces = ClientNonces::default();
    let answer =
        answer_challenge(&challenges, &credentials, &proving, &[], [choice; 16], &mut nonces);
    let mut answers: Vec<_> = answer.into_iter().collect();
    assert_eq!(answers.len(), 1, "our own challenge was not answered");
    answers.extend(preempt(&credentials, &proving, [choice; 16], &mut nonces));
    let proven = Judged::Proven { user: credentials.user.clone() };
    for answer in &answers {
        let judged = challenger.judge(start, &flow, &proving, &[answer.as_str()], &account);
        assert_eq!(judged, proven, "an answer to our own challenge was not taken");
        let judged = challenger.judge(start, &flow, &proving, &[answer.as_str()], &account);
        assert_eq!(judged, Judged::Replayed, "a proof was taken twice");
    }
}
