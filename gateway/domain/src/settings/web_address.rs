//! Addresses of the web in settings: names of hosts and no numbers (IDS-14), and where browsers are sent.

/// The most bytes of such an address.
pub const URL_BYTES_MAX: usize = 1_024;

/// Whether that is the name of a host: labels of letters, digits and '-', and no number of an address.
pub(super) fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // Browsers take what ends in a number for an address, one in hexadecimal too.
    let is_number = |label: &str| {
        let hexadecimal = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
        label.chars().all(|it| it.is_ascii_digit())
            || hexadecimal.is_some_and(|it| it.chars().all(|it| it.is_ascii_hexdigit()))
    };
    text.len() <= 253
        && text.split('.').all(is_label)
        && !text.split('.').next_back().is_some_and(is_number)
}

/// What an entry `host` or `host:port` says, the name in small letters; `None` where it is neither.
pub(super) fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port_of(port)?)),
        None => (text, None),
    };
    is_host_name(host).then(|| (host.to_ascii_lowercase(), port))
}

/// What is wrong with the address of a document to fetch, where anything is.
pub(super) fn https_problem(url: &str) -> Option<&'static str> {
    let parts = match Parts::of(url) {
        Ok(parts) => parts,
        Err(why) => return Some(why),
    };
    if parts.scheme != "https" {
        return Some("must begin with https://, in small letters");
    }
    (!is_host_name(parts.host)).then_some(NO_NAME)
}

/// The origin of an address that is nothing but one, as browsers write it: in small letters, without the usual port.
pub(super) fn https_origin(url: &str) -> Option<String> {
    if url.len() > URL_BYTES_MAX {
        return None;
    }
    let rest = url.strip_prefix("https://")?;
    let (host, port) = host_and_port(rest.strip_suffix('/').unwrap_or(rest))?;
    Some(match port {
        None | Some(443) => format!("https://{host}"),
        Some(port) => format!("https://{host}:{port}"),
    })
}

/// The host that an address names, where it is one.
pub(super) fn host_of(url: &str) -> Option<&str> {
    Parts::of(url).ok().map(|parts| parts.host)
}

/// What is wrong with an address that browsers are sent to with a code, where anything is. It is kept and
/// compared byte for byte, so nothing in it is mended.
pub(super) fn redirect_problem(url: &str, native: bool) -> Option<&'static str> {
    let parts = match Parts::of(url) {
        Ok(parts) => parts,
        Err(why) => return Some(why),
    };
    let is_loopback = matches!(parts.host, "127.0.0.1" | "[::1]" | "localhost");
    match parts.scheme {
        "http" if native && is_loopback => None,
        "http" if native => Some(
            "begins with http:// and is not of this machine; write https://, or the host 127.0.0.1, \
             [::1] or localhost",
        ),
        "http" if is_loopback => Some(
            "begins with http://, which only programs on people's machines may; write https:// or set \
             native",
        ),
        "https" if is_host_name(parts.host) || (native && is_loopback) => None,
        "https" => Some(NO_NAME),
        _ => Some("must begin with https://, in small letters"),
    }
}

const NO_NAME: &str =
    "must name its host by a name of letters, digits and '-'; numbers of addresses are refused";

/// An absolute address, as far as it matters who is reached.
struct Parts<'u> {
    scheme: &'u str,
    host: &'u str,
}

