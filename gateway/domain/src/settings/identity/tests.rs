//! The identity service in a settings file: limits, references, round trips.

use serde_json::{Value, json};

use crate::settings::{
    HashOf, OauthClient, SettingDocument, Settings, SettingsFile, SettingsHead, TokenSignature,
    export, plan,
};
use crate::{Sealed, Secret};

const ID: &str = "0123456789abcdef0123456789abcdef01234567";

fn sample() -> Value {
    json!({
        "agents": [{"id": "1001", "pin": "123456"}],
        "phone_service": {"single_sign_on_pin": true},
        "roles": [{"name": "boss", "role": "administrator", "directory": "adfs",
                   "users": ["ann@example.com"]}],
        "identity": {"hosts": ["gw-a.example", "gw-b.example:9553"], "single_sign_on": true},
        "identity_providers": [{"name": "adfs", "metadata": "<EntityDescriptor/>"}],
        "oauth_clients": [{
            "client_id": ID,
            "name": "Desk",
            "redirect_urls": ["https://desk.example/signed-on"],
            "secret": "x".repeat(32),
        }],
    })
}

fn settings(value: Value) -> Settings {
    let file = SettingsFile::read(value).unwrap_or_else(|found| panic!("{found}"));
    let hash = |of: &HashOf| Some(format!("$argon2id${of:?}"));
    let documents = file.into_documents(hash, |_, _: &Secret| Sealed::from_text("sealed"));
    Settings::from_documents(&SettingsHead::default(), documents.0)
}

/// Reads the sample with `value` in the place of what is at `pointer`, or without that where it is
/// nothing, and compares the keys of all problems.
#[track_caller]
fn check(pointer: &str, value: Value, expected: &[&str]) {
    let mut sample = sample();
    let (table, member) = pointer.rsplit_once('/').unwrap();
    let table = sample.pointer_mut(table).unwrap();
    table[member] = value;
    table.as_object_mut().unwrap().retain(|_, member| !member.is_null());
    let keys: Vec<_> = match SettingsFile::read(sample) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.as_slice().iter().map(|it| it.key.clone()).collect(),
    };
    assert_eq!(keys, expected);
}

#[test]
fn what_is_exported_is_read_back_and_named_by_what_it_is() {
    let one = settings(sample());
    let again = settings(export(&one));
    assert_eq!(again, one);
    for document in one.documents() {
        assert_eq!(one.document(&document.key()), Some(document));
    }
    let removed: Vec<_> = one.documents().iter().map(SettingDocument::key).collect();
    let empty = one.changed(&SettingsHead::default(), [], &removed);
    assert_eq!((empty.oauth_clients.len(), empty.identity_providers.len()), (0, 0));
    assert_eq!(empty.identity, Settings::default().identity);
}

#[test]
fn ids_06_tokens_and_codes_last_within_limits_and_are_encrypted_unless_said_otherwise() {
    let usual = settings(json!({})).identity;
    assert_eq!(
        (usual.refresh_token_hours, usual.code_minutes, usual.access_token_minutes),
        (10, 1, 60)
    );
    assert!(usual.encrypt_tokens && !usual.single_sign_on);
    assert_eq!(usual.token_signature, TokenSignature::Rs256);
    for (name, least, most) in [
        ("refresh_token_hours", 2, 24),
        ("code_minutes", 1, 10),
        ("access_token_minutes", 5, 120),
        ("rotation_overlap_seconds", 0, 60),
        ("clock_skew_seconds", 0, 180),
        ("response_age_seconds", 60, 600),
    ] {
        let (pointer, key) = (format!("/identity/{name}"), format!("identity.{name}"));
        for good in [least, most] {
            check(&pointer, json!(good), &[]);
        }
        for bad in [least - 1, most + 1] {
            check(&pointer, json!(bad), &[&key]);
        }
    }
    check("/identity/token_signature", json!("ES256"), &[]);
    check("/identity/token_signature", json!("HS256"), &["identity.token_signature"]);
    check("/identity/encrypt_tokens", json!("no"), &["identity.encrypt_tokens"]);
}

#[test]
fn ids_14_the_identity_service_has_names_and_no_addresses() {
    let one = settings(sample()).identity;
    assert_eq!(one.entity_id(), Some("gw-a.example"));
    let origins: Vec<_> = one.origins().collect();
    assert_eq!(origins, ["https://gw-a.example:8553", "https://gw-b.example:9553"]);
    check("/identity/hosts", json!(["localhost:8443"]), &[]);
    for bad in ["192.0.2.1", "[2001:db8::1]", "2001:db8::1", "https://a.example", "a:0", ""] {
        check("/identity/hosts", json!([bad]), &["identity.hosts[0]"]);
    }
    // The same place in another spelling.
    check("/identity/hosts", json!(["A.example:8553", "a.example"]), &["identity.hosts[1]"]);
    let hosts = |count: usize| -> Value {
        (0..count).map(|number| format!("gw-{number}.example")).collect::<Vec<_>>().into()
    };
    check("/identity/hosts", hosts(8), &[]);
    check("/identity/hosts", hosts(9), &["identity.hosts", "identity.single_sign_on"]);
    for bad in ["http://idp.example/metadata", "https://192.0.2.1/metadata", "idp.example"] {
        let key = "identity_providers[0].metadata_url";
        check("/identity_providers/0/metadata_url", json!(bad), &[key]);
    }
}

