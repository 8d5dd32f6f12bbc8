//! What headsets ask for, once, late, twice, in calls, and while links break.

use domain::settings::{HeadsetMode, MuteButton};
use domain::{
    OwnerAnswer, OwnerAsk, OwnerRefusal, OwnerRefusalKind, PresenceState, ReasonCode, Target,
    Unclear,
};
use http::Method;
use serde_json::json;

use super::site::{Answered, Centre, PHONE, Site, settings, settings_north, until, with_headset};

const READY: PresenceState = PresenceState::Ready;
const NOT_READY: PresenceState = PresenceState::NotReady { reason: Some(ReasonCode(7)) };

/// 2027-01-15T08:00:00Z and so many seconds: the clock of the site.
fn at(seconds: i64) -> String {
    let (minute, second) = (seconds.div_euclid(60), seconds.rem_euclid(60));
    format!("2027-01-15T{:02}:{:02}:{second:02}Z", 8 + minute.div_euclid(60), minute.rem_euclid(60))
}

async fn site_with(settings: &domain::Settings) -> (Site, Centre, super::site::Phone) {
    let site = Site::new(settings).await;
    let centre = Centre::new(&site);
    let phone = site.phone(PHONE, "192.0.2.1");
    (site, centre, phone)
}

async fn heard(site: &Site, centre: &Centre, state: PresenceState) {
    centre.tells("1001", state, "2001", None);
    centre.settled().await;
    let page = format!("/headset/{PHONE}/cc");
    for _ in 0..1_000 {
        let answer = site.get(&page, "192.0.2.1").await;
        if answer.status == 429 {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            continue;
        }
        if answer.body["agentId"] == "1001" {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the agent is not at the phone");
}

fn sets(centre: &Centre) -> Vec<Target> {
    let set = |ask: OwnerAsk| match ask {
        OwnerAsk::Set { target, .. } => Some(target),
        _ => None,
    };
    centre.asked().into_iter().filter_map(set).collect()
}

#[tokio::test]
async fn hst_02_the_mute_key_toggles_and_the_light_follows_the_owner() {
    let (site, centre, phone) = site_with(&settings_north()).await;
    heard(&site, &centre, NOT_READY).await;
    let answer = site.update(json!({"state": "Ready", "requestId": "a", "sentAt": at(0)})).await;
    assert_eq!((answer.status, &answer.body["state"]), (202, &json!("Ready")));
    until("ready", || (phone.states().last() == Some(&(3, 0))).then_some(())).await;
    let not_ready =
        json!({"state": "NotReady", "reasonCode": 1, "requestId": "b", "sentAt": at(1)});
    site.clock.advance(std::time::Duration::from_secs(1));
    let answer = site.update(not_ready).await;
    assert_eq!((answer.status, &answer.body["reasonCode"]), (202, &json!(1)));
    until("not ready", || (phone.states().last() == Some(&(2, 1))).then_some(())).await;
    assert_eq!(sets(&centre), [Target::Ready, Target::NotReady(Some(ReasonCode(1)))]);
    site.end().await;
}

#[tokio::test]
async fn hst_06_an_update_already_reached_is_answered_and_not_sent_again() {
    let (site, centre, _phone) = site_with(&settings_north()).await;
    heard(&site, &centre, NOT_READY).await;
    let update = json!({"state": "Ready", "requestId": "a", "sentAt": at(0)});
    assert_eq!(site.update(update.clone()).await.status, 202);
    // The same again, as a phone sends it to its secondary: without any memory of it.
    let again = site.update(update).await;
    assert_eq!((again.status, &again.body["state"]), (200, &json!("Ready")));
    assert_eq!(sets(&centre).len(), 1);
    site.end().await;
}

#[tokio::test]
async fn hst_06_an_update_older_than_the_last_change_is_answered_and_not_carried_out() {
    let (site, centre, phone) = site_with(&settings_north()).await;
    heard(&site, &centre, NOT_READY).await;
    site.clock.advance(std::time::Duration::from_secs(5));
    heard(&site, &centre, READY).await;
    until("ready", || (phone.states().last() == Some(&(3, 0))).then_some(())).await;
    let stale = site.update(json!({"state": "NotReady", "requestId": "a", "sentAt": at(3)})).await;
    assert_eq!((stale.problem(), &stale.body["state"]), ((409, "stale"), &json!("Ready")));
    // Reordered: the older one comes after the newer one was carried out.
    let newer = site.update(json!({"state": "NotReady", "requestId": "c", "sentAt": at(5)})).await;
    assert_eq!(newer.status, 202);
    let older = site.update(json!({"state": "Ready", "requestId": "b", "sentAt": at(4)})).await;
    assert_eq!(older.problem(), (409, "stale"));
    assert_eq!(sets(&centre), [Target::NotReady(None)]);
    // One of yesterday, and one of tomorrow.
    for seconds in [-31, 36] {
        let far = site.update(json!({"state": "Ready", "sentAt": at(seconds)})).await;
        assert_eq!(far.status, 409, "{seconds}");
        assert!(far.body["now"].is_string());
    }
    site.end().await;
}

#[tokio::test]
async fn hst_02_in_a_call_the_key_mutes_alone() {
    let (site, centre, _phone) = site_with(&settings_north()).await;
    for state in
        [PresenceState::Reserved, PresenceState::Talking, PresenceState::Held, PresenceState::Busy]
    {
        heard(&site, &centre, state).await;
        let answer = site.update(json!({"state": "Ready", "sentAt": at(0)})).await;
        assert_eq!(answer.problem(), (409, "notNow"), "{state:?}");
    }
    assert_eq!(sets(&centre), []);
    site.end().await;
}

#[tokio::test]
async fn hst_02_a_mode_without_control_refuses_and_tells_the_state() {
    let base = settings_north();
    let notify = with_headset(&base, |it| it.mode = HeadsetMode::Notification);
    let off = with_headset(&base, |it| it.mode = HeadsetMode::Disabled);
    let mute = with_headset(&base, |it| it.mute_button = MuteButton::Mute);
    for settings in [notify, off, mute] {
        let (site, centre, _phone) = site_with(&settings).await;
        heard(&site, &centre, NOT_READY).await;
        let answer = site.update(json!({"state": "Ready", "sentAt": at(0)})).await;
        assert_eq!(answer.problem(), (409, "notInThisMode"));
        assert_eq!(answer.body["state"], "NotReady");
        assert_eq!(sets(&centre), []);
        site.end().await;
    }
}

#[tokio::test]
async fn hst_06_nobody_several_and_unknown_reasons_are_told_apart() {
    let (site, centre, _phone) = site_with(&settings_north()).await;
    let nobody = site.update(json!({"state": "Ready", "sentAt": at(0)})).await;
    assert_eq!(nobody.problem(), (404, "noAgent"));
    heard(&site, &centre, READY).await;
    let odd = site.update(json!({"state": "NotReady", "reasonCode": 99, "sentAt": at(0)})).await;
    assert_eq!(odd.problem(), (422, "unknownReason"));
    // A reason of another team is none.
    centre.tells("1002", READY, "2002", None);
    let login = site.update(json!({"state": "Login", "sentAt": at(0)})).await;
    assert_eq!(login.problem(), (400, "malformed"));
    assert_eq!(sets(&centre), []);
    centre.tells("1002", READY, "2001", None);
    centre.settled().await;
    let mut answer = Answered::of(http::Response::new(bytes::Bytes::new()));
    until("both", || (!site.headset.seen()[0].problem.clone()?.is_empty()).then_some(())).await;
    for _ in 0..1 {
        answer = site.update(json!({"state": "NotReady", "sentAt": at(0)})).await;
    }
    assert_eq!(answer.problem(), (409, "notNow"));
    assert_eq!(sets(&centre), []);
    site.end().await;
}

#[tokio::test]
async fn hst_08_an_update_whose_link_breaks_is_sent_again_to_the_side_that_serves_next() {
    let (site, centre, _phone) = site_with(&settings_north()).await;
    heard(&site, &centre, NOT_READY).await;
    centre.answers(Some(OwnerAnswer::Unknown(Unclear::LinkLost)));
    let update = json!({"state": "Ready", "requestId": "a", "sentAt": at(0)});
    let (answer, ()) = tokio::join!(site.update(update), async {
        until("asked", || (!sets(&centre).is_empty()).then_some(())).await;
        centre.loses_link();
        centre.answers(None);
        // The other side takes over, and tells what is so there.
        centre.tells("1001", NOT_READY, "2001", None);
        centre.serves();
    });
    assert_eq!((answer.status, &answer.body["state"]), (202, &json!("Ready")));
    assert!(matches!(sets(&centre)[..], [Target::Ready, Target::Ready, ..]));
    site.end().await;
}

#[tokio::test]
async fn hst_08_without_any_side_the_phone_is_sent_to_its_other_service() {
    let (site, centre, _phone) = site_with(&settings_north()).await;
    heard(&site, &centre, NOT_READY).await;
    centre.loses_link();
    centre.settled().await;
    let answer = site.update(json!({"state": "Ready", "sentAt": at(0)})).await;
    assert_eq!(answer.problem(), (503, "noContactCentre"));
    site.end().await;
}

#[tokio::test]
async fn hst_09_what_the_owner_refuses_is_told_in_its_words_and_the_state_again() {
    let (site, centre, phone) = site_with(&settings_north()).await;
    heard(&site, &centre, NOT_READY).await;
    until("told", || (phone.states().last() == Some(&(2, 7))).then_some(())).await;
    let before = phone.states().len();
    let why = OwnerRefusal {
        kind: OwnerRefusalKind::State,
        code: 22,
        words: "the state does not allow it".to_owned(),
    };
    centre.answers(Some(OwnerAnswer::Refused(why)));
    let answer = site.update(json!({"state": "Ready", "sentAt": at(0)})).await;
    assert_eq!(answer.problem(), (409, "notNow"));
    assert!(answer.body["message"].as_str().unwrap().contains("22"), "{}", answer.body);
    until("told", || (phone.states()[before..] == [(2, 7)]).then_some(())).await;
    site.end().await;
}

#[tokio::test]
async fn hst_06_malformed_updates_are_told_what_is_wrong() {
    let (site, _centre, _phone) = site_with(&settings_north()).await;
    let path = format!("/headset/{PHONE}/cc/agent-state");
    let kind = [("content-type", "application/json")];
    for body in ["", "{", "[]", "{\"state\":\"Asleep\"}", "{\"sentAt\":1}", "null", "\u{0}"] {
        let answer = site.ask(Method::PUT, &path, "192.0.2.1", &kind, body).await;
        assert_eq!(answer.problem(), (400, "malformed"), "{body:?}");
        assert!(!answer.body["message"].as_str().unwrap().is_empty());
    }
    let kind = [("content-type", "text/plain")];
    let answer = site.ask(Method::PUT, &path, "192.0.2.1", &kind, "{\"state\":\"Ready\"}").await;
    assert_eq!(answer.status, 415);
    site.end().await;
}

#[tokio::test]
async fn hst_06_a_flood_of_one_phone_is_held_back_and_others_are_served() {
    let mut all = settings_north();
    all.headset = settings().headset;
    let (site, centre, _phone) = site_with(&all).await;
    heard(&site, &centre, READY).await;
    let mut refused = 0;
    for _ in 0..100 {
        let answer = site.update(json!({"state": "Ready", "sentAt": at(0)})).await;
        match answer.status {
            200 => {}
            429 => {
                assert!(answer.headers.contains_key("retry-after"));
                refused += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(refused >= 60, "{refused}");
    let other = site.get(&format!("/headset/{}", super::site::OTHER_PHONE), "192.0.2.2").await;
    assert_eq!(other.status, 200);
    assert_eq!(sets(&centre), []);
    site.end().await;
}

#[tokio::test]
async fn hst_06_without_a_time_the_same_state_a_moment_later_is_the_same_update() {
    let (site, centre, _phone) = site_with(&settings_north()).await;
    heard(&site, &centre, NOT_READY).await;
    for (first, again) in [
        (json!({"state": "Ready"}), json!({"state": "Ready"})),
        (json!({"state": "Ready", "requestId": "a"}), json!({"state": "Ready", "requestId": "a"})),
    ] {
        let before = sets(&centre).len();
        assert_eq!(site.update(first).await.status, 202);
        // A supervisor is quicker than the repeat.
        heard(&site, &centre, NOT_READY).await;
        until("not ready", || {
            let told =
                site.headset.seen().into_iter().find(|it| it.device.as_str() == PHONE)?.told?;
            (told.state == domain::HeadsetState::NotReady).then_some(())
        })
        .await;
        let repeat = site.update(again).await;
        assert_eq!((repeat.status, &repeat.body["state"]), (200, &json!("NotReady")));
        assert_eq!(sets(&centre).len(), before + 1);
    }
    site.end().await;
}

#[tokio::test]
async fn hst_06_an_id_that_is_used_for_another_state_is_another_update() {
    let mut site = Site::new(&settings()).await;
    let _phone = site.phone(PHONE, "192.0.2.1");
    site.sign_in("1001", "2001", None).await;
    until("here", || site.headset.seen().iter().find_map(|it| it.agent.clone())).await;
    for state in ["Ready", "NotReady", "Ready"] {
        site.clock.advance(std::time::Duration::from_secs(2));
        let answer = site.update(json!({"state": state, "requestId": "same"})).await;
        assert_eq!((answer.status, &answer.body["state"]), (202, &json!(state)));
        let again = site.update(json!({"state": state, "requestId": "same"})).await;
        assert_eq!((again.status, &again.body["state"]), (200, &json!(state)));
    }
    site.end().await;
}

#[tokio::test]
async fn hst_02_a_call_on_another_line_is_a_call() {
    let (site, centre, _phone) = site_with(&settings_north()).await;
    heard(&site, &centre, NOT_READY).await;
    centre.has_call_on("1001", Some("2009"));
    centre.settled().await;
    let answer = site.update(json!({"state": "Ready", "sentAt": at(0)})).await;
    assert_eq!(answer.problem(), (409, "notNow"));
    centre.has_call_on("1001", None);
    centre.settled().await;
    let answer = site.update(json!({"state": "Ready", "sentAt": at(0)})).await;
    assert_eq!(answer.status, 202);
    site.end().await;
}
