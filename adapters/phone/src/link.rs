//! Signed links: what a page's keys and items lead to.
//!
//! A link is `/fippa/s/TOKEN/PAGE` or `/fippa/s/TOKEN/PAGE/REASON`. The token says for which holder
//! of which session on which phone the page was made, when, and at which count of changes, under a
//! MAC of 96 bits; all links of a page share it. Every node has the key. A link alone opens nothing,
//! see [`crate::proof`]; and whoever has both may press every key of the page, so what a link does
//! needs no MAC of its own.
//!
//! ```text
//!   session number 8 | generation 4 | seconds 4 | changes 4 | device 1..15 | MAC 12    base64url
//! ```

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{DeviceName, ReasonCategory, ReasonCode, SessionNumber, SessionRef, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use protocols::phone_xml::URL_CHARACTERS_MAX;
use ring::hmac;
use subtle::ConstantTimeEq;

/// How long a link is good. A home page that is shown makes new ones with every refresh.
pub(crate) const LINK_LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);
/// The most characters of a host name under which phones can be served: the longest URL of a page
/// (the sign-in form with an agent id of 32 and an extension of 24 characters, each of the latter
/// percent-encoded, on a port of five digits) then has the 256 characters that phones take.
pub const HOST_CHARACTERS_MAX: usize = 94;
/// The most characters of scheme, host and port together.
pub(crate) const BASE_CHARACTERS_MAX: usize =
    "https://".len() + HOST_CHARACTERS_MAX + ":65535".len();

const HEAD_BYTES: usize = 20;
const MAC_BYTES: usize = 12;
const DEVICE_BYTES_MAX: usize = 15;
const TOKEN_CHARACTERS_MAX: usize = (HEAD_BYTES + DEVICE_BYTES_MAX + MAC_BYTES) * 4 / 3 + 1;
const FORM_CHARACTERS_MAX: usize =
    "/fippa//signin?id=&extension=".len() + DEVICE_BYTES_MAX + 32 + 24 * 3;
const LINK_CHARACTERS_MAX: usize = "/fippa/s//notready/65535".len() + TOKEN_CHARACTERS_MAX;
const _: () = assert!(BASE_CHARACTERS_MAX + FORM_CHARACTERS_MAX == URL_CHARACTERS_MAX);
const _: () = assert!(BASE_CHARACTERS_MAX + LINK_CHARACTERS_MAX <= URL_CHARACTERS_MAX);

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The home screen.
    Home,
    /// The call's data.
    Call,
    /// A list of reasons to choose from.
    Reasons(ReasonCategory),
    /// A deed.
    Press(Press),
}

/// What a press asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Press {
    Ready,
    NotReady(Option<ReasonCode>),
    WrapUp(ReasonCode),
    SignOut(Option<ReasonCode>),
}

impl Link {
    /// The end of the path.
    pub(crate) fn path(self) -> Cow<'static, str> {
        let (page, reason) = match self {
            Self::Home => ("home", None),
            Self::Call => ("call", None),
            Self::Reasons(ReasonCategory::NotReady) => ("why-notready", None),
            Self::Reasons(ReasonCategory::WrapUp) => ("why-wrapup", None),
            Self::Reasons(ReasonCategory::SignOut) => ("why-signout", None),
            Self::Press(Press::Ready) => ("ready", None),
            Self::Press(Press::NotReady(reason)) => ("notready", reason),
            Self::Press(Press::WrapUp(code)) => ("wrapup", Some(code)),
            Self::Press(Press::SignOut(reason)) => ("signout", reason),
        };
        match reason {
            None => Cow::Borrowed(page),
            Some(code) => Cow::Owned(format!("{page}/{code}")),
        }
    }

    /// Reads the end of the path.
    pub(crate) fn parse(page: &str, reason: Option<&str>) -> Option<Self> {
        let code = match reason {
            None => None,
            // One number has one spelling, so that a link has one MAC.
            Some(text) => Some(
                text.parse::<u16>().ok().filter(|code| code.to_string() == text).map(ReasonCode)?,
            ),
        };
        Some(match (page, code) {
            ("home", None) => Self::Home,
            ("call", None) => Self::Call,
            ("why-notready", None) => Self::Reasons(ReasonCategory::NotReady),
            ("why-wrapup", None) => Self::Reasons(ReasonCategory::WrapUp),
            ("why-signout", None) => Self::Reasons(ReasonCategory::SignOut),
            ("ready", None) => Self::Press(Press::Ready),
            ("notready", code) => Self::Press(Press::NotReady(code)),
            ("wrapup", Some(code)) => Self::Press(Press::WrapUp(code)),
            ("signout", code) => Self::Press(Press::SignOut(code)),
            _ => return None,
        })
    }
}

/// For whom and when a page was made.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Issued {
    /// The holder of the session.
    pub(crate) holder: SessionRef,
    /// The session's count of changes that the page shows.
    pub(crate) changes: u32,
    /// The phone.
    pub(crate) device: DeviceName,
    /// When.
    pub(crate) at: Timestamp,
}

