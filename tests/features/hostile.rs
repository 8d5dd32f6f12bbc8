//! Input that nobody friendly sends.

use std::io::{Read as _, Write as _};

use crate::gateway::Gateway;
use crate::phone::{DEVICE, Phone};
use crate::wire;

/// The link of a soft key on display.
fn link(phone: &Phone, key: &str) -> String {
    let keys = phone.screen["softkeys_all"].as_array().unwrap();
    let found = keys.iter().find(|entry| entry["name"] == key).unwrap();
    let url = found["url"].as_str().unwrap();
    format!("/{}", url.splitn(4, '/').nth(3).unwrap())
}

#[test]
fn forged_and_foreign_links_open_nothing() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    // Signed in by one button, since the answer to a raw request tells the cookie too.
    let (service, password) = (gateway.endpoint("phone"), gateway.password("1001"));
    let url = format!("{service}{DEVICE}?id=1001&extension=2001&password={password}");
    phone.act(serde_json::json!({"raw": {"url": url}}));
    let cookie = phone.raw["headers"]["set-cookie"].as_str().unwrap().split(';').next();
    let cookie = format!("Cookie: {}\r\n", cookie.unwrap());
    let page = phone.raw["body"].as_str().unwrap().to_owned();
    let urls = page.split("<URL>").skip(1).filter_map(|rest| rest.split("</URL>").next());
    let url = urls.into_iter().find(|url| url.ends_with("/ready")).unwrap();
    let ready = format!("/{}", url.splitn(4, '/').nth(3).unwrap());
    // From another address and without the cookie.
    let stolen = wire::get(&gateway, &ready, "").text();
    assert!(!stolen.contains("Not Ready") && !stolen.contains("<Title>Ready"), "{stolen}");
    let guess = "Cookie: jackfield_phone=AAAAAAAAAAAAAAAAAAAAAA\r\n";
    assert_eq!(guess.len(), cookie.len(), "{cookie}");
    let guessed = wire::get(&gateway, &ready, guess).text();
    assert!(!guessed.contains("<Title>Ready"), "{guessed}");
    // Every single character of the token changed, with all else as the phone would send it.
    let path = ready.split('?').next().unwrap().to_owned();
    let token = path.split('/').find(|part| part.len() > 30).unwrap().to_owned();
    for place in 0..token.len() {
        let mut forged: Vec<char> = token.chars().collect();
        forged[place] = if forged[place] == 'A' { 'B' } else { 'A' };
        let forged: String = forged.into_iter().collect();
        let answer = wire::get(&gateway, &ready.replace(&token, &forged), &cookie);
        assert_eq!(answer.status, 200);
        assert!(!answer.text().contains("<Title>Ready"), "{place}");
    }
    let home = url.replace("/ready", "/home");
    phone.act(serde_json::json!({"open": home}));
    assert_eq!(phone.screen["title"], "Not Ready");
    let genuine = wire::get(&gateway, &ready, &cookie).text();
    assert!(genuine.contains("<Title>Ready"), "{genuine}");
    phone.leave();
}

#[test]
fn queries_that_cannot_be_right_get_a_page_that_names_the_parameter() {
    let gateway = Gateway::start();
    let long = "9".repeat(3000);
    for (query, name) in [
        ("id=1&id=2", "id"),
        ("password=a&password=b", "password"),
        ("extension=%00", "extension"),
        ("id=a%0d%0aSet-Cookie:x", "id"),
        ("id=%zz", "id"),
        (&format!("extension={long}"), "extension"),
    ] {
        let headers =
            "x-CiscoIPPhoneModelName: CP-8845\r\nAccept-Charset: utf-8,iso-8859-1;q=0.8\r\n";
        let answer = wire::get(&gateway, &format!("/fippa/{DEVICE}?{query}"), headers);
        assert_eq!(answer.status, 200, "{query}");
        assert!(answer.text().contains("<CiscoIPPhoneText"), "{query}: {}", answer.text());
        assert!(answer.text().contains(name), "{query}: {}", answer.text());
        assert!(answer.header("set-cookie").is_none());
    }
}

