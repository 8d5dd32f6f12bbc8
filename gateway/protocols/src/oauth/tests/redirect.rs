//! Redirect URLs: what may be registered, what is the same, and what answers look like.

use super::*;

#[test]
fn ids_08_a_redirect_is_compared_byte_for_byte() {
    let registered =
        ["https://app.example/cb".to_owned(), "https://app.example:443/x?a=1".to_owned()];
    for right in &registered {
        assert!(
            is_registered(right, &registered, false) && is_registered(right, &registered, true)
        );
    }
    for wrong in [
        "",
        "https://app.example/cb/",
        "https://app.example/cb?",
        "https://app.example/cb#",
        "https://app.example/cb#a",
        "https://app.example/cb?a=1",
        "https://app.example:443/cb",
        "https://app.example/x?a=1",
        "https://APP.example/cb",
        "HTTPS://app.example/cb",
        "http://app.example/cb",
        "https://app.example/%63b",
        "https://app.example/./cb",
        "https://app.example/cb/../cb",
        "https://app.example/cb ",
        " https://app.example/cb",
        "https://app.example.evil.example/cb",
        "https://app.example@evil.example/cb",
        "https://evil.example/https://app.example/cb",
        "https://app.example",
        "//app.example/cb",
        "javascript:alert(1)",
    ] {
        assert!(!is_registered(wrong, &registered, false), "{wrong}");
        assert!(!is_registered(wrong, &registered, true), "{wrong}");
    }
    assert!(!is_registered("", &[], true));
}

#[test]
fn ids_08_the_port_differs_only_for_native_applications_on_the_machine_itself() {
    let registered = ["http://127.0.0.1/cb".to_owned(), "http://[::1]:8080/cb?a=1".to_owned()];
    for right in [
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:51004/cb",
        "http://127.0.0.1:65535/cb",
        "http://[::1]/cb?a=1",
        "http://[::1]:9/cb?a=1",
    ] {
        assert!(is_registered(right, &registered, true), "{right}");
        assert!(!is_registered(right, &registered, false), "{right}");
    }
    for wrong in [
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.1:51004/",
        "http://127.0.0.1:51004/cb/x",
        "http://127.0.0.1:51004/cb?a=1",
        "http://127.0.0.1:51004",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:99999999999999999999/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1:80:80/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "http://127.0.0.10/cb",
        "http://127.0.0.2:1/cb",
        "http://127.1:1/cb",
        "http://localhost:1/cb",
        "http://[::1]:9/cb",
        "http://[::1]:9/cb?a=2",
        "http://[0:0::1]:9/cb?a=1",
        "http://127.0.0.1:1\\@evil.example/cb",
    ] {
        assert!(!is_registered(wrong, &registered, true), "{wrong}");
    }
    let by_name = ["http://localhost/cb".to_owned()];
    assert!(!is_registered("http://localhost:1/cb", &by_name, true));
}

#[test]
fn ids_08_what_can_be_registered() {
    let long = format!("https://app.example/{}", "a".repeat(REDIRECT_URL_BYTES_MAX - 20));
    assert_eq!(long.len(), REDIRECT_URL_BYTES_MAX);
    for right in [
        "https://app.example/cb",
        "https://app.example",
        "https://app.example:8445/desktop/sso/authcode",
        "https://app.example/cb?tenant=1&x=%20",
        "https://App.example/cb",
        "https://xn--bcher-kva.example/",
        "https://localhost:8445/cb",
        "https://finesse/cb",
        "https://1app.example1/cb",
        "https://0x.example/",
        "https://127.0.0.1:8445/cb",
        "https://[::1]/cb",
        &long,
    ] {
        assert_eq!(validate_redirect_url(right, false), Ok(()), "{right}");
        assert_eq!(validate_redirect_url(right, true), Ok(()), "{right}");
    }
    for native in ["http://127.0.0.1/cb", "http://[::1]:1/cb", "http://localhost:3000/cb"] {
        assert_eq!(validate_redirect_url(native, true), Ok(()), "{native}");
        assert_eq!(validate_redirect_url(native, false), Err(RedirectUrlRefused::Scheme));
    }
}

