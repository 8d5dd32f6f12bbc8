//! What a caller shows instead of a password: the cookie of a session, or a token.
//!
//! A browser sends its cookie with every request, also with those that another site's page makes. So
//! a request that changes something counts only where it comes from a page of ours: by
//! `Sec-Fetch-Site`, or by `Origin` for browsers that do not send it. One that only reads counts unless a
//! browser says that it comes from elsewhere: some of those are told in the audit log, and take places and time.
//! The cookie is `SameSite=Strict` besides, which other ports and names of the same site do not keep from.
//!
//! Where the settings let others' pages show the workspace within them, its sign-in there gives a cookie of its own:
//! `SameSite=None`, kept apart for each of those sites (`Partitioned`), good for the workspace alone, and only where the
//! browser says that a page of ours asks. A page that nobody may frame is never shown for it.

use std::net::IpAddr;

use async_trait::async_trait;
use domain::{Principal, Secret};
use http::header::{COOKIE, HOST, HeaderName, ORIGIN};
use http::{HeaderMap, Method, Uri};

/// The cookie's name; the prefix makes browsers keep it to this host, HTTPS and the path `/`.
pub(crate) const COOKIE_NAME: &str = "__Host-jackfield";
/// The cookie of a sign-in within another's page.
pub(crate) const FRAMED_COOKIE_NAME: &str = "__Host-jackfield-framed";
/// The surface that such a cookie is good for, and the path of its session.
const FRAMED_SURFACE: &str = "workspace";
const SESSION_PATH: &str = "/api/v1/session";
/// What the query of a session says where it is one within another's page.
const FRAMED_QUERY: &str = "framed=true";
/// The most characters of what a cookie or token holds.
const SHOWN_CHARACTERS_MAX: usize = 256;
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why nothing was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotProven {
    /// It is unknown, over, or its owner may do nothing any more.
    Nobody,
    /// The store cannot be reached.
    Unavailable,
}

/// What was shown with a request whose answer lasts, to look again whether it still proves anything.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    /// The cookie of a session.
    Cookie(Secret),
    /// A token.
    Token(Secret),
    /// A password, with what [`Proofs::credential`] gave then.
    Password(Option<String>),
}

/// A password that came with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PasswordTry<'a> {
    /// For which account.
    pub(crate) account: &'a str,
    /// From where.
    pub(crate) source: IpAddr,
    /// What was asked.
    pub(crate) surface: &'static str,
    /// The number that the log has beside the request.
    pub(crate) reference: &'a str,
    /// Why it was refused, in a word; `None` where it was right.
    pub(crate) refused: Option<&'static str>,
}

/// Knows sessions and tokens.
#[async_trait]
pub(crate) trait Proofs: Send + Sync + 'static {
    /// Who the cookie's session belongs to.
    async fn of_cookie(&self, cookie: &Secret) -> Result<Principal, NotProven>;

    /// For whom the token acts.
    async fn of_token(&self, token: &Secret) -> Result<Principal, NotProven>;

    /// The same as the principal was when `shown` proved it, where it still does; looking is no use of a session.
    async fn again(&self, shown: &Shown, principal: &Principal) -> Result<Principal, NotProven>;

    /// What stands for the password of that account, where it is known here: another one after each change.
    fn credential(&self, principal: &Principal) -> Option<String>;

    /// Why no password counts beside a request on that surface, whoever shows it.
    fn refuses_passwords(&self, surface: &str) -> Option<&'static str>;

    /// Why a password alone is too little for that account.
    fn wants_more_than_password(&self, principal: &Principal) -> Option<&'static str>;

    /// Whether the settings let anybody show the workspace within pages of their own.
    fn may_be_framed(&self) -> bool;

    /// Tells the audit log what came of a password.
    async fn tell(&self, tried: PasswordTry<'_>);
}

/// The session's cookie; `None` where there is none, or more than one.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<Secret> {
    named_cookie(headers, COOKIE_NAME)
}

/// The cookie of a sign-in within another's page, where that may do what is asked.
pub(super) fn framed_cookie(surface: &str, uri: &Uri, headers: &HeaderMap) -> Option<Secret> {
    let is_own_session = uri.path() == SESSION_PATH && uri.query() == Some(FRAMED_QUERY);
    if surface != FRAMED_SURFACE && !is_own_session {
        return None;
    }
    // Every browser that keeps such cookies says from where a request comes.
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
    let (Some(site), None) = (sites.next(), sites.next()) else { return None };
    (site == "same-origin").then(|| named_cookie(headers, FRAMED_COOKIE_NAME)).flatten()
}

