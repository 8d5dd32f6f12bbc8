//! The identity service, identity providers, programs and PINs in settings.

use domain::settings::HashOf;

use super::*;

const METADATA: &str = include_str!("../../../../protocols/corpus/saml_metadata/curve.xml");
const ID: &str = "0123456789abcdef0123456789abcdef01234567";

fn put(section: &str, name: &str, document: &Value) -> Value {
    json!({"edits": [{"put": {"section": section, "name": name, "document": document}}]})
}

fn file() -> Value {
    json!({
        "agents": [{"id": "1001", "pin": "135791"}],
        "identity": {"hosts": ["gw-a.example"]},
        "identity_providers": [{"name": "adfs", "metadata": METADATA}],
        "oauth_clients": [{
            "client_id": ID,
            "name": "Desk",
            "redirect_urls": ["https://desk.example/signed-on"],
            "secret": "hunter2-hunter2-hunter2-hunter2-hunter2",
        }],
    })
}

#[tokio::test]
async fn ids_08_what_is_exported_of_identity_applies_to_the_same_documents_without_a_secret() {
    let it = fixture().await;
    let text = file().to_string();
    assert!(holds_plain_secrets(&json!({"agents": file()["agents"]})));
    assert!(holds_plain_secrets(&json!({"oauth_clients": file()["oauth_clients"]})));
    it.apply(&text).await.unwrap();
    let before = it.engine.settings();
    let exported = exported(&before).unwrap();
    assert!(!exported.contains("hunter2") && !exported.contains("135791"), "{exported}");
    it.apply(&exported).await.unwrap();
    assert_eq!(it.engine.settings().documents(), before.documents());
    let metadata = it.engine.settings().identity_providers["adfs"].metadata.clone();
    assert_eq!(metadata.as_deref(), Some(METADATA));
}

#[tokio::test]
async fn phn_15_a_pin_is_hashed_and_one_that_stays_keeps_its_hash() {
    let it = fixture().await;
    it.apply(&file().to_string()).await.unwrap();
    let hash = |it: &Fixture| it.engine.settings().hash(&HashOf::Pin("1001".parse().unwrap()));
    let first = hash(&it).unwrap();
    assert!(is_usable_hash(&first), "{first}");
    let document = json!({"name": "Ada", "pin": "135791"});
    it.change(put("agents", "1001", &document)).await.unwrap();
    assert_eq!(hash(&it), Some(first.clone()));
    let kept = json!({"name": "Ada", "pin_hash": "(set)", "alias": "A"});
    it.change(put("agents", "1001", &kept)).await.unwrap();
    assert_eq!(hash(&it), Some(first.clone()));
    let other = json!({"name": "Ada", "pin": "246802"});
    it.change(put("agents", "1001", &other)).await.unwrap();
    assert_ne!(hash(&it), Some(first));
    check_keys("agents: [{id: '1', pin_hash: $argon2id$x}]\n", &["agents[0].pin_hash"]);
}

#[tokio::test]
async fn ids_08_a_client_is_changed_under_its_id_and_keeps_its_secret() {
    let it = fixture().await;
    it.apply(&file().to_string()).await.unwrap();
    let digest = it.engine.settings().oauth_clients[ID].secret_digest.clone();
    let urls = json!(["https://desk.example/other"]);
    let document = json!({"name": "Desk 2", "redirect_urls": urls, "secret_digest": "(set)"});
    it.change(put("oauth_clients", ID, &document)).await.unwrap();
    let client = it.engine.settings().oauth_clients[ID].clone();
    assert_eq!((client.name.as_str(), &client.secret_digest), ("Desk 2", &digest));
    let bad =
        json!({"name": "Desk", "redirect_urls": ["http://desk.example"], "secret_digest": "(set)"});
    let refused = it.change(put("oauth_clients", ID, &bad)).await;
    assert_eq!(refused, Err("redirect_urls[0]".to_owned()));
    let other = json!({"client_id": "f".repeat(40), "name": "Desk", "redirect_urls": urls, "kind": "public"});
    let refused = it.change(put("oauth_clients", ID, &other)).await;
    assert_eq!(refused, Err("client_id".to_owned()));
    let edits = json!({"edits": [{"remove": {"section": "oauth_clients", "name": ID}}]});
    it.change(edits).await.unwrap();
    assert!(it.engine.settings().oauth_clients.is_empty());
}

#[tokio::test]
async fn ids_01_bad_metadata_are_told_at_their_field() {
    let it = fixture().await;
    let bad = json!({"metadata": "<html>"});
    let refused = it.change(put("identity_providers", "adfs", &bad)).await;
    assert_eq!(refused, Err("metadata".to_owned()));
    let good = json!({"metadata": METADATA});
    it.change(put("identity_providers", "adfs", &good)).await.unwrap();
    let text = json!({"identity_providers": [{"name": "a", "metadata": "x"}]}).to_string();
    check_keys(&text, &["identity_providers[0].metadata"]);
    check_keys(&json!({"identity_providers": [{"name": "a"}]}).to_string(), &[]);
}
