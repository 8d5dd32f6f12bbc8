//! A signed-in agent at work.

use std::sync::Arc;
use std::time::Duration;

use domain::{CallDirection, CallVariable, ReasonCategory, ReasonCode, SignedOutBy, Wish};
use http::Method;

use crate::push::Way;
use crate::testing::{Handset, Node, reason, settings};
use crate::{PushReason, locked};

fn variable(name: &str, value: &str) -> CallVariable {
    CallVariable { name: name.to_owned(), value: value.to_owned() }
}

fn call(direction: CallDirection) -> Wish {
    Wish::CallBegins {
        id: "c1".to_owned(),
        direction,
        number: "+4930555".to_owned(),
        variables: vec![
            variable("name", "Grün & Söhne"),
            variable("tier", "gold"),
            variable("account", "77"),
            variable("secret", "not in the layout"),
        ],
    }
}

#[tokio::test]
async fn phn_05_ready_not_ready_with_a_reason_and_sign_out_with_a_reason() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let ready = phone.press(&home, "Ready").await;
    assert_eq!((ready.title(), ready.keys()), ("Ready", vec!["NotReady", "Refresh"]));
    assert_eq!(node.state("1001").await, "ready");
    let list = phone.press(&ready, "NotReady").await;
    assert_eq!(list.title(), "Not Ready reason");
    assert_eq!(list.keys(), ["Back", "Select"]);
    assert_eq!(list.items(), ["Lunch", "Training"]);
    let lunch = phone.choose(&list, "Lunch").await;
    assert_eq!(lunch.title(), "Not Ready - Lunch");
    let list = phone.press(&lunch, "SignOut").await;
    assert_eq!(list.items(), ["End of shift"]);
    let out = phone.choose(&list, "End of shift").await;
    assert_eq!((out.title(), out.prompt()), ("Sign in", "You are signed out"));
    assert_eq!(out.fields(), [("password", None)], "the rest is prefilled");
    assert_eq!(node.state("1001").await, "signed_out");
    assert_eq!(phone.cookie, None);
}

#[tokio::test]
async fn phn_21_the_home_screen_shows_state_duration_and_refreshes() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    node.clock.advance(Duration::from_secs(3 * 3600 + 25 * 60 + 45));
    let later = phone.press(&home, "Refresh").await;
    let expected = "State: Not Ready\nFor: 03:25:45\nAda, Line 2001";
    assert_eq!(later.text(), expected);
    let refresh = later.refresh.clone().unwrap();
    let url = refresh.strip_prefix("15; url=").unwrap();
    assert_eq!(phone.get(url).await.text(), expected);
}

#[tokio::test]
async fn phn_21_not_ready_changes_its_reason_without_going_ready() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    for label in ["Lunch", "Training"] {
        let list = phone.press(&home, "NotReady").await;
        let view = phone.choose(&list, label).await;
        assert_eq!(view.title(), format!("Not Ready - {label}"));
    }
}

#[tokio::test]
async fn phn_21_a_wish_during_a_call_is_shown_as_pending() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    phone.press(&home, "Ready").await;
    node.wish("1001", call(CallDirection::Inbound)).await;
    let talking = phone.press(&home, "Refresh").await;
    assert_eq!(talking.title(), "Talking");
    assert_eq!(talking.keys(), ["NotReady", "CData", "WrapUp", "Refresh"]);
    assert!(talking.text().contains("Call from +4930555"));
    assert!(!talking.text().contains("Next:"));
    let list = phone.press(&talking, "NotReady").await;
    let pending = phone.choose(&list, "Lunch").await;
    assert_eq!(pending.title(), "Talking");
    assert!(pending.text().contains("Next: Not Ready - Lunch"), "{pending:?}");
    node.wish("1001", Wish::CallEnds { id: None }).await;
    assert_eq!(phone.press(&home, "Refresh").await.title(), "Not Ready - Lunch");
}

