//! What a URL in an object means to the phone: a page to fetch, or a deed of the phone itself.
//!
//! Pure. `Uri::parse` reads, `Uri::check` says where such a URI has no business.

use super::limits;
use super::model::Model;

/// Where a URI stands; several are allowed in some places only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `URL` of a soft key or key, run on release.
    Key,
    /// `URLDown`, run on press.
    KeyDown,
    /// `URL` of a menu item.
    MenuItem,
    /// `URL` of an input object.
    Submit,
    /// `URL` of an `ExecuteItem`.
    Execute,
    /// An `onApp...` attribute.
    Event,
    /// The `url` of a `Refresh` header.
    Refresh,
}

/// A URI taken apart as far as the phone cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Uri {
    /// Fetched, and the answer shown.
    Http(String),
    /// One of the phone's own soft keys.
    SoftKey(String),
    /// A hard key.
    Key(String),
    /// Opens or clears something of the phone.
    Init(String),
    /// Calls or edits a number.
    Dial { edit: bool, digits: String },
    /// Tells a server by HTTP POST that something happened.
    Notify { host: String, port: u16, path: String, credentials: String, data: String },
    /// A parameter for whatever else is pressed.
    QueryStringParam(String),
    /// Known, well-formed, and without effect on the screen.
    Other(String),
}

const SOFT_KEYS: &[&str] = &[
    "Back", "Cancel", "Exit", "Next", "Search", "Select", "Submit", "Update", "Dial", "EditDial",
    "<<",
];
const INITS: &[&str] = &["CallHistory", "Services", "Messages", "Directories", "AppStatus"];
const KEYS: &[&str] = &[
    "KeyPadStar",
    "KeyPadPound",
    "Services",
    "Directories",
    "Messages",
    "Settings",
    "Applications",
    "Headset",
    "Speaker",
    "Mute",
    "Hold",
    "Info",
    "NavUp",
    "NavDwn",
    "NavLeft",
    "NavRight",
    "NavSelect",
    "NavBack",
    "VolUp",
    "VolDwn",
    "Release",
    "Onhook",
    "Offhook",
];
const NUMBERED_KEYS: &[(&str, u8, u8)] =
    &[("KeyPad", 0, 9), ("Soft", 1, 5), ("Line", 1, 120), ("Session", 1, 6), ("Feature", 1, 120)];

