//! Two nodes: a session goes on at the other one, and one of them answers for it.

use std::sync::Arc;
use std::time::Duration;

use domain::Wish;

use crate::activity::Need;
use crate::locked;
use crate::testing::{Handset, Node, OTHER_BASE};

/// Long enough for a sign of life, and for the look of the phone service at it.
async fn a_while(nodes: &[Node]) {
    tokio::time::sleep(Duration::from_secs(3)).await;
    for node in nodes {
        node.phone.tick().await;
    }
}

/// Waits until `agent` has a session that `node` answers for, as both see it.
async fn until_at(nodes: &[Node], agent: &str, node: &Node) {
    for _ in 0..50 {
        let mut all = true;
        for each in nodes {
            let session = each.session(agent).await;
            let at = session.as_ref().and_then(|it| it.signed_in()).map(|it| it.node.clone());
            all &= at.as_ref() == Some(node.port.node());
        }
        if all {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the session is not there");
}

/// Waits until a node sees that state of an agent.
async fn until_state(node: &Node, agent: &str, state: &str) {
    for _ in 0..50 {
        if node.state(agent).await == state {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{agent} is not {state} there");
}

#[tokio::test(start_paused = true)]
async fn phn_11_a_page_has_a_key_that_opens_the_other_node() {
    let nodes = Node::pair().await;
    a_while(&nodes).await;
    let [a, b] = &nodes;
    let mut phone = Handset::new(a, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    assert!(a.port.answers_for(&a.session("1001").await.unwrap()));
    let url = home.key("Backup");
    assert!(url.starts_with(OTHER_BASE), "{url}");
    phone.turns_to(b);
    let there = phone.get(&url).await;
    assert!(there.text().contains("Ada"), "{there:?}");
    until_at(&nodes, "1001", b).await;
    // Every key of the page there works, and the other node does the same the other way.
    let ready = phone.press(&there, "Ready").await;
    assert_eq!(ready.title(), "Ready");
    let url = ready.key("Backup");
    until_state(a, "1001", "ready").await;
    phone.turns_to(a);
    assert_eq!(phone.get(&url).await.title(), "Ready");
    until_at(&nodes, "1001", a).await;
}

#[tokio::test(start_paused = true)]
async fn phn_11_one_node_at_a_time_follows_a_phone() {
    let nodes = Node::pair().await;
    a_while(&nodes).await;
    let [a, b] = &nodes;
    let tasks: Vec<_> = nodes
        .iter()
        .map(|node| {
            let phone = Arc::clone(&node.phone);
            let (stop, stopping) = tokio::sync::watch::channel(false);
            (tokio::spawn(engine::surface::Surface::run(phone, stopping)), stop)
        })
        .collect();
    let mut phone = Handset::new(a, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let shown = |node: &Node| locked(&node.phone.screens).of(&"SEP1".parse().unwrap()).is_some();
    assert!(shown(a) && !shown(b));
    let url = home.key("Backup");
    phone.turns_to(b);
    phone.get(&url).await;
    until_at(&nodes, "1001", b).await;
    a_while(&nodes).await;
    assert!(!shown(a) && shown(b));
    let session = b.session("1001").await.unwrap();
    assert!(!a.port.answers_for(&session) && b.port.answers_for(&session));
    drop(tasks);
}

#[tokio::test(start_paused = true)]
async fn phn_11_the_session_of_a_lost_node_goes_to_the_other() {
    let nodes = Node::pair().await;
    a_while(&nodes).await;
    let [a, b] = &nodes;
    let mut phone = Handset::new(a, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    a.engine.as_ref().unwrap().abandon();
    let mut seconds = 0;
    while !b.port.answers_for(&b.session("1001").await.unwrap()) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        b.clock.advance(Duration::from_millis(100));
        seconds += 1;
        assert!(seconds < 85, "within six seconds and a sign of life");
    }
    // Its page names only who is there, and the phone goes on with the page of the lost node.
    b.phone.tick().await;
    phone.turns_to(b);
    let there = phone.get(&home.key("Backup")).await;
    assert!(!there.has_key("Backup"), "{there:?}");
    assert_eq!(phone.press(&there, "Ready").await.title(), "Ready");
}

#[tokio::test(start_paused = true)]
async fn phn_22_signing_in_at_the_other_node_takes_the_session_over() {
    let nodes = Node::pair().await;
    a_while(&nodes).await;
    let [a, b] = &nodes;
    let mut first = Handset::new(a, "SEP1");
    let home = first.sign_in("1001", "2001").await;
    let mut second = Handset::new(b, "SEP4");
    second.sign_in("1001", "2001").await;
    until_at(&nodes, "1001", b).await;
    let view = first.press(&home, "Ready").await;
    assert_eq!((view.title(), view.prompt()), ("Sign in", "You signed in elsewhere"));
    // Nor does the old page's key for the other node open anything there.
    first.turns_to(b);
    let view = first.get(&home.key("Backup")).await;
    assert_eq!((view.title(), view.prompt()), ("Sign in", "You signed in elsewhere"));
    assert_eq!(b.state("1001").await, "not_ready");
}

#[tokio::test(start_paused = true)]
async fn phn_19_a_leaked_link_opens_nothing_at_the_other_node_either() {
    let nodes = Node::pair().await;
    a_while(&nodes).await;
    let [a, b] = &nodes;
    let mut phone = Handset::new(a, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let mut thief = Handset::new(b, "SEP44");
    let view = thief.get(&home.key("Backup")).await;
    assert_eq!(view.title(), "Sign in");
    assert!(!thief.seen.contains("1001") && !thief.seen.contains("Ada"));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(a.port.answers_for(&a.session("1001").await.unwrap()));
    let wish = Wish::ForceSignOut { reason: None, by: domain::SignedOutBy::Supervisor };
    b.wish("1001", wish).await;
    until_state(a, "1001", "signed_out").await;
    let mut after = Handset::new(a, "SEP1");
    assert_eq!(after.get(&home.key("Refresh")).await.title(), "Sign in");
}

#[tokio::test(start_paused = true)]
async fn phn_05_what_changed_while_nobody_answered_is_told_by_the_heir() {
    let nodes = Node::pair().await;
    a_while(&nodes).await;
    let [a, b] = &nodes;
    let (_stop, stopping) = tokio::sync::watch::channel(false);
    let follows = tokio::spawn(engine::surface::Surface::run(Arc::clone(&b.phone), stopping));
    let mut phones = [Handset::new(a, "SEP1"), Handset::new(a, "SEP7")];
    phones[0].sign_in("1001", "2001").await;
    let choice = phones[1].open("id=1003&extension=2050&password=password-1003").await;
    phones[1].choose(&choice, "Desk by the window").await;
    // What was so for long is shown already.
    b.clock.advance(Duration::from_secs(60));
    a_while(&nodes).await;
    a.engine.as_ref().unwrap().abandon();
    b.wish("1001", Wish::Ready).await;
    for _ in 0..90 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        b.clock.advance(Duration::from_millis(100));
    }
    for (agent, device, is_behind) in [("1001", "SEP1", true), ("1003", "SEP7", false)] {
        let session = b.session(agent).await.unwrap();
        assert!(b.port.answers_for(&session), "{agent}");
        let shows = b.phone.shows(&session);
        let need = locked(&b.phone.screens).need(&device.parse().unwrap(), Some((&session, shows)));
        assert_eq!(matches!(need, Some(Need::Behind { .. })), is_behind, "{agent}: {need:?}");
    }
    follows.abort();
}
