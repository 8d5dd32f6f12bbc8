//! What administrators see of an agent's phone, and where each state came from.

use domain::{
    AgentCommand, CallDirection, Command, Input, InputId, Origin, ReasonCode, SignedIn, Wish,
};

use crate::testing::{Handset, Node, key};
use crate::{PhoneSight, locked};

async fn sight(node: &Node, agent: &str) -> PhoneSight {
    let session = node.session(agent).await.unwrap();
    let mut sights = node.phone.sights(&session);
    assert_eq!(sights.len(), 1);
    sights.remove(0)
}

async fn signed_in(node: &Node, agent: &str) -> SignedIn {
    node.session(agent).await.unwrap().signed_in().unwrap().clone()
}

/// Somebody asks as that kind of peer.
async fn ask(node: &Node, kind: &str, wish: Wish) {
    let command = AgentCommand { agent: key("1001"), holder: None, seen_changes: None, wish };
    let id = InputId::new(kind, format_args!("{:?}", node.port.random::<8>().unwrap()));
    node.port.submit(Input::command(id, Command::Agent(command))).await.unwrap();
}

#[tokio::test]
async fn byd_03_administrators_see_the_page_that_the_phone_is_given_without_what_its_links_open() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1").speaks("de_DE");
    let home = phone.open("id=1001&extension=2001&password=password-1001").await;
    let seen = sight(&node, "1001").await;
    assert_eq!((seen.device.as_str(), seen.model.as_deref()), ("SEP1", Some("CP-8845")));
    assert_eq!((seen.page.kind, seen.is_behind, seen.is_closed), ("home", false, false));
    // In the words of that phone, as it was given them.
    assert_eq!(seen.page.title.as_deref(), Some(home.title()));
    assert_eq!(seen.page.text.as_deref(), Some(home.text()));
    let keys: Vec<_> = seen.page.soft_keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(keys, home.keys());
    assert!(seen.page.xml.contains("/fippa/s/(hidden)/home"), "{}", seen.page.xml);

    let ready = &home.keys()[0].to_owned();
    let list_key = home.keys()[1].to_owned();
    let list = phone.press(&home, &list_key).await;
    let seen = sight(&node, "1001").await;
    assert_eq!(
        (seen.page.kind, &seen.page.items[..]),
        ("reasons", &list.items().iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()[..])
    );
    // Nothing that the phone was given to open something with stands in what is told.
    let told = format!("{seen:?}");
    for token in phone.seen.split("/fippa/s/").skip(1).filter_map(|it| it.split('/').next()) {
        assert!(token.len() > 20 && !told.contains(token), "{told}");
    }
    // Whoever changes the state elsewhere leaves the phone behind until it fetches.
    ask(&node, "admin", Wish::Ready).await;
    assert!(sight(&node, "1001").await.is_behind);
    phone.press(&home, ready).await;
    assert!(!sight(&node, "1001").await.is_behind);
    let device = "SEP1".parse().unwrap();
    let holder = node.session("1001").await.unwrap().holder();
    locked(&node.phone.screens).close(&device, holder);
    assert!(sight(&node, "1001").await.is_closed);
}

#[tokio::test]
async fn byd_03_each_state_is_kept_with_who_caused_it() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let origins = |signed_in: &SignedIn| {
        let origins = signed_in.origins;
        let all = [origins.session, origins.state, origins.pending, origins.call];
        all.map(|came| came.map(|came| came.from))
    };
    let by = Some(Origin::Phone);
    assert_eq!(origins(&signed_in(&node, "1001").await), [by, by, None, None]);
    let kinds = [
        ("headset", Origin::Headset),
        ("supervisor", Origin::Supervisor),
        ("desktop", Origin::Desktop),
        ("admin", Origin::Administrator),
    ];
    let wishes = [Wish::Ready, Wish::NotReady(Some(ReasonCode(12)))];
    for (wish, (kind, origin)) in wishes.iter().cycle().zip(kinds) {
        ask(&node, kind, wish.clone()).await;
        assert_eq!(origins(&signed_in(&node, "1001").await), [by, Some(origin), None, None]);
        // What is so already was caused by whoever asked first.
        ask(&node, "headset", wish.clone()).await;
        assert_eq!(origins(&signed_in(&node, "1001").await)[1], Some(origin));
    }
    // What is asked for during a call is pending, and came from another one than the call.
    phone.press(&home, "Refresh").await;
    let begins = Wish::CallBegins {
        id: "c1".to_owned(),
        direction: CallDirection::Inbound,
        number: "0170".to_owned(),
        variables: Vec::new(),
    };
    ask(&node, "admin", begins).await;
    ask(&node, "headset", Wish::Ready).await;
    let (admin, headset) = (Some(Origin::Administrator), Some(Origin::Headset));
    assert_eq!(origins(&signed_in(&node, "1001").await), [by, admin, headset, admin]);
    let at = signed_in(&node, "1001").await.origins.pending.unwrap().at;
    assert_eq!(at, node.port.now());
}