impl<'u> Parts<'u> {
    fn of(url: &'u str) -> Result<Self, &'static str> {
        if url.len() > URL_BYTES_MAX {
            return Err("has more than 1024 bytes; shorten it");
        }
        if !url.chars().all(may_stand) || !escapes_are_whole(url) {
            return Err(
                "holds a character that an address may not; write it as '%' and two hexadecimal digits",
            );
        }
        if url.contains('#') {
            return Err("has a fragment; remove '#' and what is behind it");
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err("must be absolute, like https://desk.example/signed-on");
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err("has a user in front of its host; remove it with the '@'");
        }
        // Colons stand inside brackets too.
        let name_ends = authority.find(']').map_or(0, |it| it + 1);
        let (name, behind) = authority.split_at_checked(name_ends).unwrap_or((authority, ""));
        let host = match behind.split_once(':') {
            Some((rest, port))
                if port_of(port).is_some() && (name.is_empty() || rest.is_empty()) =>
            {
                if name.is_empty() { rest } else { name }
            }
            Some(_) => {
                return Err("has a port that is no number from 1 to 65535; mend or remove it");
            }
            None => authority,
        };
        if host.is_empty() {
            return Err("names no host; write it behind ://");
        }
        Ok(Self { scheme, host })
    }
}

/// The characters of RFC 3986, section 2.
fn may_stand(character: char) -> bool {
    character.is_ascii_graphic()
        && !matches!(character, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
}

fn escapes_are_whole(url: &str) -> bool {
    let is_digit = |it: Option<&u8>| it.is_some_and(u8::is_ascii_hexdigit);
    let mut pieces = url.split('%');
    pieces.next();
    pieces.map(str::as_bytes).all(|it| is_digit(it.first()) && is_digit(it.get(1)))
}

fn port_of(text: &str) -> Option<u16> {
    let is_number = !text.is_empty() && text.chars().all(|it| it.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_14_hosts_have_names_and_no_numbers() {
        for good in ["gw-a.example", "localhost", "gw_a", "1.example", "192.0.2.1.example", "a.b1"]
        {
            assert!(is_host_name(good), "{good}");
        }
        let long = ["x"; 64].concat();
        for bad in [
            "",
            ".",
            "a.",
            "a..b",
            "-a",
            "a-",
            "192.0.2.1",
            "1",
            "0x7f",
            "a.0x7F",
            "[::1]",
            "a b",
            &long,
        ] {
            assert!(!is_host_name(bad), "{bad}");
        }
        assert_eq!(host_and_port("GW.Example:443"), Some(("gw.example".to_owned(), Some(443))));
        for bad in ["gw:", "gw:0", "gw:65536", "gw:+1", "gw:1:2", "::1", "192.0.2.1:8553"] {
            assert_eq!(host_and_port(bad), None, "{bad}");
        }
    }

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for (written, read) in [
            ("https://Desktop.Example:8445", "https://desktop.example:8445"),
            ("https://desktop.example:443/", "https://desktop.example"),
        ] {
            assert_eq!(https_origin(written).as_deref(), Some(read));
        }
        for bad in [
            "",
            "*",
            "https://",
            "https://*.example",
            "http://desktop.example",
            "https://desktop.example/x",
            "https://desktop.example:0",
            "https://a@desktop.example",
            "https://192.0.2.1",
            "https://a.example https://b.example",
            "https://a.example;",
            "'self'",
        ] {
            assert_eq!(https_origin(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_14_redirects_are_https_names_but_for_native_programs() {
        for good in [
            "https://desk.example/signed-on",
            "https://desk.example",
            "https://desk.example:8445/a?b=c%20d",
            "https://desk.example?x=:@",
        ] {
            assert_eq!(redirect_problem(good, false), None, "{good}");
            assert_eq!(redirect_problem(good, true), None, "{good}");
        }
        for loopback in [
            "http://127.0.0.1/cb",
            "http://127.0.0.1:49152/cb",
            "http://[::1]:8000/",
            "http://[::1]",
            "http://localhost/cb",
            "https://127.0.0.1/cb",
        ] {
            assert_eq!(redirect_problem(loopback, true), None, "{loopback}");
        }
        for bad in [
            "http://127.0.0.1/cb",
            "http://localhost/cb",
            "http://desk.example/cb",
            "https://192.0.2.1/cb",
            "https://[2001:db8::1]/cb",
            "https://[::1]/cb",
            "https://2130706433/cb",
        ] {
            assert!(redirect_problem(bad, false).is_some(), "{bad}");
        }
        for bad in [
            "",
            "/cb",
            "desk.example/cb",
            "//desk.example/cb",
            "HTTPS://desk.example/cb",
            "javascript://desk.example/cb",
            "https:///cb",
            "https://:443/cb",
            "https://user@desk.example/cb",
            "https://desk.example@evil.example/cb",
            "https://desk.example/cb#x",
            "https://desk.example/cb#",
            "https://desk.example:/cb",
            "https://desk.example:0/cb",
            "https://desk.example:99999/cb",
            "https://desk.example\\@evil.example/cb",
            "https://desk.example/a b",
            "https://desk.example/%2",
            "https://desk.example/%zz",
            "https://d\u{e9}sk.example/cb",
            "https://[::1]x:1/cb",
            "https://x[::1]:1/cb",
            "https://*.example/cb",
            "http://192.0.2.1/cb",
            "http://127.0.0.1.example/cb",
        ] {
            assert!(redirect_problem(bad, true).is_some(), "{bad}");
        }
        let of_length = |length: usize| format!("https://desk.example/{}", "x".repeat(length - 21));
        assert_eq!(redirect_problem(&of_length(1_024), false), None);
        assert!(redirect_problem(&of_length(1_025), false).is_some_and(|it| it.contains("1024")));
    }
}
