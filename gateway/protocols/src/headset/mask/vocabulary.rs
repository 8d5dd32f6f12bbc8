//! Words that protocols of phones use: what may be shown of a request, since it is nobody's name and no secret.

/// Characters of words that are joined.
const KNOWN_CHARACTERS_MAX: usize = 64;
/// Of at most eight letters, in order, in small letters.
const SHORT: [&str; 298] = [
    "accepted", "acd", "action", "actions", "active", "add", "address", "agent", "agents", "amber",
    "analog", "answer", "apache", "api", "apply", "audio", "auth", "away", "backup", "base",
    "bases", "blue", "body", "busy", "button", "buttons", "call", "calls", "cc", "center",
    "centre", "change", "changed", "changes", "charset", "cisco", "class", "client", "clients",
    "close", "cnf", "code", "codes", "color", "command", "commands", "commons", "config",
    "connect", "contact", "control", "count", "counter", "cp", "create", "cti", "curl", "current",
    "data", "date", "dect", "default", "deflate", "delete", "device", "devices", "disable",
    "disabled", "dock", "docks", "done", "download", "duration", "enable", "enabled", "entries",
    "entry", "error", "event", "events", "expires", "expiry", "failed", "failure", "false",
    "feature", "features", "file", "files", "finesse", "firmware", "gain", "get", "green", "gzip",
    "hangup", "hardware", "header", "headset", "headsets", "held", "hold", "hook", "host", "html",
    "http", "https", "id", "identity", "idle", "ids", "image", "images", "inactive", "index",
    "info", "interval", "ip", "iso", "item", "items", "jabber", "jakarta", "java", "json", "keep",
    "key", "keys", "kind", "led", "length", "level", "light", "line", "lines", "list", "load",
    "loads", "loggedin", "login", "logout", "message", "messages", "method", "mode", "model",
    "models", "mozilla", "mute", "muted", "name", "names", "network", "new", "news", "next", "no",
    "node", "nodes", "none", "notify", "notready", "now", "null", "number", "numbers", "off",
    "offhook", "ok", "okhttp", "old", "on", "onhook", "option", "options", "order", "pair",
    "paired", "param", "params", "partial", "password", "patch", "path", "pending", "period",
    "phone", "phones", "plain", "port", "position", "post", "previous", "primary", "product",
    "protocol", "public", "put", "query", "ready", "reason", "reasons", "received", "red",
    "refused", "register", "rejected", "remove", "report", "request", "requests", "reserved",
    "reset", "response", "rest", "restart", "result", "results", "retry", "ringer", "rj", "root",
    "sccp", "sent", "sep", "serial", "series", "server", "service", "services", "session",
    "sessions", "set", "setting", "settings", "sidetone", "signedin", "since", "sip", "size",
    "snapshot", "software", "ssl", "standard", "standby", "state", "states", "station", "status",
    "success", "sync", "system", "talking", "template", "text", "time", "timeout", "title", "tls",
    "toggle", "token", "tokens", "total", "true", "txt", "type", "types", "ucce", "uccx",
    "unknown", "unmute", "unmuted", "unpaired", "until", "update", "updated", "upload", "uri",
    "url", "usb", "user", "users", "utf", "v", "value", "values", "vendor", "vendors", "version",
    "versions", "volume", "webex", "wired", "wireless", "work", "wrapup", "xml", "yes",
];
/// Longer ones.
const LONG: [&str; 39] = [
    "accessories",
    "accessory",
    "aftercall",
    "application",
    "available",
    "bluetooth",
    "capabilities",
    "capability",
    "certificate",
    "certificates",
    "compatible",
    "configuration",
    "configurations",
    "connected",
    "connecting",
    "dectwireless",
    "description",
    "disconnect",
    "disconnected",
    "discovery",
    "httpclient",
    "inventory",
    "loggedout",
    "notification",
    "parameter",
    "parameters",
    "passwords",
    "registered",
    "responses",
    "secondary",
    "signedout",
    "subscribe",
    "subscription",
    "templates",
    "timestamp",
    "unavailable",
    "unregistered",
    "worknotready",
    "workready",
];

/// Whether that is such a word, or such words joined as in `NOT_READY`, `agent-state` or `notReady`.
pub(super) fn is_known_word(text: &str) -> bool {
    let may_be = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    if text.len() > KNOWN_CHARACTERS_MAX || !text.bytes().all(may_be) {
        return false;
    }
    let joined: String = text.split(['-', '_']).collect();
    is_listed(&joined)
        || (!joined.is_empty()
            && (text.split(['-', '_']).all(is_listed) || parts(text).all(is_listed)))
}

fn is_listed(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    [&SHORT[..], &LONG[..]].iter().any(|words| words.binary_search(&word.as_str()).is_ok())
}

/// Whether such a word is a part of that name.
pub(super) fn has_known_word(name: &str) -> bool {
    parts(name).any(is_listed)
}

/// Parts of a name that begin with a capital, or stand between other characters than letters.
pub(super) fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(|one: char| !one.is_ascii_alphabetic()).flat_map(humps).filter(|it| !it.is_empty())
}

/// `agentState` and `CCMode` have two each, `READY` has one.
fn humps(word: &str) -> impl Iterator<Item = &str> {
    let bytes = word.as_bytes();
    let is_upper = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
    let is_lower = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
    let begins = move |at: &usize| {
        at.checked_sub(1).is_some_and(|before| {
            is_upper(*at) && (is_lower(before) || (is_upper(before) && is_lower(*at + 1)))
        })
    };
    let mut from = 0;
    let ends = (1..word.len()).filter(begins).chain(std::iter::once(word.len()));
    ends.map(move |end| word.get(std::mem::replace(&mut from, end)..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order_and_small() {
        for words in [&SHORT[..], &LONG[..]] {
            assert!(words.is_sorted_by(|one, next| one < next));
            assert!(words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())));
        }
    }

    #[test]
    fn words_are_known_however_they_are_written() {
        for known in ["READY", "NotReady", "not_ready", "NOT-READY", "notready", "agentState", "On"]
        {
            assert!(is_known_word(known), "{known}");
        }
        for unknown in ["", "anna", "hunter", "readyanna", "annaReady", "ready_anna", "_", "on1"] {
            assert!(!is_known_word(unknown), "{unknown}");
        }
    }

    #[test]
    fn names_have_parts() {
        let of = |name| parts(name).collect::<Vec<_>>();
        assert_eq!(of("agentState"), ["agent", "State"]);
        assert_eq!(of("a:CCMode2"), ["a", "CC", "Mode"]);
        assert_eq!(of("SENT_at-Z"), ["SENT", "at", "Z"]);
        assert_eq!(of("\u{e9}tat9"), ["tat"]);
        assert!(has_known_word("hsState") && !has_known_word("anna") && !has_known_word(""));
    }
}
