//! What is kept of requests that no profile knows.

use proptest::prelude::*;

use super::super::masked;

#[track_caller]
fn check_body(body: &str, kept: &str) {
    assert_eq!(masked("PUT", "/", &[], body.as_bytes()).body, kept);
}

#[track_caller]
fn check_target(target: &str, kept: &str) {
    assert_eq!(masked("GET", target, &[], b"").target, kept);
}

#[test]
fn a_request_is_kept_without_its_values() {
    let headers: [(&str, &[u8]); 5] = [
        ("Content-Type", b"application/json; charset=utf-8"),
        ("User-Agent", b"Cisco-CP8865/12.8.1 (SEP001122334455 FCH2124DGGT9)"),
        ("Authorization", b"Bearer 8fJ2kd93"),
        ("X-Request-Id", b"1"),
        ("X-Odd", b"\xFF\xFE"),
    ];
    let body =
        br#"{"user":"anna","status":"Ready","n":5551234,"at":"2026-11-27T18:30:00Z","code":3}"#;
    let target = "/phones/SEP001122334455/state?key=8fJ2kd93&x=1&8fJ2kd93";
    let kept = masked("PUT", target, &headers, body).to_string();
    let expected = [
        "PUT /phones/{device}/state?key=text(8)&x=number(1)&text(8)",
        "Content-Type: application/json; charset=utf-8",
        "User-Agent: Cisco-CP8865/12.8.1 (device?(15) text(12))",
        "Authorization: text(15)",
        "X-Request-Id: number(1)",
        "X-Odd: bytes(2)",
        "",
        r#"{"user":word(4),"status":"Ready","n":number(7),"at":time?(20),"code":number(1)}"#,
    ];
    assert_eq!(kept, expected.join("\n"));
}

#[test]
fn bodies_keep_their_shape() {
    check_body(
        r#"{"reasonCode":4,"b":true,"c":-1.5,"d":"","e":null}"#,
        r#"{"reasonCode":4,"b":boolean,"c":number(4),"d":empty,"e":null}"#,
    );
    check_body("[1,2,3,4,5]", "[number(1),number(1),number(1),... 5 in all]");
    check_body(
        r#"{"login":{"first":"anna","n":7},"SEP001122334455":{"a1b2c3d4":"On"}}"#,
        r#"{"login":{"name(5)":word(4),"name(1)":number(1)},"name(15)":{"name(8)":"On"}}"#,
    );
    check_body(
        "<?xml version=\"1.0\"?><a:change xmlns:a=\"urn:x\" mode=\"On\"><status>3</status>\
         <who userName=\"anna\"/><h>x1</h><h>Wired</h><h/><h/><pin>1</pin></a:change>",
        "<a:change xmlns:a=\"text(5)\" mode=\"On\"><status>3</status><who userName=\"word(4)\"/>\
         <h>text(2)</h><h>Wired</h><h/>... 4 in all<pin>number(1)</pin></a:change>",
    );
    check_body("user=anna&password=x", "bytes(20)");
    check_body("{\"a\":", "bytes(5)");
    check_body("{\"a\":1,\"a\":2}", "bytes(13)");
    check_body("<!DOCTYPE a><a/>", "bytes(16)");
    check_body("  ", "bytes(2)");
    check_body("", "");
}

#[test]
fn words_that_no_protocol_has_are_not_kept() {
    check_body(
        r#"{"state":"Not_Ready","pass":"ready","pw":"hunter","person":"on","firstWord":"off"}"#,
        r#"{"state":"Not_Ready","pass":word(5),"pw":word(6),"person":word(2),"firstWord":word(3)}"#,
    );
    check_body(
        r#"{"agent":"anna","displayLabel":"READY","contact":"anna","mode":"hunter"}"#,
        r#"{"agent":word(4),"displayLabel":word(5),"contact":word(4),"mode":word(6)}"#,
    );
    // Members that may be keys by people: none says anything of a protocol, or it holds members itself.
    check_body(
        r#"{"anna":"Ready","bob":"NotReady"}"#,
        r#"{"name(4)":"Ready","name(3)":"NotReady"}"#,
    );
    check_body(
        r#"{"states":{"anna":{"state":"on","hsMode":"x"}},"bob":[{"n":1}],"odd":2}"#,
        r#"{"states":{"name(4)":{"state":"on","hsMode":word(1)}},"name(3)":[{"name(1)":1}],"odd":2}"#,
    );
    let agent: (&str, &[u8]) = ("User-Agent", b"x/anna Cisco-sip88xx.14-1 anna2 (ipPhone; hunter)");
    let kept = masked("ANNA", "/", &[agent], b"");
    assert_eq!(kept.method, "word(4)");
    assert_eq!(kept.headers[0].1, "word(1)/word(4) Cisco-sip88xx.14-1 text(5) (ipPhone; word(6))");
}

