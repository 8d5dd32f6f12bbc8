//! Phones are told what their agent does: once, the newest, and again where they may not know.

use domain::HeadsetNews::{ConfigurationChanged, ServicesChanged};
use domain::settings::{HeadsetMode, MuteButton};
use domain::{
    AgentCommand, AgentKey, CallDirection, Command, PresenceState, ReasonCode, SignedOutBy, Wish,
};
use engine::ShowFailure;
use engine::testing::apply;

use super::site::{
    Centre, OTHER_PHONE, PHONE, Site, device, settings, settings_north, until, with_headset,
};

const READY: PresenceState = PresenceState::Ready;
const NOT_READY: PresenceState = PresenceState::NotReady { reason: Some(ReasonCode(7)) };
const GONE: PresenceState = PresenceState::SignedOut { reason: None };

fn wish(agent: &str, wish: Wish) -> Command {
    let agent = AgentKey::owned(agent.parse().unwrap());
    Command::Agent(AgentCommand { agent, holder: None, seen_changes: None, wish })
}

#[tokio::test]
async fn hst_04_a_phone_is_told_what_its_agent_does_on_owned_voice_state() {
    let mut site = Site::new(&settings()).await;
    let phone = site.phone(PHONE, "192.0.2.1");
    let other = site.phone(OTHER_PHONE, "192.0.2.2");
    phone.was_told(&[(1, 0)]).await;
    site.sign_in("1001", "2001", None).await;
    phone.was_told(&[(1, 0), (2, 0)]).await;
    site.done(wish("1001", Wish::Ready)).await;
    phone.was_told(&[(1, 0), (2, 0), (3, 0)]).await;
    site.done(wish("1001", Wish::NotReady(Some(ReasonCode(7))))).await;
    phone.was_told(&[(1, 0), (2, 0), (3, 0), (2, 7)]).await;
    // A call is not told, and what follows it is.
    let call = |id: &str| Wish::CallBegins {
        id: id.to_owned(),
        direction: CallDirection::Inbound,
        number: "+4930555".to_owned(),
        variables: vec![],
    };
    site.done(wish("1001", Wish::Ready)).await;
    site.done(wish("1001", call("c1"))).await;
    site.done(wish("1001", Wish::NotReady(Some(ReasonCode(1))))).await;
    site.done(wish("1001", Wish::CallEnds { id: None })).await;
    site.clock.advance(std::time::Duration::from_secs(600));
    let out = Wish::ForceSignOut { reason: None, by: SignedOutBy::Supervisor };
    site.done(wish("1001", out)).await;
    until("the end", || (phone.states().last() == Some(&(1, 0))).then_some(())).await;
    assert_eq!(other.states(), [(1, 0)], "another phone hears nothing of it");
    site.end().await;
}

#[tokio::test]
async fn hst_09_a_change_anywhere_reaches_the_phone_by_what_the_owner_tells() {
    let site = Site::new(&settings_north()).await;
    let phone = site.phone(PHONE, "192.0.2.1");
    let centre = Centre::new(&site);
    phone.was_told(&[(1, 0)]).await;
    // Nobody of this agent is signed in here: the desktop is the contact centre's own.
    centre.tells("1001", NOT_READY, "2001", None);
    phone.was_told(&[(1, 0), (2, 7)]).await;
    centre.tells("1001", READY, "2001", None);
    phone.was_told(&[(1, 0), (2, 7), (3, 0)]).await;
    for state in [PresenceState::Reserved, PresenceState::Talking, PresenceState::Held] {
        centre.tells("1001", state, "2001", None);
    }
    centre.tells("1001", PresenceState::WrapUp { ready_afterwards: false }, "2001", None);
    centre.tells("1001", NOT_READY, "2001", None);
    phone.was_told(&[(1, 0), (2, 7), (3, 0), (2, 7)]).await;
    centre.tells("1001", GONE, "2001", None);
    phone.was_told(&[(1, 0), (2, 7), (3, 0), (2, 7), (1, 0)]).await;
    site.end().await;
}

#[tokio::test]
async fn hst_14_state_is_told_again_after_registration_link_return_and_sign_in() {
    let site = Site::new(&settings_north()).await;
    let centre = Centre::new(&site);
    centre.tells("1001", READY, "2001", None);
    centre.settled().await;
    let phone = site.phone(PHONE, "192.0.2.1");
    phone.was_told(&[(3, 0)]).await;
    drop(phone);
    let phone = site.phone(PHONE, "192.0.2.1");
    phone.was_told(&[(3, 0)]).await;
    // While nothing is known nothing is told; what was told before is told again once it is known.
    centre.loses_link();
    centre.settled().await;
    centre.serves();
    centre.tells("1001", READY, "2001", None);
    phone.was_told(&[(3, 0), (3, 0)]).await;
    centre.loses_link();
    centre.tells("1001", NOT_READY, "2001", None);
    phone.was_told(&[(3, 0), (3, 0), (2, 7)]).await;
    site.end().await;
}