#[tokio::test]
async fn phn_07_call_data_is_the_layout_folded_into_one_column() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    node.wish("1001", call(CallDirection::Outbound)).await;
    node.clock.advance(Duration::from_secs(61));
    let talking = phone.press(&home, "Refresh").await;
    let data = phone.press(&talking, "CData").await;
    assert_eq!((data.title(), data.prompt()), ("Call data", "Call to +4930555"));
    assert_eq!(
        data.text(),
        "Call to +4930555\nDuration: 00:01:01\nCustomer: Grün & Söhne\nAccount: 77\nGone: -\nTier: gold"
    );
    assert_eq!(data.keys(), ["State", "WrapUp", "NotReady", "Refresh"]);
    assert!(data.refresh.as_ref().unwrap().contains("/call"));
    assert_eq!(phone.press(&data, "State").await.title(), "Talking");
    node.wish("1001", Wish::CallEnds { id: None }).await;
    let gone = phone.press(&data, "Refresh").await;
    assert!(gone.text().starts_with("There is no call any more.\nState:"), "{gone:?}");
}

#[tokio::test]
async fn phn_07_without_a_layout_all_that_came_is_shown() {
    let mut settings = settings();
    settings.layouts = Arc::default();
    let node = Node::with(settings).await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    node.wish("1001", call(CallDirection::Inbound)).await;
    let talking = phone.press(&home, "Refresh").await;
    let data = phone.press(&talking, "CData").await;
    assert!(data.text().ends_with("tier: gold\naccount: 77\nsecret: not in the layout"));
}

#[tokio::test]
async fn phn_05_a_wrap_up_reason_is_noted_during_the_call_and_after_it() {
    let mut settings = settings();
    Arc::make_mut(&mut settings.voice).wrap_up_seconds = 30;
    let node = Node::with(settings).await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    phone.press(&home, "Ready").await;
    node.wish("1001", call(CallDirection::Inbound)).await;
    node.wish("1001", Wish::CallEnds { id: None }).await;
    let wrap_up = phone.press(&home, "Refresh").await;
    assert_eq!(wrap_up.title(), "Wrap-up");
    assert_eq!(wrap_up.keys(), ["Ready", "NotReady", "WrapUp", "CData", "Refresh"]);
    let list = phone.press(&wrap_up, "WrapUp").await;
    assert_eq!((list.title(), list.items()), ("Wrap-up reason", vec!["Sale"]));
    let noted = phone.choose(&list, "Sale").await;
    assert!(noted.text().contains("Wrap-up: Sale"), "{noted:?}");
    let session = node.session("1001").await.unwrap();
    let call = session.signed_in().unwrap().call.clone().unwrap();
    assert_eq!(call.wrap_up_reason, Some(ReasonCode(21)));
    assert_eq!(phone.press(&noted, "Ready").await.title(), "Ready");
}

#[tokio::test]
async fn phn_06_a_hundred_reasons_are_listed_and_labels_cut_to_the_model() {
    let mut settings = settings();
    let mut reasons = (*settings.reasons).clone();
    for code in 1_000..1_150 {
        let label = format!("Reason {code} with a long label of 40 chars");
        let reason = reason(ReasonCategory::NotReady, code, &label, "");
        reasons.insert((reason.category, reason.code), Arc::new(reason));
    }
    settings.reasons = Arc::new(reasons);
    let node = Node::with(settings).await;
    let mut phone = Handset::new(&node, "SEP1");
    phone.headers[0].1 = "CP-8821";
    let home = phone.sign_in("1001", "2001").await;
    let list = phone.press(&home, "NotReady").await;
    let items = list.items();
    assert_eq!(items.len(), 100);
    assert_eq!(items[..3], ["Lunch", "Training", "Reason 1000 with a lon"]);
    let view = phone.choose(&list, "Reason 1097 with a lon").await;
    assert!(view.text().contains("Reason 1097 with a long label of 40 chars"));
}