#[test]
fn ids_11_single_sign_on_takes_a_host_and_a_provider_with_metadata() {
    let key = "identity.single_sign_on";
    check("/identity/hosts", json!([]), &[key]);
    check("/identity_providers/0/metadata", json!(null), &[key]);
    check("/identity_providers/0/metadata", json!(" \n"), &[key]);
    let mut without = sample();
    without["identity_providers"] = json!([]);
    without["roles"] = json!([]);
    let found = SettingsFile::read(without.clone()).unwrap_err();
    assert_eq!(found.as_slice()[0].key, key);
    without["identity"]["single_sign_on"] = json!(false);
    assert!(SettingsFile::read(without).is_ok());
}

#[test]
fn ids_01_of_several_providers_one_is_named() {
    let two = json!([{"name": "adfs", "metadata": "<a/>"}, {"name": "okta"}]);
    check("/identity_providers", two.clone(), &["identity.provider"]);
    let mut named = sample();
    named["identity_providers"] = two;
    named["identity"]["provider"] = json!("adfs");
    assert_eq!(settings(named.clone()).identity_provider().unwrap().name, "adfs");
    named["identity"]["provider"] = json!("okta");
    let found = SettingsFile::read(named).unwrap_err();
    assert_eq!(found.as_slice()[0].key, "identity.single_sign_on");
    check("/identity/provider", json!("gone"), &["identity.provider", "identity.single_sign_on"]);
    let twice = json!([{"name": "adfs", "metadata": "<a/>"}, {"name": "adfs"}]);
    check("/identity_providers", twice, &["identity_providers", "identity.provider"]);
    let nine: Vec<_> = (0..9).map(|number| json!({"name": format!("p{number}")})).collect();
    let expected = ["identity_providers", "roles[0].directory", "identity.single_sign_on"];
    check("/identity_providers", nine.into(), &expected);
}

#[test]
fn ids_01_metadata_have_a_size_and_a_rhythm() {
    let at = |name: &str| {
        (format!("/identity_providers/0/{name}"), format!("identity_providers[0].{name}"))
    };
    let (pointer, key) = at("metadata");
    check(&pointer, json!("x".repeat(262_144)), &[]);
    check(&pointer, json!("x".repeat(262_145)), &[&key]);
    let (pointer, key) = at("metadata_refresh_hours");
    for good in [1, 168] {
        check(&pointer, json!(good), &[]);
    }
    for bad in [0, 169] {
        check(&pointer, json!(bad), &[&key]);
    }
    let (pointer, key) = at("take_changes");
    check(&pointer, json!(true), &[&key]);
    let (pointer, key) = at("entity_id");
    check(&pointer, json!("https://idp.example/adfs"), &[]);
    check(&pointer, json!("x".repeat(1_025)), &[&key]);
}

#[test]
fn ids_08_a_client_has_an_id_a_name_and_redirect_addresses() {
    let at = |name: &str| (format!("/oauth_clients/0/{name}"), format!("oauth_clients[0].{name}"));
    let (pointer, key) = at("client_id");
    for bad in [&ID[1..], "0123456789ABCDEF0123456789abcdef01234567", "desk"] {
        check(&pointer, json!(bad), &[&key]);
    }
    check(&pointer, json!(null), &[&key]);
    let (pointer, key) = at("name");
    check(&pointer, json!("x".repeat(64)), &[]);
    check(&pointer, json!("x".repeat(65)), &[&key]);
    check(&pointer, json!(null), &[&key]);
    let (pointer, key) = at("redirect_urls");
    let urls = |count: usize| -> Value {
        (0..count).map(|it| format!("https://desk.example/{it}")).collect::<Vec<_>>().into()
    };
    check(&pointer, urls(16), &[]);
    check(&pointer, urls(0), &[&key]);
    check(&pointer, urls(17), &[&key, &key]);
    check(&pointer, json!(["https://a.example", "http://a.example"]), &[&format!("{key}[1]")]);
    check(&pointer, json!(["https://a.example", "https://a.example"]), &[&format!("{key}[1]")]);
    check(&at("api_roles").0, json!(["king"]), &["oauth_clients[0].api_roles"]);
    check(&at("refresh").0, json!("never"), &["oauth_clients[0].refresh"]);
    check(&at("kind").0, json!("secret"), &["oauth_clients[0].kind"]);
    let one = settings(sample()).oauth_clients[ID].clone();
    assert!(one.pkce_required && one.api_roles.is_empty() && !one.native && !one.may_introspect);
}