#[test]
fn ids_08_what_cannot_be_registered() {
    use RedirectUrlRefused::*;
    let long = format!("https://app.example/{}", "a".repeat(REDIRECT_URL_BYTES_MAX - 19));
    let label = format!("https://{}.example/", "a".repeat(64));
    let host = format!("https://{}a/", "a.".repeat(127));
    for (wrong, why) in [
        (long.as_str(), TooLong),
        ("", Scheme),
        ("app.example/cb", Scheme),
        ("/cb", Scheme),
        ("//app.example/cb", Scheme),
        ("ftp://app.example/", Scheme),
        ("javascript://app.example/%0aalert(1)", Scheme),
        ("com.example.app:/cb", Scheme),
        ("HTTPS://app.example/cb", Scheme),
        ("https:/app.example/cb", Scheme),
        ("http://app.example/cb", Scheme),
        ("http://127.0.0.1.evil.example/cb", Scheme),
        ("http://localhost.evil.example/cb", Scheme),
        ("https://app.example/cb#", Fragment),
        ("https://app.example/cb#a", Fragment),
        ("https://app.example/a b", Characters),
        ("https://app.example/\n", Characters),
        ("https://app.example\\@evil.example/", Characters),
        ("https://app.example/%", Characters),
        ("https://app.example/%4g", Characters),
        ("https://b\u{fc}cher.example/", Characters),
        ("https://app.example/<x>", Characters),
        ("https://user@app.example/", User),
        ("https://user:password@app.example/", User),
        ("https://app.example:443@evil.example/", User),
        ("https:///cb", Host),
        ("https://", Host),
        ("https://?x", Host),
        ("https://.example/", Host),
        ("https://app..example/", Host),
        ("https://app.example./", Host),
        ("https://-app.example/", Host),
        ("https://app-.example/", Host),
        ("https://app_1.example/", Host),
        ("https://*.example/", Host),
        ("https://a%2eb.example/", Host),
        ("https://[::1/", Host),
        ("https://[::1]x/", Host),
        (&label, Host),
        (&host, Host),
        ("https://10.1.2.3/cb", Address),
        ("https://127.0.0.2/cb", Address),
        ("https://127.1/cb", Address),
        ("https://2130706433/cb", Address),
        ("https://0x7f000001/cb", Address),
        ("https://a.0x7F/cb", Address),
        ("https://0x/", Address),
        ("https://[2001:db8::1]/cb", Address),
        ("https://[::]/cb", Address),
        ("https://[::ffff:127.0.0.1]/cb", Address),
        ("https://app.example:/cb", Port),
        ("https://app.example:0/cb", Port),
        ("https://app.example:65536/cb", Port),
        ("https://app.example:8445:1/cb", Port),
        ("https://app.example:x/cb", Port),
        ("https://[::1]:/cb", Port),
        ("https://app.example/cb?code=1", Parameter),
        ("https://app.example/cb?a=1&st%61te=1", Parameter),
        ("https://app.example/cb?iss", Parameter),
        ("https://app.example/cb?error=&error_description=", Parameter),
    ] {
        assert_eq!(validate_redirect_url(wrong, true), Err(why), "{wrong}");
        assert!(validate_redirect_url(wrong, false).is_err(), "{wrong}");
    }
}

#[test]
fn ids_08_an_answer_is_added_to_what_is_registered() {
    let parameters =
        [("code", "a b&c=d"), ("state", "\u{e9}+/=%#\r\n'\"<>"), ("iss", "https://i:1")];
    let added =
        "code=a+b%26c%3Dd&state=%C3%A9%2B%2F%3D%25%23%0D%0A%27%22%3C%3E&iss=https%3A%2F%2Fi%3A1";
    for (url, between) in [
        ("https://app.example/cb", "?"),
        ("https://app.example", "?"),
        ("https://app.example/cb?a=1", "&"),
        ("https://app.example/cb?", ""),
        ("https://app.example/cb?a=1&", ""),
        ("https://app.example/cb?a=?", "&"),
    ] {
        assert_eq!(redirect_with(url, &parameters), format!("{url}{between}{added}"));
    }
    assert_eq!(
        redirect_with("https://app.example/cb#x", &[("a", "b")]),
        "https://app.example/cb?a=b"
    );
    assert_eq!(redirect_with("https://app.example/cb", &[]), "https://app.example/cb");
}

proptest! {
    #[test]
    fn ids_08_every_state_comes_back_as_it_was(state in "[ -~]{1,200}") {
        let url = redirect_with("https://app.example/cb?a=1", &[("code", "c"), ("state", &state)]);
        let (_, query) = url.split_once('?').unwrap();
        let [code, back] = form::read(query.as_bytes(), ["code", "state"]).unwrap();
        prop_assert_eq!((code.as_deref(), back), (Some("c"), Some(state)));
    }
}
