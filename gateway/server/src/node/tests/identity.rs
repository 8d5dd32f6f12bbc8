//! What administrators do about single sign-on, asked of a whole node.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use console::Context;
use domain::settings::OauthClient;
use domain::{Actor, Proof};

use super::*;
use crate::admin::protocol::done;

const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// Metadata as an identity provider gives it, with a certificate of its own.
fn metadata() -> String {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["idp.example".to_owned()]).unwrap();
    let certificate = BASE64_STANDARD.encode(parameters.self_signed(&key).unwrap().der());
    format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"https://idp.example\">\
         <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>\
         <X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>\
         <SingleSignOnService Binding=\"{POST}\" Location=\"https://idp.example/sso\"/>\
         </IDPSSODescriptor></EntityDescriptor>"
    )
}

fn by_browser(idempotency: Option<&str>) -> Context {
    let by = Actor {
        who: "admin".to_owned(),
        how: Some(Proof::Cookie),
        from: Some("192.0.2.7".to_owned()),
        reference: None,
    };
    Context { by, idempotency: idempotency.map(str::to_owned) }
}

impl Fixture {
    /// The code of what somebody with a browser is refused.
    async fn refused(&self, deed: &str, members: Value) -> String {
        let asked = done(&self.node().shared, &by_browser(None), deed, members).await;
        asked.expect_err(deed).code
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_11_single_sign_on_is_not_on_before_its_tests_but_for_who_may_use_the_machine() {
    let it = start().await;
    let text = json!({"identity": {"hosts": ["ids.example"]}}).to_string();
    it.check(json!({"do": "settings_apply", "text": text}), "/ok/changed", json!(true)).await;
    let put = |metadata: &str| json!({"do": "identity_provider_metadata", "name": "main", "metadata": metadata});
    it.check(put("<html/>"), "/error/problems/0/key", json!("metadata")).await;
    let metadata = metadata();
    it.check(put(&metadata), "/ok/made", json!(true)).await;
    it.check(put(&metadata), "/ok/changed", json!(false)).await;
    let settings = it.node().shared.engine.settings();
    assert_eq!(settings.identity.provider.as_deref(), Some("main"));

    let on = json!({"hosts": ["ids.example"], "provider": "main", "single_sign_on": true});
    let providers = json!([{"name": "main", "metadata": metadata}]);
    let whole = json!({"identity": on, "identity_providers": providers}).to_string();
    let edit = json!({"put": {"section": "identity", "document": on}});
    let ways = [
        ("identity_mode", json!({"on": true})),
        ("settings_change", json!({"edits": [edit]})),
        ("settings_apply", json!({"text": whole})),
    ];
    for (deed, members) in ways {
        assert_eq!(it.refused(deed, members).await, "not_tested", "{deed}");
    }
    let untested = json!({"on": true, "untested": true});
    assert_eq!(it.refused("identity_mode", untested).await, "forbidden");
    it.check(json!({"do": "identity_mode", "on": true}), "/error/code", json!("not_tested")).await;
    assert!(!it.node().shared.engine.settings().identity.single_sign_on);

    let untested = json!({"do": "identity_mode", "on": true, "untested": true});
    let answer = it.ask(untested).await;
    assert_eq!(answer["ok"]["on"], true, "{answer}");
    let warnings = answer["ok"]["warnings"].as_array().unwrap();
    let told = warnings.iter().find(|it| it["key"] == "identity.single_sign_on").unwrap();
    let words = told["message"].as_str().unwrap();
    assert!(words.contains("console/gw-a.example was not tested"), "{words}");
    it.check(json!({"do": "identity_mode", "on": false}), "/ok/on", json!(false)).await;
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_11_a_test_begins_where_its_component_is_and_others_are_not_there() {
    let it = start().await;
    let test = |component: &str| json!({"do": "identity_test", "component": component});
    let url = |answer: &Value| answer["ok"]["url"].as_str().unwrap_or_default().to_owned();
    let answer = it.ask(test("identity/gw-a.example")).await;
    assert!(url(&answer).contains("/ids/v1/test?ticket="), "{answer}");
    let console = it.node().shared.config.console.base.clone();
    let answer = it.ask(test("console/gw-a.example")).await;
    assert!(
        url(&answer).starts_with(&format!("{console}/api/v1/sign-on/single?test=")),
        "{answer}"
    );
    it.check(test("console/gw-z.example"), "/error/code", json!("not_found")).await;
    let provider = json!({"do": "identity_test", "provider": "main"});
    it.check(provider, "/error/code", json!("not_found")).await;
    it.check(json!({"do": "identity_test"}), "/error/code", json!("malformed")).await;
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_08_an_application_gets_an_id_and_a_secret_of_which_a_digest_is_kept() {
    let it = start().await;
    let add = |kind: &str, url: &str| json!({"do": "oauth_client_add", "name": "Desktop", "redirect_urls": [url], "kind": kind});
    let added = it.ask(add("confidential", "https://desktop.example/cb")).await;
    let id = added["ok"]["client_id"].as_str().unwrap_or_else(|| panic!("{added}"));
    let secret = added["ok"]["secret"].as_str().unwrap();
    assert!(id.len() == 40 && id.chars().all(|it| matches!(it, '0'..='9' | 'a'..='f')), "{id}");
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    assert!(secret.len() == 43 && secret.chars().all(plain));
    let kept = |id: &str| {
        it.node()
            .shared
            .engine
            .settings()
            .oauth_clients
            .get(id)
            .and_then(|it| it.secret_digest.clone())
    };
    assert_eq!(kept(id), Some(OauthClient::digest_of(secret)));
    let export = it.ask(json!({"do": "settings_export"})).await.to_string();
    assert!(export.contains(id) && !export.contains(secret));

    let another = it.ask(json!({"do": "oauth_client_secret", "client_id": id})).await;
    let another = another["ok"]["secret"].as_str().unwrap();
    assert_ne!(another, secret);
    assert_eq!(kept(id), Some(OauthClient::digest_of(another)));

    let public = it.ask(add("public", "https://page.example/cb")).await;
    assert_eq!(public["ok"]["secret"], Value::Null, "{public}");
    let public = json!({"do": "oauth_client_secret", "client_id": public["ok"]["client_id"]});
    it.check(public, "/error/code", json!("refused")).await;
    let wrong = add("public", "http://page.example/cb");
    it.check(wrong, "/error/problems/0/key", json!("redirect_urls[0]")).await;
    let none = json!({"do": "oauth_client_secret", "client_id": "0"});
    it.check(none, "/error/code", json!("not_found")).await;

    // A secret that was told once is not told to a repeat, and is not made anew by it.
    let members = json!({"name": "Once", "redirect_urls": ["https://once.example/cb"]});
    let shared = &it.node().shared;
    let repeat = by_browser(Some("rest-1"));
    let first = done(shared, &repeat, "oauth_client_add", members.clone()).await;
    assert!(first.is_ok(), "{first:?}");
    let again = done(shared, &repeat, "oauth_client_add", members).await;
    assert_eq!(again.unwrap_err().code, "done_already");
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_15_an_identity_provider_whose_place_does_not_answer_fails_its_test() {
    let it = start().await;
    let metadata = metadata()
        .replace("https://idp.example/sso", &format!("https://localhost:{}/", free_port()));
    let put = json!({"do": "identity_provider_metadata", "name": "main", "metadata": metadata});
    it.check(put, "/ok/made", json!(true)).await;
    let probe = it.ask(json!({"do": "probe", "kind": "idp", "name": "main"})).await;
    assert_eq!(probe["ok"]["steps"][0]["outcome"], "ok", "{probe}");
    assert_eq!(probe["ok"]["steps"][1]["outcome"], "failed", "{probe}");
    let listed = it.ask(json!({"do": "probe_list"})).await;
    let listed = listed["ok"]["peers"].as_array().unwrap();
    assert!(listed.contains(&json!({"kind": "idp", "name": "main"})), "{listed:?}");
    let unknown = json!({"do": "probe", "kind": "idp", "name": "other"});
    it.check(unknown, "/error/code", json!("not_found")).await;
    it.stop().await;
}
