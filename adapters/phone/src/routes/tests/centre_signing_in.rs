//! Signing in where a contact centre judges.

use domain::{OwnerAnswer, OwnerAsk, OwnerRefusalKind, PresenceState, Unclear};

use crate::testing::centre::{Centre, at_north, refused, settings_with, until};
use crate::testing::{Handset, Node, View};

const QUERY: &str = "id=1001&extension=2001&password=password-1001";

async fn north() -> Node {
    Node::with(settings_with(&["north"])).await
}

async fn has_session(node: &Node) -> bool {
    let session = node.port.session_of(&at_north("1001")).await.unwrap();
    session.is_some_and(|session| session.signed_in().is_some())
}

#[track_caller]
fn check_problem(view: &View, words: &str) {
    assert_eq!(view.title(), "Not possible");
    assert!(view.text().contains(words), "{words}: {view:?}");
    assert!(view.has_key("Retry") && view.has_key("Exit"), "{view:?}");
}

#[tokio::test]
async fn cti_07_the_contact_centre_judges_the_password_and_says_what_follows() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    // It is not for us to know the password.
    let home = phone.open("id=1001&extension=2001&password=of-the-centre").await;
    assert_eq!(home.title(), "Not Ready");
    assert_eq!(home.keys(), ["Ready", "NotReady", "SignOut", "Refresh"]);
    let session = node.port.session_of(&at_north("1001")).await.unwrap().unwrap();
    assert_eq!(session.signed_in().unwrap().voice, None);
    let asked = centre.asked();
    let [OwnerAsk::SignIn(wish)] = asked.as_slice() else { panic!("{asked:?}") };
    let password = wish.password.as_ref().map(domain::Secret::expose);
    assert_eq!((wish.extension.as_str(), password), ("2001", Some("of-the-centre")));
}

#[tokio::test]
async fn cti_07_a_refused_sign_in_says_why_with_the_centres_number() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    use OwnerRefusalKind as Kind;
    for (kind, code, words) in [
        (Kind::ExtensionInUse, 283, "another agent uses this line (code 283)"),
        (Kind::Device, 12029, "no agents on this line or phone (code 12029)"),
        (Kind::Locked, 12, "has locked this account (code 12)"),
        (Kind::Mobile, 13, "this mobile number or mode (code 13)"),
        (Kind::Away, 14, "cannot sign you in right now (code 14)"),
        (Kind::State, 15, "refused the sign-in (code 15)"),
        (Kind::Reason, 16, "refused the sign-in (code 16)"),
        (Kind::Call, 17, "refused the sign-in (code 17)"),
        (Kind::NotOffered, 18, "refused the sign-in (code 18)"),
        (Kind::Other, 19, "refused the sign-in (code 19)"),
    ] {
        centre.answers_sign_in(refused(kind, code));
        let mut phone = Handset::new(&node, "SEP1");
        check_problem(&phone.open(QUERY).await, words);
        assert!(phone.cookie.is_none() && !has_session(&node).await, "{kind:?}");
    }
}

#[tokio::test]
async fn cti_07_a_wrong_password_and_an_unknown_agent_look_alike() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut texts = Vec::new();
    for (kind, code) in
        [(OwnerRefusalKind::WrongPassword, 258), (OwnerRefusalKind::AgentUnknown, 257)]
    {
        centre.answers_sign_in(refused(kind, code));
        let view = Handset::new(&node, "SEP1").open(QUERY).await;
        check_problem(&view, "The ID or password is wrong.");
        texts.push(view.text().to_owned());
    }
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn phn_10_who_is_signed_on_already_takes_over_with_the_password_of_the_last_sign_in() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut first = Handset::new(&node, "SEP1");
    let home = first.sign_in("1001", "2001").await;
    centre.answers_sign_in(refused(OwnerRefusalKind::AlreadySignedOn, 259));
    let mut second = Handset::new(&node, "SEP2");
    let view = second.open("id=1001&extension=2001&password=wrong").await;
    check_problem(&view, "The ID or password is wrong.");
    assert_eq!(first.press(&home, "Refresh").await.title(), "Not Ready", "nothing changed");
    second.sign_in("1001", "2001").await;
    let old = first.press(&home, "Refresh").await;
    assert_eq!((old.title(), old.prompt()), ("Sign in", "You signed in elsewhere"));
}

