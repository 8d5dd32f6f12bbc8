//! What phones show, and what silence leads to, on a clock moved by hand.

use domain::{
    AgentSession, PairName, SessionNumber, SignedIn, SignedOut, SignedOutBy, Status, Voice,
};

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const INACTIVITY: Duration = Duration::from_secs(120);
const KEPT: Duration = Duration::from_secs(30 * 60);

fn device(name: &str) -> DeviceName {
    name.parse().unwrap()
}

fn later(seconds: u64) -> Timestamp {
    NOW.after(Duration::from_secs(seconds))
}

fn session(generation: u32, changes: u32) -> AgentSession {
    AgentSession {
        agent: AgentKey { pair: PairName::owned(), id: "1001".parse().unwrap() },
        number: SessionNumber(7),
        generation,
        status: Status::SignedIn(Box::new(SignedIn {
            at: NOW,
            node: "gw-a.example".parse().unwrap(),
            extension: "2001".parse().unwrap(),
            device: None,
            screen: Some(device("SEP1")),
            mobile: None,
            proof: None,
            client: None,
            voice: Some(Voice::signed_in(NOW)),
            call: None,
            changes,
            origins: domain::Origins::default(),
        })),
    }
}

fn home(changes: u32) -> (Shows, ScreenName) {
    (Shows::marked(changes), ScreenName::Home)
}

fn shown() -> Screens {
    let mut screens = Screens::default();
    let screen = Screen::new(&session(1, 3), home(3), [192, 0, 2, 7].into(), "https://gw", NOW);
    screens.show(&device("SEP1"), screen);
    screens
}

#[test]
fn phn_05_a_phone_whose_page_is_old_needs_a_push() {
    let mut screens = shown();
    let sep1 = device("SEP1");
    let need = |screens: &Screens, session: &AgentSession| {
        let changes = session.signed_in().unwrap().changes;
        screens.need(&sep1, Some((session, Shows::marked(changes))))
    };
    assert_eq!(need(&screens, &session(1, 3)), None);
    assert_eq!(need(&screens, &session(1, 4)), Some(Need::Behind { shows: Shows::marked(4) }));
    // The phone's own press gets the new page as its answer.
    screens.press_begins(&sep1);
    screens.press_begins(&sep1);
    assert_eq!(need(&screens, &session(1, 4)), None);
    screens.press_ends(&sep1);
    assert_eq!(need(&screens, &session(1, 4)), None);
    screens.press_ends(&sep1);
    assert_eq!(need(&screens, &session(1, 4)), Some(Need::Behind { shows: Shows::marked(4) }));
    assert_eq!(screens.need(&device("SEP2"), Some((&session(1, 4), Shows::marked(4)))), None);
    // Once told, the rest is up to the phone.
    screens.told(&sep1, Shows::marked(4));
    assert_eq!(need(&screens, &session(1, 4)), None);
    assert_eq!(need(&screens, &session(1, 5)), Some(Need::Behind { shows: Shows::marked(5) }));
}

#[test]
fn phn_05_a_phone_that_began_anew_needs_its_page_once() {
    let mut screens = shown();
    let (sep1, session) = (device("SEP1"), session(1, 3));
    let now = Some((&session, Shows::marked(3)));
    screens.lose(&device("SEP2"));
    assert_eq!(screens.need(&sep1, now), None);
    screens.lose(&sep1);
    let behind = Some(Need::Behind { shows: Shows::marked(3) });
    assert_eq!(screens.need(&sep1, now), behind);
    screens.told(&sep1, Shows::marked(3));
    assert_eq!(screens.need(&sep1, now), None);
    screens.lose(&sep1);
    assert_eq!(screens.need(&sep1, now), behind);
    let seen = ([192, 0, 2, 7].into(), "https://gw");
    assert!(screens.show_again(&sep1, &session, home(3), seen, NOW));
    assert_eq!(screens.need(&sep1, now), None);
    // Who closed the window is left alone all the same.
    screens.lose(&sep1);
    screens.close(&sep1, session.holder());
    assert_eq!(screens.need(&sep1, now), None);
}

#[test]
fn phn_22_a_page_whose_session_is_over_needs_a_push() {
    let screens = shown();
    let sep1 = device("SEP1");
    assert_eq!(screens.need(&sep1, Some((&session(2, 4), Shows::marked(4)))), Some(Need::Over));
    assert_eq!(screens.need(&sep1, None), Some(Need::Over));
    let end = SignedOut { at: NOW, reason: None, by: SignedOutBy::Supervisor };
    let ended = AgentSession { status: Status::SignedOut(end), ..session(2, 0) };
    assert_eq!(screens.need(&sep1, Some((&ended, Shows::marked(0)))), Some(Need::Over));
}