impl fmt::Debug for Issued {
    /// Whose session it is stays hidden.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Issued").field("device", &self.device).finish_non_exhaustive()
    }
}

/// Why a link is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkError {
    /// It is none of ours.
    Foreign,
    /// It is ours and older than [`LINK_LIFETIME`].
    Expired(Box<Issued>),
}

/// The key that signs links, the same on every node.
pub(crate) struct LinkKey(hmac::Key);

impl fmt::Debug for LinkKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(link key)")
    }
}

impl LinkKey {
    pub(crate) fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// What every link of a page begins with: all but [`Link::path`].
    pub(crate) fn beginning(&self, base: &str, issued: &Issued) -> String {
        const PATH: &str = "/fippa/s/";
        let mut bytes = head(issued);
        let mac = self.mac(&bytes);
        bytes.extend(mac);
        let mut beginning =
            String::with_capacity(base.len() + PATH.len() + TOKEN_CHARACTERS_MAX + 1);
        beginning.push_str(base);
        beginning.push_str(PATH);
        URL_SAFE_NO_PAD.encode_string(&bytes, &mut beginning);
        beginning.push('/');
        beginning
    }

    /// The absolute URL of a link.
    pub(crate) fn url(&self, base: &str, issued: &Issued, link: Link) -> String {
        self.beginning(base, issued) + &link.path()
    }

    /// For whom and when a page was made, where it was made by us.
    pub(crate) fn open(&self, token: &str, now: Timestamp) -> Result<Issued, LinkError> {
        if token.len() > TOKEN_CHARACTERS_MAX {
            return Err(LinkError::Foreign);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| LinkError::Foreign)?;
        let (head, mac) = bytes.split_last_chunk::<MAC_BYTES>().ok_or(LinkError::Foreign)?;
        if !bool::from(mac.ct_eq(&self.mac(head))) {
            return Err(LinkError::Foreign);
        }
        let issued = read_head(head).ok_or(LinkError::Foreign)?;
        if now.since(issued.at) > LINK_LIFETIME {
            return Err(LinkError::Expired(Box::new(issued)));
        }
        Ok(issued)
    }

    fn mac(&self, head: &[u8]) -> [u8; MAC_BYTES] {
        let tag = hmac::sign(&self.0, head);
        tag.as_ref().first_chunk().copied().expect("a tag of SHA-256 has 32 bytes")
    }
}

fn head(issued: &Issued) -> Vec<u8> {
    let seconds = u32::try_from(issued.at.seconds()).unwrap_or(0);
    let mut head = Vec::with_capacity(HEAD_BYTES + DEVICE_BYTES_MAX + MAC_BYTES);
    head.extend(issued.holder.number.0.to_be_bytes());
    head.extend(issued.holder.generation.to_be_bytes());
    head.extend(seconds.to_be_bytes());
    head.extend(issued.changes.to_be_bytes());
    head.extend(issued.device.as_str().bytes());
    head
}

fn read_head(head: &[u8]) -> Option<Issued> {
    let (number, rest) = head.split_first_chunk()?;
    let (generation, rest) = rest.split_first_chunk()?;
    let (seconds, rest) = rest.split_first_chunk()?;
    let (changes, device) = rest.split_first_chunk()?;
    let number = SessionNumber(u64::from_be_bytes(*number));
    Some(Issued {
        holder: SessionRef { number, generation: u32::from_be_bytes(*generation) },
        changes: u32::from_be_bytes(*changes),
        device: DeviceName::parse(std::str::from_utf8(device).ok()?).ok()?,
        at: Timestamp::from_seconds(u32::from_be_bytes(*seconds).into()),
    })
}

/// What a query value may hold without being encoded.
const PLAIN: AsciiSet =
    NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@').remove(b'*');

/// The URL a sign-in form or choice leads to. Never give it a password.
pub(crate) fn sign_in_url(base: &str, device: &DeviceName, values: &[(&str, &str)]) -> String {
    with_values(format!("{base}/fippa/{device}/signin"), values)
}

/// The URL of the service itself on that phone. Never give it a password.
pub(crate) fn service_url(base: &str, device: &DeviceName, values: &[(&str, &str)]) -> String {
    with_values(format!("{base}/fippa/{device}"), values)
}

