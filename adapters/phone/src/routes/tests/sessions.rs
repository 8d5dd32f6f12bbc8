//! Whose pages they are, and what is left when a session is over.

use std::sync::Arc;
use std::time::Duration;

use domain::{ReasonCategory, ReasonCode, SignedOutBy, Wish};

use crate::link::LINK_LIFETIME;
use crate::push::Way;
use crate::testing::{Handset, Node, reason, settings};
use crate::{PushReason, locked};

fn forced(code: u16, by: SignedOutBy) -> Wish {
    Wish::ForceSignOut { reason: Some(ReasonCode(code)), by }
}

#[tokio::test]
async fn phn_22_signing_in_elsewhere_turns_the_old_page_into_the_sign_in_page() {
    let node = Node::new().await;
    let mut first = Handset::new(&node, "SEP1");
    let home = first.sign_in("1001", "2001").await;
    let mut second = Handset::new(&node, "SEP4");
    second.sign_in("1001", "2001").await;
    for key in ["Refresh", "Ready"] {
        let view = first.press(&home, key).await;
        assert_eq!((view.title(), view.prompt()), ("Sign in", "You signed in elsewhere"));
    }
    assert_eq!(node.state("1001").await, "not_ready");
}

#[tokio::test]
async fn cti_07_whoever_was_signed_out_reads_by_whom() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    for (wish, notice) in [
        (forced(33, SignedOutBy::Supervisor), "Signed out by a supervisor"),
        (forced(255, SignedOutBy::System), "Phone did not answer (255)"),
        (forced(32_740, SignedOutBy::System), "Signed out by the system (32740)"),
        (Wish::ForceSignOut { reason: None, by: SignedOutBy::System }, "Signed out by the system"),
    ] {
        let home = phone.sign_in("1001", "2001").await;
        node.wish("1001", wish).await;
        let view = phone.press(&home, "Refresh").await;
        assert_eq!((view.title(), view.prompt()), ("Sign in", notice));
        assert_eq!(phone.cookie, None);
    }
}

#[tokio::test]
async fn phn_19_the_next_person_sees_nothing_of_the_one_before() {
    let node = Node::new().await;
    let mut first = Handset::new(&node, "SEP1");
    let home = first.sign_in("1001", "2001").await;
    // Opening the service asks who it is, whatever the phone's cookie says.
    let mut again = Handset::new(&node, "SEP1");
    again.cookie = first.cookie.clone();
    let view = again.open("").await;
    assert_eq!(view.title(), "Sign in");
    assert!(!again.seen.contains("1001") && !again.seen.contains("Ada"));
    // After sign-out and another's sign-in the old page opens nothing of the one before.
    node.wish("1001", forced(33, SignedOutBy::Supervisor)).await;
    let mut second = Handset::new(&node, "SEP1");
    second.sign_in("1002", "2002").await;
    second.seen.clear();
    // A late push of the old page must not take the new agent's screen away.
    let view = second.press(&home, "Refresh").await;
    assert!(view.text().contains("1002, Line 2002"), "{view:?}");
    let view = second.press(&home, "Ready").await;
    assert_eq!(view.title(), "Not Ready", "the press was for another session");
    assert!(!second.seen.contains("2001") && !second.seen.contains("Ada"));
    // The address alone shows nobody's screen.
    second.close();
    let view = second.press(&home, "Refresh").await;
    assert_eq!((view.title(), view.prompt()), ("Sign in", "Signed out by a supervisor"));
    assert!(!second.seen.contains("2001") && !second.seen.contains("2002"));
}

#[tokio::test]
async fn phn_03_the_form_after_a_session_asks_for_what_the_one_before_it_did() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let form = phone.open("id=1001&extension=2001").await;
    let home = phone.submit(&form, &[("password", "password-1001")]).await;
    let list = phone.press(&home, "SignOut").await;
    let out = phone.choose(&list, "End of shift").await;
    assert_eq!((out.prompt(), out.fields()), ("You are signed out", vec![("password", None)]));
    let home = phone.submit(&out, &[("password", "password-1001")]).await;
    // The same where somebody else ends the session.
    Handset::new(&node, "SEP4").sign_in("1001", "2001").await;
    let elsewhere = phone.press(&home, "Refresh").await;
    let asked = (elsewhere.prompt(), elsewhere.fields());
    assert_eq!(asked, ("You signed in elsewhere", vec![("password", None)]));
}

