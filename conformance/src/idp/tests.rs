//! The provider takes what the documents allow, and nothing else.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::keys::SigningKey;
use super::messages::Signed;
use super::provider::{Provider, Reply, Request, Setup, User};
use super::request::judge;
use super::service::Service;
use super::signing::{Form, parse, seal};

const NOW_SECONDS: u64 = 1_800_000_000;
const SSO: &str = "https://localhost:8444/sso";
const ACS: &str = "https://gw.example:8553/ids/saml/response";
const REQUEST: &str = "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
    AssertionConsumerServiceURL=\"https://gw.example:8553/ids/saml/response\" \
    Destination=\"https://localhost:8444/sso\" ForceAuthn=\"false\" ID=\"$ID\" IsPassive=\"false\" \
    IssueInstant=\"2027-01-15T08:00:00Z\" \
    ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Version=\"2.0\"><saml:Issuer \
    xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">gw.example</saml:Issuer>$SIGNATURE\
    <samlp:NameIDPolicy AllowCreate=\"true\" \
    Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\" \
    SPNameQualifier=\"gw.example\"></samlp:NameIDPolicy></samlp:AuthnRequest>";
const ID: &str = "_0123456789abcdef0123456789abcdef";

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW_SECONDS)
}

/// Keys of service, provider and somebody else; they take long to make.
fn keys() -> &'static [Arc<SigningKey>; 3] {
    static KEYS: OnceLock<[Arc<SigningKey>; 3]> = OnceLock::new();
    KEYS.get_or_init(|| {
        ["gw.example", "idp", "other"]
            .map(|name| Arc::new(SigningKey::generate(name, NOW_SECONDS).unwrap()))
    })
}

fn service() -> Service {
    Service {
        entity: "gw.example".to_owned(),
        consumers: vec![ACS.to_owned()],
        certificates: vec![keys()[0].certificate_der().to_vec()],
    }
}

fn signed(template: &str, id: &str, key: &SigningKey) -> String {
    let blank = Form::of(key).blank(id);
    let text = template.replace("$ID", id).replace("$SIGNATURE", &blank);
    seal(&text, id, key).unwrap()
}

fn check_refused(from: &str, to: &str, expected: &str) {
    assert_eq!(REQUEST.matches(from).count(), 1, "{from}");
    let text = signed(&REQUEST.replace(from, to), ID, &keys()[0]);
    let problem = judge(text.as_bytes(), SSO, Some(&service()), now()).unwrap_err();
    assert!(problem.contains(expected), "{from} -> {to}: {problem}");
}

#[test]
fn a_request_by_the_documents_is_taken() {
    let text = signed(REQUEST, ID, &keys()[0]);
    let asked = judge(text.as_bytes(), SSO, Some(&service()), now()).unwrap();
    assert_eq!((asked.id.as_str(), asked.entity.as_str()), (ID, "gw.example"));
    assert_eq!(asked.consumer, ACS);
    judge(text.as_bytes(), SSO, None, now()).unwrap();
}

#[test]
fn a_request_that_departs_from_the_documents_is_refused_with_the_reason() {
    check_refused("Version=\"2.0\"", "Version=\"1.1\"", "Version");
    check_refused("Destination=\"https://localhost:8444/sso\"", "", "no Destination");
    check_refused("localhost:8444/sso", "localhost:8444/sso/", "Destination");
    check_refused("ForceAuthn=\"false\"", "ForceAuthn=\"true\"", "ForceAuthn");
    check_refused("IsPassive=\"false\"", "", "no IsPassive");
    check_refused("bindings:HTTP-POST", "bindings:HTTP-Artifact", "ProtocolBinding");
    check_refused("8553/ids/saml/response", "8553/other", "not in the metadata");
    check_refused("2027-01-15T08:00:00Z", "2027-01-15T08:05:00Z", "more than a minute");
    check_refused("2027-01-15T08:00:00Z", "2027-01-15T08:00:00+00:00", "no time in UTC");
    check_refused("format:transient", "format:persistent", "Format");
    check_refused("SPNameQualifier=\"gw.example\"", "", "no SPNameQualifier");
    check_refused("AllowCreate=\"true\"", "AllowCreate=\"false\"", "AllowCreate");
    check_refused("assertion\">gw.example<", "assertion\">other.example<", "Issuer");
    check_refused("Version=\"2.0\"", "Version=\"2.0\" ProviderName=\"x\"", "ProviderName");
    check_refused("</samlp:AuthnRequest>", "<samlp:Scoping/></samlp:AuthnRequest>", "Scoping");
    check_refused("$SIGNATURE", "$SIGNATURE$SIGNATURE", "Signature");
}

