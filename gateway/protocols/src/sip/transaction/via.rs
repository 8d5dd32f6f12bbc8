//! What transactions are matched by, read from the texts of a message without building typed values: this
//! runs for every packet, repeats included, before anything else is known about it.

/// The first value of Via.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TopVia<'a> {
    /// The whole value, without those behind it.
    pub(super) text: &'a str,
    /// The transport as it is written.
    pub(super) transport: &'a str,
    /// The host of sent-by as it is written, brackets included.
    pub(super) host: &'a str,
    /// The port of sent-by.
    pub(super) port: Option<u16>,
    /// The branch as it is written.
    pub(super) branch: Option<&'a str>,
    /// Whether another value follows in the same field.
    pub(super) is_followed: bool,
}

impl<'a> TopVia<'a> {
    /// Reads a Via field. `None` where it has no protocol, transport or sent-by, or two branches.
    pub(super) fn read(field: &'a str) -> Option<Self> {
        let (text, is_followed) = match outside_quotes(field).find(|(_, byte)| *byte == b',') {
            Some((comma, _)) => (field.get(..comma)?, true),
            None => (field, false),
        };
        let (head, mut parameters) = match text.split_once(';') {
            Some((head, parameters)) => (head, Some(parameters)),
            None => (text, None),
        };
        let mut parts = head.splitn(3, '/');
        let (name, version) = (parts.next()?.trim(), parts.next()?.trim());
        if !name.eq_ignore_ascii_case("SIP") || version != "2.0" {
            return None;
        }
        let (transport, sent_by) = parts.next()?.trim().split_once([' ', '\t'])?;
        let (host, port) = host_port(sent_by.trim())?;
        let mut branch = None;
        while let Some(rest) = parameters {
            let end = outside_quotes(rest).find(|(_, byte)| *byte == b';').map(|(at, _)| at);
            let parameter = end.map_or(Some(rest), |end| rest.get(..end))?;
            parameters = end.and_then(|end| rest.get(end + 1..));
            let Some((name, value)) = parameter.split_once('=') else { continue };
            if name.trim().eq_ignore_ascii_case("branch") && branch.replace(value.trim()).is_some()
            {
                return None;
            }
        }
        Some(Self { text: text.trim(), transport, host, port, branch, is_followed })
    }

    /// The branch, where it is one that names a transaction by itself (RFC 3261, section 8.1.1.7). The bare
    /// cookie names none.
    pub(super) fn unique_branch(&self) -> Option<&'a str> {
        self.branch.filter(|branch| branch.len() > COOKIE.len() && branch.starts_with(COOKIE))
    }

    /// The port, or the usual one of the transport.
    pub(super) fn port_or_usual(&self) -> u16 {
        self.port.unwrap_or(if self.transport.eq_ignore_ascii_case("TLS") { 5061 } else { 5060 })
    }
}

/// What branches of RFC 3261 begin with.
const COOKIE: &str = "z9hG4bK";

fn host_port(sent_by: &str) -> Option<(&str, Option<u16>)> {
    let end = if sent_by.starts_with('[') {
        sent_by.find(']')? + 1
    } else {
        sent_by.find(':').unwrap_or(sent_by.len())
    };
    let (host, rest) = (sent_by.get(..end)?.trim_end(), sent_by.get(end..)?.trim());
    if host.is_empty() || host.contains([' ', '\t']) {
        return None;
    }
    if rest.is_empty() {
        return Some((host, None));
    }
    let digits = rest.strip_prefix(':')?.trim_start();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten().map(|port| (host, Some(port)))
}

/// The tag of a From or To.
pub(in super::super) fn tag(value: &str) -> Option<&str> {
    // Parameters of an address in angle brackets stand behind them; those inside belong to the URI.
    let opening = outside_quotes(value).find(|(_, byte)| *byte == b'<');
    let mut rest = match opening {
        Some((at, _)) => {
            let inside = value.get(at..)?;
            inside.get(inside.find('>')? + 1..)?
        }
        None => value,
    };
    while let Some((at, _)) = outside_quotes(rest).find(|(_, byte)| *byte == b';') {
        rest = rest.get(at + 1..)?;
        let end =
            outside_quotes(rest).find(|(_, byte)| *byte == b';').map_or(rest.len(), |(at, _)| at);
        let (name, value) = rest.get(..end)?.split_once('=').unwrap_or_default();
        if name.trim().eq_ignore_ascii_case("tag") {
            return Some(value.trim()).filter(|tag| !tag.is_empty());
        }
    }
    None
}

