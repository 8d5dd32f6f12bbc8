//! A signed-in agent at work, whose state a contact centre owns.

use std::time::Duration;

use domain::{
    CallState, OwnerAnswer, OwnerAsk, OwnerRefusalKind, PresenceState, QueueFigures, ReasonCode,
    Target, Unclear,
};

use crate::activity::Need;
use crate::locked;
use crate::testing::centre::{Centre, at_north, inbound, refused, settings_with};
use crate::testing::{Handset, NOW, Node};

async fn north() -> Node {
    Node::with(settings_with(&["north"])).await
}

/// What the phone needs, now that all changes were followed.
async fn need(node: &Node) -> Option<Need> {
    let session = node.port.session_of(&at_north("1001")).await.unwrap().unwrap();
    let shows = node.phone.shows(&session);
    locked(&node.phone.screens).need(&"SEP1".parse().unwrap(), Some((&session, shows)))
}

#[tokio::test]
async fn phn_05_a_press_goes_to_the_centre_and_the_page_shows_what_it_says() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let ready = phone.press(&home, "Ready").await;
    assert_eq!((ready.title(), ready.keys()), ("Ready", vec!["NotReady", "Refresh"]));
    let list = phone.press(&ready, "NotReady").await;
    let lunch = phone.choose(&list, "Lunch").await;
    assert_eq!(lunch.title(), "Not Ready - Lunch");
    let list = phone.press(&lunch, "SignOut").await;
    let out = phone.choose(&list, "End of shift").await;
    assert_eq!((out.title(), out.prompt()), ("Sign in", "You are signed out"));
    let targets = centre.asked().into_iter().filter_map(|ask| match ask {
        OwnerAsk::Set { target, .. } => Some(target),
        _ => None,
    });
    let (lunch, shift) = (Some(ReasonCode(12)), Some(ReasonCode(31)));
    let expected = [Target::Ready, Target::NotReady(lunch), Target::SignedOut(shift)];
    assert!(targets.eq(expected));
}

#[tokio::test]
async fn phn_21_a_state_in_every_word_the_centre_has() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    use PresenceState as State;
    for (state, title, keys) in [
        (State::Ready, "Ready", &["NotReady", "Refresh"][..]),
        (State::Reserved, "Call arriving", &["Ready", "NotReady", "Refresh"]),
        (State::Talking, "Talking", &["Ready", "NotReady", "Refresh"]),
        (State::Held, "On hold", &["Ready", "NotReady", "Refresh"]),
        (State::Busy, "Busy", &["Ready", "NotReady", "Refresh"]),
        (
            State::NotReady { reason: Some(ReasonCode(12)) },
            "Not Ready - Lunch",
            &["Ready", "NotReady", "SignOut", "Refresh"],
        ),
        (
            State::NotReady { reason: Some(ReasonCode(50_002)) },
            "Not Ready - 50002",
            &["Ready", "NotReady", "SignOut", "Refresh"],
        ),
        (State::Unknown, "Not known", &["Refresh"]),
    ] {
        centre.says("1001", state).await;
        let view = phone.press(&home, "Refresh").await;
        assert_eq!((view.title(), view.keys()), (title, keys.to_vec()));
    }
    centre.says_next("1001", State::Talking, State::Ready).await;
    let view = phone.press(&home, "Refresh").await;
    assert!(view.text().contains("Next: Ready"), "{view:?}");
    assert_eq!(view.keys(), ["NotReady", "Refresh"]);
    for (ready_afterwards, next) in [(true, "Next: Ready"), (false, "Next: Not Ready")] {
        centre.says("1001", State::WrapUp { ready_afterwards }).await;
        let view = phone.press(&home, "Refresh").await;
        assert_eq!(view.title(), "Wrap-up");
        assert!(view.text().contains(next), "{view:?}");
    }
}

#[tokio::test]
async fn phn_05_a_page_older_than_the_centres_state_changes_nothing() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    node.clock.advance(Duration::from_secs(30));
    let lunch = PresenceState::NotReady { reason: Some(ReasonCode(12)) };
    centre.says("1001", lunch).await;
    let view = phone.press(&home, "Ready").await;
    assert_eq!(view.title(), "Not Ready - Lunch");
    assert!(view.text().contains("Your state changed meanwhile."), "{view:?}");
    assert!(!centre.asked().iter().any(|ask| matches!(ask, OwnerAsk::Set { .. })));
    // The page that says so is a new one.
    assert_eq!(phone.press(&view, "Ready").await.title(), "Ready");
}

#[tokio::test]
async fn cti_02_a_press_that_was_not_confirmed_or_refused_says_so() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    use OwnerRefusalKind as Kind;
    for (answer, words) in [
        (OwnerAnswer::Unknown(Unclear::NotSeen), "has not confirmed yet"),
        (OwnerAnswer::Unreachable, "cannot be reached right now"),
        (refused(Kind::State, 11), "does not allow this in your state (code 11)"),
        (refused(Kind::Reason, 12), "does not take this reason (code 12)"),
        (refused(Kind::Call, 13), "knows this call no more (code 13)"),
        (refused(Kind::Away, 14), "cannot do this right now (code 14)"),
        (refused(Kind::NotOffered, 15), "does not offer this (code 15)"),
        (refused(Kind::Other, 16), "refused this (code 16)"),
    ] {
        centre.answers_set(answer);
        // Another second is another link.
        node.clock.advance(Duration::from_secs(1));
        let fresh = phone.press(&home, "Refresh").await;
        let view = phone.press(&fresh, "Ready").await;
        assert_eq!(view.title(), "Not Ready", "what is known");
        assert!(view.text().contains(words), "{words}: {view:?}");
    }
}

