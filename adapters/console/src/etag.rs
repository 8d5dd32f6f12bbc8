//! Entity tags of documents: equal tags mean equal documents, their secrets included.

use ring::hmac;
use serde_json::Value;

/// What the key for entity tags is derived for.
pub const ETAG_PURPOSE: &str = "console_etags";

/// The entity tag of a document as a settings file has it, without quotation marks. It is made under a key
/// that all nodes share, so that nobody can try secrets against it.
pub fn etag(key: &[u8; 32], document: &Value) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), document.to_string().as_bytes());
    tag.as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tag_follows_the_document_and_the_key() {
        let one = etag(&[1; 32], &json!({"id": "1001", "password_hash": "a"}));
        assert_eq!(one.len(), 24);
        assert_eq!(one, etag(&[1; 32], &json!({"password_hash": "a", "id": "1001"})));
        assert_ne!(one, etag(&[1; 32], &json!({"id": "1001", "password_hash": "b"})));
        assert_ne!(one, etag(&[2; 32], &json!({"id": "1001", "password_hash": "a"})));
    }
}
