//! What the receiving server found out about the sender (RFC 8601).
//!
//! ```text
//!   the topmost field of the configured server --quoted strings and comments away--> results, each with its properties
//!     dmarc=pass for the domain of the only From ----> proven: the mail is from whom it says
//!     the server says no, or speaks of somebody else -> unverified: whoever reads it is told
//!     everything else -------------------------------> neither
//! ```
//!
//! Part of what the server writes is what a stranger said: the address of an envelope may hold anything in quotes. So
//! quoted strings are taken out before `;` and brackets mean something, and of two results the worse one counts.

use super::Authentication;
use super::address::entries;
use super::fields::Fields;

/// What is known of a sender.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The results, where the server wrote any.
    pub(super) authentication: Option<Authentication>,
    /// Whether the mail is proven to be from the domain of its only sender.
    pub(super) is_proven: bool,
    /// Whether its sender may be another one than it says.
    pub(super) is_unverified: bool,
}

/// What the server called `server_id` says of a mail from `from`; nothing where no server is named.
pub(super) fn told(
    fields: &Fields,
    server_id: Option<&str>,
    from: Option<&str>,
    own_addresses: &[String],
) -> Told {
    let Some(results) = server_id.and_then(|id| results(fields, id.trim())) else {
        return Told::default();
    };
    let claimed = from.and_then(domain);
    let senders = senders(fields);
    let is_passed = results.told.dmarc == "pass" && !results.is_garbled;
    let is_proven = is_passed
        && senders.is_one
        && claimed.is_some()
        && matches!(results.proven_for.as_slice(), [proven] if Some(proven) == claimed.as_ref());
    let is_for_them = claimed.iter().any(|claimed| results.proven_for.contains(claimed));
    let is_named = !results.proven_for.is_empty();
    let is_of_another = is_passed && (senders.are_several || is_named && !is_for_them);
    let is_ours = claimed.is_some() && own_addresses.iter().any(|own| domain(own) == claimed);
    // Without a policy of its domain, a host that is none of them and no signature tell as much.
    let is_stranger = results.told.spf == "fail" && results.told.dkim != "pass" && !is_passed;
    let is_unverified = results.is_garbled
        || results.told.dmarc == "fail"
        || is_of_another
        || is_stranger
        || is_ours && !is_passed;
    Told { authentication: Some(results.told), is_proven, is_unverified }
}

/// What one field says.
#[derive(Default)]
struct Results {
    told: Authentication,
    /// The domains that `dmarc` is about, as often as they are named.
    proven_for: Vec<String>,
    /// Whether quotes or brackets are not closed, so that nobody knows where results end.
    is_garbled: bool,
}

/// The results that the server called `server_id` wrote. Only the topmost field of that name counts: the server
/// puts its own on top, and what stands below may have come with the mail.
fn results(fields: &Fields, server_id: &str) -> Option<Results> {
    let (pieces, is_garbled) = fields.all("authentication-results").find_map(|value| {
        let (pieces, is_garbled) = pieces(value);
        let id = pieces.first()?.split_whitespace().next()?;
        id.eq_ignore_ascii_case(server_id).then_some((pieces, is_garbled))
    })?;
    let mut results = Results { is_garbled, ..Results::default() };
    for piece in pieces.iter().skip(1) {
        let Some((method, rest)) = piece.split_once('=') else { continue };
        let method = method.split('/').next().unwrap_or_default().trim().to_ascii_lowercase();
        let result: String = rest
            .trim_start()
            .chars()
            .take_while(|each| each.is_ascii_alphanumeric())
            .take(20)
            .collect::<String>()
            .to_ascii_lowercase();
        let told = &mut results.told;
        match method.as_str() {
            "dmarc" => {
                results.proven_for.extend(properties(rest, "header.from"));
                worse(&mut told.dmarc, result);
            }
            "spf" => worse(&mut told.spf, result),
            "dkim" if told.dkim.is_empty() || result == "pass" => told.dkim = result,
            _ => {}
        }
    }
    Some(results)
}

/// A server gives one result of a kind; where there are several, none but the same word is good.
fn worse(kept: &mut String, result: String) {
    if kept.is_empty() || kept.as_str() == "pass" || result == "fail" {
        *kept = result;
    }
}

/// The domains that a result names as `name`, in lower case.
fn properties(result: &str, name: &str) -> Vec<String> {
    let words = result.split_whitespace().filter_map(|word| word.split_once('='));
    let named = words.filter(|(property, _)| property.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.rsplit('@').next().unwrap_or_default().to_lowercase()).collect()
}

/// What stands between the `;` of a field. In place of a quoted string stand its quotes, in place of a comment a space;
/// also gives whether one of them is not closed.
fn pieces(value: &str) -> (Vec<String>, bool) {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let (mut depth, mut is_quoted) = (0_u32, false);
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            // What follows means nothing, but only where it is quoted.
            '\\' if is_quoted || depth > 0 => drop(characters.next()),
            '"' if depth == 0 => {
                is_quoted = !is_quoted;
                piece.push('"');
            }
            _ if is_quoted => {}
            '(' => {
                depth += 1;
                piece.push(' ');
            }
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            ';' => pieces.push(std::mem::take(&mut piece)),
            _ => piece.push(character),
        }
    }
    pieces.push(piece);
    (pieces, is_quoted || depth > 0)
}

/// How many the fields `From` name.
struct Senders {
    /// One field names one, so that nobody can take another one for them.
    is_one: bool,
    /// There are several addresses or fields.
    are_several: bool,
}

fn senders(fields: &Fields) -> Senders {
    let all: Vec<_> = fields.all("from").map(entries).collect();
    let addresses = all.iter().flatten().filter(|entry| entry.address.is_some()).count();
    Senders {
        is_one: matches!(all.as_slice(), [one] if one.len() == 1),
        are_several: all.len() > 1 || addresses > 1,
    }
}

fn domain(address: &str) -> Option<String> {
    address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase())
}
