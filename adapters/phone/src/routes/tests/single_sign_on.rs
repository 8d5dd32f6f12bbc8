//! Phones while people sign in by an identity provider.

use std::sync::Arc;

use domain::OwnerAsk;
use domain::settings::{IdentitySettings, Settings};
use protocols::phone_xml::{InputFlags, Object};

use crate::testing::centre::{Centre, settings_with};
use crate::testing::{BASE, Handset, Node, settings};

const PIN: &str = "135791";

fn switched_on(mut settings: Settings, with_pins: bool) -> Settings {
    let identity = IdentitySettings { single_sign_on: true, ..IdentitySettings::default() };
    settings.identity = Arc::new(identity);
    Arc::make_mut(&mut settings.phone_service).single_sign_on_pin = with_pins;
    let agents = Arc::make_mut(&mut settings.agents);
    let ada = agents.get_mut(&"1001".parse().unwrap()).unwrap();
    Arc::make_mut(ada).pin_hash = Some(format!("hash-of-{PIN}"));
    settings
}

#[tokio::test]
async fn phn_15_with_single_sign_on_a_phone_refuses_with_a_message_that_says_so() {
    let node = Node::with(switched_on(settings(), false)).await;
    for (language, words) in [
        ("en-US", "Single sign-on is on"),
        ("de-DE", "Single Sign-on ist eingeschaltet"),
        ("es-ES", "El inicio de sesión único está activado"),
        ("fr-FR", "L'authentification unique est activée"),
        ("ja-JP", "シングルサインオンが有効"),
    ] {
        for query in ["", "id=1001&extension=2001&password=password-1001", "id=nobody"] {
            let mut phone = Handset::new(&node, "SEP1").speaks(language);
            let view = phone.open(query).await;
            assert!(matches!(view.object, Object::Text(_)), "{view:?}");
            assert!(view.text().contains(words), "{language}: {view:?}");
            assert!(!phone.seen.contains("password-1001"));
        }
    }
    // The form that was open before is refused too, and nothing that was typed is kept.
    let mut phone = Handset::new(&node, "SEP1");
    let view = phone.get(&format!("{BASE}/fippa/SEP1/signin?id=1001&password=password-1001")).await;
    assert!(view.text().contains("sign in on your desktop"), "{view:?}");
    assert_eq!(node.state("1001").await, "signed_out");
    // Back from before it is switched off again, all is as it was.
    node.apply(&settings()).await;
    let view = phone.open("id=1001&extension=2001&password=password-1001").await;
    assert_eq!(view.title(), "Not Ready");
}

#[tokio::test]
async fn phn_15_where_pins_are_allowed_the_form_asks_for_one() {
    let node = Node::with(switched_on(settings(), true)).await;
    let mut phone = Handset::new(&node, "SEP1");
    // What the subscription holds is a password, and is not tried as a PIN.
    let view = phone.open("id=1001&extension=2001&password=password-1001").await;
    assert_eq!(view.fields(), [("password", None)]);
    let Object::Input(input) = &view.object else { panic!("{view:?}") };
    let pin = &input.items[0];
    assert_eq!((pin.label.as_str(), pin.flags), ("PIN", InputFlags::HiddenNumeric));
    let home = phone.submit(&view, &[("password", PIN)]).await;
    assert_eq!(home.title(), "Not Ready");
    assert_eq!(node.state("1001").await, "not_ready");
    assert!(!phone.seen.contains(PIN));
}

#[tokio::test]
async fn phn_15_a_wrong_pin_and_none_at_all_look_alike() {
    let mut told = Vec::new();
    // With a PIN, without one, and nobody.
    for id in ["1001", "1002", "nobody"] {
        let node = Node::with(switched_on(settings(), true)).await;
        let mut phone = Handset::new(&node, "SEP1");
        let view = phone.open("").await;
        let values = [("id", id), ("extension", "2001"), ("password", "999999")];
        let view = phone.submit(&view, &values).await;
        assert!(view.text().contains("The ID or PIN is wrong, or no PIN is set"), "{view:?}");
        let text = view.text();
        told.push(text.lines().next().unwrap_or_default().to_owned());
        let again = phone.press(&view, "Retry").await;
        assert!(again.fields().iter().any(|(name, value)| *name == "password" && value.is_none()));
        assert_eq!(node.state("1001").await, "signed_out");
    }
    told.dedup();
    assert_eq!(told.len(), 1);
}

#[tokio::test]
async fn phn_15_the_contact_centre_gets_no_password_for_a_pin() {
    let node = Node::with(switched_on(settings_with(&["north"]), true)).await;
    let centre = Centre::start(&node, "north");
    let mut phone = Handset::new(&node, "SEP1");
    let view = phone.open("").await;
    let values = [("id", "1001"), ("extension", "2001"), ("password", PIN)];
    assert_eq!(phone.submit(&view, &values).await.title(), "Not Ready");
    let asked = centre.asked();
    let [OwnerAsk::SignIn(wish)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(wish.password, None);
}
