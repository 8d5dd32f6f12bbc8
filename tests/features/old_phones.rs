//! 69xx and 79xx, whose TLS is too old for us, through the sample proxy.

use serde_json::json;

use crate::models::{models, validate};
use crate::node::{Node, OldPhonesProxy, free_port};
use crate::phone::Phone;

#[test]
fn phn_17_old_phones_are_served_through_a_trusted_proxy() {
    let port = free_port();
    let trust = format!("trusted_proxies = [\"127.0.0.1\"]\npublic_names = [\"localhost:{port}\"]");
    let node = Node::start(&trust, &["--settings", "settings.yaml"]);
    let Some(_proxy) = OldPhonesProxy::start(&node, port) else { return };
    let url = format!("http://localhost:{port}/fippa/");
    let mut pages = Vec::new();
    for model in models() {
        if !model.starts_with("CP-69") && !model.starts_with("CP-79") {
            continue;
        }
        let mut phone = Phone::at("SEP001122334455", &model, &["--url", &url]);
        phone.open();
        phone.fill(json!({"id": "1001", "extension": "2001", "password": "secret-1001"}));
        phone.press("SignIn");
        phone.press("Ready");
        phone.press("NotReady");
        phone.select("Lunch");
        let shown = phone.shown();
        assert!(shown.contains("Not Ready - Lunch"), "{model}: {shown}");
        for page in &phone.pages {
            assert!(!page.contains("https://"), "{model}: a link around the proxy in {page}");
        }
        phone.press("SignOut");
        phone.select("End of shift");
        assert_eq!(phone.kind(), "Input", "{model}");
        pages.append(&mut phone.pages);
        phone.leave();
    }
    assert!(pages.len() > 20);
    validate(&pages);
    assert!(!node.log().contains("secret-1001"));
}