#[tokio::test]
async fn phn_03_what_a_subscription_has_wrong_is_asked_for_after_a_corrected_session() {
    let right = [("id", "1001"), ("extension", "2001"), ("password", "password-1001")];
    for (prefilled, typed, asked) in [
        ("id=1001&extension=2009", vec![], vec!["extension", "password"]),
        ("id=1010&extension=2001", vec![], vec!["id", "password"]),
        ("extension=2009", vec![("id", "1001")], vec!["id", "extension", "password"]),
        ("id=1001&extension=2001", vec![], vec!["password"]),
    ] {
        let node = Node::new().await;
        let mut phone = Handset::new(&node, "SEP1");
        let form = phone.open(prefilled).await;
        let typed = [typed, vec![("password", "nonsense")]].concat();
        let wrong = phone.submit(&form, &typed).await;
        let form = phone.press(&wrong, "Retry").await;
        let home = phone.submit(&form, &right).await;
        node.wish("1001", forced(33, SignedOutBy::Supervisor)).await;
        let form = phone.press(&home, "Refresh").await;
        let fields: Vec<_> = form.fields().iter().map(|(name, _)| *name).collect();
        assert_eq!(fields, asked, "{prefilled}");
    }
}

#[tokio::test]
async fn phn_19_what_one_subscription_prefills_is_not_given_to_the_next_person() {
    let node = Node::new().await;
    let all = [("id", None), ("extension", None), ("password", None)];
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    node.wish("1001", forced(33, SignedOutBy::Supervisor)).await;
    // Who opens the service anew gets what their own subscription prefills.
    phone.open("").await;
    assert_eq!(phone.press(&home, "Refresh").await.fields(), all);
    // A page of the one before that comes late finds another window.
    let home = phone.sign_in("1001", "2001").await;
    node.wish("1001", forced(33, SignedOutBy::Supervisor)).await;
    phone.close();
    assert_eq!(phone.press(&home, "Refresh").await.fields(), all);
    assert!(!phone.seen.contains("1001") && !phone.seen.contains("2001"));
    // What was typed is nobody's subscription.
    let form = phone.open("").await;
    let typed = [("id", "1001"), ("extension", "2001"), ("password", "password-1001")];
    let home = phone.submit(&form, &typed).await;
    node.wish("1001", forced(33, SignedOutBy::Supervisor)).await;
    assert_eq!(phone.press(&home, "Refresh").await.fields(), all);
}

#[tokio::test]
async fn phn_19_a_link_needs_the_cookie_or_the_address_of_the_sign_in() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let cookie = phone.cookie.clone();
    let check = async |cookie: Option<&str>, away: bool, expected: &str| {
        let mut other = Handset::new(&node, "SEP1");
        other.cookie = cookie.map(str::to_owned);
        if away {
            other.address = [198, 51, 100, 1].into();
        }
        for key in ["Refresh", "NotReady"] {
            let view = other.press(&home, key).await;
            assert!(view.title().starts_with(expected), "{cookie:?} {away} {view:?}");
        }
    };
    check(None, false, "Not Ready").await;
    check(None, true, "Sign in").await;
    check(Some("jackfield_phone=AAAAAAAAAAAAAAAAAAAAAA"), false, "Sign in").await;
    check(cookie.as_deref(), false, "Not Ready").await;
    check(cookie.as_deref(), true, "Not Ready").await;
    // Who showed it keeps it, until the phone was idle for half an hour.
    node.clock.advance(Duration::from_secs(30 * 60));
    check(None, false, "Not Ready").await;
    check(None, true, "Sign in").await;
    // Who comes without it before that closed the window, and that stays so.
    check(cookie.as_deref(), false, "Not Ready").await;
    node.clock.advance(Duration::from_secs(29 * 60 + 59));
    check(None, false, "Sign in").await;
    node.clock.advance(Duration::from_secs(60 * 60));
    check(None, false, "Sign in").await;
    check(cookie.as_deref(), false, "Not Ready").await;
    assert_eq!(node.state("1001").await, "not_ready");
}

#[tokio::test]
async fn phn_19_where_the_service_was_opened_anew_no_page_of_before_comes_back() {
    let node = Node::new().await;
    // One phone keeps its cookies when the service is opened again, one keeps none at all.
    for keeps in [true, false] {
        let mut phone = Handset::new(&node, "SEP1");
        let home = phone.sign_in("1001", "2001").await;
        let old = phone.cookie.clone().filter(|_| keeps);
        phone.cookie.clone_from(&old);
        // Somebody elsewhere who names the phone changes nothing.
        let mut stranger = Handset::new(&node, "SEP1");
        stranger.address = [198, 51, 100, 1].into();
        stranger.open("").await;
        assert_eq!(phone.press(&home, "Refresh").await.title(), "Not Ready");
        let form = phone.open("").await;
        assert_eq!(form.title(), "Sign in");
        assert_eq!(phone.cookie, None, "it was taken away");
        assert_eq!(phone.press(&home, "Refresh").await.title(), "Sign in");
        // The agent carries on by signing in again.
        let home = phone.sign_in("1001", "2001").await;
        assert_eq!(phone.press(&home, "Refresh").await.title(), "Not Ready");
    }
    assert_eq!(node.state("1001").await, "not_ready");
}