#[tokio::test]
async fn hst_14_nobody_is_told_to_be_signed_out_before_the_contact_centre_told() {
    let site = Site::new(&settings_north()).await;
    let phone = site.phone(PHONE, "192.0.2.1");
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(phone.states(), []);
    let centre = Centre::new(&site);
    centre.tells("1001", READY, "2001", None);
    phone.was_told(&[(3, 0)]).await;
    let other = site.phone(OTHER_PHONE, "192.0.2.2");
    other.was_told(&[(1, 0)]).await;
    site.end().await;
}

#[tokio::test]
async fn hst_14_a_phone_whose_answer_was_lost_is_told_again() {
    let site = Site::new(&settings_north()).await;
    let centre = Centre::new(&site);
    let phone = site.phone(PHONE, "192.0.2.1");
    centre.tells("1001", READY, "2001", None);
    until("ready", || (phone.states().last() == Some(&(3, 0))).then_some(())).await;
    phone.answers(Err(ShowFailure::NoAnswer));
    centre.tells("1001", NOT_READY, "2001", None);
    until("not ready", || (phone.states().last() == Some(&(2, 7))).then_some(())).await;
    phone.answers(Ok(()));
    // It may show Not Ready, though the gateway only knows that it took Ready.
    centre.tells("1001", READY, "2001", None);
    until("ready", || (phone.states().last() == Some(&(3, 0))).then_some(())).await;
    site.end().await;
}

#[tokio::test]
async fn hst_14_lines_that_changed_while_the_node_was_down_are_known() {
    let mut moved = settings_north();
    let phones = [device(PHONE, &["2009"]), device(OTHER_PHONE, &["2002"])];
    let phones = phones.map(|it| (it.name.clone(), std::sync::Arc::new(it)));
    moved.devices = std::sync::Arc::new(phones.into());
    // The service is made, then a file of settings is applied, then it begins to follow.
    let site = Site::made_before(&settings_north(), &moved).await;
    let centre = Centre::new(&site);
    let phone = site.phone(PHONE, "192.0.2.1");
    centre.tells("1001", READY, "2009", None);
    until("ready", || (phone.states().last() == Some(&(3, 0))).then_some(())).await;
    site.end().await;
}

#[tokio::test]
async fn hst_14_of_several_states_that_wait_only_the_newest_is_told() {
    let site = Site::new(&settings_north()).await;
    let centre = Centre::new(&site);
    let phone = site.phone(PHONE, "192.0.2.1");
    phone.was_told(&[(1, 0)]).await;
    for _ in 0..200 {
        centre.tells("1001", READY, "2001", None);
        centre.tells("1001", NOT_READY, "2001", None);
    }
    centre.tells("1001", READY, "2001", None);
    centre.settled().await;
    until("the last", || (phone.states().last() == Some(&(3, 0))).then_some(())).await;
    let told = phone.states();
    assert!(told.windows(2).all(|two| two[0] != two[1]), "{told:?}");
    site.end().await;
}

#[tokio::test]
async fn hst_04_a_phone_that_does_not_answer_gets_two_tries_until_it_registers() {
    let site = Site::new(&settings_north()).await;
    let centre = Centre::new(&site);
    let phone = site.phone(PHONE, "192.0.2.1");
    phone.was_told(&[(1, 0)]).await;
    phone.answers(Err(ShowFailure::NoAnswer));
    centre.tells("1001", READY, "2001", None);
    phone.was_told(&[(1, 0), (3, 0), (3, 0)]).await;
    let is_dead = || site.headset.seen().iter().any(|it| it.dead);
    until("dead", || is_dead().then_some(())).await;
    centre.tells("1001", NOT_READY, "2001", None);
    centre.settled().await;
    assert_eq!(phone.states().len(), 3);
    drop(phone);
    let phone = site.phone(PHONE, "192.0.2.1");
    phone.was_told(&[(2, 7)]).await;
    assert!(!is_dead());
    site.end().await;
}

#[tokio::test]
async fn hst_14_two_candidates_mean_none_and_the_page_says_so() {
    let site = Site::new(&settings_north()).await;
    let centre = Centre::new(&site);
    let phone = site.phone(PHONE, "192.0.2.1");
    centre.tells("1001", READY, "2001", None);
    until("ready", || (phone.states().last() == Some(&(3, 0))).then_some(())).await;
    centre.tells("1002", NOT_READY, "2001", None);
    until("nobody", || (phone.states().last() == Some(&(1, 0))).then_some(())).await;
    let page = site.get(&format!("/headset/{PHONE}/cc"), "192.0.2.1").await;
    assert_eq!((page.status, page.body["agentId"].is_null()), (200, true));
    let problem = page.body["agentProblem"].as_str().unwrap();
    assert!(problem.contains("1001") && problem.contains("1002"), "{problem}");
    // The phone that events name wins over the line.
    centre.tells("1002", NOT_READY, "2001", Some(OTHER_PHONE));
    until("ready", || (phone.states().last() == Some(&(3, 0))).then_some(())).await;
    site.end().await;
}