impl Uri {
    /// Reads a URI; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once(':') else {
            return Err(format!("{text:?} is neither an http(s) URL nor an internal URI"));
        };
        let wrong = |what: &str| Err(format!("{text:?} {what}"));
        match scheme {
            "http" | "https" => match text.parse::<http::Uri>() {
                Ok(uri) if uri.host().is_some_and(|host| !host.is_empty()) => {
                    Ok(Self::Http(text.to_owned()))
                }
                _ => wrong("is not a URL with a host"),
            },
            "SoftKey" if SOFT_KEYS.contains(&rest) => Ok(Self::SoftKey(rest.to_owned())),
            "SoftKey" => wrong("names no soft key of the phone"),
            "Key" if is_key(rest) => Ok(Self::Key(rest.to_owned())),
            "Key" => wrong("names no key of the phone"),
            "Init" if INITS.contains(&rest) => Ok(Self::Init(rest.to_owned())),
            "Init" => wrong("names nothing the phone can open"),
            "Dial" | "EditDial" => {
                let digits = rest.split(':').next().unwrap_or_default();
                if digits.is_empty() {
                    return wrong("has no digits");
                }
                Ok(Self::Dial { edit: scheme == "EditDial", digits: digits.to_owned() })
            }
            "Notify" => parse_notify(rest)
                .map_or_else(|| wrong("is not Notify:http:host:port:path:credentials:data"), Ok),
            "QueryStringParam"
                if rest.split_once('=').is_some_and(|(name, _)| !name.is_empty()) =>
            {
                Ok(Self::QueryStringParam(rest.to_owned()))
            }
            "QueryStringParam" => wrong("is not QueryStringParam:name=value"),
            "Display" => parse_display(rest)
                .map_or_else(|| wrong("is not Display:On|Off|Default[:0..1440]"), |()| other(text)),
            "App" => parse_app(rest).map_or_else(
                || wrong("is not App:verb:priority:idleTimer:appId with a timer of 10..86400"),
                |()| other(text),
            ),
            "SendDigits"
            | "Play"
            | "Vibrate"
            | "Device"
            | "RTPRx"
            | "RTPTx"
            | "RTPMRx"
            | "RTPMTx"
            | "UserCallData"
            | "UserCallDataSoftKey"
                if !rest.is_empty() =>
            {
                other(text)
            }
            _ => wrong("is neither an http(s) URL nor an internal URI"),
        }
    }

    /// Reads a URI that a phone of this model is to run; the error says why it does not.
    pub(crate) fn follow(text: &str, model: &Model) -> Result<Self, String> {
        match too_long(text).or_else(|| lacking(text, model)) {
            Some(problem) => Err(problem),
            None => Self::parse(text),
        }
    }

    /// What a phone of this model holds against the URI in this place.
    pub(crate) fn check(text: &str, place: Place, model: &Model) -> Vec<String> {
        let mut found: Vec<_> = too_long(text).into_iter().collect();
        let uri = match Self::parse(text) {
            Ok(uri) => uri,
            Err(problem) => {
                found.push(problem);
                return found;
            }
        };
        let misplaced = match (place, &uri) {
            (Place::KeyDown, Self::Http(_)) => Some("URLDown takes internal URIs only"),
            (Place::Execute, Self::SoftKey(_)) => Some("SoftKey: is not allowed in Execute"),
            (Place::Execute, Self::Notify { .. }) => Some("Notify: is not allowed in Execute"),
            (Place::Execute | Place::Submit | Place::Event, Self::QueryStringParam(_)) => {
                Some("QueryStringParam: belongs to menu items and soft keys")
            }
            (Place::Submit, Self::Http(_)) => None,
            (Place::Submit, _) => Some("an input object submits to an http(s) URL"),
            (Place::Refresh, Self::Http(_)) => None,
            (Place::Refresh, _) => Some("Refresh takes an http(s) URL"),
            _ => None,
        };
        if let Some(problem) = misplaced {
            found.push(format!("{problem}: {text:?}"));
        }
        found.extend(lacking(text, model));
        found
    }
}

fn too_long(text: &str) -> Option<String> {
    let (length, most) = (text.chars().count(), limits::URL_CHARACTERS_MAX);
    let told =
        || format!("URL has {length} characters, at most {most} are allowed: {}", redacted(text));
    (length > most).then(told)
}

/// What kind of URI the model does not have.
fn lacking(text: &str, model: &Model) -> Option<String> {
    let scheme = text.split(':').next().unwrap_or_default();
    let lacks = match scheme {
        "SendDigits" | "Display" | "App" | "Notify" => model.lacks_application_uris,
        "Vibrate" | "Device" => !model.wireless,
        _ => false,
    };
    lacks.then(|| format!("{} does not have {scheme}: {text:?}", model.name))
}

fn other(text: &str) -> Result<Uri, String> {
    Ok(Uri::Other(text.to_owned()))
}

fn is_key(name: &str) -> bool {
    KEYS.contains(&name)
        || NUMBERED_KEYS.iter().any(|(prefix, low, high)| {
            name.strip_prefix(prefix)
                .and_then(|number| number.parse::<u8>().ok())
                .is_some_and(|number| (*low..=*high).contains(&number))
        })
}

fn parse_notify(rest: &str) -> Option<Uri> {
    let mut parts = rest.splitn(6, ':');
    if parts.next()? != "http" {
        return None;
    }
    let host = parts.next().filter(|host| !host.is_empty())?.to_owned();
    let port = parts.next()?.parse().ok()?;
    let path = parts.next()?.trim_start_matches('/').to_owned();
    let credentials = parts.next().unwrap_or_default().to_owned();
    let data = parts.next().unwrap_or_default().to_owned();
    Some(Uri::Notify { host, port, path, credentials, data })
}

