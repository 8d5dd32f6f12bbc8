use serde_json::{Value, json};

use super::*;
use crate::settings::{SettingDocument, Settings, SettingsFile, SettingsHead, export, masked};
use crate::{Key, Kind, Sealed};

fn read(file: Value) -> Result<Settings, Vec<String>> {
    let file = SettingsFile::read(file)
        .map_err(|found| found.as_slice().iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let documents = file.into_documents(
        |_| None,
        |of, secret| Sealed::from_text(format!("{} {}", of.purpose(), secret.expose())),
    );
    Ok(Settings::from_documents(&SettingsHead::default(), documents.0))
}

#[track_caller]
fn taken(file: Value) -> Settings {
    read(file).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[track_caller]
fn refused(file: Value, expected: &[&str]) {
    let problems = read(file).expect_err("it is refused");
    for part in expected {
        assert!(problems.iter().any(|it| it.contains(part)), "{part:?} in {problems:#?}");
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
}

fn whole() -> Value {
    json!({
        "sip": {
            "domains": ["Voice.Example.com", "2001:db8::5"],
            "realm": "phones of the house",
            "digest_algorithms": ["md5", "sha_512_256", "sha_256"],
            "nonce_seconds": 60,
            "proof": "digest",
            "phone_expires_seconds": 90,
            "expires_seconds_min": 30,
            "expires_seconds_max": 7_200,
            "flow_timer_seconds": 60,
            "timer_t1_milliseconds": 1_000,
            "timer_t2_milliseconds": 8_000,
            "timer_t4_milliseconds": 6_000,
            "reason_element": "reason-code",
            "headset_event": "hs-integration",
            "legacy_no_qop": ["old"],
            "lenient": true,
            "allowed_networks": ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"],
            "next_hops": [{
                "name": "edge",
                "servers": [{"host": "SIP-A.example.com"}, {"host": "sip-b.example.com", "port": 5071}],
                "transport": "tcp",
                "ping_seconds": 0,
                "user": "jackfield",
                "password": "hop",
                "realms": ["pbx"],
                "register_as": "sip:jackfield@pbx.example",
                "route": ["sip:sip-a.example.com;lr"],
                "trusted": true,
            }],
        },
        "devices": [
            {"name": "SEP001122334455", "lines": ["1001"], "sip": {"user": "1001", "password": "one"}},
            {"name": "SEP001122334466", "sip": {
                "user": "second", "address": "SIP:1002@Other.example", "next_hop": "edge",
                "proof": "certificate", "remotecc": true,
            }},
            {"name": "SEP001122334477"},
        ],
    })
}

#[test]
fn a_whole_section_is_read_and_told_again() {
    let settings = taken(whole());
    let sip = &settings.sip;
    assert!(sip.is_on());
    assert_eq!(sip.domains, ["voice.example.com", "2001:db8::5"]);
    assert_eq!(sip.realm(), "phones of the house");
    assert_eq!(sip.digest_algorithms, SipAlgorithm::ALL, "the strongest first");
    let hop = sip.next_hop("edge").unwrap();
    assert_eq!(hop.servers[0], SipServer { host: "sip-a.example.com".into(), port: 5_060 });
    assert_eq!(hop.password, Some(Sealed::from_text("sip_next_hop hop")));
    assert_eq!(hop.told_realms(), ["pbx"]);
    let again = taken(export(&settings));
    assert_eq!(again.documents(), settings.documents());
    let told = masked(export(&settings)).to_string();
    assert!(!told.contains("sip_next_hop hop") && !told.contains("sip_device one"), "{told}");
    assert_eq!(told.matches("(set)").count(), 2, "{told}");
}

#[test]
fn sip_is_off_where_settings_do_not_have_it() {
    for file in [json!({}), json!({"sip": {}}), json!({"sip": null})] {
        let settings = taken(file);
        assert!(!settings.sip.is_on());
        assert_eq!(*settings.sip, Sip::default());
        assert_eq!(export(&settings).get("sip"), None);
    }
    refused(json!({"sip": {"lenient": true}}), &["sip.domains: is missing"]);
}

#[test]
fn what_is_usual_holds_where_nothing_is_said() {
    let settings = taken(json!({"sip": {"domains": ["x.example"]}}));
    assert_eq!(*settings.sip, Sip { domains: vec!["x.example".into()], ..Sip::default() });
    assert_eq!(settings.sip.realm(), "x.example");
    let hop = json!([{"name": "a", "servers": [{"host": "A.example"}]}]);
    let settings = taken(json!({"sip": {"domains": ["x.example"], "next_hops": hop}}));
    let hop = settings.sip.next_hop("a").unwrap();
    assert_eq!((hop.transport, hop.servers[0].port), (SipTransport::Tls, 5_061));
    assert_eq!((hop.told_realms(), hop.trusted), (vec!["a.example".to_owned()], false));
}

#[test]
fn every_limit_is_told_with_its_key() {
    let sip =
        |member: &str, value: Value| json!({"sip": {"domains": ["x.example"], member: value}});
    let told = [
        ("nonce_seconds", json!(59), "60 to 300"),
        ("nonce_seconds", json!(301), "60 to 300"),
        ("phone_expires_seconds", json!(30), "60 to 3600"),
        ("expires_seconds_min", json!(29), "30 to 3600"),
        ("expires_seconds_max", json!(86_401), "60 to 86400"),
        ("flow_timer_seconds", json!(5), "30 to 3600"),
        ("timer_t1_milliseconds", json!(499), "500 to 5000"),
        ("timer_t2_milliseconds", json!(32_001), "500 to 32000"),
        ("timer_t4_milliseconds", json!(1), "500 to 32000"),
        ("reason_element", json!("reason code"), "reasoncode, reasonCode"),
        ("headset_event", json!("service control"), "event package"),
        ("headset_event", json!("e".repeat(33)), "32"),
        ("proof", json!("none"), "digest, certificate"),
        ("digest_algorithms", json!(["sha_1"]), "it may be sha_512_256, sha_256, md5"),
        ("digest_algorithms", json!([]), "at least one"),
        ("allowed_networks[0]", json!(["192.0.2.0/33"]), "192.0.2.0/24"),
        ("realm", json!("a \"b\""), "quotation mark"),
        ("lenient", json!("yes"), "true or false"),
        ("odd", json!(1), "not known here"),
    ];
    for (key, value, words) in told {
        let member = key.split('[').next().unwrap();
        let problems = read(sip(member, value)).expect_err(key);
        let expected = format!("sip.{key}: ");
        let found = problems.iter().any(|it| {
            it.starts_with(&expected) && it.contains(words.split(" to ").next().unwrap())
        });
        assert!(found, "{key}: {problems:?}");
    }
    let both = json!({"domains": ["x.example"], "expires_seconds_min": 3_600, "expires_seconds_max": 60,
        "timer_t1_milliseconds": 2_000, "timer_t2_milliseconds": 1_000});
    refused(
        json!({"sip": both}),
        &[
            "sip.expires_seconds_max: must be at least expires_seconds_min (3600), not 60",
            "sip.timer_t2_milliseconds: must be at least timer_t1_milliseconds (2000), not 1000",
        ],
    );
    for domain in ["", "sip:x.example", "x.example:5060", "[::1]", "a..b", "x example"] {
        refused(json!({"sip": {"domains": [domain]}}), &["write a host name or an address"]);
    }
    refused(json!({"sip": {"domains": ["X.example", "x.example"]}}), &["more than once"]);
}

#[test]
fn a_next_hop_is_checked() {
    let hop = |hop: Value| json!({"sip": {"domains": ["x.example"], "next_hops": [hop]}});
    let servers = json!([{"host": "a.example"}]);
    refused(hop(json!({"name": "a"})), &["servers: must name one to 8 servers"]);
    refused(hop(json!({"servers": servers})), &["next_hops[0].name: is missing"]);
    let twice = json!([{"host": "a.example"}, {"host": "A.example", "port": 5_061}]);
    refused(hop(json!({"name": "a", "servers": twice})), &["a.example port 5061 twice"]);
    let with =
        |member: &str, value: Value| hop(json!({"name": "a", "servers": servers, member: value}));
    refused(with("ping_seconds", json!(4)), &["must be 0 (never) or 5 to 3600"]);
    refused(with("password", json!("x")), &["user: is missing beside the password"]);
    refused(with("user", json!("x")), &["password: is missing beside the user"]);
    for uri in [
        "pbx.example",
        "http:pbx",
        "sip:a@b?Replaces=x",
        "sip:<a@b>",
        "sip:a@b:0",
        "sip:a b@c",
        "sip:@c",
    ] {
        refused(with("register_as", json!(uri)), &["register_as: must be a URI"]);
        refused(with("route", json!([uri])), &["route: must hold URIs"]);
    }
    for uri in ["sip:a@b.example", "sips:b.example:5061;lr", "sip:[2001:db8::1]:5060;transport=tcp"]
    {
        taken(with("route", json!([uri])));
    }
    let two = json!([{"name": "a", "servers": servers}, {"name": "a", "servers": servers}]);
    refused(
        json!({"sip": {"domains": ["x.example"], "next_hops": two}}),
        &["has a more than once"],
    );
}

#[test]
fn a_phone_is_checked() {
    let with = |sip: Value| {
        json!({
            "sip": {"domains": ["x.example"], "proof": "digest"},
            "devices": [{"name": "SEP1", "sip": sip}],
        })
    };
    refused(with(json!({"password": "x"})), &["devices[0].sip.user: is missing"]);
    refused(with(json!({"user": "a@b", "password": "x"})), &["sip.user: must be letters"]);
    refused(with(json!({"user": "a"})), &["password: is missing: the phone proves itself"]);
    refused(
        with(json!({"user": "a", "password": "x", "next_hop": "edge"})),
        &["not in sip.next_hops"],
    );
    refused(
        with(json!({"user": "a", "password": "x", "address": "sip:a@b:5060"})),
        &["address of record"],
    );
    refused(with(json!({"user": "a", "password": "x\r\n"})), &["no control characters"]);
    taken(with(json!({"user": "a", "proof": "certificate"})));
    taken(with(json!({"user": "a", "password_sealed": "v2:x"})));
}

#[test]
fn no_two_phones_have_the_same_user_or_address() {
    let two = |first: Value, second: Value| {
        json!({
            "sip": {"domains": ["x.example", "y.example"]},
            "devices": [{"name": "SEP1", "sip": first}, {"name": "SEP2", "sip": second}],
        })
    };
    refused(two(json!({"user": "a"}), json!({"user": "a"})), &["is a, as of SEP1"]);
    let address = json!("sip:1@z.example");
    refused(
        two(json!({"user": "a", "address": address}), json!({"user": "b", "address": address})),
        &["is sip:1@z.example, as of SEP1"],
    );
    refused(
        two(json!({"user": "a"}), json!({"user": "b", "address": "sip:a@Y.example"})),
        &["which SEP1 has by its user"],
    );
    taken(two(json!({"user": "a"}), json!({"user": "A"})));
    taken(two(json!({"user": "a"}), json!({"user": "b", "address": "sip:a@z.example"})));
}

#[test]
fn phones_are_found_by_user_and_by_address() {
    let mut settings = taken(whole());
    let name = |found: Option<&std::sync::Arc<crate::settings::Device>>| {
        found.map(|device| device.name.to_string())
    };
    let first = Some("SEP001122334455".to_owned());
    let second = Some("SEP001122334466".to_owned());
    assert_eq!(name(settings.device_by_sip_user("1001")), first);
    assert_eq!(name(settings.device_by_sip_user("1002")), None);
    assert_eq!(name(settings.device_by_sip_address("sip:1001@voice.example.com")), first);
    assert_eq!(name(settings.device_by_sip_address("sip:1001@[2001:db8::5]")), first);
    assert_eq!(name(settings.device_by_sip_address("sip:1001@other.example")), None);
    assert_eq!(name(settings.device_by_sip_address("sip:1002@other.example")), second);
    assert_eq!(name(settings.device_by_sip_address("sip:second@voice.example.com")), None);
    let device = settings.device_by_sip_user("1001").unwrap().clone();
    let address = settings.sip.address_of(device.sip.as_ref().unwrap());
    assert_eq!(address.as_deref(), Some("sip:1001@voice.example.com"));
    // What changes is found by what it is now.
    let mut other = (*device).clone();
    other.sip.as_mut().unwrap().user = "2001".to_owned();
    let head = SettingsHead::default();
    settings = settings.changed(&head, [SettingDocument::Device(other)], &[]);
    assert_eq!(name(settings.device_by_sip_user("1001")), None);
    assert_eq!(name(settings.device_by_sip_user("2001")), first);
    let gone = Key::new(Kind::Setting, "device/SEP001122334455");
    settings = settings.changed(&head, [], &[gone]);
    assert_eq!(name(settings.device_by_sip_user("2001")), None);
    // Without the section a phone's user alone says nothing of where it registers.
    settings = settings.changed(&head, [], &[Key::new(Kind::Setting, "sip")]);
    assert_eq!(name(settings.device_by_sip_address("sip:second@voice.example.com")), None);
    assert!(!settings.sip.is_on());
}

#[test]
fn networks_hold_their_addresses() {
    let check = |network: &str, address: &str| {
        let network: Network = network.parse().unwrap();
        network.contains(address.parse().unwrap())
    };
    assert!(check("192.0.2.0/24", "192.0.2.255"));
    assert!(check("192.0.2.7/24", "::ffff:192.0.2.9"), "an address of IPv4 in another dress");
    assert!(!check("192.0.2.0/24", "192.0.3.0"));
    assert!(check("0.0.0.0/0", "203.0.113.1") && !check("0.0.0.0/0", "2001:db8::1"));
    assert!(check("2001:db8::/32", "2001:db8:ffff::1") && !check("2001:db8::/32", "2001:db9::1"));
    assert!(check("::/0", "2001:db8::1") && !check("::/0", "192.0.2.1"));
    assert!(check("198.51.100.7", "198.51.100.7") && !check("198.51.100.7", "198.51.100.6"));
    for text in ["", "x", "192.0.2.0/33", "192.0.2.0/-1", "2001:db8::/129", "192.0.2.0/"] {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
    let network: Network = serde_json::from_value(json!("192.0.2.0/24")).unwrap();
    assert_eq!(serde_json::to_value(network).unwrap(), json!("192.0.2.0/24"));
}

#[test]
fn secrets_of_sip_are_sealed_anew_one_by_one() {
    let settings = taken(whole());
    let documents = settings.with_secrets();
    let secrets: Vec<_> = documents.iter().flat_map(SettingDocument::secrets).collect();
    let places: Vec<_> = secrets.iter().map(|(of, _)| of.place()).collect();
    assert_eq!(places, ["sip.next_hops/edge password", "devices/SEP001122334455 sip.password"]);
    for (of, sealed) in secrets {
        assert_eq!(settings.secret(&of).as_ref(), Some(sealed));
        let anew = Sealed::from_text("anew");
        let changed: Vec<_> =
            documents.iter().map(|it| it.clone().with_secret(&of, anew.clone())).collect();
        let after = Settings::from_documents(&SettingsHead::default(), changed);
        assert_eq!(after.secret(&of), Some(anew), "{}", of.place());
    }
}

/// The warnings of a file, which are the same once it is in force.
#[track_caller]
fn warned(file: &Value) -> Vec<String> {
    let of_file = SettingsFile::read(file.clone()).unwrap().warnings();
    assert_eq!(taken(file.clone()).warnings(), of_file, "in the order of names");
    of_file.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn warns(file: &Value, expected: &[(&str, &str)]) {
    let told = warned(file);
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (line, (key, part)) in told.iter().zip(expected) {
        assert!(line.starts_with(&format!("{key}: ")) && line.contains(part), "{part:?}: {line}");
    }
}

fn trust(purpose: &str) -> Value {
    json!([{"name": "a", "purposes": [purpose],
        "certificates": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}])
}

#[test]
fn phones_with_sip_are_warned_of_where_sip_is_off() {
    let mut file = json!({"devices": [
        {"name": "SEP1", "sip": {"user": "one", "password": "x"}},
        {"name": "SEP2"},
    ]});
    warns(&file, &[("sip.domains", "off for SEP1, whose")]);
    file["devices"][1]["sip"] = json!({"user": "two"});
    warns(&file, &[("sip.domains", "off for SEP1 and 1 more, whose")]);
    file["devices"][1]["sip"]["password"] = json!("x");
    file["sip"] = json!({"domains": ["voice.example"]});
    warns(&file, &[]);
}

#[test]
fn a_next_hop_over_tls_is_warned_of_where_nobody_vouches_for_it() {
    let hop = |name: &str, transport: &str| {
        json!({"name": name, "transport": transport,
        "servers": [{"host": "sip.example"}]})
    };
    let hops = [hop("plain", "tcp"), hop("edge", "tls")];
    let mut file = json!({"sip": {"domains": ["voice.example"], "next_hops": hops}});
    const EXPECTED: (&str, &str) = ("sip.next_hops[1].transport", "so edge is never reached");
    warns(&file, &[EXPECTED]);
    file["trust"] = trust("sip_devices");
    warns(&file, &[EXPECTED]);
    file["trust"] = trust("sip_next_hops");
    warns(&file, &[]);
}

#[test]
fn phones_that_have_only_a_certificate_are_warned_of_where_none_is_trusted() {
    let hop = json!({"name": "edge", "transport": "tcp", "servers": [{"host": "sip.example"}]});
    let file = |sip: Value| {
        json!({
            "sip": {"domains": ["voice.example"], "next_hops": [hop]},
            "devices": [{"name": "SEP1", "sip": sip}],
        })
    };
    const EXPECTED: (&str, &str) = ("trust", "so SEP1 can never register");
    let with = |member: &str, value: &str| json!({"user": "one", "password": "x", member: value});
    for sip in [with("proof", "certificate"), json!({"user": "one"})] {
        let mut file = file(sip);
        warns(&file, &[EXPECTED]);
        file["trust"] = trust("sip_next_hops");
        warns(&file, &[EXPECTED]);
        file["trust"] = trust("sip_devices");
        warns(&file, &[]);
    }
    // By a digest, and behind a next hop, it needs none.
    warns(&file(with("proof", "digest_or_certificate")), &[]);
    warns(&file(with("proof", "digest")), &[]);
    warns(&file(json!({"user": "one", "next_hop": "edge", "proof": "certificate"})), &[]);
    let mut for_all = file(json!({"user": "one", "password": "x"}));
    for_all["sip"]["proof"] = json!("certificate");
    warns(&for_all, &[EXPECTED]);
}

#[test]
fn users_without_qop_are_warned_of_where_no_phone_has_them() {
    let phone = json!({"name": "SEP1", "sip": {"user": "one", "password": "x"}});
    let file = |users: &[&str]| {
        let sip = json!({"domains": ["voice.example"], "legacy_no_qop": users});
        json!({"sip": sip, "devices": [phone]})
    };
    warns(&file(&["one"]), &[]);
    warns(&file(&["one", "One"]), &[("sip.legacy_no_qop", "\"One\", which")]);
    warns(&file(&["two", "three"]), &[("sip.legacy_no_qop", "\"three\" and 1 more, which")]);
}