#[tokio::test]
async fn cti_07_what_is_not_known_any_more_is_said_and_nothing_is_offered() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    centre.is_lost().await;
    assert!(matches!(need(&node).await, Some(Need::Behind { .. })), "the phone is told");
    let pressed = phone.press(&home, "Ready").await;
    assert!(pressed.text().contains("Not possible while your state is not known."), "{pressed:?}");
    node.clock.advance(Duration::from_secs(12));
    let view = phone.press(&home, "Refresh").await;
    assert_eq!((view.title(), view.keys()), ("Not known", vec!["Refresh"]));
    let words = "State not known for 00:00:12 (contact centre unreachable)";
    assert!(view.text().contains(words), "{view:?}");
    centre.says("1001", PresenceState::Ready).await;
    assert_eq!(phone.press(&home, "Refresh").await.title(), "Ready");
}

#[tokio::test]
async fn phn_05_what_the_phone_shows_already_is_not_pushed() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let ready = phone.press(&home, "Ready").await;
    assert_eq!(need(&node).await, None, "its own press answered it");
    // The event of the same change comes after the page.
    assert!(!centre.says("1001", PresenceState::Ready).await);
    assert_eq!(need(&node).await, None);
    // Durations are made by the clock, and are no change.
    node.clock.advance(Duration::from_secs(60));
    assert_eq!(need(&node).await, None);
    assert!(centre.has_calls("1001", vec![inbound("c1", CallState::Alerting)]).await);
    assert!(matches!(need(&node).await, Some(Need::Behind { .. })));
    phone.press(&ready, "Refresh").await;
    assert_eq!(need(&node).await, None);
}

#[tokio::test]
async fn phn_05_more_that_came_with_a_call_counts_only_where_it_is_seen() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    centre.says("1001", PresenceState::Talking).await;
    let mut call = inbound("c1", CallState::Active);
    centre.has_calls("1001", vec![call.clone()]).await;
    let talking = phone.press(&home, "Refresh").await;
    call.variables[0].value = "Braun".to_owned();
    assert!(centre.has_calls("1001", vec![call.clone()]).await);
    assert_eq!(need(&node).await, None, "the home screen shows nothing of it");
    let data = phone.press(&talking, "CData").await;
    assert!(data.text().contains("Customer: Braun"), "{data:?}");
    call.variables[1].value = "not in the layout either".to_owned();
    assert!(centre.has_calls("1001", vec![call.clone()]).await);
    assert_eq!(need(&node).await, None, "nor does the call's page of what is not in the layout");
    call.variables[0].value = "Weiss".to_owned();
    assert!(centre.has_calls("1001", vec![call]).await);
    assert!(matches!(need(&node).await, Some(Need::Behind { .. })));
}

#[tokio::test]
async fn phn_21_calls_that_wait_are_shown_where_they_are_told() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    assert!(!home.text().contains("Calls waiting"));
    let figures = |calls, longest_since| QueueFigures { calls, longest_since };
    centre.has_waiting("1001", figures(3, Some(NOW))).await;
    // It comes with the next refresh; a push would take other pages away.
    assert_eq!(need(&node).await, None);
    node.clock.advance(Duration::from_secs(61));
    let view = phone.press(&home, "Refresh").await;
    assert!(view.text().contains("Calls waiting: 3, longest 00:01:01"), "{view:?}");
    let later = NOW.after(Duration::from_secs(20));
    centre.has_waiting("1001", figures(3, Some(later))).await;
    assert_eq!(need(&node).await, None, "as many as before");
    centre.has_waiting("1001", figures(0, None)).await;
    let view = phone.press(&home, "Refresh").await;
    assert!(view.text().contains("Calls waiting: 0\n"), "{view:?}");
}

#[tokio::test]
async fn phn_22_a_take_over_ends_the_page_on_the_other_phone() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut first = Handset::new(&node, "SEP1");
    first.sign_in("1001", "2001").await;
    assert_eq!(need(&node).await, None);
    centre.answers_sign_in(refused(OwnerRefusalKind::AlreadySignedOn, 259));
    Handset::new(&node, "SEP2").sign_in("1001", "2001").await;
    let is_over = async || {
        let shown = locked(&node.phone.screens).of(&"SEP1".parse().unwrap()).is_some();
        // Nobody can be told without pushes, so the page is forgotten.
        !shown || need(&node).await == Some(Need::Over)
    };
    assert!(is_over().await);
}

#[tokio::test]
async fn phn_20_a_silent_phone_signs_its_agent_out_at_the_centre_too() {
    let node = north().await;
    let _centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    node.clock.advance(Duration::from_secs(120));
    node.phone.tick().await;
    let session = node.port.session_of(&at_north("1001")).await.unwrap().unwrap();
    assert!(session.leaving().is_some(), "the sign-out is owed: {session:?}");
    assert_eq!(locked(&node.phone.screens).count(), 0);
    // Further looks find nobody to sign out.
    node.phone.tick().await;
    let over = phone.press(&home, "Refresh").await;
    assert_eq!((over.title(), over.prompt()), ("Sign in", "Phone did not answer (255)"));
    let again = node.port.session_of(&at_north("1001")).await.unwrap().unwrap();
    assert_eq!(again.holder(), session.holder());
}
