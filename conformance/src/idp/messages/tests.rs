//! The corpus is what it says: attacks differ from good messages in the one thing they are about.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::*;
use crate::idp::canonical::canonical;
use crate::idp::keys::is_signed_by;
use crate::idp::signing::{DSIG, signed_info};

/// One forge for all tests: keys take long to make.
fn forge() -> &'static Forge {
    static FORGE: OnceLock<Forge> = OnceLock::new();
    FORGE.get_or_init(made_forge)
}

fn all() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| entries(forge()).unwrap())
}

fn made_forge() -> Forge {
    let now_seconds = 1_800_000_000;
    let place = Place {
        sp: "gw.example".to_owned(),
        acs: "https://gw.example:8553/ids/saml/response".to_owned(),
        idp: "https://idp.example/metadata".to_owned(),
        request_id: "_1f2e3d".to_owned(),
        now_seconds,
        uid: "ada".to_owned(),
        principal: "ada@example.com".to_owned(),
        fetch_url: "http://127.0.0.1:9/fetched".to_owned(),
    };
    let key = SigningKey::generate(&place.idp, now_seconds).unwrap();
    let foreign = SigningKey::generate("other.example", now_seconds).unwrap();
    Forge { place, key: Arc::new(key), foreign: Arc::new(foreign) }
}

/// How many signatures of the text stand in the element they refer to, whose digest and value are right.
fn good_signatures(forge: &Forge, text: &str) -> (usize, usize) {
    let document = parse(text).unwrap();
    let signatures: Vec<_> =
        document.descendants().filter(|it| it.has_tag_name((DSIG, "Signature"))).collect();
    let good = signatures.iter().filter(|signature| {
        let parent = signature.parent_element().unwrap();
        let value = |name: &str| {
            let found = signature.descendants().find(|it| it.has_tag_name((DSIG, name)));
            let text = found.and_then(|it| it.text()).unwrap_or_default().to_owned();
            text.split_ascii_whitespace().collect::<String>()
        };
        let list = signature.descendants().find(|it| it.tag_name().name() == "InclusiveNamespaces");
        let list = list.and_then(|it| it.attribute("PrefixList")).unwrap_or_default();
        let list: Vec<_> = list.split(' ').filter(|it| !it.is_empty()).collect();
        let content = canonical(parent, &list, Some(signature.id()));
        let digest = <Sha256 as sha2::Digest>::digest(content.as_bytes());
        use base64::Engine as _;
        let standard = base64::engine::general_purpose::STANDARD;
        let signature_value = standard.decode(value("SignatureValue")).unwrap_or_default();
        standard.encode(digest) == value("DigestValue")
            && is_signed_by(
                forge.key.certificate_der(),
                signed_info(**signature).unwrap_or_default().as_bytes(),
                &signature_value,
            )
    });
    (good.count(), signatures.len())
}

#[test]
fn every_message_has_a_name_of_its_own_and_is_told_about() {
    let entries = all();
    let names: BTreeSet<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names.len(), entries.len());
    let good = entries.iter().filter(|entry| entry.step.is_none()).count();
    assert!(good >= 20 && entries.len() - good >= 150, "{good} of {}", entries.len());
    for entry in entries {
        assert!(!entry.explanation.is_empty(), "{}", entry.name);
        assert_eq!(entry.step.is_none(), entry.reason.is_empty(), "{}", entry.name);
        let text = String::from_utf8_lossy(&entry.bytes);
        assert!(
            !text.contains('$') && !text.contains("{digest") && !text.contains("{value"),
            "{}",
            entry.name
        );
        if let Some(after) = entry.after {
            assert!(names.contains(after), "{after}");
        }
    }
}

#[test]
fn good_messages_are_signed_well_everywhere() {
    let forge = forge();
    for entry in all().iter().filter(|entry| entry.step.is_none()) {
        let text = String::from_utf8(entry.bytes.clone()).unwrap();
        let (good, all) = good_signatures(forge, &text);
        let expected = if entry.name.contains("both") { 2 } else { good };
        assert!(good == all && good == expected && good > 0, "{}: {good} of {all}", entry.name);
    }
}

#[test]
fn messages_that_say_the_wrong_thing_are_signed_well() {
    let forge = forge();
    let classes = [
        "issuer",
        "status",
        "addressing",
        "time",
        "conditions",
        "name",
        "attributes",
        "encrypted",
        "structure",
        "replay",
    ];
    for entry in all().iter().filter(|entry| classes.contains(&entry.class)) {
        let text = String::from_utf8(entry.bytes.clone()).unwrap();
        // Where the response's ID is there twice, a signature is no more told from another.
        assert_eq!(good_signatures(forge, &text), (1, 1), "{}", entry.name);
    }
}

#[test]
fn the_plain_shape_is_canonical_as_it_stands() {
    let forge = forge();
    let text = forge.plain("plain-both-signed", Signed::Both).unwrap();
    let document = parse(&text).unwrap();
    assert_eq!(canonical(document.root_element(), &[], None), text);
}

#[test]
fn what_an_enveloped_signature_leaves_out_verifies_with_the_attack_in_it() {
    let forge = forge();
    for name in ["assertion-in-object", "assertion-in-key-info", "message-in-own-signature"] {
        let entry = all().iter().find(|entry| entry.name == name).unwrap();
        let text = String::from_utf8(entry.bytes.clone()).unwrap();
        assert_eq!(good_signatures(forge, &text), (1, 1), "{name}");
        assert!(text.contains("administrator"), "{name}");
    }
}

#[test]
fn only_what_is_about_size_is_too_large() {
    for entry in all() {
        let is_large = entry.bytes.len() > 180_000;
        assert_eq!(is_large, entry.name == "too-large", "{}: {}", entry.name, entry.bytes.len());
    }
}

#[test]
fn every_form_is_there_once() {
    let forge = forge();
    let forms = forms::entries(forge, "relay").unwrap();
    let names: BTreeSet<_> = forms.iter().map(|(entry, _)| entry.name.as_str()).collect();
    assert_eq!(names.len(), forms.len());
    assert!(names.contains("form-name-encoded"));
    let (letters, _) = forms.iter().find(|(entry, _)| entry.name == "form-url-letters").unwrap();
    let text = String::from_utf8(letters.bytes.clone()).unwrap();
    assert!(text.contains('-') || text.contains('_'), "{text}");
}

/// Somebody else's judgement of the same signatures.
#[test]
fn xmlsec1_finds_the_signatures_of_good_messages_good() {
    let folder = std::env::temp_dir().join(format!("peers-messages-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let certificate = folder.join("idp.pem");
    std::fs::write(&certificate, forge().key.certificate_pem()).unwrap();
    for entry in all().iter().filter(|entry| entry.step.is_none()) {
        let file = folder.join("message.xml");
        std::fs::write(&file, &entry.bytes).unwrap();
        let mut program = std::process::Command::new("xmlsec1");
        program.args(["--verify", "--enabled-key-data", "rsa", "--pubkey-cert-pem"]);
        program.arg(&certificate);
        program.args(["--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response"]);
        program.args(["--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"]);
        program.args(["--node-xpath", "/*/*[local-name()='Signature']"]).arg(&file);
        let Ok(judged) = program.output() else {
            println!("left out: there is no xmlsec1 here");
            break;
        };
        let said = String::from_utf8_lossy(&judged.stderr).into_owned();
        assert!(judged.status.success(), "{}: {said}", entry.name);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