#[test]
fn a_request_has_to_be_signed_by_the_service_over_all_of_it() {
    let refused = |text: &str, expected: &str| {
        let problem = judge(text.as_bytes(), SSO, Some(&service()), now()).unwrap_err();
        assert!(problem.contains(expected), "{problem}");
    };
    refused(&REQUEST.replace("$ID", ID).replace("$SIGNATURE", ""), "Signature");
    refused(&signed(REQUEST, ID, &keys()[2]), "no key of the service");
    let text = signed(REQUEST, ID, &keys()[0]);
    refused(&text.replace("AllowCreate=\"true\"", "AllowCreate=\"1\""), "digest");
    refused(&text.replace("rsa-sha256", "rsa-sha1"), "SignatureMethod");
    refused(&text.replace("xmlenc#sha256", "xmldsig#sha1"), "DigestMethod");
    refused(&text.replace(&format!("URI=\"#{ID}\""), "URI=\"\""), "refers to");
    refused(&format!("<!DOCTYPE x>{text}"), "XML");
    refused(&signed(REQUEST, "_short", &keys()[0]), "128 random bits");
}

#[test]
fn metadata_of_a_service_is_read_strictly() {
    let certificate = keys()[0].certificate_base64();
    let text = format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         entityID=\"gw.example\"><md:SPSSODescriptor AuthnRequestsSigned=\"true\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor \
         use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
         <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
         </md:KeyDescriptor><md:AssertionConsumerService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{ACS}\" index=\"0\"/>\
         </md:SPSSODescriptor></md:EntityDescriptor>"
    );
    assert_eq!(Service::read(&text).unwrap(), service());
    for (from, to, expected) in [
        ("entityID=\"gw.example\"", "", "entityID"),
        ("AuthnRequestsSigned=\"true\"", "", "signs"),
        ("use=\"signing\"", "use=\"encryption\"", "certificate"),
        ("bindings:HTTP-POST", "bindings:HTTP-Redirect", "HTTP-POST"),
        ("https://gw", "http://gw", "HTTPS"),
    ] {
        let problem = Service::read(&text.replace(from, to)).unwrap_err();
        assert!(problem.contains(expected), "{problem}");
    }
}

fn provider(what: Signed) -> Provider {
    let [_, key, foreign] = keys().clone();
    let user = User {
        user: "ada".to_owned(),
        password: "secret".to_owned(),
        uid: "ada".to_owned(),
        user_principal: "ada@example.com".to_owned(),
    };
    Provider::new(Setup {
        entity: "https://localhost:8444/metadata".to_owned(),
        origin: "https://localhost:8444".to_owned(),
        key,
        foreign,
        users: vec![user],
        signed: what,
    })
}

fn post(
    provider: &mut Provider,
    path: &str,
    cookie: Option<&str>,
    fields: &[(&str, &str)],
) -> Reply {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<_> =
        fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let request = Request {
        method: "POST".to_owned(),
        path: path.to_owned(),
        content_type: Some("application/x-www-form-urlencoded".to_owned()),
        cookie: cookie.map(str::to_owned),
        body: pairs.join("&").into_bytes(),
        ..Request::default()
    };
    provider.answer(&request, Ok(Some(service())), now())
}

fn ask(provider: &mut Provider, cookie: Option<&str>, id: &str) -> Reply {
    let message = STANDARD.encode(signed(REQUEST, id, &keys()[0]));
    post(provider, "/sso", cookie, &[("SAMLRequest", &message), ("RelayState", "a<\"b")])
}

fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split('"').next().map(str::to_owned)
}

#[test]
fn one_sign_in_answers_this_request_and_the_next_without_a_password() {
    let mut provider = provider(Signed::Both);
    let form = ask(&mut provider, None, ID);
    assert_eq!(form.status, 200);
    assert!(form.body.contains("<label for=\"password\">"), "{}", form.body);
    let pending = hidden(&form.body, "request").unwrap();
    let fields = |password: &'static str| {
        [
            ("request", pending.clone()),
            ("user", "ada".to_owned()),
            ("password", password.to_owned()),
        ]
    };
    let sign_in = |provider: &mut Provider, password: &'static str| {
        let fields = fields(password);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        post(provider, "/sign-in", None, &fields)
    };
    let wrong = sign_in(&mut provider, "other");
    assert!(wrong.status == 401 && wrong.body.contains("role=\"alert\""));
    let page = sign_in(&mut provider, "secret");
    assert_eq!(hidden(&page.body, "RelayState").unwrap(), "a&lt;&quot;b");
    assert!(page.body.contains(&format!("action=\"{ACS}\"")), "{}", page.body);
    let response = STANDARD.decode(hidden(&page.body, "SAMLResponse").unwrap()).unwrap();
    let response = String::from_utf8(response).unwrap();
    let document = parse(&response).unwrap();
    assert_eq!(document.root_element().attribute("InResponseTo"), Some(ID));
    assert!(response.contains(">ada@example.com<"));
    let signatures = document.descendants().filter(|it| it.tag_name().name() == "Signature");
    assert_eq!(signatures.count(), 2);
    // The cookie answers the next request at once; the same request comes only once.
    let cookie = page.cookie.unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let next = ask(&mut provider, Some(cookie), "_fedcba9876543210fedcba9876543210");
    assert!(hidden(&next.body, "SAMLResponse").is_some());
    let again = ask(&mut provider, Some(cookie), ID);
    assert!(again.status == 400 && again.body.contains("came before"));
    let log = provider.control(&json!({"command": "refusals"})).unwrap();
    assert_eq!(log["refusals"].as_array().unwrap().len(), 1);
    provider.control(&json!({"command": "forget-sessions"})).unwrap();
    let next = ask(&mut provider, Some(cookie), "_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert!(hidden(&next.body, "SAMLResponse").is_none());
}

#[test]
fn an_attack_is_the_answer_when_it_is_told_so() {
    let mut provider = provider(Signed::Message);
    provider.control(&json!({"command": "message", "name": "xsw2"})).unwrap();
    let form = ask(&mut provider, None, ID);
    let pending = hidden(&form.body, "request").unwrap();
    let fields = [("request", pending.as_str()), ("user", "ada"), ("password", "secret")];
    let page = post(&mut provider, "/sign-in", None, &fields);
    let response = STANDARD.decode(hidden(&page.body, "SAMLResponse").unwrap()).unwrap();
    assert!(String::from_utf8(response).unwrap().contains("administrator"));
    provider.control(&json!({"command": "explode"})).unwrap_err();
}

#[test]
fn requests_come_by_post_in_a_form_of_their_own() {
    let mut provider = provider(Signed::Message);
    let message = STANDARD.encode(signed(REQUEST, ID, &keys()[0]));
    let long = "a".repeat(81);
    for fields in [
        vec![("RelayState", "x")],
        vec![("SAMLRequest", &message), ("SAMLRequest", &message)],
        vec![("SAMLRequest", &message), ("RelayState", &long)],
        vec![("SAMLRequest", &message), ("Other", "x")],
        vec![("SAMLRequest", "*")],
    ] {
        assert_eq!(post(&mut provider, "/sso", None, &fields).status, 400, "{fields:?}");
    }
    let get = Request { method: "GET".to_owned(), path: "/sso".to_owned(), ..Request::default() };
    let reply = provider.answer(&get, Ok(Some(service())), now());
    assert!(reply.status == 400 && reply.body.contains("HTTP-POST"));
    assert!(provider.has_refused());
}
