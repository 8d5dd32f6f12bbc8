//! CTI-04, CTI-05 and CTI-09: mobile agents, shared lines, phones with several lines.

use domain::settings::{Device, PhoneService};
use domain::{CallState, Mobile, MobileMode, OwnerRefusalKind, Refusal};

use super::*;

fn phones(settings: &mut Settings, phones: &[(&str, &[&str])]) {
    let device = |(name, lines): &(&str, &[&str])| Device {
        name: name.parse().unwrap(),
        description: None,
        lines: lines.iter().map(|line| line.parse().unwrap()).collect(),
        profile: false,
        certificate_sha256: None,
        sip: None,
        pair: None,
    };
    let devices = phones.iter().map(device).map(|it| (it.name.clone(), Arc::new(it)));
    settings.devices = Arc::new(devices.collect());
}

fn mobile_agents(settings: &mut Settings) {
    settings.phone_service =
        Arc::new(PhoneService { mobile_agents: true, ..(*settings.phone_service).clone() });
}

async fn mobile(bench: &Bench, agent: &str, line: &str, mode: MobileMode) -> SignInAnswer {
    bench
        .attempt(agent, "12345", |attempt| {
            attempt.extension = Some(line.parse().unwrap());
            attempt.mobile = Some(Mobile { number: "5559876".parse().unwrap(), mode });
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_04_a_mobile_agent_is_signed_on_with_number_and_mode_and_as_a_regular_one_next() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::with(&[("east", &peers)], |_| {}, mobile_agents).await;
    for (mode, number) in [(MobileMode::CallByCall, 3), (MobileMode::NailedConnection, 4)] {
        let answer = mobile(&bench, "1002", "2002", mode).await;
        assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
        assert_eq!(peers.agent("1002", "work_mode"), number);
        assert_eq!(peers.agent("1002", "instrument"), "2002;5559876");
        bench.goes("1002", Wish::Ready).await;
        // Calls come to the local port.
        peers.say("call 2002");
        bench.until("the call", || !bench.calls("1002").is_empty()).await;
        assert_eq!(bench.calls("1002")[0].other_line, None);
        peers.say("answer 1002");
        peers.say("clear 1002");
        bench
            .until("the end", || bench.calls("1002").iter().all(|it| it.state == CallState::Over))
            .await;
        bench.goes("1002", Wish::NotReady(None)).await;
        bench.goes("1002", Wish::SignOut(None)).await;
    }
    bench.signed_in("1002", "2002").await;
    assert_eq!(peers.agent("1002", "work_mode"), 0);
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_04_who_may_not_be_mobile_reads_the_servers_reason() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::with(&[("east", &peers)], |_| {}, mobile_agents).await;
    let answer = mobile(&bench, "1001", "2001", MobileMode::CallByCall).await;
    let SignInAnswer::Refused(Refusal::Owner { why }) = answer else { panic!("{answer:?}") };
    assert_eq!((why.kind, why.code), (OwnerRefusalKind::Mobile, 265));
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_04_express_takes_no_mobile_agents_and_says_so() {
    let Some(peers) = Peers::start(&["--dialect", "express"]) else { return };
    let express = |pair: &mut Value| {
        pair["dialect"] = json!("express");
        pair["version"] = json!(18);
        pair["peripheral_id"] = json!(1);
    };
    let bench = Bench::with(&[("east", &peers)], express, mobile_agents).await;
    let answer = mobile(&bench, "1002", "2002", MobileMode::CallByCall).await;
    let SignInAnswer::Refused(Refusal::Owner { why }) = answer else { panic!("{answer:?}") };
    assert_eq!(why.kind, OwnerRefusalKind::Mobile);
    assert!(why.words.contains("mobile"), "{why}");
    assert!(peers.log("SET_AGENT_STATE").is_empty(), "the server is not asked");
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_05_the_phone_picked_for_a_shared_line_is_the_active_terminal() {
    let Some(peers) = Peers::start(&[]) else { return };
    let shared = |settings: &mut Settings| {
        let lines = &["2003"][..];
        phones(
            settings,
            &[
                ("SEP001122334403", lines),
                ("SEP001122334413", lines),
                ("SEP001122334401", &["2001"][..]),
            ],
        );
    };
    let bench = Bench::with(&[("east", &peers)], |_| {}, shared).await;
    let asked = bench.sign_in("1003", "2003", "12345").await;
    assert!(matches!(asked, SignInAnswer::Refused(Refusal::DeviceChoice { .. })), "{asked:?}");
    for (agent, line, phone, terminal) in [
        ("1003", "2003", "SEP001122334413", "SEP001122334413"),
        // The only phone of a line is no choice, and the server takes none there.
        ("1001", "2001", "SEP001122334401", ""),
    ] {
        let answer = bench
            .attempt(agent, "12345", |attempt| {
                attempt.extension = Some(line.parse().unwrap());
                attempt.device = Some(phone.parse().unwrap());
            })
            .await;
        assert!(matches!(answer, SignInAnswer::SignedIn { .. }), "{answer:?}");
        assert_eq!(peers.agent(agent, "terminal"), terminal);
    }
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_09_a_call_on_the_second_line_is_shown_and_disturbs_nothing() {
    let Some(peers) = Peers::start(&["--wrap-up-seconds", "0"]) else { return };
    let both = |settings: &mut Settings| {
        phones(settings, &[("SEP001122334401", &["2001", "3001"][..])]);
    };
    let bench = Bench::with(&[("east", &peers)], |_| {}, both).await;
    bench.signed_in("1001", "2001").await;
    bench.goes("1001", Wish::Ready).await;
    peers.say("call 2001 --line 2 --ani 5550001");
    bench.until("the call", || !bench.calls("1001").is_empty()).await;
    let presence = bench.port.live(&key("1001")).unwrap().presence();
    assert_eq!(presence.state, PresenceState::Ready);
    assert_eq!(presence.calls[0].other_line, Some("3001".parse().unwrap()));
    assert_eq!(presence.call(), None, "the agent's own line is free");
    // A call of the contact centre comes first, and the other stays.
    peers.say("call 2001 --ani 5550002");
    bench.until("both calls", || bench.calls("1001").len() == 2).await;
    let presence = bench.port.live(&key("1001")).unwrap().presence();
    assert_eq!(presence.call().map(|call| call.number.as_str()), Some("5550002"));
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hst_09_the_phone_that_a_servers_events_name_is_known_until_the_agent_leaves() {
    let Some(peers) = Peers::start(&[]) else { return };
    let bench = Bench::of_version(&peers, 24).await;
    let device = |agent: &str| bench.port.live(&key(agent)).and_then(|live| live.device.clone());
    peers.say("sign-in 1003 --device SEP001122334413");
    let phone = Some("SEP001122334413".parse().unwrap());
    bench.until("the phone", || device("1003") == phone).await;
    // Whoever is at a line of one phone is told of without it.
    peers.say("sign-in 1001");
    bench.until_state("1001", NOT_READY).await;
    assert_eq!(device("1001"), None);
    // The link's loss makes nothing of it unknown but whether it still holds.
    peers.say("fault drop-link");
    let lost = || bench.port.live(&key("1003")).is_some_and(|live| live.known != Known::Now);
    bench.until("the loss", lost).await;
    assert_eq!(device("1003"), phone);
    bench.until_state("1003", NOT_READY).await;
    assert_eq!(device("1003"), phone, "an answer does not name it, and takes it away neither");
    peers.say("sign-out 1003");
    bench.until("signed out", || bench.state("1003").is_some_and(is_out)).await;
    assert_eq!(device("1003"), None);
    peers.nothing_was_broken();
    bench.close().await;
}

fn is_out(state: PresenceState) -> bool {
    matches!(state, PresenceState::SignedOut { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_05_an_instrument_that_is_a_phones_name_names_the_phone() {
    let people = json!({"agents": [
        {"id": "1001", "extension": "2001", "instrument": "SEP001122334401"},
        {"id": "1002", "extension": "2002"},
    ]});
    let file = std::env::temp_dir().join(format!("jackfield-agents-{}.json", std::process::id()));
    std::fs::write(&file, people.to_string()).unwrap();
    let arguments = ["--dialect", "express", "--agents", file.to_str().unwrap()];
    let peers = Peers::start(&arguments);
    std::fs::remove_file(&file).unwrap();
    let Some(peers) = peers else { return };
    let bench = Bench::express(&peers, 16).await;
    for (agent, phone) in [("1001", Some("SEP001122334401".parse().unwrap())), ("1002", None)] {
        peers.say(&format!("sign-in {agent}"));
        bench.until("the agent", || bench.state(agent).is_some_and(|it| !is_out(it))).await;
        assert_eq!(bench.port.live(&key(agent)).unwrap().device, phone, "{agent}");
    }
    peers.nothing_was_broken();
    bench.close().await;
}
