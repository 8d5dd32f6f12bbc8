//! Addresses that a browser is sent to with a request in its hands.

/// Bytes of an address.
const BYTES_MAX: usize = 2_048;
const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Takes `https://HOST[:PORT][/...]` with a host name; what is wrong otherwise, to follow the address.
pub(super) fn check(url: &str) -> Result<(), &'static str> {
    if url.is_empty() {
        return Err("is empty");
    }
    if url.len() > BYTES_MAX {
        return Err("has more than 2,048 bytes");
    }
    if !url.bytes().all(is_of_a_url) {
        return Err("holds characters that no URL has");
    }
    let (scheme, rest) = url.split_once(':').ok_or("is no URL")?;
    if !scheme.eq_ignore_ascii_case("https") {
        return Err("does not begin with https");
    }
    let rest = rest.strip_prefix("//").ok_or("names no host")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).ok_or("names no host")?;
    if path.contains('#') {
        return Err("has a fragment");
    }
    if authority.contains('@') {
        return Err("names a user");
    }
    if authority.starts_with('[') {
        return Err("names an IP address and not a host");
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if port.is_some_and(|port| !is_port(port)) {
        return Err("names no port that there is");
    }
    check_host(host)
}

fn check_host(host: &str) -> Result<(), &'static str> {
    let without_dot = host.strip_suffix('.').unwrap_or(host);
    if without_dot.is_empty() || without_dot.len() > HOST_BYTES_MAX {
        return Err("names no host");
    }
    if !without_dot.split('.').all(is_label) {
        return Err("names no host that there can be");
    }
    // Browsers read a host whose last part is a number as an address, in any notation.
    let last = without_dot.rsplit('.').next().unwrap_or_default();
    let is_hexadecimal = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").or_else(|| last.strip_prefix("0X")).is_some_and(is_hexadecimal);
    if is_number { Err("names an IP address and not a host") } else { Ok(()) }
}

fn is_label(label: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && label.bytes().all(is_inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port != 0)
}

/// Characters of RFC 3986.
fn is_of_a_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn ids_14_requests_are_posted_to_host_names_over_https_only() {
        for url in [
            "https://idp.example.com/sso",
            "https://idp.example.com",
            "https://idp.example.com:8443/adfs/ls/?a=b&c=%20d",
            "HTTPS://IDP.EXAMPLE.COM./sso",
            "https://localhost:9443/sso",
            "https://idp_1.example.com/",
            "https://xn--bcher-kva.example/",
            "https://1.2.3.4.example/",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        let long_label = format!("https://{}.example/", "a".repeat(64));
        let long_host = format!("https://{}example/", "a.".repeat(130));
        let long = format!("https://idp.example.com/{}", "a".repeat(2_048));
        for (url, why) in [
            ("", "is empty"),
            ("idp.example.com/sso", "is no URL"),
            ("http://idp.example.com/sso", "does not begin with https"),
            ("javascript:alert(1)", "does not begin with https"),
            ("JavaScript://idp.example.com/%0Aalert(1)", "does not begin with https"),
            ("data:text/html,x", "does not begin with https"),
            ("https:idp.example.com", "names no host"),
            ("https:///sso", "names no host"),
            ("https://:443/sso", "names no host"),
            ("https://./", "names no host"),
            ("https://a..b/", "names no host that there can be"),
            ("https://-a.example/", "names no host that there can be"),
            ("https://a%2eb/", "names no host that there can be"),
            ("https://idp.example.com:0/", "names no port that there is"),
            ("https://idp.example.com:65536/", "names no port that there is"),
            ("https://idp.example.com:/", "names no port that there is"),
            ("https://idp.example.com:+443/", "names no port that there is"),
            ("https://192.0.2.1/sso", "names an IP address and not a host"),
            ("https://192.0.2.1./sso", "names an IP address and not a host"),
            ("https://[2001:db8::1]/sso", "names an IP address and not a host"),
            ("https://3221225985/sso", "names an IP address and not a host"),
            ("https://0xC0000201/sso", "names an IP address and not a host"),
            ("https://192.0.0x1/sso", "names an IP address and not a host"),
            ("https://192.0.2.0x/sso", "names an IP address and not a host"),
            ("https://user@idp.example.com/", "names a user"),
            ("https://idp.example.com@evil.example/", "names a user"),
            ("https://idp.example.com/#a", "has a fragment"),
            ("https://idp.example.com#a", "has a fragment"),
            ("https://evil.example\\.idp.example.com/", "holds characters that no URL has"),
            ("https://idp.example.com/ sso", "holds characters that no URL has"),
            ("https://idp.example.com/\"><script>", "holds characters that no URL has"),
            ("https://idp.example.com/\u{7}", "holds characters that no URL has"),
            ("https://b\u{fc}cher.example/", "holds characters that no URL has"),
            (&*long_label, "names no host that there can be"),
            (&*long_host, "names no host"),
            (&*long, "has more than 2,048 bytes"),
        ] {
            assert_eq!(check(url), Err(why), "{url}");
        }
    }
}