#[tokio::test]
async fn phn_10_who_is_signed_on_already_is_checked_by_the_centre_where_it_can() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    centre.answers_sign_in(refused(OwnerRefusalKind::AlreadySignedOn, 259));
    centre.answers_check(refused(OwnerRefusalKind::WrongPassword, 258));
    centre.says("1001", PresenceState::Ready).await;
    let mut phone = Handset::new(&node, "SEP1");
    check_problem(&phone.open(QUERY).await, "The ID or password is wrong.");
    centre.answers_check(OwnerAnswer::Done);
    assert_eq!(phone.open(QUERY).await.title(), "Ready", "what it does stays as it is");
    let asked = centre.asked();
    let is_check = |ask: &&OwnerAsk| matches!(ask, OwnerAsk::CheckPassword { .. });
    assert_eq!(asked.iter().filter(is_check).count(), 2, "{asked:?}");
}

#[tokio::test]
async fn phn_10_who_cannot_be_checked_is_told_to_sign_out_there() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    centre.answers_sign_in(refused(OwnerRefusalKind::AlreadySignedOn, 259));
    let view = Handset::new(&node, "SEP1").open(QUERY).await;
    check_problem(&view, "You are signed on elsewhere. Please sign out there first.");
    assert!(!has_session(&node).await);
}

#[tokio::test]
async fn phn_10_who_is_signed_on_on_another_line_is_told_which() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    Handset::new(&node, "SEP1").sign_in("1001", "2001").await;
    centre.answers_sign_in(refused(OwnerRefusalKind::AlreadySignedOn, 259));
    let query = "id=1001&extension=2050&password=password-1001";
    let mut phone = Handset::new(&node, "SEP2");
    let mut view = phone.open(query).await;
    if view.title() == "Choose your phone" {
        view = phone.choose(&view, "SEP8").await;
    }
    check_problem(&view, "on line 2001");
}

#[tokio::test]
async fn cti_02_a_sign_in_that_nobody_confirmed_is_not_taken_for_one() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    for unclear in [Unclear::NotSeen, Unclear::LinkLost] {
        centre.answers_sign_in(OwnerAnswer::Unknown(unclear));
        let mut phone = Handset::new(&node, "SEP1");
        check_problem(&phone.open(QUERY).await, "did not answer in time");
        assert!(phone.cookie.is_none() && !has_session(&node).await);
    }
}

#[tokio::test]
async fn cti_07_without_a_link_to_the_centre_nobody_signs_in() {
    let node = north().await;
    let view = Handset::new(&node, "SEP1").open(QUERY).await;
    check_problem(&view, "The contact centre cannot be reached");
    assert!(!has_session(&node).await);
}

#[tokio::test]
async fn cti_10_an_id_that_two_centres_know_is_the_administrators_to_settle() {
    let node = Node::with(settings_with(&["north", "south"])).await;
    let (north, south) = (Centre::start(&node, "north"), Centre::start(&node, "south"));
    let signed_out = PresenceState::SignedOut { reason: None };
    north.says("1001", signed_out).await;
    south.says("1001", signed_out).await;
    let view = Handset::new(&node, "SEP1").open(QUERY).await;
    check_problem(&view, "Several contact centres know this ID. Please ask your administrator.");
}

#[tokio::test]
async fn cti_07_who_is_signed_out_by_the_centre_is_told_so() {
    let node = north().await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let reason = Some(domain::ReasonCode(20_001));
    centre.says("1001", PresenceState::SignedOut { reason }).await;
    until("the session to end", async || !has_session(&node).await).await;
    let over = phone.press(&home, "Refresh").await;
    assert_eq!((over.title(), over.prompt()), ("Sign in", "Signed out by the system (20001)"));
    assert_eq!(phone.cookie, None);
}