#[tokio::test]
async fn hst_02_a_disabled_integration_tells_nothing() {
    let off = with_headset(&settings_north(), |it| it.mode = HeadsetMode::Disabled);
    let site = Site::new(&off).await;
    let centre = Centre::new(&site);
    let phone = site.phone(PHONE, "192.0.2.1");
    centre.tells("1001", READY, "2001", None);
    centre.settled().await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(phone.told(), vec![]);
    // Switched on, the phone discovers anew and is told.
    apply(&site.engine, &settings_north()).await;
    phone.was_told(&[(3, 0)]).await;
    until("news", || (phone.news() == [ServicesChanged]).then_some(())).await;
    // Switched off, it hears of that, and of no state any more.
    apply(&site.engine, &off).await;
    until("news", || (phone.news() == [ServicesChanged; 2]).then_some(())).await;
    centre.tells("1001", NOT_READY, "2001", None);
    centre.settled().await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(phone.states(), [(3, 0)]);
    site.end().await;
}

#[tokio::test]
async fn hst_05_each_setting_brings_the_news_it_calls_for() {
    let base = settings_north();
    let site = Site::new(&base).await;
    let _centre = Centre::new(&site);
    let phone = site.phone(PHONE, "192.0.2.1");
    phone.was_told(&[(1, 0)]).await;
    site.get(&format!("/headset/{PHONE}"), "192.0.2.1").await;
    let mut expected = Vec::new();
    let reason = with_headset(&base, |it| it.default_not_ready_reason = Some(ReasonCode(1)));
    let mute = with_headset(&reason, |it| it.mute_button = MuteButton::Mute);
    let mode = with_headset(&mute, |it| it.mode = HeadsetMode::Notification);
    let mut named = mode.clone();
    let mut pair = super::site::pair("north");
    pair.primary_node = Some("gw-a.example".parse().unwrap());
    pair.secondary_node = Some("gw-b.example".parse().unwrap());
    named.cti_pairs = std::sync::Arc::new([(pair.name.clone(), std::sync::Arc::new(pair))].into());
    for (settings, news) in [
        (&reason, ConfigurationChanged),
        (&mute, ConfigurationChanged),
        (&mode, ServicesChanged),
        (&named, ServicesChanged),
    ] {
        apply(&site.engine, settings).await;
        expected.push(news);
        let what = format!("{expected:?}");
        until(&what, || (phone.news() == expected).then_some(())).await;
    }
    // Reasons, teams and lines bring none.
    let mut others = named.clone();
    others.reasons = std::sync::Arc::default();
    others.headset = std::sync::Arc::new({
        let mut headset = (*named.headset).clone();
        headset.default_not_ready_reason = Some(ReasonCode(1));
        headset.token_hours = 12;
        headset
    });
    let phones = [device(PHONE, &["2001", "2003"]), device(OTHER_PHONE, &["2002"])];
    let phones = phones.map(|it| (it.name.clone(), std::sync::Arc::new(it)));
    others.devices = std::sync::Arc::new(phones.into());
    apply(&site.engine, &others).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(phone.news(), expected);
    site.end().await;
}

#[tokio::test]
async fn hst_10_a_phone_that_asked_before_we_heard_of_it_is_not_asked_to_discover() {
    let site = Site::new(&settings_north()).await;
    let _centre = Centre::new(&site);
    let path = format!("/headset/{OTHER_PHONE}");
    let (method, shown) = (http::Method::GET, Some(OTHER_PHONE));
    let asked = super::site::request(method, &path, "192.0.2.2", &[], "", shown);
    std::sync::Arc::clone(&site.headset).answer(asked).await;
    let early = site.phone(OTHER_PHONE, "192.0.2.2");
    early.was_told(&[(1, 0)]).await;
    // It would have been told before the one that came later.
    let late = site.phone(PHONE, "192.0.2.1");
    until("news", || (late.news() == [ServicesChanged]).then_some(())).await;
    assert_eq!(early.news(), vec![]);
    site.end().await;
}

#[tokio::test]
async fn hst_10_a_phone_that_found_the_service_late_is_asked_to_discover_it() {
    let site = Site::new(&settings_north()).await;
    let _centre = Centre::new(&site);
    let late = site.phone(PHONE, "192.0.2.1");
    let early = site.phone(OTHER_PHONE, "192.0.2.2");
    early.was_told(&[(1, 0)]).await;
    // One phone asks by itself, the other one does not.
    site.get(&format!("/headset/{OTHER_PHONE}"), "192.0.2.2").await;
    until("news", || (late.news() == [ServicesChanged]).then_some(())).await;
    assert_eq!(early.news(), vec![]);
    site.end().await;
}

#[tokio::test]
async fn hst_12_a_phone_behind_a_proxy_is_told_by_one_node_and_needs_no_address() {
    let site = Site::new(&settings_north()).await;
    let centre = Centre::new(&site);
    let phone = site.phone_reached(PHONE, None, true);
    centre.tells("1001", READY, "2001", None);
    until("ready", || (phone.states().last() == Some(&(3, 0))).then_some(())).await;
    site.end().await;
}
