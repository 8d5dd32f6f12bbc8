//! Mail that programs send: it is never answered by one.

use super::Automatic;
use super::address::is_same;
use super::fields::Fields;
use super::mime::Parts;

/// Why a mail counts as automatic, by the strongest sign that it has.
pub(super) fn automatic(
    fields: &Fields,
    parts: &Parts<'_>,
    from: Option<&str>,
    own_addresses: &[String],
) -> Option<Automatic> {
    let has = |name: &str| fields.first(name).is_some();
    let any_word = |name: &str, words: &[&str]| {
        let value = fields.first(name).unwrap_or_default().to_ascii_lowercase();
        value.split([',', ';', ' ', '\t', '\r', '\n']).any(|word| words.contains(&word))
    };
    let submitted = fields.word("auto-submitted");
    let local = from.and_then(|from| from.rsplit_once('@')).map(|(local, _)| local.to_lowercase());
    let signs = [
        (
            from.is_some_and(|from| own_addresses.iter().any(|own| is_same(own, from))),
            Automatic::Own,
        ),
        (parts.is_report(), Automatic::Report),
        (!submitted.is_empty() && submitted != "no", Automatic::AutoSubmitted),
        (
            fields.first("return-path").is_some_and(|path| path.trim() == "<>"),
            Automatic::EmptyReturnPath,
        ),
        (
            local.is_some_and(|local| matches!(local.as_str(), "mailer-daemon" | "postmaster")),
            Automatic::SystemSender,
        ),
        (
            matches!(
                fields.word("precedence").as_str(),
                "bulk" | "junk" | "list" | "auto_reply" | "auto-reply"
            ),
            Automatic::Precedence,
        ),
        (
            any_word("x-auto-response-suppress", &["all", "oof", "autoreply"]),
            Automatic::ResponsesSuppressed,
        ),
        (
            has("x-autorespond") || has("x-autoreply") && fields.word("x-autoreply") != "no",
            Automatic::AutoReply,
        ),
        (fields.names().any(|name| name.starts_with("list-")), Automatic::List),
    ];
    signs.into_iter().find(|(is_so, _)| *is_so).map(|(_, automatic)| automatic)
}
