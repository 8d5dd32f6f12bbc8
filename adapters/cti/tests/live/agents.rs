//! CTI-06 and CTI-10: many agents, many pairs, and whose the agents are.

use domain::settings::Agent;
use domain::{Refusal, Role};
use std::collections::BTreeMap;

use super::*;

const AGENTS: u32 = 2_000;

fn agent(id: u32) -> Agent {
    Agent {
        id: id.to_string().parse().unwrap(),
        name: None,
        team: None,
        pair: None,
        extension: None,
        roles: vec![Role::Agent],
        alias: None,
        skills: BTreeMap::new(),
        origin: None,
        password_hash: None,
        pin_hash: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_06_two_thousand_agents_are_known_again_with_64_questions_at_a_time() {
    let arguments = ["--generate-agents", "2000"];
    let Some(peers) = Peers::start(&arguments) else { return };
    peers.say("load --agents 2000 --events-per-second 1 --seconds 1");
    let everybody = |settings: &mut Settings| {
        let agents = (100_001..100_001 + AGENTS).map(agent);
        let agents = agents.map(|agent| (agent.id.clone(), Arc::new(agent)));
        settings.agents = Arc::new(agents.collect());
    };
    let bench = Bench::with(&[("east", &peers)], |_| {}, everybody).await;
    let all_known = || {
        let known = |id: u32| {
            let live = bench.port.live(&key(&id.to_string()));
            live.is_some_and(|it| it.is_signed_in() == Some(true))
        };
        (100_001..100_001 + AGENTS).all(known)
    };
    bench.until("everybody", all_known).await;
    bench.until("no questions", || bench.status().unknown_agents == 0).await;

    peers.say("fault drop-link");
    bench.until("the loss", || !all_known()).await;
    let began = std::time::Instant::now();
    bench.until("everybody again", all_known).await;
    println!("{AGENTS} agents are known {:?} after the link was lost", began.elapsed());
    bench.until("no questions", || bench.status().unknown_agents == 0).await;

    // Nothing is answered now, so what is asked is all in flight.
    peers.say("fault delay 1500");
    peers.say("fault drop-link");
    bench.until("a new session", || bench.status().active_side.is_none()).await;
    bench.until_active(Some('a')).await;
    let of_last_session = || {
        let log = peers.log("QUERY_AGENT_STATE");
        let last = log.last().map(|line| line["session"].clone());
        log.iter().filter(|line| Some(&line["session"]) == last.as_ref()).count()
    };
    // The session before asked more.
    bench.until("64 questions", || of_last_session() == 64).await;
    for _ in 0..20 {
        assert_eq!(of_last_session(), 64, "no more than that before an answer");
    }
    peers.say("fault delay 0");
    bench.until("everybody once more", all_known).await;
    peers.nothing_was_broken();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_06_twelve_pairs_are_served_at_once_and_one_that_is_lost_harms_no_other() {
    const PAIRS: u32 = 12;
    let mut servers = Vec::new();
    for number in 1..=PAIRS {
        let [id, line] = [number * 1_000, 500_000 + number].map(|it| it.to_string());
        let first = ["--generate-agents", "1", "--first-id", &id, "--first-extension", &line];
        let Some(peers) = Peers::start(&first) else { return };
        servers.push((format!("pair{number}"), peers, id, line));
    }
    let pairs: Vec<_> = servers.iter().map(|(name, peers, ..)| (name.as_str(), peers)).collect();
    let bench = Arc::new(Bench::start(&pairs, |_| {}).await);
    let mut days = tokio::task::JoinSet::new();
    for (name, _, id, line) in &servers {
        let (bench, line) = (Arc::clone(&bench), line.clone());
        let (agent, id): (AgentKey, _) = (format!("{name}:{id}").parse().unwrap(), id.clone());
        days.spawn(async move {
            let answer = bench.sign_in(&id, &line, "12345").await;
            let SignInAnswer::SignedIn { agent: signed_in, .. } = answer else {
                panic!("{agent}: {answer:?}")
            };
            assert_eq!(signed_in, agent);
            let outcome = bench.wish_of(agent.clone(), Wish::Ready).await;
            assert_eq!(outcome, Outcome::Done(domain::Reply::Done), "{agent}");
            agent
        });
    }
    let agents: Vec<AgentKey> = days.join_all().await;
    assert_eq!(agents.len(), servers.len());
    for (_, peers, id, _) in &servers {
        assert_eq!(peers.agent(id, "state"), "available");
    }

    let known = || {
        let is_known = |agent: &&AgentKey| {
            let live = bench.port.live(agent);
            live.is_some_and(|it| it.known == Known::Now && it.state == PresenceState::Ready)
        };
        agents.iter().filter(is_known).count()
    };
    assert_eq!(known(), agents.len());
    servers[0].1.say("side down a");
    bench.until("one pair less", || known() == agents.len() - 1).await;
    for agent in agents.iter().filter(|agent| agent.pair.as_str() != "pair1") {
        for wish in [Wish::NotReady(None), Wish::Ready] {
            let outcome = bench.wish_of(agent.clone(), wish).await;
            assert_eq!(outcome, Outcome::Done(domain::Reply::Done), "{agent}");
        }
    }
    servers[0].1.say("side up a");
    bench.until("all pairs again", || known() == agents.len()).await;
    for (_, peers, ..) in &servers {
        peers.nothing_was_broken();
    }
    Arc::into_inner(bench).unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cti_10_an_id_is_learned_from_the_pair_that_knows_it_and_refused_where_two_do() {
    let Some(east) = Peers::start(&[]) else { return };
    let Some(west) = Peers::start(&["--generate-agents", "3"]) else { return };
    let Some(south) = Peers::start(&[]) else { return };
    let bench = Bench::start(&[("east", &east), ("west", &west)], |_| {}).await;
    let answer = bench.sign_in("100001", "200001", "12345").await;
    let SignInAnswer::SignedIn { agent, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(agent.pair.as_str(), "west");
    let answer = bench.sign_in("1001", "2001", "12345").await;
    let SignInAnswer::SignedIn { agent, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(agent.pair.as_str(), "east");
    // Whoever nobody knows looks like a wrong password.
    for (agent, password) in [("7777", "12345"), ("1002", "wrong")] {
        let answer = bench.sign_in(agent, "2002", password).await;
        let wrong = engine::AuthenticationRefusal::Wrong;
        assert!(matches!(&answer, SignInAnswer::NotProven(it) if *it == wrong), "{answer:?}");
    }
    bench.close().await;

    let bench = Bench::start(&[("east", &east), ("south", &south)], |_| {}).await;
    let answer = bench.sign_in("1002", "2002", "12345").await;
    let SignInAnswer::Refused(Refusal::SeveralPairs { pairs }) = answer else {
        panic!("{answer:?}")
    };
    let pairs: Vec<_> = pairs.iter().map(|pair| pair.as_str()).collect();
    assert_eq!(pairs, ["east", "south"]);
    // The only pair that could know an id must be asked.
    south.say("side down a");
    let away = || {
        let statuses = bench.port.pair_statuses();
        statuses.iter().any(|(_, status)| status.active_side.is_none())
    };
    bench.until("one pair away", away).await;
    let answer = bench.sign_in("7777", "2002", "12345").await;
    assert!(matches!(answer, SignInAnswer::Refused(Refusal::OwnerAway { .. })), "{answer:?}");
    for peers in [&east, &west, &south] {
        peers.nothing_was_broken();
    }
    bench.close().await;
}