#[test]
fn phn_20_a_silent_phone_is_asked_and_then_signed_out() {
    let mut screens = shown();
    let sep1 = device("SEP1");
    assert_eq!(screens.silence(later(119), INACTIVITY), []);
    assert_eq!(screens.silence(later(120), INACTIVITY), [Silence::Ask(sep1.clone())]);
    // While the push waits for others, nothing follows.
    assert_eq!(screens.silence(later(180), INACTIVITY), []);
    screens.ask_delivered(&sep1, later(180));
    screens.ask_delivered(&sep1, later(190));
    assert_eq!(screens.ask_failed(&sep1, later(190)), None);
    assert_eq!(screens.silence(later(194), INACTIVITY), []);
    let sign_out = Silence::SignOut {
        device: sep1.clone(),
        agent: session(1, 3).agent,
        holder: session(1, 3).holder(),
    };
    assert_eq!(screens.silence(later(195), INACTIVITY), [sign_out]);
}

#[test]
fn phn_20_a_phone_that_cannot_be_asked_is_signed_out() {
    let mut screens = shown();
    let sep1 = device("SEP1");
    assert_eq!(screens.ask_failed(&sep1, NOW), None);
    assert_eq!(screens.silence(later(120), INACTIVITY).len(), 1);
    // What kept a push from being tried is not the phone's fault.
    screens.ask_dropped(&sep1);
    assert_eq!(screens.silence(later(121), INACTIVITY), [Silence::Ask(sep1.clone())]);
    let sign_out = screens.ask_failed(&sep1, later(122));
    assert!(matches!(sign_out, Some(Silence::SignOut { .. })));
    // Where that came to nothing it is tried again.
    assert_eq!(screens.silence(later(136), INACTIVITY), []);
    assert_eq!(screens.silence(later(137), INACTIVITY), Vec::from_iter(sign_out));
}

#[test]
fn phn_19_a_phone_has_to_show_the_cookie_for_half_an_hour_after_it_did() {
    let mut screens = shown();
    let (sep1, holder) = (device("SEP1"), session(1, 3).holder());
    assert!(!screens.needs_cookie(&sep1, holder, NOW, KEPT), "it never showed one");
    screens.believe(&sep1, session(2, 0).holder(), Proven::Cookie, NOW);
    assert!(!screens.needs_cookie(&sep1, holder, NOW, KEPT), "that was another's");
    screens.believe(&sep1, holder, Proven::Cookie, NOW);
    assert!(screens.needs_cookie(&sep1, holder, NOW, KEPT));
    assert!(!screens.needs_cookie(&sep1, session(2, 0).holder(), NOW, KEPT));
    // Whether it was asked or answered something makes no difference.
    screens.silence(later(120), INACTIVITY);
    screens.ask_delivered(&sep1, later(121));
    assert!(screens.needs_cookie(&sep1, holder, later(121), KEPT));
    screens.hear(&sep1, later(122));
    assert!(screens.needs_cookie(&sep1, holder, later(1799), KEPT));
    // Then it dropped the cookie as documented.
    assert!(!screens.needs_cookie(&sep1, holder, later(1800), KEPT));
    // A clock that was set back does not prolong that, and with zero the address always counts.
    screens.believe(&sep1, holder, Proven::Cookie, later(86_400));
    assert!(!screens.needs_cookie(&sep1, holder, later(1), KEPT));
    assert!(!screens.needs_cookie(&sep1, holder, later(86_401), Duration::ZERO));
    screens.believe(&sep1, holder, Proven::Cookie, NOW);
    // Coming by another base is no news about cookies, another sign-in is.
    let anew = |generation| {
        let address = [192, 0, 2, 7].into();
        Screen::new(&session(generation, 3), home(3), address, "https://other", later(122))
    };
    screens.show(&sep1, anew(1));
    assert!(screens.needs_cookie(&sep1, holder, later(1799), KEPT));
    screens.show(&sep1, anew(2));
    assert!(!screens.needs_cookie(&sep1, session(2, 0).holder(), later(122), KEPT));
}

#[test]
fn phn_19_a_phone_whose_window_was_closed_is_left_alone_until_its_session_ends() {
    let mut screens = shown();
    let (sep1, holder) = (device("SEP1"), session(1, 3).holder());
    screens.believe(&sep1, holder, Proven::Cookie, NOW);
    screens.close(&sep1, session(2, 0).holder());
    assert!(!screens.is_closed(&sep1), "that was another's");
    screens.close(&sep1, holder);
    assert!(screens.is_closed(&sep1));
    // However long ago: whoever stands there now opened no page of that session.
    assert!(screens.needs_cookie(&sep1, holder, later(86_400), KEPT));
    assert_eq!(screens.need(&sep1, Some((&session(1, 4), Shows::marked(4)))), None);
    assert_eq!(screens.need(&sep1, Some((&session(2, 4), Shows::marked(4)))), Some(Need::Over));
    // A question would get no answer that is believed.
    assert_eq!(screens.silence(later(119), INACTIVITY), []);
    let ended = screens.silence(later(120), INACTIVITY);
    assert!(matches!(ended.as_slice(), [Silence::SignOut { .. }]), "{ended:?}");
    assert_eq!(screens.silence(later(121), INACTIVITY), []);
    assert_eq!(screens.silence(later(135), INACTIVITY), ended, "where that came to nothing");
    // The cookie itself shows that the window is there.
    screens.believe(&sep1, holder, Proven::Cookie, later(136));
    assert!(!screens.is_closed(&sep1));
    assert_eq!(
        screens.need(&sep1, Some((&session(1, 4), Shows::marked(4)))),
        Some(Need::Behind { shows: Shows::marked(4) })
    );
}

