//! The phone's language.

use serde_json::json;

use crate::gateway::Gateway;
use crate::phone::{DEVICE, Phone};

/// Signs in with those options of the phone and gives the titles of the sign-in page and of home.
fn titles(gateway: &Gateway, model: &str, options: &[&str]) -> (String, String) {
    let mut phone = Phone::with(gateway, DEVICE, model, options);
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
    let in_locale = |locale: &str| titles(&gateway, "CP-8845", &["--locale", locale]);
    let english = in_locale("en-US");
    assert_eq!(english.1, "Not Ready");
    let mut seen = vec![english.clone()];
    for locale in ["de-DE", "fr-FR", "es-ES", "ja-JP"] {
        let titles = in_locale(locale);
        assert!(!seen.contains(&titles), "{locale} shows {titles:?}");
        assert_ne!(titles.1, "Not Ready", "{locale}");
        seen.push(titles);
    }
    // Tags with an underscore as old phones send them, and languages that are not there.
    assert_eq!(in_locale("de_DE"), seen[1]);
    assert_eq!(in_locale("sv-SE"), english);
    // A phone that merely prefers a character set without Japanese gets Japanese in another.
    let old = titles(&gateway, "CP-7942G", &["--locale", "ja-JP", "--tls-anyway"]);
    assert_eq!(old, seen[4]);
}
