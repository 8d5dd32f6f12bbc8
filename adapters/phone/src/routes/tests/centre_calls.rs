//! Calls of an agent whose calls a contact centre owns.

use domain::{CallDirection, CallState, PresenceState};

use crate::testing::centre::{Centre, inbound, settings_with};
use crate::testing::{Handset, Node};

#[tokio::test]
async fn phn_07_a_call_of_the_centre_is_shown_from_ringing_to_wrap_up() {
    let node = Node::with(settings_with(&["north"])).await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    for (state, call, line) in [
        (
            PresenceState::Reserved,
            CallState::Alerting,
            "Call from +4930555 (ringing)\nQueue: Orders",
        ),
        (PresenceState::Talking, CallState::Active, "Call from +4930555\nQueue: Orders"),
        (PresenceState::Held, CallState::Held, "Call from +4930555 (on hold)\nQueue: Orders"),
    ] {
        centre.says("1001", state).await;
        centre.has_calls("1001", vec![inbound("c1", call)]).await;
        let view = phone.press(&home, "Refresh").await;
        assert!(view.text().contains(line), "{view:?}");
        assert_eq!(view.keys(), ["Ready", "NotReady", "CData", "WrapUp", "Refresh"]);
    }
    let held = phone.press(&home, "Refresh").await;
    let data = phone.press(&held, "CData").await;
    assert_eq!(data.title(), "Call data");
    let rest = "Customer: Grün\nAccount: -\nGone: -\nTier: -";
    assert!(data.text().ends_with(rest), "{data:?}");
    let list = phone.press(&held, "WrapUp").await;
    let noted = phone.choose(&list, "Sale").await;
    assert!(noted.text().contains("Wrap-up: Sale"), "{noted:?}");
    centre.has_calls("1001", Vec::new()).await;
    let gone = phone.press(&data, "Refresh").await;
    assert!(gone.text().contains("There is no call any more."), "{gone:?}");
}

#[tokio::test]
async fn cti_09_calls_on_other_lines_are_told_of_and_nothing_more() {
    let node = Node::with(settings_with(&["north"])).await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let mut other = inbound("c9", CallState::Active);
    other.other_line = Some("2099".parse().unwrap());
    other.number = "4711".to_owned();
    centre.has_calls("1001", vec![other.clone()]).await;
    let view = phone.press(&home, "Refresh").await;
    assert!(view.text().contains("Line 2099: Call from 4711"), "{view:?}");
    assert!(!view.text().contains("Queue:"), "{view:?}");
    assert_eq!(view.keys(), ["Ready", "NotReady", "SignOut", "Refresh"], "no data, no wrap-up");
    // Beside a call of their own it stands below, whatever came first.
    let mut own = inbound("c1", CallState::Dialling);
    own.direction = CallDirection::Outbound;
    own.number.clear();
    centre.says("1001", PresenceState::Talking).await;
    centre.has_calls("1001", vec![other, own]).await;
    let view = phone.press(&home, "Refresh").await;
    let lines = "Call to unknown number (dialling)\nQueue: Orders\nLine 2099: Call from 4711";
    assert!(view.text().contains(lines), "{view:?}");
}
