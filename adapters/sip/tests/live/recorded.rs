//! What the flight recorder has of SIP: the conversation, and no proof of it.

use engine::recorder::{Link, Wanted};

use crate::bench::{Bench, FIRST};
use crate::phone::Phone;

#[tokio::test]
async fn byd_02_a_registration_is_noted_without_its_proof_and_by_the_phone_that_proved_itself() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    let request = phone.cisco().add("Reason", "SIP;text=\"Name=SEP1 password=hunter2 Last=reset\"");
    let challenge = phone.peer.ask(&request).await;
    let again = phone.proven(&request, &challenge);
    assert_eq!(phone.peer.ask(&again).await.code(), 200);
    let wanted = Wanted { device: Some(FIRST.to_owned()), limit: 100, ..Wanted::default() };
    let records = bench.port.recorder().timeline(&wanted, &[]).records;
    let lines: Vec<_> = records.iter().map(ToString::to_string).collect();
    let registers: Vec<_> = records.iter().filter(|record| record.kind == "REGISTER").collect();
    assert!(registers.iter().all(|record| record.link == Link::Sip));
    for answer in ["answered=401", "answered=200", "registered anew"] {
        assert!(lines.iter().any(|line| line.contains(answer)), "{answer}: {lines:#?}");
    }
    let text = lines.join("\n");
    assert!(text.contains(&phone.call_id) && text.contains("Last=reset"), "{text}");
    let proof = again.fields.iter().find(|(name, _)| name == "Authorization").unwrap();
    for secret in ["hunter2", "password-1", "nonce", "response=", &proof.1, "phone-1-"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    bench.end().await;
}