#[test]
fn phn_16_malformed_device_names_get_a_page_or_nothing() {
    let gateway = Gateway::start();
    for device in ["SEP%20", "SEP%0d%0aX:y", "..%2f..%2fetc", "SEP%00", "%3Cx%3E", &"A".repeat(16)]
    {
        let answer = wire::get(&gateway, &format!("/fippa/{device}"), "");
        assert!([200, 400, 404].contains(&answer.status), "{device}: {}", answer.status);
        assert!(!answer.text().contains("<x>"), "{device}");
        assert!(!answer.head.contains("X:y"), "{device}: {}", answer.head);
    }
}

#[test]
fn http_that_could_be_smuggled_is_refused() {
    let gateway = Gateway::start();
    let authority = wire::authority(&gateway.endpoint("phone"));
    for lines in [
        format!(
            "Host: {authority}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        format!("Host: {authority}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
        format!("Host: {authority}\r\nHost: other\r\n\r\n"),
        format!("Host: {authority}\r\nX: a\0b\r\n\r\n"),
        format!("Host: {authority}\r\nX : a\r\n\r\n"),
    ] {
        let request = format!("POST /fippa/{DEVICE} HTTP/1.1\r\n{lines}");
        let answer = wire::send(&gateway, request.as_bytes());
        let refused = |it: &wire::Answer| {
            (400..500).contains(&it.status) && it.header("connection").as_deref() == Some("close")
        };
        assert!(answer.as_ref().is_none_or(refused), "{lines:?}: {answer:?}");
    }
}

#[test]
fn wrong_methods_and_paths_are_told_apart() {
    let gateway = Gateway::start();
    let authority = wire::authority(&gateway.endpoint("phone"));
    let send = |method: &str, path: &str| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        wire::send(&gateway, request.as_bytes()).expect("an answer")
    };
    // Phones show nothing of another status.
    for (method, path) in [("DELETE", format!("/fippa/{DEVICE}")), ("GET", "/fippa/a/b/c".into())] {
        let refused = send(method, &path);
        assert_eq!(refused.status, 200);
        assert!(refused.text().contains("<Prompt>Reference "), "{}", refused.text());
    }
    assert_eq!(send("GET", "/nothing").status, 404);
    assert_eq!(send("GET", "/metrics").status, 404, "metrics are not for phones");
}

#[test]
fn huge_headers_and_bodies_are_refused_and_cost_nothing() {
    let gateway = Gateway::start();
    let huge = format!("X: {}\r\n", "x".repeat(200_000));
    let authority = wire::authority(&gateway.endpoint("phone"));
    let request = format!("GET /fippa/{DEVICE} HTTP/1.1\r\nHost: {authority}\r\n{huge}\r\n");
    let answer = wire::send(&gateway, request.as_bytes());
    assert!(answer.as_ref().is_none_or(|it| it.status == 431), "{answer:?}");
    let request = format!(
        "POST /phone-auth HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 100000000\r\n\r\n"
    );
    let answer = wire::send(&gateway, request.as_bytes()).expect("an answer");
    assert!(answer.text().contains("<Prompt>Reference "), "{}", answer.text());
    assert_eq!(answer.header("connection").as_deref(), Some("close"));
}

