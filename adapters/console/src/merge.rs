//! Documents as clients send them over documents that are there: merge patches, and secrets that stay.
//!
//! A client is shown `(set)` where a secret is. Sent back, it leaves the secret as it is; a new one in
//! the clear replaces it, whether what is kept of it is a hash or a sealed text.

use domain::Problems;
use domain::settings::{MASK, SECRET_MEMBERS};
use serde_json::{Map, Value};

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

/// A document in which every `(set)` is the secret that is there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    /// The document.
    pub(crate) document: Value,
    /// Whether a secret was kept, so that the document holds for what was seen alone.
    pub(crate) any: bool,
}

/// Puts the secrets of `current` in the place of `(set)`.
pub(crate) fn kept(document: Value, current: Option<&Value>) -> Result<Kept, Problems> {
    let mut problems = Problems::default();
    let mut any = false;
    let document = restored(document, current, "", &mut any, &mut problems);
    problems.into_result()?;
    Ok(Kept { document, any })
}

fn restored(
    value: Value,
    current: Option<&Value>,
    path: &str,
    any: &mut bool,
    problems: &mut Problems,
) -> Value {
    let Value::Object(mut members) = value else { return value };
    let is_mask = |value: Option<&Value>| value.and_then(Value::as_str) == Some(MASK);
    for plain in SECRET_MEMBERS.into_iter().filter(|it| !it.contains('_') || it.ends_with("word")) {
        let kept = [format!("{plain}_hash"), format!("{plain}_sealed")];
        let is_given = members.get(plain).is_some_and(|it| !it.is_null());
        let given_masked = is_mask(members.get(plain));
        let kept_masked = kept.iter().find(|name| is_mask(members.get(name.as_str()))).cloned();
        if given_masked {
            members.remove(plain);
        } else if is_given {
            // A new secret takes the place of what was shown as set.
            if let Some(name) = &kept_masked {
                members.remove(name);
            }
            continue;
        }
        if !given_masked && kept_masked.is_none() {
            continue;
        }
        let there = kept.iter().find_map(|name| Some((name, current?.get(name)?)));
        match there {
            Some((name, secret)) => {
                if let Some(other) = kept_masked {
                    members.remove(&other);
                }
                members.insert(name.clone(), secret.clone());
                *any = true;
            }
            None => {
                let name = kept_masked.unwrap_or_else(|| plain.to_owned());
                let message = format!("is {MASK}, which keeps what is set, and nothing is set");
                problems.add(format!("{path}{name}"), message);
            }
        }
    }
    let inner = members.into_iter().map(|(name, member)| {
        let path = format!("{path}{name}.");
        let current = current.and_then(|current| current.get(&name));
        let member = restored(member, current, &path, any, problems);
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
    fn ops_05_what_is_sent_back_as_set_stays_as_it_is() {
        let current = json!({"id": "1", "password_hash": "$argon2id$x"});
        let back = kept(json!({"id": "1", "password_hash": MASK}), Some(&current)).unwrap();
        assert_eq!(back, Kept { document: current.clone(), any: true });
        // Under the other name too.
        let back = kept(json!({"id": "1", "password": MASK}), Some(&current)).unwrap();
        assert_eq!(back.document, current);
        let both = json!({"id": "1", "password": MASK, "password_hash": MASK});
        assert_eq!(kept(both, Some(&current)).unwrap().document, current);
        // A new one replaces it, and none takes it away.
        let new = json!({"id": "1", "password": "new one", "password_hash": MASK});
        let new = kept(new, Some(&current)).unwrap();
        assert_eq!(new.document, json!({"id": "1", "password": "new one"}));
        assert!(!new.any);
        let none = kept(json!({"id": "1"}), Some(&current)).unwrap();
        assert_eq!(none.document, json!({"id": "1"}));
    }

    #[test]
    fn a_set_where_nothing_is_set_is_told() {
        let push = json!({"push": {"user": "u", "password_sealed": MASK}});
        let wrong = kept(push.clone(), Some(&json!({}))).unwrap_err();
        assert_eq!(wrong.as_slice()[0].key, "push.password_sealed");
        let current = json!({"push": {"user": "u", "password_sealed": "v1:x"}});
        assert_eq!(kept(push, Some(&current)).unwrap().document, current);
        assert!(kept(json!({"totp": MASK}), None).is_err());
        let bind = json!({"bind_password_sealed": MASK});
        let current = json!({"bind_password_sealed": "v1:b"});
        assert_eq!(kept(bind, Some(&current)).unwrap().document, current);
    }
}