#[test]
fn phn_20_a_phone_that_dropped_its_cookie_is_judged_by_its_address_from_then_on() {
    let mut screens = shown();
    let (sep1, holder) = (device("SEP1"), session(1, 3).holder());
    screens.believe(&sep1, holder, Proven::Cookie, NOW);
    screens.believe(&sep1, holder, Proven::Address, later(1800));
    assert!(!screens.needs_cookie(&sep1, holder, later(1801), KEPT));
    // Where the clock was set back too.
    assert!(!screens.needs_cookie(&sep1, holder, NOW, KEPT));
    screens.believe(&sep1, holder, Proven::Cookie, later(1802));
    assert!(screens.needs_cookie(&sep1, holder, later(1803), KEPT));
}

#[test]
fn phn_20_a_phone_that_fetches_stays() {
    let mut screens = shown();
    let sep1 = device("SEP1");
    screens.hear(&sep1, later(119));
    assert_eq!(screens.silence(later(238), INACTIVITY), []);
    assert_eq!(screens.silence(later(239), INACTIVITY), [Silence::Ask(sep1.clone())]);
    screens.hear(&sep1, later(240));
    assert_eq!(screens.ask_failed(&sep1, later(240)), None);
    assert_eq!(screens.silence(later(300), INACTIVITY), []);
}

#[test]
fn phn_20_zero_means_never() {
    let mut screens = shown();
    assert_eq!(screens.silence(later(1_000_000), Duration::ZERO), []);
    assert_eq!(screens.silence(later(1_000_000), INACTIVITY).len(), 1);
    assert_eq!(screens.silence(later(1_000_100), Duration::ZERO), []);
    assert!(!screens.is_asked(&device("SEP1")));
}

#[test]
fn what_belongs_to_another_holder_is_not_forgotten() {
    let mut screens = shown();
    let sep1 = device("SEP1");
    assert!(!screens.forget(&sep1, session(2, 0).holder()));
    assert_eq!((screens.count(), screens.of_agent(&session(1, 3).agent).len()), (1, 1));
    assert!(screens.forget(&sep1, session(1, 0).holder()));
    assert_eq!((screens.count(), screens.by_agent.len()), (0, 0));
}

#[test]
fn a_page_shown_again_is_as_if_it_were_shown_anew() {
    let sep1 = device("SEP1");
    let (address, base) = (IpAddr::from([192, 0, 2, 9]), "https://gw");
    let again = |screens: &mut Screens, session: &AgentSession, base: &str| {
        screens.show_again(&sep1, session, home(5), (address, base), later(130))
    };
    let mut screens = shown();
    assert_eq!(screens.silence(later(120), INACTIVITY).len(), 1);
    screens.told(&sep1, Shows::marked(5));
    assert!(again(&mut screens, &session(1, 5), base));
    let anew = Screen::new(&session(1, 5), home(5), address, base, later(130));
    assert_eq!(screens.of(&sep1), Some(&anew));
    let other = AgentKey { pair: PairName::owned(), id: "1002".parse().unwrap() };
    let other = AgentSession { agent: other, ..session(1, 5) };
    assert!(!again(&mut screens, &other, base));
    assert!(!again(&mut screens, &session(2, 5), base));
    assert!(!again(&mut screens, &session(1, 5), "https://other"));
    assert!(!again(&mut Screens::default(), &session(1, 5), base));
    assert_eq!(screens.of(&sep1), Some(&anew));
}

#[test]
fn phn_19_a_phone_shows_one_agent_at_a_time() {
    let mut screens = shown();
    let other = AgentSession {
        agent: AgentKey { pair: PairName::owned(), id: "1002".parse().unwrap() },
        ..session(1, 0)
    };
    let screen = Screen::new(&other, home(0), [192, 0, 2, 7].into(), "https://gw", NOW);
    screens.show(&device("SEP1"), screen);
    assert_eq!(screens.of_agent(&session(1, 3).agent), []);
    assert_eq!(screens.of_agent(&other.agent), [device("SEP1")]);
}