/// Whoever only asks what a page would be, such as a scanner, presses nothing.
#[test]
fn asking_for_the_head_of_a_page_changes_nothing() {
    let gateway = Gateway::start();
    let authority = wire::authority(&gateway.endpoint("phone"));
    let asked = |method: &str, target: &str, cookie: &str| {
        format!(
            "{method} {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\
             x-CiscoIPPhoneModelName: CP-8845\r\n{cookie}\r\n"
        )
    };
    let get = |target: &str, cookie: &str| {
        wire::send(&gateway, asked("GET", target, cookie).as_bytes()).expect("an answer")
    };
    let head = |target: &str, cookie: &str| {
        let mut stream = wire::tls(&gateway);
        stream.write_all(asked("HEAD", target, cookie).as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{answer}");
    };
    let agents = || {
        let status = gateway.command(&["status", "--json"]).stdout;
        serde_json::from_slice::<serde_json::Value>(&status).unwrap()["agents"].clone()
    };
    let sign_in = format!("/fippa/{DEVICE}?id=1001&extension=2001&password=demo-1001");
    head(&sign_in, "");
    assert_eq!(agents()["not_ready"], 0);
    // The password stays under its handle, whatever is asked about.
    let form = get(&format!("/fippa/{DEVICE}?id=1001&password=demo-1001"), "").text();
    let handle = form.split("kept=").nth(1).expect("a handle").split('<').next().unwrap();
    head(&format!("/fippa/{DEVICE}?kept={handle}"), "");
    head(&format!("/fippa/{DEVICE}/signin?kept={handle}"), "");
    let home = get(&format!("/fippa/{DEVICE}/signin?kept={handle}&extension=2001"), "");
    assert_eq!(agents()["not_ready"], 1);
    let cookie = home.header("set-cookie").expect("a cookie");
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    let text = home.text();
    let after_name = text.split("<Name>Ready</Name>").nth(1).expect("a key");
    let url = after_name.split("<URL>").nth(1).unwrap().split("</URL>").next().unwrap();
    let ready = format!("/{}", url.splitn(4, '/').nth(3).unwrap()).replace("&amp;", "&");
    head(&ready, &cookie);
    head(&ready.replace("/ready", "/home"), &cookie);
    assert_eq!(agents()["ready"], 0);
    // That did not count as showing the cookie either, which a phone has to go on doing.
    assert!(get(&ready.replace("/ready", "/home"), "").text().contains("<Title>Not Ready</Title>"));
    get(&ready, &cookie);
    assert_eq!(agents()["ready"], 1);
}

#[test]
fn slow_and_half_open_clients_do_not_keep_others_out() {
    let gateway = Gateway::start();
    let authority = wire::authority(&gateway.endpoint("phone"));
    let mut kept = Vec::new();
    for number in 0..100 {
        let mut stream = wire::tcp(&authority);
        if number % 2 == 0 {
            // Half a hello, then silence.
            stream.write_all(&[0x16, 0x03, 0x01, 0x02]).unwrap();
        }
        kept.push(stream);
    }
    let mut slow = wire::tls(&gateway);
    slow.write_all(b"GET /fippa/").unwrap();
    slow.flush().unwrap();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    assert_eq!(phone.screen["title"], "Not Ready");
    phone.leave();
    // The slow one is let go in the end.
    assert!(wire::read(&mut slow).is_none_or(|answer| answer.status == 408));
}

#[test]
fn garbage_instead_of_tls_harms_nobody() {
    let gateway = Gateway::start();
    let authority = wire::authority(&gateway.endpoint("phone"));
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 4096], &[0xff; 70_000]] {
        let mut stream = wire::tcp(&authority);
        let _ = stream.write_all(bytes);
        let _ = wire::read(&mut stream);
    }
    assert_eq!(wire::get(&gateway, &format!("/fippa/{DEVICE}"), "").status, 200);
}

#[test]
fn ops_05_no_secret_is_in_log_metrics_answers_arguments_or_environment() {
    let gateway = Gateway::start();
    let mut phone = Phone::new(&gateway, DEVICE, "CP-8845");
    phone.sign_in(&gateway, "1001", "2001");
    phone.press("Ready");
    let push = gateway.endpoints["phone_push"]["password"].as_str().unwrap().to_owned();
    let link = link(&phone, "Refresh");
    let token = link.split('/').find(|part| part.len() > 30).unwrap().to_owned();
    let secrets = [gateway.password("1001"), push, token.clone()];
    let mut places = vec![
        ("log", gateway.log()),
        ("arguments", gateway.of_the_process("cmdline")),
        ("environment", gateway.of_the_process("environ")),
        ("metrics", wire::get_plain(&gateway.endpoint("metrics")).text()),
        ("status", String::from_utf8(gateway.command(&["status", "--json"]).stdout).unwrap()),
        ("export", String::from_utf8(gateway.command(&["export"]).stdout).unwrap()),
    ];
    places.push(("pages", phone.pages.join("\n")));
    for (place, text) in &places {
        assert!(!text.is_empty(), "{place} is empty");
        for secret in &secrets {
            // A page's own links are for the phone that got it.
            let own_link = *place == "pages" && *secret == token;
            assert!(own_link || !text.contains(secret.as_str()), "a secret is in {place}");
        }
    }
    phone.leave();
}
