//! SIP in the demo: all three transports, and a user and password for each of its phones.

use domain::Secret;
use ring::hmac;
use serde_json::{Value, json};

use super::{NAME, ports};
use crate::config::SipListeners;

/// The listeners as a node's configuration has them.
pub(super) fn listener([udp, tcp, tls]: [u16; 3]) -> Value {
    json!({"addresses": ports::loopback(), "udp_port": udp, "tcp_port": tcp, "tls_port": tls})
}

/// Where UDP, TCP and TLS are, as `host:port`.
pub(super) fn places(sip: &SipListeners) -> [Option<String>; 3] {
    // An IPv4 address, which every client knows how to write into a Via.
    [&sip.udp, &sip.tcp, &sip.tls].map(|addresses| {
        addresses.iter().find(|address| address.is_ipv4()).map(ToString::to_string)
    })
}

/// Puts the section into the settings, and each phone's part into it. Passwords follow from the demo's
/// own secret, so that they stay what they are when it is started again.
pub(super) fn add_to(settings: &mut Value, secret: &Secret) {
    let sip = json!({"domains": [NAME, "127.0.0.1", "::1"]});
    let devices = settings.get_mut("devices").and_then(Value::as_array_mut);
    for device in devices.into_iter().flatten().filter_map(Value::as_object_mut) {
        let name = device.get("name").and_then(Value::as_str).unwrap_or_default();
        let part = json!({"user": name, "password": password(secret, name)});
        device.insert("sip".to_owned(), part);
    }
    if let Some(settings) = settings.as_object_mut() {
        settings.insert("sip".to_owned(), sip);
    }
}

/// 32 digits that nobody can guess.
fn password(secret: &Secret, device: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let tag = hmac::sign(&key, device.as_bytes());
    tag.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The domain, and the phones that may register, as the endpoints file tells them.
pub(super) fn told(settings: &Value) -> (Value, Vec<Value>) {
    let domain = settings.pointer("/sip/domains/0").cloned().unwrap_or_default();
    let devices = settings.get("devices").and_then(Value::as_array).into_iter().flatten();
    let told = devices.filter_map(|device| {
        let sip = device.get("sip")?;
        Some(json!({
            "name": device.get("name"),
            "user": sip.get("user"),
            "password": sip.get("password"),
        }))
    });
    (domain, told.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phone_has_a_password_that_stays() {
        let secret = Secret::new("of this demo");
        let mut settings = json!({"devices": [{"name": "SEP1"}, {"name": "SEP2"}]});
        add_to(&mut settings, &secret);
        let (domain, devices) = told(&settings);
        assert_eq!(domain, "localhost");
        assert_eq!(devices.len(), 2);
        assert_eq!(devices[0]["user"], "SEP1");
        assert_eq!(devices[0]["password"].as_str().unwrap().len(), 32);
        assert_ne!(devices[0]["password"], devices[1]["password"]);
        let mut again = json!({"devices": [{"name": "SEP1"}]});
        add_to(&mut again, &secret);
        assert_eq!(told(&again).1[0], devices[0]);
        domain::settings::SettingsFile::read(settings).expect("settings that can be applied");
    }
}
