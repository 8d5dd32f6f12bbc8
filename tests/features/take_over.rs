//! One session for each agent, and one agent for each phone.

use serde_json::json;

use crate::gateway::Gateway;
use crate::phone::{DEVICE, Phone};

#[test]
fn phn_22_signing_in_elsewhere_takes_over_and_the_old_page_becomes_sign_in() {
    let gateway = Gateway::start();
    let mut first = Phone::new(&gateway, DEVICE, "CP-8845");
    first.sign_in(&gateway, "1001", "2001");
    first.press("Ready");
    let mut second = Phone::new(&gateway, "SEP00000000000B", "CP-7841");
    second.sign_in(&gateway, "1001", "2001");
    assert_eq!(second.screen["title"], "Ready", "the state is kept");
    first.wait(json!({"kind": "Input", "seconds": 30}));
    assert!(first.shown().contains("elsewhere"), "{}", first.shown());
    second.press("NotReady");
    first.leave();
    second.leave();
}

#[test]
fn phn_19_on_a_shared_phone_the_next_sees_nothing_of_the_one_before() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    // The agent leaves without signing out; the next one opens the service.
    phone.open();
    assert_eq!(phone.kind(), "Input");
    assert!(!phone.screen.to_string().contains("1001"), "{:#}", phone.screen);
    let password = gateway.password("1002");
    phone.fill(json!({"id": "1002", "extension": "2002", "password": password}));
    phone.press("SignIn");
    assert_eq!(phone.kind(), "Text");
    assert!(!phone.shown().contains("1001"), "{}", phone.shown());
    gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": "signed_out"}));
    phone.sign_in(&gateway, "1002", "2002");
    assert_eq!(phone.screen["title"], "Not Ready");
    phone.leave();
}

#[test]
fn phn_19_what_changes_elsewhere_is_not_shown_to_whoever_uses_the_phone_now() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.press("Refresh");
    // The agent leaves by a reset, which closes the window.
    phone.act(json!({"close": true}));
    assert_eq!(phone.kind(), "closed");
    let before = phone.pages.len();
    gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": "ready"}));
    phone.wait(json!({"prompt": "Please sign in again", "seconds": 20, "pushes": 1}));
    assert_eq!(phone.kind(), "Input");
    for page in &phone.pages[before..] {
        assert!(!page.contains("1001") && !page.contains("Ready"), "{page}");
    }
    // The agent is not harmed by it, and carries on where they sign in again.
    phone.sign_in(&gateway, "1001", "2001");
    assert_eq!(phone.screen["title"], "Ready");
    phone.leave();
}

#[test]
fn phn_10_the_same_agent_signs_in_again_and_carries_on() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.press("Ready");
    phone.open();
    phone.fill(json!({"id": "1001", "extension": "2001", "password": "nonsense"}));
    phone.press("SignIn");
    assert_eq!(phone.kind(), "Text", "signed in already is no proof");
    phone.sign_in(&gateway, "1001", "2001");
    assert_eq!(phone.screen["title"], "Ready");
    phone.leave();
}

#[test]
fn phn_10_the_other_service_works_alone_after_the_first_failed() {
    let first = Gateway::start();
    let second = Gateway::start();
    let mut phone = Phone::new(&first, DEVICE, "CP-8845");
    phone.sign_in(&first, "1001", "2001");
    phone.press("Ready");
    drop(first);
    // The page on display leads nowhere now.
    phone.act(json!({"open": "SoftKey:Update"}));
    assert_eq!(phone.kind(), "message", "{:#}", phone.screen);
    phone.leave();
    // The same phone opens its second service, which asks for the password all the same.
    let mut phone = Phone::new(&second, DEVICE, "CP-8845");
    phone.open();
    let mut asked = phone.fields();
    asked.retain(|field| ["id", "extension", "password"].contains(&field.as_str()));
    assert_eq!(asked, ["id", "extension", "password"]);
    phone.sign_in(&second, "1001", "2001");
    phone.press("Ready");
    assert_eq!(phone.screen["title"], "Ready");
    second.admin(json!({"do": "agent_state", "agent": "1001", "state": "not_ready"}));
    phone.wait(json!({"title": "Not Ready", "seconds": 20, "pushes": 1}));
    phone.leave();
}

#[test]
fn phn_19_an_agent_works_from_whichever_phone_took_the_profile() {
    let gateway = Gateway::start();
    gateway.settings(|settings| {
        settings["phone_service"]["devices"] = json!("listed");
        for agent in settings["agents"].as_array_mut().unwrap() {
            agent.as_object_mut().unwrap().remove("extension");
        }
        settings["devices"] = json!([
            {"name": "PROFILE2050", "profile": true, "lines": ["2050"]},
            {"name": DEVICE, "lines": ["2001"]},
            {"name": "SEP00000000000B", "lines": ["2002"]},
        ]);
    });
    for device in [DEVICE, "SEP00000000000B"] {
        let mut phone = Phone::new(&gateway, device, "CP-8845");
        phone.sign_in(&gateway, "1001", "2050");
        assert_eq!(phone.screen["title"], "Not Ready", "{:#}", phone.screen);
        let told = gateway.command(&["agent", "ready", "1001"]);
        let told = String::from_utf8(told.stdout).unwrap();
        assert!(told.contains("extension 2050") && told.contains(device), "{told}");
        phone.wait(json!({"title": "Ready", "seconds": 20, "pushes": 1}));
        phone.leave();
        gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": "signed_out"}));
    }
    // A line that neither a phone nor a profile has is nobody's.
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2051");
    assert!(phone.shown().contains("There is no line 2051"), "{}", phone.shown());
    phone.leave();
}
