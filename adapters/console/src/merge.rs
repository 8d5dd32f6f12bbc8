//! Documents as clients send them: merge patches, and secrets that stay or are replaced.
//!
//! A client is shown `(set)` where a secret is: under `password_hash`, `password_sealed` or
//! `secret_digest`, as what is kept of it. The server puts the secret back where `(set)` comes back under that name. Here a new one
//! in the clear takes the place of the `(set)` beside it, and `(set)` under the plain name is put under
//! the name of what is kept.

use domain::settings::{MASK, SECRET_MEMBERS};
use serde_json::{Map, Value};

/// What the name of a secret ends with where it is what is kept of it.
const KEPT: [&str; 3] = ["_hash", "_sealed", "_digest"];

/// `patch` over `target` (RFC 7396).
pub(crate) fn merged(target: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let mut members = match target {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for (name, value) in patch {
        match value {
            Value::Null => {
                members.remove(&name);
            }
            value => {
                let before = members.remove(&name).unwrap_or_default();
                members.insert(name, merged(before, value));
            }
        }
    }
    Value::Object(members)
}

/// The document with one name for each secret, `current` being what is there.
pub(crate) fn settled(document: Value, current: Option<&Value>) -> Value {
    let Value::Object(mut members) = document else { return document };
    let is_mask = |value: Option<&Value>| value.and_then(Value::as_str) == Some(MASK);
    let is_kept = |name: &&str| KEPT.iter().any(|end| name.ends_with(end));
    for plain in SECRET_MEMBERS.into_iter().filter(|name| !is_kept(name)) {
        let kept = KEPT.map(|end| format!("{plain}{end}"));
        if is_mask(members.get(plain)) {
            let there = kept.iter().find(|name| current.is_some_and(|it| it.get(*name).is_some()));
            if let Some(there) = there {
                members.remove(plain);
                members.insert(there.clone(), MASK.into());
            }
        } else if members.get(plain).is_some_and(|given| !given.is_null()) {
            for name in kept {
                if is_mask(members.get(&name)) {
                    members.remove(&name);
                }
            }
        }
    }
    let inner = members.into_iter().map(|(name, member)| {
        let current = current.and_then(|current| current.get(&name));
        let member = settled(member, current);
        (name, member)
    });
    Value::Object(inner.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_is_merged_as_rfc_7396_has_it() {
        // The examples of its appendix.
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (target, patch, result) in cases {
            assert_eq!(merged(target.clone(), patch.clone()), result, "{target} {patch}");
        }
    }

    #[test]
    fn ops_05_a_secret_stays_or_is_replaced_whatever_its_name() {
        let current = json!({"id": "1", "password_hash": "$argon2id$x"});
        let stays = json!({"id": "1", "password_hash": MASK});
        for sent in [
            stays.clone(),
            json!({"id": "1", "password": MASK}),
            json!({"id": "1", "password": MASK, "password_hash": MASK}),
        ] {
            assert_eq!(settled(sent, Some(&current)), stays);
        }
        let new = json!({"id": "1", "password": "new one", "password_hash": MASK});
        assert_eq!(settled(new, Some(&current)), json!({"id": "1", "password": "new one"}));
        let none = json!({"id": "1"});
        assert_eq!(settled(none.clone(), Some(&current)), none);
        let current = json!({"secret_digest": "ab"});
        let stays = json!({"secret_digest": MASK});
        assert_eq!(settled(json!({"secret": MASK}), Some(&current)), stays);
        let new = json!({"secret": "new one", "secret_digest": MASK});
        assert_eq!(settled(new, Some(&current)), json!({"secret": "new one"}));
        // Where nothing is kept the server tells so.
        let nothing = json!({"push": {"password": MASK}});
        assert_eq!(settled(nothing.clone(), Some(&json!({"push": {}}))), nothing);
        let current = json!({"push": {"password_sealed": "v1:x"}});
        let stays = json!({"push": {"password_sealed": MASK}});
        assert_eq!(settled(nothing, Some(&current)), stays);
    }
}
