//! What transactions are matched by, borrowed from the texts of a message: this runs for every packet,
//! repeats included, before anything else is known about it.

use super::super::grammar::{self, HostText, ParameterValue};
use super::super::header::is_unique;

/// The first value of Via.
#[derive(Clone, Copy, Debug)]
pub(super) struct TopVia<'a> {
    /// The whole value, without those behind it.
    pub(super) text: &'a str,
    /// The host of sent-by.
    pub(super) host: HostText<'a>,
    /// The port of sent-by, or the usual one of the transport.
    pub(super) port: u16,
    /// The branch as it is written.
    pub(super) branch: Option<&'a str>,
    /// Whether another value follows in the same field.
    pub(super) is_followed: bool,
}

impl<'a> TopVia<'a> {
    /// Reads a Via field.
    pub(super) fn read(field: &'a str) -> Option<Self> {
        let mut items = grammar::items(field);
        let text = items.next()?.ok()?;
        let via = grammar::via(text).ok()?;
        let branch = match parameter(via.parameters, "branch") {
            Some(ParameterValue::Plain(branch)) => Some(branch),
            Some(ParameterValue::Quoted(_)) | None => None,
        };
        let usual = if via.transport.eq_ignore_ascii_case("TLS") { 5061 } else { 5060 };
        let port = via.port.unwrap_or(usual);
        let is_followed = items.next().is_some();
        Some(Self { text, host: via.host, port, branch, is_followed })
    }

    /// The branch, where it names a transaction by itself.
    pub(super) fn unique_branch(&self) -> Option<&'a str> {
        self.branch.filter(|branch| is_unique(branch))
    }
}

/// The tag of a From or To.
pub(in super::super) fn tag(value: &str) -> Option<&str> {
    match parameter(grammar::address(value).ok()?.parameters, "tag") {
        Some(ParameterValue::Plain(tag)) => Some(tag),
        Some(ParameterValue::Quoted(_)) | None => None,
    }
}

fn parameter<'a>(parameters: &'a str, name: &str) -> Option<ParameterValue<'a>> {
    let mut pieces = grammar::pieces(parameters);
    pieces.find(|piece| piece.name.eq_ignore_ascii_case(name))?.value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_via_is_read_however_it_is_spaced() {
        let plain = TopVia::read("SIP/2.0/UDP a.example:5070;branch=z9hG4bKx").unwrap();
        assert_eq!((plain.host, plain.port), (HostText::Name("a.example"), 5070));
        assert_eq!(plain.unique_branch(), Some("z9hG4bKx"));
        let spaced = "SIP  / 2.0\t/ UDP   a.example : 5070 ; rport ; BRANCH = z9hG4bKx ; x=\"a;b,c\\\"\" , y";
        let spaced = TopVia::read(spaced).unwrap();
        assert_eq!((spaced.host, spaced.port), (plain.host, 5070));
        assert_eq!(spaced.unique_branch(), plain.unique_branch());
        assert_eq!((spaced.is_followed, plain.is_followed), (true, false));
        let six = TopVia::read("SIP/2.0/TLS [2001:db8::9:1];received=[::1]").unwrap();
        let host = HostText::Ip("2001:db8::9:1".parse().unwrap());
        assert_eq!((six.host, six.port, six.branch), (host, 5061, None));
    }

    #[test]
    fn a_via_that_says_too_little_or_too_much_is_none() {
        for field in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ;branch=z9hG4bKx",
            "SIP/2.0 a.example",
            "SIP/3.0/UDP a.example",
            "SIP/2.0/UDP a.example:70000",
            "SIP/2.0/UDP [::1",
            "SIP/2.0/UDP a.example;branch=z9hG4bKx;branch=z9hG4bKy",
        ] {
            assert!(TopVia::read(field).is_none(), "{field}");
        }
    }

    #[test]
    fn only_a_branch_behind_the_cookie_is_unique() {
        let branch = |text: &'static str| TopVia::read(text).unwrap().unique_branch();
        assert_eq!(branch("SIP/2.0/UDP a;branch=z9hG4bK"), None);
        assert_eq!(branch("SIP/2.0/UDP a;branch=1"), None);
        assert_eq!(branch("SIP/2.0/UDP a;branch=\"z9hG4bK1\""), None);
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
        assert_eq!(tag("<sip:a@b>;tagged=1;tag=2"), Some("2"));
    }
}
