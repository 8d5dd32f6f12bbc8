//! What typed fields say.

use super::*;

#[test]
fn sip_accept_15_extensions_and_types_are_told_one_by_one() {
    let message = read(register_and("Require: nothing-known ,  outbound,,\r\nrequire: X-cisco-callinfo\r\nProxy-Require: sec-agree\r\nAccept: text/nobody;q=0.5, application/sdp\r\nAllow: INVITE,ACK , NOTIFY")).unwrap();
    assert_eq!(message.tokens(&Name::REQUIRE), ["nothing-known", "outbound", "X-cisco-callinfo"]);
    assert_eq!(message.tokens(&Name::PROXY_REQUIRE), ["sec-agree"]);
    assert_eq!(message.tokens(&Name::ALLOW), ["INVITE", "ACK", "NOTIFY"]);
    assert!(message.tokens(&Name::UNSUPPORTED).is_empty());
    assert!(message.tokens(&Name::SUPPORTED).contains(&Text::from("X-cisco-service-control")));
    // What is only offered is passed over where it cannot be read; what is required is not.
    let odd = register_with("Supported", "Supported: path, odd;x=1, \"no\"\r\n");
    assert_eq!(read(odd).unwrap().tokens(&Name::SUPPORTED), ["path", "odd"]);
    let message =
        read(register_and("c:Application / X-Cisco-RemoteCC-Request+XML ; Charset=\"utf-8\""))
            .unwrap();
    let media = message.content_type().unwrap();
    assert!(media.is("application", "x-cisco-remotecc-request+xml"));
    assert_eq!(media.parameters.get("charset"), Some("utf-8"));
}

#[test]
fn sip_accept_16_unknown_proofs_and_no_hops_left_are_read() {
    let message = read(register_and("Authorization: NoOneKnowsThisScheme opaque-data=here\r\nAuthorization: Digest username=\"a\", realm=\"b\"")).unwrap();
    let proofs: Vec<_> = message.headers.all(&Name::AUTHORIZATION).map(Value::as_str).collect();
    assert_eq!(
        proofs,
        ["NoOneKnowsThisScheme opaque-data=here", "Digest username=\"a\", realm=\"b\""]
    );
    assert!(!format!("{message:?}").contains("username"), "a proof is shown");
    // No hop is left, but here is the end of the way.
    assert!(read(register_with("Max-Forwards", "Max-Forwards: 0\r\n")).is_ok());
}

#[test]
fn sip_accept_17_a_response_has_one_via() {
    let response = REGISTER.replacen("REGISTER sip:voice.example.com SIP/2.0", "SIP/2.0 200 OK", 1);
    let message = read(&response).unwrap();
    assert_eq!(message.top_via().unwrap().unique_branch(), Some("z9hG4bK3f6a18d2"));
    for more in [
        "Via: SIP/2.0/TLS b.example;branch=z9hG4bK2\r\nVia: SIP/2.0/TLS c.example\r\n",
        "Via: SIP/2.0/TLS b.example, SIP/2.0/TLS c.example\r\n",
    ] {
        let via = response.lines().find(|line| line.starts_with("Via")).unwrap();
        let malformed = read(response.replacen(&format!("{via}\r\n"), more, 1)).unwrap_err();
        assert_eq!((malformed.field, malformed.head), ("Via", None));
        assert!(!malformed.framing_is_lost);
    }
}

#[test]
fn sip_accept_18_a_request_of_old_is_read() {
    let text = "INVITE sip:UserB@example.com SIP/2.0\r\n\
        Via: SIP/2.0/UDP iftgw.example.com\r\n\
        From: <sip:+13035551111@ift.client.example.net;user=phone>\r\n\
        To: sip:+16505552222@ss1.example.net;user=phone\r\n\
        Call-ID: 1717@ift.client.example.com\r\n\
        CSeq: 56 INVITE\r\n\
        Content-Type: application/sdp\r\n\r\nv=0\r\n";
    let message = read(text).unwrap();
    let via = message.top_via().unwrap();
    assert_eq!((via.branch(), via.unique_branch(), via.wants_rport()), (None, None, false));
    assert_eq!(message.from().unwrap().tag(), None);
    assert_eq!(message.body, "v=0\r\n");
    let to = message.to().unwrap();
    assert_eq!(to.uri.as_str(), "sip:+16505552222@ss1.example.net");
    assert_eq!(to.parameters.get("user"), Some("phone"));
    for (branch, unique) in [("z9hG4bK", None), ("390skdjuw", None), ("Z9HG4BKa", Some("Z9HG4BKa"))]
    {
        let via =
            read(register_with("Via", &format!("Via: SIP/2.0/UDP a.example;branch={branch}\r\n")));
        let via = via.unwrap().top_via().unwrap();
        assert_eq!((via.branch(), via.unique_branch()), (Some(branch), unique));
    }
}

#[test]
fn numbers_events_and_what_is_referred_to() {
    let message = read(REGISTER).unwrap();
    assert_eq!(message.expires(), Ok(Some(120)));
    assert_eq!(message.refer_to(), Err(ReferToProblem::Missing));
    assert_eq!(
        (message.event(), message.subscription_state(), message.content_type()),
        (None, None, None)
    );
    let message = read(register_and("o: refer ; ID=93809823\r\nSubscription-State: Terminated;reason=noresource;retry-after=7;expires=0\r\nRetry-After: 18000 (soon) ;duration=3600")).unwrap();
    let event = message.event().unwrap();
    assert_eq!((event.package.as_str(), event.id.as_deref()), ("refer", Some("93809823")));
    let state = message.subscription_state().unwrap();
    assert_eq!(state.status, SubscriptionStatus::Terminated);
    assert_eq!(
        (state.expires, state.reason.as_deref(), state.retry_after),
        (Some(0), Some("noresource"), Some(7))
    );
    assert_eq!(message.retry_after(), Some(18000));

    let refer = |lines: &str| read(register_and(lines)).unwrap().refer_to();
    assert_eq!(refer("Refer-To: cid:0badcafe"), Ok(ReferTo::Cid("0badcafe".into())));
    assert_eq!(refer("r: <CID:a%40b.example>"), Ok(ReferTo::Cid("a@b.example".into())));
    let urn = "urn:x-cisco-remotecc:token-registration";
    assert_eq!(refer(&format!("Refer-To: <{urn}>")), Ok(ReferTo::Urn(urn.into())));
    let Ok(ReferTo::Uri(uri)) =
        refer("Refer-To: \"Bob\" <sip:bob@b.example?Replaces=1%40x>;method=INVITE")
    else {
        panic!()
    };
    assert!(uri.has_headers() && uri.user() == Some("bob"));
    assert_eq!(refer("Refer-To: cid:1\r\nr: cid:1"), Err(ReferToProblem::Several));
    assert_eq!(refer("Refer-To: cid:1, cid:2"), Err(ReferToProblem::Several));
    assert_eq!(refer("Refer-To: <cid:1>, <cid:2>"), Err(ReferToProblem::Several));
    for bad in [
        "Refer-To: ",
        "Refer-To: <cid:>",
        "Refer-To: <cid:a%0d%0ab>",
        "Refer-To: <cid:%zz>",
        "Refer-To: nothing",
    ] {
        assert!(matches!(refer(bad), Err(ReferToProblem::Malformed(_))), "{bad}");
    }
}