/// Number and method of a `CSeq`.
pub(in super::super) fn cseq(value: &str) -> Option<(u32, &str)> {
    let (number, method) = value.split_once([' ', '\t'])?;
    let method = method.trim();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| number.parse().ok()).flatten()?;
    (!method.is_empty() && !method.contains([' ', '\t'])).then_some((number, method))
}

/// The bytes outside of quoted strings, with their places.
pub(in super::super) fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, u8)> + '_ {
    let mut is_quoted = false;
    let mut is_escaped = false;
    text.bytes().enumerate().filter(move |(_, byte)| {
        if is_quoted {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_quoted = false,
                _ => {}
            }
            return false;
        }
        is_quoted = *byte == b'"';
        !is_quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_via_is_read_however_it_is_spaced() {
        let plain = TopVia::read("SIP/2.0/UDP a.example:5070;branch=z9hG4bKx").unwrap();
        assert_eq!((plain.host, plain.port), ("a.example", Some(5070)));
        assert_eq!(plain.unique_branch(), Some("z9hG4bKx"));
        let spaced = "SIP  / 2.0\t/ UDP   a.example : 5070 ; rport ; BRANCH = z9hG4bKx ; x=\"a;b,c\\\"\" , y";
        let spaced = TopVia::read(spaced).unwrap();
        assert_eq!((spaced.host, spaced.port), ("a.example", Some(5070)));
        assert_eq!(spaced.unique_branch(), plain.unique_branch());
        assert_eq!((spaced.is_followed, plain.is_followed), (true, false));
        let six = TopVia::read("SIP/2.0/TLS [2001:db8::9:1];received=[::1]").unwrap();
        assert_eq!((six.host, six.port, six.port_or_usual()), ("[2001:db8::9:1]", None, 5061));
        assert_eq!(six.branch, None);
    }

    #[test]
    fn a_via_that_says_too_little_or_too_much_is_none() {
        for field in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ;branch=z9hG4bKx",
            "SIP/2.0 a.example",
            "SIP/3.0/UDP a.example",
            "HTTP/2.0/UDP a.example",
            "SIP/2.0/UDP a.example:70000",
            "SIP/2.0/UDP a.example:",
            "SIP/2.0/UDP a.example:+5",
            "SIP/2.0/UDP a b",
            "SIP/2.0/UDP [::1",
            "SIP/2.0/UDP a.example;branch=z9hG4bKx;branch=z9hG4bKy",
        ] {
            assert_eq!(TopVia::read(field), None, "{field}");
        }
    }

    #[test]
    fn only_a_branch_behind_the_cookie_is_unique() {
        let branch = |text: &'static str| TopVia::read(text).unwrap().unique_branch();
        assert_eq!(branch("SIP/2.0/UDP a;branch=z9hG4bK"), None);
        assert_eq!(branch("SIP/2.0/UDP a;branch=1"), None);
        assert_eq!(branch("SIP/2.0/UDP a"), None);
        assert_eq!(branch("SIP/2.0/UDP a;branch=z9hG4bK1"), Some("z9hG4bK1"));
    }

    #[test]
    fn tags_are_those_of_the_header_not_of_the_address() {
        assert_eq!(tag("<sip:a@b;tag=inside>;x=y;tag=outside"), Some("outside"));
        assert_eq!(tag("\"<;tag=quoted>\" <sip:a@b> ; TAG = t1"), Some("t1"));
        assert_eq!(tag("sip:a@b;tag=t2"), Some("t2"));
        assert_eq!(tag("<sip:a@b>"), None);
        assert_eq!(tag("<sip:a@b"), None);
        assert_eq!(tag("<sip:a@b>;tag="), None);
        assert_eq!(tag("<sip:a@b>;tagged=1;tag=2"), Some("2"));
    }

    #[test]
    fn a_cseq_is_a_number_and_a_method() {
        assert_eq!(cseq("7 REGISTER"), Some((7, "REGISTER")));
        assert_eq!(cseq("0007 \t REGISTER"), Some((7, "REGISTER")));
        for wrong in ["", "7", "REGISTER", "-1 REGISTER", "+1 X", "4294967296 X", "7 A B", "7 "] {
            assert_eq!(cseq(wrong), None, "{wrong}");
        }
    }
}