#[tokio::test]
async fn without_reasons_the_keys_act_at_once() {
    let mut settings = settings();
    settings.reasons = Arc::default();
    let node = Node::with(settings).await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    assert_eq!(home.keys(), ["Ready", "SignOut", "Refresh"]);
    let ready = phone.press(&home, "Ready").await;
    let not_ready = phone.press(&ready, "NotReady").await;
    assert_eq!(not_ready.title(), "Not Ready");
    assert_eq!(phone.press(&not_ready, "SignOut").await.prompt(), "You are signed out");
}

#[tokio::test]
async fn phn_05_a_page_older_than_the_state_shows_what_is_so_now() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    node.wish("1001", Wish::NotReady(Some(ReasonCode(12)))).await;
    let view = phone.press(&home, "Ready").await;
    assert_eq!(view.title(), "Not Ready - Lunch");
    assert!(view.text().starts_with("Your state changed meanwhile. Please press again.\n"));
    assert_eq!(node.state("1001").await, "not_ready");
    // Where it changed to what was asked for there is nothing to press.
    node.wish("1001", Wish::Ready).await;
    let view = phone.press(&view, "Ready").await;
    assert!(view.title() == "Ready" && view.text().starts_with("State: Ready"), "{view:?}");
}

#[tokio::test]
async fn the_same_link_twice_is_one_press() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    assert_eq!(phone.press(&home, "Ready").await.title(), "Ready");
    node.wish("1001", Wish::NotReady(None)).await;
    // Back and fetch again: the press was done, and is not done once more.
    assert_eq!(phone.press(&home, "Ready").await.title(), "Not Ready");
    assert_eq!(node.state("1001").await, "not_ready");
}

#[tokio::test]
async fn a_head_request_presses_nothing() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    phone.request(Method::HEAD, &home.key("Ready"), "").await;
    assert_eq!(node.state("1001").await, "not_ready");
}

#[tokio::test]
async fn a_head_request_neither_counts_as_heard_nor_as_shown() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let device = "SEP1".parse().unwrap();
    let screen = || locked(&node.phone.screens).of(&device).cloned();
    let before = screen();
    node.clock.advance(Duration::from_secs(60));
    node.wish("1001", Wish::Ready).await;
    locked(&node.phone.pace).begin(&device, node.port.now(), false, Way::Web);
    locked(&node.phone.pace).end(&device, Some((PushReason::NoAnswer, Way::Web)), node.port.now());
    for url in [home.key("Refresh"), home.key("Ready"), home.key("NotReady"), home.key("SignOut")] {
        phone.request(Method::HEAD, &url, "").await;
        assert_eq!(screen(), before, "{url}");
    }
    // Nor does it close the window, or cost it a cookie.
    let cookie = phone.cookie.clone();
    phone.request(Method::HEAD, "https://gw-a.example:8445/fippa/SEP1", "").await;
    assert_eq!((screen(), &phone.cookie), (before.clone(), &cookie));
    // What was to be pushed still is, and where the session is over too.
    let due = || locked(&node.phone.pace).due(node.port.now().after(Duration::from_secs(60)));
    assert_eq!(due(), vec![device.clone()]);
    node.wish("1001", Wish::ForceSignOut { reason: None, by: SignedOutBy::System }).await;
    phone.request(Method::HEAD, &home.key("Refresh"), "").await;
    assert_eq!((screen(), due()), (before, vec![device.clone()]));
}

#[tokio::test]
async fn a_reason_that_is_no_longer_offered_is_refused_with_a_line() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let list = phone.press(&home, "NotReady").await;
    let mut without = settings();
    let mut reasons = (*without.reasons).clone();
    reasons.retain(|_, reason| reason.label != "Training");
    without.reasons = Arc::new(reasons);
    node.apply(&without).await;
    let view = phone.choose(&list, "Training").await;
    assert!(view.text().starts_with("This reason is no longer offered.\n"), "{view:?}");
}

#[tokio::test]
async fn a_reason_the_system_gave_is_shown_as_it_came() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    node.wish("1001", Wish::NotReady(Some(ReasonCode(13)))).await;
    let mut without = settings();
    without.reasons = Arc::default();
    node.apply(&without).await;
    assert_eq!(phone.press(&home, "Refresh").await.title(), "Not Ready - 13");
}
