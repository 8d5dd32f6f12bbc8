//! What a caller shows in `Authorization` (RFC 7617, RFC 6750).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Secret;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// What a caller shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// A name and a password.
    Basic {
        /// The account as it was sent.
        account: String,
        /// The password as it was sent.
        password: Secret,
    },
    /// A token.
    Bearer(Secret),
}

impl Credentials {
    /// Reads them; `None` where there are none, or more than one, or none that we understand.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut fields = headers.get_all(AUTHORIZATION).iter();
        let (field, None) = (fields.next()?, fields.next()) else { return None };
        let (scheme, rest) = field.to_str().ok()?.split_once(' ')?;
        let rest = rest.trim_matches(' ');
        if scheme.eq_ignore_ascii_case("basic") {
            let text = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
            let (account, password) = text.split_once(':')?;
            let password = Secret::new(password);
            return Some(Self::Basic { account: account.to_owned(), password });
        }
        let bearer = scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty();
        bearer.then(|| Self::Bearer(Secret::new(rest)))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(fields: &[&str], expected: Option<Credentials>) {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(AUTHORIZATION, HeaderValue::from_str(field).unwrap());
        }
        assert_eq!(Credentials::read(&headers), expected, "{fields:?}");
    }

    #[test]
    fn basic_and_bearer_are_read() {
        let basic = |account: &str, password: &str| {
            let password = Secret::new(password);
            Some(Credentials::Basic { account: account.to_owned(), password })
        };
        check(&["Basic MTAwMTpkZW1v"], basic("1001", "demo"));
        check(&["basic MTAwMTphOmI="], basic("1001", "a:b"));
        check(&["Bearer abc"], Some(Credentials::Bearer(Secret::new("abc"))));
        for bad in ["", "Basic", "Basic ?", "Basic MTAwMQ==", "Basic /w==", "Bearer ", "Digest x"] {
            check(&[bad], None);
        }
        check(&["Basic MTAwMTpkZW1v", "Bearer abc"], None);
        check(&[], None);
    }
}