fn with_values(mut url: String, values: &[(&str, &str)]) -> String {
    for (index, (name, value)) in values.iter().enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.push_str(name);
        url.push('=');
        url.extend(utf8_percent_encode(value, &PLAIN));
    }
    url
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn issued() -> Issued {
        Issued {
            holder: SessionRef { number: SessionNumber(0x0123_4567_89ab_cdef), generation: 3 },
            changes: 7,
            device: "SEP001122334455".parse().unwrap(),
            at: NOW,
        }
    }

    fn key() -> LinkKey {
        LinkKey::new(&[7; 32])
    }

    const LINKS: [Link; 11] = [
        Link::Home,
        Link::Call,
        Link::Reasons(ReasonCategory::NotReady),
        Link::Reasons(ReasonCategory::WrapUp),
        Link::Reasons(ReasonCategory::SignOut),
        Link::Press(Press::Ready),
        Link::Press(Press::NotReady(None)),
        Link::Press(Press::NotReady(Some(ReasonCode(0)))),
        Link::Press(Press::WrapUp(ReasonCode(65_535))),
        Link::Press(Press::SignOut(None)),
        Link::Press(Press::SignOut(Some(ReasonCode(12)))),
    ];

    fn token_of(url: &str) -> &str {
        url.split('/').nth(5).unwrap()
    }

    #[test]
    fn phn_11_a_link_opens_with_the_same_key_on_any_node() {
        for link in LINKS {
            let url = key().url("https://gw-a.example:8445", &issued(), link);
            let parts: Vec<_> = url.split('/').collect();
            assert_eq!(Link::parse(parts[6], parts.get(7).copied()), Some(link), "{url}");
            let on_another_node = LinkKey::new(&[7; 32]);
            assert_eq!(on_another_node.open(token_of(&url), NOW), Ok(issued()));
        }
    }

    #[test]
    fn an_altered_truncated_or_foreign_link_opens_nothing() {
        let url = key().url("https://gw", &issued(), Link::Home);
        let token = token_of(&url);
        let refused = |token: &str| {
            let opened = key().open(token, NOW);
            assert_eq!(opened, Err(LinkError::Foreign), "{token}");
        };
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut altered = bytes.clone();
                altered[index] ^= 1 << bit;
                refused(&URL_SAFE_NO_PAD.encode(altered));
            }
        }
        for end in 0..token.len() {
            refused(&token[..end]);
        }
        for odd in ["", "A", "====", "\0", "../..", &"A".repeat(63), &"A".repeat(10_000), "é"] {
            refused(odd);
        }
        refused(&format!("{token}A"));
        refused(&format!("{token}="));
        let foreign = LinkKey::new(&[8; 32]).url("https://gw", &issued(), Link::Home);
        refused(token_of(&foreign));
        let other = Issued { device: "SEP001122334456".parse().unwrap(), ..issued() };
        assert_ne!(token_of(&key().url("https://gw", &other, Link::Home)), token);
    }

    #[test]
    fn a_link_expires() {
        let url = key().url("https://gw", &issued(), Link::Home);
        let open = |now| key().open(token_of(&url), now);
        assert!(open(NOW.after(LINK_LIFETIME)).is_ok());
        let late = NOW.after(LINK_LIFETIME + Duration::from_secs(1));
        assert_eq!(open(late), Err(LinkError::Expired(Box::new(issued()))));
    }

    #[test]
    fn one_number_has_one_spelling() {
        for odd in ["+1", "01", "65536", "-1", "", "1 ", "١"] {
            assert_eq!(Link::parse("notready", Some(odd)), None, "{odd}");
        }
        for (page, reason) in [("home", Some("1")), ("wrapup", None), ("HOME", None), ("", None)] {
            assert_eq!(Link::parse(page, reason), None);
        }
    }

    #[test]
    fn phn_17_no_url_is_longer_than_phones_take() {
        let host = "h".repeat(HOST_CHARACTERS_MAX);
        let base = format!("https://{host}:65535");
        for link in LINKS {
            assert!(key().url(&base, &issued(), link).chars().count() <= URL_CHARACTERS_MAX);
        }
        let device = "SEP001122334455".parse().unwrap();
        let (id, extension) = ("@".repeat(32), "#".repeat(24));
        let url = sign_in_url(&base, &device, &[("id", &id), ("extension", &extension)]);
        assert_eq!(url.chars().count(), URL_CHARACTERS_MAX);
        let kept = sign_in_url(
            &base,
            &device,
            &[("kept", &"A".repeat(22)), ("device", device.as_str()), ("mode", "nailed")],
        );
        assert!(kept.chars().count() <= URL_CHARACTERS_MAX);
    }

    #[test]
    fn ops_05_whose_link_it_is_does_not_print_itself() {
        let shown = format!("{:?}", issued());
        assert!(shown.contains("SEP001122334455"));
        assert!(!shown.contains(&issued().holder.number.to_string()), "{shown}");
    }

    #[test]
    fn ops_05_a_key_does_not_print_itself() {
        assert_eq!(format!("{:?}", key()), "(link key)");
    }

    proptest! {
        #[test]
        fn any_text_opens_nothing(token in ".{0,80}", page in ".{0,20}", reason in ".{0,8}") {
            let _ = Link::parse(&page, Some(&reason));
            prop_assert_eq!(key().open(&token, NOW), Err(LinkError::Foreign));
        }
    }
}
