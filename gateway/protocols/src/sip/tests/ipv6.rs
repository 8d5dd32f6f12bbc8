//! IPv6 (after RFC 5118).

use super::*;

#[test]
fn sip_accept_41_addresses_of_ipv6_stand_in_brackets() {
    for (text, port) in [
        ("sip:[2001:db8::10]", None),
        ("sip:a@[2001:db8::10]:5070", Some(5070)),
        ("sip:[2001:db8::10:5070]", None),
    ] {
        let message = read(REGISTER.replacen("sip:voice.example.com", text, 1)).unwrap();
        let uri = Uri::read(message.request_uri().unwrap()).unwrap();
        assert_eq!(uri.host_port().unwrap().port, port, "{text}");
    }
    for text in [
        "sip:2001:db8::10",
        "sip:a@2001:db8::10",
        "sip:2001:db8::10:5070",
        "sip:[2001:db8::10",
        "sip:2001:db8::10]",
    ] {
        refused(
            REGISTER.replacen("sip:voice.example.com", text, 1),
            Status::BAD_REQUEST,
            "Request-URI",
        );
    }
    let group = Uri::parse("sip:[2001:db8::10:5070]").unwrap();
    let port = Uri::parse("sip:[2001:db8::10]:5070").unwrap();
    assert!(!group.matches(&port));
    assert_eq!(group.host_port().unwrap().host, Host::Ip("2001:db8::10:5070".parse().unwrap()));
    refused(
        register_with("Via", "Via: SIP/2.0/UDP 2001:db8::9:1;branch=z9hG4bK1\r\n"),
        Status::BAD_REQUEST,
        "Via",
    );
    let message =
        read(register_with("Via", "Via: SIP/2.0/UDP [2001:db8::9:1] : 5062;branch=z9hG4bK1\r\n"))
            .unwrap();
    assert_eq!(message.top_via().unwrap().sent_by.to_string(), "[2001:db8::9:1]:5062");
}

#[test]
fn sip_accept_42_received_is_read_both_ways_and_written_one() {
    let via =
        |line: &str| read(register_with("Via", &format!("{line}\r\n"))).unwrap().top_via().unwrap();
    let wanted = Some("2001:db8::9:255".parse().unwrap());
    assert_eq!(
        via("Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKa")
            .received(),
        wanted
    );
    assert_eq!(
        via("Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKa").received(),
        wanted
    );
    assert_eq!(
        via("Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255]:5060").received(),
        None
    );
    let mut message = read(register_with(
        "Via",
        "Via: SIP/2.0/UDP [2001:DB8::9:1]:5062;rport;branch=z9hG4bKa\r\n",
    ))
    .unwrap();
    note_source(&mut message, "[2001:db8::9:0255]:5099".parse().unwrap());
    let noted = field(&message, &Name::VIA);
    assert_eq!(
        noted,
        "SIP/2.0/UDP [2001:DB8::9:1]:5062;branch=z9hG4bKa;received=2001:db8::9:255;rport=5099"
    );
}

#[test]
fn sip_accept_43_impossible_addresses_are_refused_and_mapped_ones_are_the_same() {
    for address in [
        "2001:db8:::192.0.2.1",
        "2001:db8:::1",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7",
        "2001:db8::12345",
        "::1%eth0",
        "fe80::1%25lo",
        "",
    ] {
        assert!(HostPort::parse(&format!("[{address}]")).is_err(), "{address}");
        let line = format!("Contact: <sip:a@[{address}]>\r\n");
        refused(register_with("Contact", &line), Status::BAD_REQUEST, "Contact");
    }
    assert_eq!(
        canonical("::ffff:192.0.2.10".parse().unwrap()),
        canonical("192.0.2.10".parse().unwrap())
    );
    let mapped =
        HostPort::from("[::ffff:192.0.2.10]:5060".parse::<std::net::SocketAddr>().unwrap());
    assert_eq!(mapped, HostPort::parse("192.0.2.10:5060").unwrap());
    let mut message =
        read(register_with("Via", "Via: SIP/2.0/TCP 192.0.2.10:5060;branch=z9hG4bKa\r\n")).unwrap();
    note_source(&mut message, "[::ffff:192.0.2.10]:5060".parse().unwrap());
    assert!(!message.top_via().unwrap().parameters.has("received"));
    let both = "Contact: <sip:a@[2001:db8::1]>, <sip:a@192.0.2.1>\r\n";
    let Ok(Contacts::List(contacts)) = read(register_with("Contact", both)).unwrap().contacts()
    else {
        panic!()
    };
    let addresses: Vec<_> = contacts
        .iter()
        .map(|contact| contact.uri.host_port().unwrap().host.address().unwrap().is_ipv6())
        .collect();
    assert_eq!(addresses, [true, false]);
}