fn named_cookie(headers: &HeaderMap, wanted: &str) -> Option<Secret> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
    let pairs = fields.flat_map(|field| field.split(';'));
    let mut found = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name.trim() == wanted).then(|| value.trim())
    });
    let (value, None) = (found.next()?, found.next()) else { return None };
    (1..=SHOWN_CHARACTERS_MAX).contains(&value.len()).then(|| Secret::new(value))
}

/// Whether a request with a cookie may do what its method says.
pub(super) fn is_from_own_page(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| {
        let mut fields = headers.get_all(name).iter();
        let (field, None) = (fields.next()?, fields.next()) else { return None };
        field.to_str().ok()
    };
    if headers.contains_key(&SEC_FETCH_SITE) {
        return match text(SEC_FETCH_SITE) {
            Some("same-origin") => true,
            // Somebody typed the address.
            Some("none") => method.is_safe(),
            _ => false,
        };
    }
    if method.is_safe() {
        return true;
    }
    let (Some(origin), Some(host)) = (text(ORIGIN), text(HOST)) else { return false };
    origin.strip_prefix("https://").is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(fields: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn one_cookie_of_the_name_is_taken_and_two_are_none() {
        let read = |text: &str| cookie(&headers(&[(COOKIE, text)]));
        assert_eq!(read("a=b; __Host-jackfield=xyz; c=d"), Some(Secret::new("xyz")));
        for bad in ["", "jackfield=xyz", "__Host-jackfield=", "__host-jackfield=xyz"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read("__Host-jackfield=x; __Host-jackfield=y"), None);
        assert_eq!(read(&format!("__Host-jackfield={}", "x".repeat(257))), None);
    }

    #[test]
    fn dsk_06_the_cookie_of_a_framed_page_is_good_for_the_workspace_from_its_own_page_alone() {
        let text = "__Host-jackfield-framed=xyz";
        let check = |surface: &str, target: &str, fields: &[(HeaderName, &str)], good: bool| {
            let mut all = vec![(COOKIE, text)];
            all.extend_from_slice(fields);
            let found = framed_cookie(surface, &target.parse().unwrap(), &headers(&all));
            assert_eq!(found.is_some(), good, "{surface} {target} {fields:?}");
        };
        let own = (SEC_FETCH_SITE, "same-origin");
        check("workspace", "/api/v1/workspace/me", std::slice::from_ref(&own), true);
        check("console", "/api/v1/session?framed=true", std::slice::from_ref(&own), true);
        for target in ["/api/v1/session", "/api/v1/session?framed=", "/api/v1/agents?framed=true"] {
            check("console", target, std::slice::from_ref(&own), false);
        }
        for site in ["cross-site", "same-site", "none", ""] {
            check("workspace", "/api/v1/workspace/me", &[(SEC_FETCH_SITE, site)], false);
        }
        check("workspace", "/api/v1/workspace/me", &[], false);
        check("workspace", "/api/v1/workspace/me", &[own.clone(), own.clone()], false);
        // Neither name is taken for the other.
        assert_eq!(cookie(&headers(&[(COOKIE, text)])), None);
        let strict = headers(&[(COOKIE, "__Host-jackfield=xyz"), own]);
        assert_eq!(framed_cookie("workspace", &"/x".parse().unwrap(), &strict), None);
    }

    #[track_caller]
    fn check(method: Method, fields: &[(HeaderName, &str)], expected: bool) {
        assert_eq!(is_from_own_page(&method, &headers(fields)), expected, "{method} {fields:?}");
    }

    #[test]
    fn ops_06_another_sites_page_changes_nothing_with_a_cookie() {
        let host = (HOST, "gw-a.example:9443");
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            for site in ["cross-site", "same-site", "none", "same-origin, cross-site", ""] {
                check(method.clone(), &[host.clone(), (SEC_FETCH_SITE, site)], false);
            }
            check(method.clone(), &[host.clone(), (SEC_FETCH_SITE, "same-origin")], true);
            check(method.clone(), &[host.clone(), (ORIGIN, "https://gw-a.example:9443")], true);
            for origin in [
                "https://gw-a.example",
                "http://gw-a.example:9443",
                "https://gw-a.example:9443.evil.example",
                "https://evil.example",
                "null",
            ] {
                check(method.clone(), &[host.clone(), (ORIGIN, origin)], false);
            }
            check(method.clone(), std::slice::from_ref(&host), false);
        }
        for site in ["cross-site", "same-site", "same-origin, none", ""] {
            check(Method::GET, &[host.clone(), (SEC_FETCH_SITE, site)], false);
        }
        for site in ["same-origin", "none"] {
            check(Method::GET, &[host.clone(), (SEC_FETCH_SITE, site)], true);
        }
        check(Method::GET, std::slice::from_ref(&host), true);
        let both = [host, (SEC_FETCH_SITE, "cross-site"), (ORIGIN, "https://gw-a.example:9443")];
        check(Method::POST, &both, false);
    }
}