#[test]
fn ids_08_a_confidential_client_has_a_long_secret_and_a_public_one_none() {
    let at = |name: &str| format!("/oauth_clients/0/{name}");
    let (secret, digest) = ("oauth_clients[0].secret", "oauth_clients[0].secret_digest");
    check(&at("secret"), json!("x".repeat(31)), &[secret]);
    check(&at("secret"), json!("x".repeat(256)), &[]);
    check(&at("secret"), json!("x".repeat(257)), &[secret]);
    check(&at("secret"), json!(null), &[secret]);
    check(&at("secret_digest"), json!("0".repeat(64)), &[secret]);
    check(&at("kind"), json!("public"), &[secret]);
    let client = |more: Value| {
        let mut client =
            json!({"client_id": ID, "name": "Desk", "redirect_urls": ["https://desk.example"]});
        client.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([client])
    };
    let check = |more: Value, expected: &[&str]| check("/oauth_clients", client(more), expected);
    check(json!({"secret_digest": "0".repeat(64)}), &[]);
    check(json!({"secret_digest": "A".repeat(64)}), &[digest]);
    check(json!({"kind": "public"}), &[]);
    check(json!({"kind": "public", "pkce_required": true}), &[]);
    check(json!({"kind": "public", "pkce_required": false}), &["oauth_clients[0].pkce_required"]);
    check(json!({"kind": "public", "may_introspect": true}), &["oauth_clients[0].may_introspect"]);
    let native = json!({"kind": "public", "redirect_urls": ["http://127.0.0.1/cb"]});
    check(native, &["oauth_clients[0].redirect_urls[0]"]);
    let urls = json!(["http://127.0.0.1/cb"]);
    check(json!({"kind": "public", "native": true, "redirect_urls": urls}), &[]);
    let twice = json!([client(json!({"kind": "public"}))[0], client(json!({"kind": "public"}))[0]]);
    super::tests::check("/oauth_clients", twice, &["oauth_clients"]);
}

#[test]
fn ids_08_a_secret_is_kept_as_its_digest_and_never_shown() {
    let one = settings(sample());
    let kept = one.oauth_clients[ID].secret_digest.clone().unwrap();
    assert_eq!(kept, OauthClient::digest_of(&"x".repeat(32)));
    // FIPS 180-2, example B.1.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(OauthClient::digest_of("abc"), abc);
    let mut other = sample();
    other["oauth_clients"][0]["secret"] = json!("y".repeat(32));
    let planned = plan(&one, &settings(other).documents());
    let told: Vec<_> = planned.iter().map(|it| it.name.clone()).collect();
    assert_eq!(told, [format!("oauth_clients/{ID}")]);
    let change = &planned[0].changes[0];
    assert_eq!(change.field, format!("oauth_clients/{ID} secret_digest"));
    assert_eq!(change.before.as_deref(), Some("\"(set)\""));
    assert!(!format!("{one:?}").contains(&kept));
}

#[test]
fn ids_16_a_role_may_name_people_of_an_identity_provider_but_no_groups() {
    check("/roles/0/directory", json!("gone"), &["roles[0].directory"]);
    check("/roles/0/groups", json!(["cn=x"]), &["roles[0].groups"]);
    check("/roles/0/users", json!([]), &["roles[0].users"]);
    let directory = json!([{
        "name": "adfs",
        "servers": [{"host": "ldap.example"}],
        "bind_dn": "cn=reader",
        "bind_password": "secret",
        "base_dn": "dc=example",
    }]);
    check("/directories", directory, &["identity_providers[0].name"]);
}

#[test]
fn phn_15_a_pin_has_six_to_twelve_digits_and_is_kept_as_a_hash() {
    let pointer = "/agents/0/pin";
    for good in ["123456", "123456789012"] {
        check(pointer, json!(good), &[]);
    }
    for bad in [json!("12345"), json!("1234567890123"), json!("12345a"), json!("１２３４５６")]
    {
        check(pointer, bad, &["agents[0].pin"]);
    }
    // A number could have lost zeros in front.
    check(pointer, json!(123_456), &["agents[0].pin"]);
    check("/agents/0/pin_hash", json!("$argon2id$x"), &["agents[0].pin"]);
    let file = SettingsFile::read(sample()).unwrap();
    let plain: Vec<_> = file.plain_passwords();
    let id: crate::AgentId = "1001".parse().unwrap();
    assert_eq!(plain, [(HashOf::Pin(id.clone()), Secret::new("123456"))]);
    let one = settings(sample());
    let kept = one.hash(&HashOf::Pin(id.clone())).unwrap();
    assert!(kept.starts_with("$argon2id$"));
    assert_eq!(one.hash(&HashOf::Password(id)), None);
    assert!(!format!("{one:?}").contains(&kept));
    assert!(one.phone_service.single_sign_on_pin);
    assert!(!Settings::default().phone_service.single_sign_on_pin);
}
