//! What a subscription prefills (PHN-03), left with the phone so that the form after a session asks
//! for no more than the one before it.
//!
//! It is a cookie of its own that opening the service sets, or takes away where the subscription
//! prefills nothing. So it lives as long as the application window: on a shared phone nobody is
//! given the id of somebody else, since whoever comes next opens the service anew or has no window
//! with a cookie (PHN-19). What turns out to be wrong is taken away at the sign-in that corrected it.
//! It never holds a password, proves nothing, and is read as strictly as any other text from the
//! network.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;

use crate::proof::cookies;
use crate::query::{EXTENSION_CHARACTERS_MAX, ID_CHARACTERS_MAX};

const NAME: &str = "jackfield_prefill";

/// The values that a subscription gives.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Prefill {
    pub(crate) id: Option<String>,
    pub(crate) extension: Option<String>,
}

impl Prefill {
    /// Those of a service URL. What no agent id or extension can be is left out.
    pub(crate) fn new(id: Option<&str>, extension: Option<&str>) -> Self {
        let kept = |value: Option<&str>, characters_max| {
            let fits = |value: &&str| {
                (1..=characters_max).contains(&value.len())
                    && value.bytes().all(|byte| byte.is_ascii_graphic())
            };
            value.filter(fits).map(str::to_owned)
        };
        Self {
            id: kept(id, ID_CHARACTERS_MAX),
            extension: kept(extension, EXTENSION_CHARACTERS_MAX),
        }
    }

    /// Those that the phone was given when it opened the service.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let value = cookies(headers, NAME).next().unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(value).unwrap_or_default();
        let text = String::from_utf8(bytes).unwrap_or_default();
        let (id, extension) = text.split_once('\n').unwrap_or_default();
        Self::new(Some(id), Some(extension))
    }

    /// What of it signed somebody in. Nobody is given what somebody else typed, so the rest is asked
    /// for from then on.
    pub(crate) fn confirmed_by(self, id: Option<&str>, extension: Option<&str>) -> Self {
        Self {
            id: self.id.filter(|own| Some(own.as_str()) == id),
            extension: self.extension.filter(|own| Some(own.as_str()) == extension),
        }
    }

    /// The field that makes a phone keep these values from now on; `None` where it does already.
    pub(crate) fn field(&self, headers: &HeaderMap) -> Option<String> {
        const ATTRIBUTES: &str = "Path=/fippa/; Secure; HttpOnly";
        if *self == Self::of(headers) {
            return None;
        }
        if *self == Self::default() {
            return Some(format!("{NAME}=; {ATTRIBUTES}; Max-Age=0"));
        }
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let text = format!("{}\n{}", text(&self.id), text(&self.extension));
        Some(format!("{NAME}={}; {ATTRIBUTES}", URL_SAFE_NO_PAD.encode(text)))
    }
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;

    use super::*;

    /// The headers of a phone that keeps that cookie.
    fn with(cookie: &str) -> HeaderMap {
        let pair = cookie.split(';').next().unwrap();
        HeaderMap::from_iter([(COOKIE, pair.parse().unwrap())])
    }

    #[test]
    fn phn_03_what_a_subscription_prefills_comes_back_from_the_phone() {
        for (id, extension) in [
            (Some("1001"), Some("2001")),
            (Some("a@b.c"), None),
            (None, Some("+49*#")),
            (Some("1".repeat(32).as_str()), Some("2".repeat(24).as_str())),
        ] {
            let prefill = Prefill::new(id, extension);
            assert_eq!((prefill.id.as_deref(), prefill.extension.as_deref()), (id, extension));
            let field = prefill.field(&HeaderMap::new()).unwrap();
            assert!(field.len() <= 255 && field.ends_with("; Path=/fippa/; Secure; HttpOnly"));
            assert!(Prefill::of(&with(&field)) == prefill);
            assert_eq!(prefill.field(&with(&field)), None, "it is kept already");
            let forgotten = Prefill::default().field(&with(&field)).unwrap();
            assert!(
                forgotten.starts_with("jackfield_prefill=;") && forgotten.contains("Max-Age=0")
            );
        }
        assert_eq!(Prefill::default().field(&HeaderMap::new()), None);
    }

    #[test]
    fn phn_03_what_a_phone_could_not_have_been_given_is_nothing() {
        let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let long = format!("{}\n{}", "1".repeat(33), "2".repeat(25));
        for text in [long.as_str(), "1001", "", "\n", "10 01\n20\r01", "ä\n日", "\0\n\x7f"] {
            let headers = with(&format!("jackfield_prefill={}", encoded(text)));
            assert!(Prefill::of(&headers) == Prefill::default(), "{text:?}");
        }
        for value in ["====", "A", "%0A", "é"] {
            let headers = HeaderMap::from_iter([(
                COOKIE,
                http::HeaderValue::from_bytes(format!("jackfield_prefill={value}").as_bytes())
                    .unwrap(),
            )]);
            assert!(Prefill::of(&headers) == Prefill::default(), "{value}");
        }
    }
}
