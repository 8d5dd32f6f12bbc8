//! Keys of problems (`servers[0].host`) as JSON pointers (RFC 6901).

use serde_json::Value;

/// The pointer of `key` in `body`. What a name is that holds dots or brackets shows where the body has
/// such a member.
pub(crate) fn of_key(key: &str, body: &Value) -> String {
    let mut pointer = String::new();
    let (mut rest, mut place) = (key, Some(body));
    while !rest.is_empty() {
        if let Some(index) = rest.strip_prefix('[').and_then(|it| it.split_once(']'))
            && let (Ok(position), behind) = (index.0.parse::<usize>(), index.1)
        {
            pointer.push_str(&format!("/{position}"));
            place = place.and_then(|value| value.get(position));
            rest = behind.strip_prefix('.').unwrap_or(behind);
            continue;
        }
        let whole = place.is_some_and(|value| value.get(rest).is_some());
        let end = if whole { None } else { rest.find(['.', '[']).filter(|end| *end > 0) };
        let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        place = place.and_then(|value| value.get(name));
        rest = behind.strip_prefix('.').unwrap_or(behind);
    }
    pointer
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_becomes_a_pointer() {
        let body = json!({"servers": [{"ho.st": 1}], "a/b~c[0]": 2});
        let check = |key: &str, pointer: &str| assert_eq!(of_key(key, &body), pointer, "{key}");
        check("", "");
        check("team", "/team");
        check("servers[0].host", "/servers/0/host");
        check("servers[0].ho.st", "/servers/0/ho.st");
        check("a/b~c[0]", "/a~1b~0c[0]");
        check("push.password", "/push/password");
        check("[x", "/[x");
        check(".x", "/.x");
    }
}