fn parse_display(rest: &str) -> Option<()> {
    let (mode, minutes) = rest.split_once(':').map_or((rest, None), |(m, n)| (m, Some(n)));
    if !matches!(mode, "On" | "Off" | "Default") {
        return None;
    }
    minutes.is_none_or(|text| text.parse::<u16>().is_ok_and(|n| n <= 1440)).then_some(())
}

fn parse_app(rest: &str) -> Option<()> {
    let mut parts = rest.splitn(4, ':');
    matches!(parts.next()?, "RequestFocus" | "ReleaseFocus" | "Minimize" | "Close").then_some(())?;
    let _priority = parts.next();
    match parts.next() {
        None | Some("") => Some(()),
        Some(timer) => timer.parse::<u32>().is_ok_and(|t| (10..=86_400).contains(&t)).then_some(()),
    }
}

/// A URL fit to be printed: the value of every `password` parameter is taken out.
pub(crate) fn redacted(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else { return url.to_owned() };
    let shown: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value))
                if name.to_ascii_lowercase().contains("password") && !value.is_empty() =>
            {
                format!("{name}=***")
            }
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", shown.join("&"))
}

/// Appends one `name=value` pair, already encoded, to a URL.
pub(crate) fn with_parameter(url: &str, pair: &str) -> String {
    let separator = match url.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) if url.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{url}{separator}{pair}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, place: Place, model: &str, expected_problems: usize) {
        let found = Uri::check(text, place, Model::find(model).unwrap());
        assert_eq!(found.len(), expected_problems, "{text}: {found:?}");
    }

    #[test]
    fn internal_uris_are_known_by_name_and_number() {
        for good in [
            "SoftKey:<<",
            "Key:Soft5",
            "Key:NavDwn",
            "Init:AppStatus",
            "Dial:1001",
            "Display:Off:1440",
            "App:Close:0:10:finesse",
            "QueryStringParam:code=7",
            "Notify:http:gw.example:80:closed:YTpi:gone",
            "https://gw.example/x?a=b&c=d",
        ] {
            check(good, Place::Key, "8845", 0);
        }
        for bad in [
            "SoftKey:Quit",
            "Key:Soft6",
            "Key:NavDown",
            "Init:Nothing",
            "Dial:",
            "Display:Off:1441",
            "App:Close:0:9:x",
            "QueryStringParam:code",
            "javascript:1",
            "Notify:https:gw.example:80:x",
            "/relative",
            "http:///path",
        ] {
            check(bad, Place::Key, "8845", 1);
        }
    }

    #[test]
    fn some_uris_are_out_of_place() {
        check("SoftKey:Exit", Place::Execute, "8845", 1);
        check("Notify:http:h:80:p:c:d", Place::Execute, "8845", 1);
        check("https://gw.example/", Place::KeyDown, "8845", 1);
        check("SoftKey:Exit", Place::Refresh, "8845", 1);
        check("Notify:http:h:80:p:c:d", Place::Event, "7841", 1);
        check("Vibrate:1:1:1", Place::Key, "8845", 1);
        check("Vibrate:1:1:1", Place::Key, "8821", 0);
    }

    #[test]
    fn a_url_of_256_characters_is_the_longest() {
        let url = |length: usize| format!("https://h/{}", "x".repeat(length - 10));
        check(&url(256), Place::Key, "8845", 0);
        check(&url(257), Place::Key, "8845", 1);
    }

    #[test]
    fn phn_03_passwords_are_taken_out_of_printed_urls() {
        assert_eq!(redacted("https://h/x?id=1&password=geheim"), "https://h/x?id=1&password=***");
        assert_eq!(redacted("https://h/x?Password=&id=1"), "https://h/x?Password=&id=1");
    }

    #[test]
    fn parameters_are_appended_with_the_right_separator() {
        assert_eq!(with_parameter("http://h/x", "a=1"), "http://h/x?a=1");
        assert_eq!(with_parameter("http://h/x?", "a=1"), "http://h/x?a=1");
        assert_eq!(with_parameter("http://h/x?b=2", "a=1"), "http://h/x?b=2&a=1");
    }
}
