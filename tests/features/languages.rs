//! The phone's language.

use serde_json::json;

use crate::gateway::Gateway;
use crate::phone::{DEVICE, Phone};

/// Signs in with that locale and gives the titles of the sign-in page and of home.
fn titles(gateway: &Gateway, model: &str, locale: &str) -> (String, String) {
    let mut phone = Phone::with(gateway, DEVICE, model, &["--locale", locale]);
    phone.open();
    let first = phone.screen["title"].as_str().unwrap_or_default().to_owned();
    let password = gateway.password("1001");
    phone.fill(json!({"id": "1001", "extension": "2001", "password": password}));
    phone.act(json!({"open": "SoftKey:Submit"}));
    let home = phone.screen["title"].as_str().unwrap_or_default().to_owned();
    phone.leave();
    gateway.admin(json!({"do": "agent_state", "agent": "1001", "state": "signed_out"}));
    (first, home)
}

#[test]
fn phn_08_the_language_follows_the_phone_and_falls_back_as_a_whole() {
    let gateway = Gateway::start();
    let english = titles(&gateway, "CP-8845", "en-US");
    assert_eq!(english.1, "Not Ready");
    let mut seen = vec![english.clone()];
    for locale in ["de-DE", "fr-FR", "es-ES", "ja-JP"] {
        let titles = titles(&gateway, "CP-8845", locale);
        assert!(!seen.contains(&titles), "{locale} shows {titles:?}");
        assert_ne!(titles.1, "Not Ready", "{locale}");
        seen.push(titles);
    }
    // Tags with an underscore as old phones send them, and languages that are not there.
    assert_eq!(titles(&gateway, "CP-8845", "de_DE"), seen[1]);
    assert_eq!(titles(&gateway, "CP-8845", "sv-SE"), english);
    // A phone without Japanese characters gets English, not question marks.
    assert_eq!(titles(&gateway, "CP-7942G", "ja-JP"), english);
}
