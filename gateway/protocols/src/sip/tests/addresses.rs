//! Addresses with their parameters.

use super::*;

fn contact(value: &str) -> NameAddress {
    let message = read(register_with("Contact", &format!("Contact: {value}\r\n"))).unwrap();
    let Contacts::List(mut contacts) = message.contacts().unwrap() else { panic!("a star") };
    assert_eq!(contacts.len(), 1);
    contacts.remove(0)
}

#[test]
fn sip_accept_27_parameters_of_contact_and_of_its_uri_stay_apart() {
    let bare = contact("sip:joe@192.0.2.4;transport=tcp;expires=9");
    assert_eq!(bare.uri.as_str(), "sip:joe@192.0.2.4");
    assert!(bare.uri.parameters().is_empty());
    assert_eq!(bare.parameters.get("Transport"), Some("tcp"));
    let bracketed = contact("<sip:joe@192.0.2.4;transport=tcp;Line=7>;expires=9;line=8");
    assert_eq!(bracketed.uri.parameters().get("line"), Some("7"));
    assert_eq!(bracketed.parameters.get("line"), Some("8"));
    assert!(!bracketed.uri.parameters().has("expires"));
    let text = "<sip:user@example.com?Route=%3Csip:sip.example.com%3E&x=y>";
    let escaped = contact(text);
    assert!(escaped.uri.has_headers());
    assert_eq!(escaped.to_string(), text);
    assert_eq!(escaped.uri.as_str(), "sip:user@example.com?Route=%3Csip:sip.example.com%3E&x=y");
}

#[test]
fn parameters_are_echoed_as_they_were_written() {
    let raw = ";+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-0c11f1b2a9c4>\" ; \
               +u.sip!devicename.ccm.cisco.com=\"SEP0C11F1B2A9C4\";reg-id = 1;video;note=\"a \\\"b\\\"; c\";cisco-keep-alive;expires=0";
    let contact = contact(&format!("<sip:7d0c@192.0.2.17;transport=tls>{raw}"));
    let parameters = &contact.parameters;
    assert_eq!(
        parameters.get("+SIP.instance"),
        Some("<urn:uuid:00000000-0000-0000-0000-0c11f1b2a9c4>")
    );
    assert_eq!(parameters.get("+u.sip!devicename.ccm.cisco.com"), Some("SEP0C11F1B2A9C4"));
    assert_eq!(parameters.get("reg-id"), Some("1"));
    assert_eq!(parameters.find("video"), Some(None));
    assert_eq!(parameters.get("video"), Some(""));
    assert_eq!(parameters.get("note"), Some("a \"b\"; c"));
    assert_eq!(parameters.find("audio"), None);
    let wanted = ";+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-0c11f1b2a9c4>\"\
                  ; +u.sip!devicename.ccm.cisco.com=\"SEP0C11F1B2A9C4\";reg-id = 1;video;note=\"a \\\"b\\\"; c\";cisco-keep-alive";
    assert_eq!(parameters.without(&["expires", "absent"]).to_string(), wanted);
    let granted = parameters.with("Expires", Some("120")).unwrap();
    assert_eq!(granted.to_string(), format!("{wanted};Expires=120"));
    let words = parameters.with("note", Some("two words")).unwrap();
    assert!(words.to_string().ends_with(";note=\"two words\""));
    for (name, value) in
        [("a b", None), ("", None), ("a;b", Some("x")), ("x", Some("a\r\nb")), ("x", Some("\0"))]
    {
        assert_eq!(parameters.with(name, value), Err(Unwritable));
    }
}

#[test]
fn many_contacts_come_in_their_order_and_a_star_alone() {
    let value = "\"a, b\" <sip:a@b.example>;q=0.5, <sip:c@[2001:db8::1]:5070>,sip:d@192.0.2.1\r\nm: <sips:e@f.example;x=,>";
    let malformed = read(register_with("Contact", &format!("Contact: {value}\r\n"))).unwrap_err();
    assert_eq!(malformed.field, "Contact");
    let value = value.replace("x=,", "x=1");
    let message = read(register_with("Contact", &format!("Contact: {value}\r\n"))).unwrap();
    let Contacts::List(contacts) = message.contacts().unwrap() else { panic!("a star") };
    let users: Vec<_> = contacts.iter().map(|contact| contact.uri.user().unwrap()).collect();
    assert_eq!(users, ["a", "c", "d", "e"]);
    assert_eq!(contacts[0].display.as_deref(), Some("a, b"));
    let message = read(register_with("Contact", "m: *\r\n")).unwrap();
    assert_eq!(message.contacts(), Ok(Contacts::All));
    let message = read(register_with("Contact", "")).unwrap();
    assert_eq!(message.contacts(), Ok(Contacts::List(Vec::new())));
    // A name that is a star is no star.
    assert_eq!(contact("* <sip:a@b.example>").display.as_deref(), Some("*"));
}
