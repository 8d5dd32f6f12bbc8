//! What the receiving server found out about the sender (RFC 8601).

use super::Authentication;
use super::fields::Fields;

/// The results that the server called `server_id` wrote. Only the topmost field of that name counts: the server
/// puts its own on top, and what stands below may have come with the mail.
pub(super) fn results(fields: &Fields, server_id: Option<&str>) -> Option<Authentication> {
    let server_id = server_id?.trim();
    let of_server = fields.all("authentication-results").find_map(|value| {
        let value = without_comments(value);
        let (id, results) = value.split_once(';')?;
        let id = id.split_whitespace().next()?;
        id.eq_ignore_ascii_case(server_id).then(|| results.to_owned())
    })?;
    let mut told = Authentication::default();
    for result in of_server.split(';') {
        let Some((method, rest)) = result.split_once('=') else { continue };
        let method = method.split('/').next().unwrap_or_default().trim().to_ascii_lowercase();
        let result: String = rest
            .trim_start()
            .chars()
            .take_while(|each| each.is_ascii_alphanumeric())
            .take(20)
            .collect::<String>()
            .to_ascii_lowercase();
        match method.as_str() {
            "dmarc" if told.dmarc.is_empty() => told.dmarc = result,
            "spf" if told.spf.is_empty() => told.spf = result,
            "dkim" if told.dkim.is_empty() || result == "pass" => told.dkim = result,
            _ => {}
        }
    }
    Some(told)
}

/// Whether the sender may be another one: the policy of its domain says so, or it claims to be one of us and
/// came through the server that checks what comes from outside without that policy's consent.
pub(super) fn is_unverified(
    results: Option<&Authentication>,
    from: Option<&str>,
    own_addresses: &[String],
) -> bool {
    let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
    let claimed = from.and_then(domain);
    let is_ours = claimed.is_some() && own_addresses.iter().any(|own| domain(own) == claimed);
    results.is_some_and(|results| results.dmarc == "fail" || is_ours && results.dmarc != "pass")
}

fn without_comments(value: &str) -> String {
    let mut depth = 0u32;
    let mut kept = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(character),
            _ => {}
        }
    }
    kept
}