#[tokio::test]
async fn phn_19_an_old_link_cancels_no_push_to_the_next_person() {
    let node = Node::new().await;
    let mut first = Handset::new(&node, "SEP1");
    let home = first.sign_in("1001", "2001").await;
    node.wish("1001", forced(33, SignedOutBy::Supervisor)).await;
    Handset::new(&node, "SEP1").sign_in("1002", "2002").await;
    let (device, now) = ("SEP1".parse().unwrap(), node.port.now());
    locked(&node.phone.pace).begin(&device, now, false, Way::Web);
    locked(&node.phone.pace).end(&device, Some((PushReason::NoAnswer, Way::Web)), now);
    let mut stranger = Handset::new(&node, "SEP1");
    stranger.address = [198, 51, 100, 1].into();
    let view = stranger.press(&home, "Refresh").await;
    assert_eq!(view.title(), "Sign in");
    let later = now.after(Duration::from_secs(60));
    assert_eq!(locked(&node.phone.pace).due(later), [device]);
}

#[tokio::test]
async fn phn_19_a_press_from_a_stranger_changes_nothing() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let mut stranger = Handset::new(&node, "SEP1");
    stranger.address = [198, 51, 100, 1].into();
    let view = stranger.press(&home, "Ready").await;
    assert_eq!((view.title(), view.prompt()), ("Sign in", "Please sign in again"));
    assert_eq!(node.state("1001").await, "not_ready");
    // The press is still the agent's to make.
    assert_eq!(phone.press(&home, "Ready").await.title(), "Ready");
}

#[tokio::test]
async fn a_link_that_is_too_old_asks_to_sign_in_again() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    node.clock.advance(LINK_LIFETIME + Duration::from_secs(1));
    let view = phone.press(&home, "Refresh").await;
    assert_eq!(view.prompt(), "Please sign in again");
    assert_eq!(node.state("1001").await, "not_ready");
}

#[tokio::test]
async fn phn_20_without_push_a_silent_phone_is_signed_out_with_255() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    node.clock.advance(Duration::from_secs(119));
    node.phone.tick().await;
    assert_eq!(node.state("1001").await, "not_ready");
    let home = phone.press(&home, "Refresh").await;
    node.clock.advance(Duration::from_secs(120));
    node.phone.tick().await;
    node.clock.advance(Duration::from_secs(15));
    node.phone.tick().await;
    assert_eq!(node.state("1001").await, "signed_out");
    let view = phone.press(&home, "Refresh").await;
    assert_eq!(view.prompt(), "Phone did not answer (255)");
}

#[tokio::test]
async fn phn_08_pages_come_in_the_language_of_the_phone() {
    let node = Node::new().await;
    for (language, title, ready) in [
        ("de-DE", "Nicht bereit", "Bereit"),
        ("fr_FR", "Non prêt", "Prêt"),
        ("es-ES", "No listo", "Listo"),
        ("ja-JP", "受付不可", "受付可"),
        ("nl-NL", "Not Ready", "Ready"),
    ] {
        let mut phone = Handset::new(&node, "SEP1").speaks(language);
        let view = phone.open("id=1001&extension=2001&password=password-1001").await;
        assert_eq!(view.title(), title);
        assert!(view.has_key(ready), "{view:?}");
    }
}

#[tokio::test]
async fn phn_08_a_latin1_phone_asking_for_japanese_gets_english_as_a_whole() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1").speaks("ja_JP");
    phone.headers[1].1 = "iso-8859-1";
    let view = phone.open("").await;
    assert_eq!(view.title(), "Sign in");
    assert!(phone.seen.is_ascii());
}

#[tokio::test]
async fn phn_08_a_phone_that_merely_prefers_latin1_gets_japanese_in_utf8() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1").speaks("ja_JP");
    phone.headers[1].1 = "iso-8859-1,utf-8;q=0.8";
    assert_eq!(phone.open("").await.title(), "サインイン");
    assert!(phone.seen.contains("charset=utf-8"));
}

#[tokio::test]
async fn phn_08_labels_that_latin1_lacks_are_shown_in_utf8() {
    let mut settings = settings();
    let mut reasons = (*settings.reasons).clone();
    for (code, label) in [(15, "休憩"), (16, "Łódź")] {
        let reason = reason(ReasonCategory::NotReady, code, label, "");
        reasons.insert((reason.category, reason.code), Arc::new(reason));
    }
    settings.reasons = Arc::new(reasons);
    let node = Node::with(settings).await;
    for (accepted, expected) in
        [("iso-8859-1,utf-8;q=0.8", ["休憩", "Łódź"]), ("iso-8859-1", ["??", "Lódz"])]
    {
        let mut phone = Handset::new(&node, "SEP1");
        phone.headers[1].1 = accepted;
        let home = phone.sign_in("1001", "2001").await;
        assert!(!phone.seen.contains("charset=utf-8"), "the other pages stay as they are");
        let list = phone.press(&home, "NotReady").await;
        assert_eq!(list.items()[2..], expected);
    }
}