#[test]
fn paths_keep_words_alone() {
    check_target("/", "/");
    check_target("/headset/SEP001122334455/cc/agent-state", "/headset/{device}/cc/agent-state");
    check_target("/CSFANNA/v2/x.cnf.xml", "/{device}/v2/{text(9)}");
    check_target("/SEP001122334455.cnf.xml", "/{device}.cnf.xml");
    check_target("/users/anna/5551234", "/users/{word(4)}/{number(7)}");
    check_target("/agents/anna/state/anna", "/agents/{word(4)}/state/{word(4)}");
    check_target("/odd/SEP001122334455/odd/agent-state", "/odd/{device}/{word(3)}/agent-state");
    check_target("/a%2e/../b//template-10", "/{text(4)}/{text(2)}/{word(1)}//{text(11)}");
    check_target("http://one.example/x", "text(20)");
    check_target(&"/a".repeat(17), &["/a".repeat(16).as_str(), "/..."].concat());
}

#[test]
fn four_kibibytes_are_kept_at_most() {
    let name = "x".repeat(64);
    let headers: Vec<(&str, &[u8])> = vec![(&name, b"text/plain, and so on and so on"); 100];
    let agent: (&str, &[u8]) = ("User-Agent", &[b'('; 4_000]);
    let headers: Vec<_> = std::iter::once(agent).chain(headers).collect();
    let target = format!("/{}?{}", "word-word/".repeat(200), "name=value&".repeat(200));
    let body = format!("{{\"{name}\":[{}1]}}", "{\"word\":\"word\"},".repeat(1_000));
    let members: Vec<_> = (0..900).map(|_| "<word>word</word>").collect();
    let wide = format!("<a>{}</a>", members.concat());
    let many: String =
        (b'a'..=b'z').map(|one| format!("<{0}{0}>word</{0}{0}>", char::from(one))).collect();
    let many = format!(
        "<a>{}</a>",
        (b'a'..=b'z').map(|one| format!("<{0}>{many}</{0}>", char::from(one))).collect::<String>()
    );
    for body in [&body, &wide, &many] {
        let kept = masked(&"PUT".repeat(500), &target, &headers, body.as_bytes()).to_string();
        assert!(kept.len() <= 4_096 && kept.is_ascii(), "{} bytes", kept.len());
    }
    assert!(masked("PUT", "/", &[], many.as_bytes()).body.ends_with("..."));
}

/// Where a secret may stand.
fn requests(secret: &str) -> Vec<(String, String, Vec<u8>, String)> {
    let request = |target: &str, header: &str, value: &str, body: String| {
        (target.to_owned(), header.to_owned(), value.as_bytes().to_vec(), body)
    };
    let plain = |body: String| request("/", "Accept", "text/xml", body);
    vec![
        request(&format!("/x/{secret}/y"), "Accept", "*/*", String::new()),
        request(&format!("/x?key={secret}"), "Accept", "*/*", String::new()),
        // As Base64 is written; with = inside it would be a name and a value.
        request(&format!("/x?{}==", secret.replace('=', "")), "Accept", "*/*", String::new()),
        request("/", "Authorization", secret, String::new()),
        request("/", "Cookie", &format!("a={secret}"), String::new()),
        plain(
            serde_json::json!({"status": secret, "list": [secret, {"x": [[secret]]}]}).to_string(),
        ),
        plain(format!("<a b=\"{secret}\"><c>{secret}</c><c x=\"1\">{secret}</c></a>")),
        plain(format!("<a><![CDATA[{secret}]]></a>")),
        plain(secret.to_owned()),
        plain(format!("{{\"a\":\"{secret}")),
        plain(format!("a={secret}")),
    ]
}

proptest! {
    /// Secrets without letters that words of ours hold, so that nothing is found by chance.
    #[test]
    fn no_four_characters_of_a_secret_are_kept(secret in "[JKQWXZjkqwz0-9+=!._-]{4,40}") {
        let characters: Vec<char> = secret.chars().collect();
        for (position, (target, header, value, body)) in requests(&secret).iter().enumerate() {
            let kept = masked("PUT", target, &[(header, value)], body.as_bytes()).to_string();
            for run in characters.windows(4) {
                // In a path words are kept, and words that are joined.
                let is_plain = |one: &char| position == 0
                    && (one.is_ascii_alphabetic() || matches!(one, '-' | '_' | '.'));
                let run_text: String = run.iter().collect();
                prop_assert!(run.iter().all(is_plain) || !kept.contains(&run_text), "{kept}");
            }
        }
    }

    #[test]
    fn nothing_is_kept_of_what_sounds_private(
        member in prop::sample::select(vec!["user", "Password", "agentId", "apiKey", "ownerName", "pin"]),
        secret in "[JKQWXZ]{4,20}",
    ) {
        let json = format!("{{\"{member}\":{{\"a\":[\"{secret}\"],\"b\":\"{secret}\"}}}}");
        let xml = format!("<{member} a=\"{secret}\"><b>{secret}</b></{member}>");
        let attribute = format!("<a {member}=\"{secret}\"/>");
        for body in [json, xml, attribute] {
            let kept = masked("PUT", &format!("/{member}/{secret}"), &[], body.as_bytes());
            prop_assert!(!kept.to_string().contains(&secret), "{kept}");
        }
    }

    #[test]
    fn anything_is_masked(
        method in ".{0,30}", target in ".{0,80}", name in ".{0,30}",
        value in prop::collection::vec(any::<u8>(), 0..60),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let kept = masked(&method, &target, &[(&name, &value)], &body).to_string();
        prop_assert!(kept.is_ascii() && kept.len() <= 4_096);
    }
}
