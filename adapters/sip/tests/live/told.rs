//! What phones tell: REFER with bodies, NOTIFY, alarms and the question whether they may come home.

use std::time::Duration;

use domain::DeviceName;
use sip::{Delivery, SipEvent};

use crate::bench::{Bench, FIRST, NODE, SECOND};
use crate::flows::{became, deliver, errand};
use crate::peer::Request;
use crate::phone::{Phone, REQUEST_TYPE};

const CM_TYPE: &str = "application/x-cisco-remotecc-cm+xml";
const PASS: &str = "<x-cisco-remotecc-request><datapassthroughreq><applicationid>1</applicationid>\
    <confid>0</confid></datapassthroughreq></x-cisco-remotecc-request>";

fn refer() -> Request {
    Request::new("REFER", &format!("sip:gateway@{NODE}"))
        .add("Contact", "<sip:phone@192.0.2.33:50211;transport=tcp>")
        .add("Refer-To", "<cid:1234>")
        .add("Content-Id", "<1234>")
}

/// A key that was pressed, in two parts.
fn press(data: &str) -> Request {
    let part = |kind: &str, id: &str, body: &str| {
        format!(
            "--uniqueBoundary\r\nContent-Type: {kind}\r\nContent-Id: <{id}>\r\n\
             Content-Disposition: session;handling=optional\r\n\r\n{body}\r\n"
        )
    };
    let body = format!(
        "{}{}--uniqueBoundary--\r\n",
        part(REQUEST_TYPE, "1234", PASS),
        part(CM_TYPE, "1235", data)
    );
    refer().without("Content-Id").body("multipart/mixed;boundary=uniqueBoundary", body)
}

#[tokio::test]
async fn sip_accept_37_a_key_reaches_who_showed_the_page_with_the_device_that_was_proven() {
    use engine::{Show, ShowPriority};
    let bench = Bench::start().await;
    let mut presenter = bench.port.channels().presenter();
    let device: DeviceName = FIRST.parse().unwrap();
    let mut phone = Phone::first(bench.tls().await);
    // Nobody showed anything.
    let answer = phone.ask(&press("ready")).await;
    assert_eq!(answer.code(), 603);
    phone.register().await;
    bench.until("the channel", || bench.port.channels().reaches(&device)).await;
    let url = "https://gw-a.example/page".to_owned();
    let show = Show { url, priority: ShowPriority::Now };
    let (outcome, ()) = tokio::join!(presenter.show(&device, show), async {
        let got = phone.peer.next().await;
        phone.peer.answer(&got, "200 OK", &[]).await;
    });
    assert!(matches!(outcome, engine::ShowOutcome::Shown(_)), "{outcome:?}");
    // Who is proven counts, not who the request says it is from.
    let request = press("ready").set("From", "<sip:phone-2@voice.example.com>;tag=1");
    let request = request.add("Require", "norefersub");
    let request = phone.proven_again(&request);
    assert_eq!(phone.peer.ask(&request).await.code(), 202);
    let pressed = presenter.pressed().await;
    assert_eq!((pressed.device.as_str(), pressed.data.as_str()), (FIRST, "ready"));
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_37_a_request_without_a_proof_is_challenged_and_of_the_wrong_shape_refused() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    let location = "<x-cisco-remotecc-request><x-cisco-location/></x-cisco-remotecc-request>";
    let good = refer().body(REQUEST_TYPE, location);
    let challenge = phone.peer.ask(&good).await;
    assert_eq!(challenge.code(), 401);
    let proven = phone.proven(&good, &challenge);
    let answer = phone.peer.ask(&proven).await;
    assert!([202, 603].contains(&answer.code()), "{answer:?}");
    for (request, code) in [
        (refer().body(REQUEST_TYPE, "<x-cisco-remotecc-request><softkeyeventmsg>"), 400),
        (refer().body(REQUEST_TYPE, "no xml at all"), 400),
        (refer().body(REQUEST_TYPE, ""), 400),
        (refer().set("Refer-To", "<cid:other>").body(REQUEST_TYPE, location), 400),
        (refer().without("Refer-To").body(REQUEST_TYPE, location), 400),
        (refer().add("Refer-To", "<cid:1234>").body(REQUEST_TYPE, location), 400),
        (refer().body("multipart/mixed", "--a\r\n\r\nb\r\n--a--"), 400),
        (refer().body("application/sdp", "v=0"), 415),
        (
            refer()
                .body(REQUEST_TYPE, "<x-cisco-remotecc-request><new/></x-cisco-remotecc-request>"),
            603,
        ),
    ] {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let mut phone = Phone::first(bench.tcp().await);
        let answer = phone.ask(&request).await;
        assert_eq!(answer.code(), code, "{body}: {answer:?}");
    }
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_37_a_body_over_the_limit_is_413_before_it_is_read() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tls().await);
    let request = refer().body(REQUEST_TYPE, vec![b'x'; 65 * 1_024]);
    let text = request.text(&phone.peer);
    // Its head alone says enough.
    let head = text.len() - request.body.len();
    phone.peer.send(&text[..head]).await;
    assert_eq!(phone.peer.next().await.code(), 413);
    assert!(phone.peer.next_or_end().await.is_none());
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_37_bombs_of_xml_and_parts_are_refused_and_others_served() {
    let bench = Bench::start().await;
    let deep = "<a>".repeat(20_000);
    let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]>\
        <x-cisco-remotecc-request>&b;</x-cisco-remotecc-request>";
    let wide = format!("<x-cisco-remotecc-request>{}", "<a b=\"c\"/>".repeat(6_000));
    let parts = "--a\r\nContent-Type: text/plain\r\n\r\nx\r\n".repeat(1_400) + "--a--\r\n";
    let nested: String = (0..1_000)
        .map(|depth| {
            format!("--a{depth}\r\nContent-Type: multipart/mixed;boundary=a{}\r\n\r\n", depth + 1)
        })
        .collect();
    for request in [
        refer().body(REQUEST_TYPE, deep.clone()),
        refer().body(REQUEST_TYPE, laughs),
        refer().body(REQUEST_TYPE, wide.clone()),
        refer().body("multipart/mixed;boundary=a", parts.clone()),
        refer().body("multipart/mixed;boundary=a0", nested),
    ] {
        let mut phone = Phone::first(bench.tcp().await);
        // Strangers may send little.
        phone.register_plainly().await;
        let answer = phone.ask(&request).await;
        assert_eq!(answer.code(), 400, "{answer:?}");
        if request.body == wide.as_bytes() {
            assert!(answer.get("Warning").contains("more than"), "{answer:?}");
        }
        let register = phone.plain().body("multipart/mixed;boundary=a", parts.clone());
        let register = phone.proven_again(&register);
        assert_eq!(phone.peer.ask(&register).await.code(), 400);
    }
    bench.end().await;
}

#[tokio::test]
async fn what_came_of_a_request_goes_by_way_of_the_proxies_that_it_came_by() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tls().await);
    phone.register().await;
    let location = "<x-cisco-remotecc-request><x-cisco-location/></x-cisco-remotecc-request>";
    let routes = ["<sip:b.example.com;lr>", "<sip:a.example.com;lr;ftag=1>"];
    let request = refer().body(REQUEST_TYPE, location);
    let request = request.add("Record-Route", routes[0]).add("Record-Route", routes[1]);
    let request = phone.proven_again(&request);
    let answer = phone.peer.ask(&request).await;
    assert_eq!((answer.code(), answer.all("Record-Route")), (202, routes.to_vec()));
    let news = phone.peer.next().await;
    assert_eq!((news.method(), news.all("Route")), ("NOTIFY", routes.to_vec()));
    assert_eq!(news.uri(), "sip:phone@192.0.2.33:50211;transport=tcp");
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_38_a_request_is_answered_at_once_and_its_result_told_later() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tls().await);
    phone.register().await;
    let location = "<x-cisco-remotecc-request><x-cisco-location/></x-cisco-remotecc-request>";
    let request = refer().body(REQUEST_TYPE, location);
    let request = phone.proven_again(&request);
    let answer = phone.peer.ask(&request).await;
    assert_eq!(answer.code(), 202);
    let (_, our_tag) = answer.get("To").split_once("tag=").unwrap();
    let news = phone.peer.next().await;
    assert_eq!(news.method(), "NOTIFY");
    assert_eq!(news.uri(), "sip:phone@192.0.2.33:50211;transport=tcp");
    assert_eq!(news.get("Event"), "refer");
    assert_eq!(news.get("Subscription-State"), "terminated;reason=noresource");
    assert_eq!(news.get("Call-ID"), request.get("Call-ID"));
    assert_eq!(news.get("To"), request.get("From"));
    assert!(news.get("From").ends_with(&format!("tag={our_tag}")), "{news:?}");
    assert_eq!(news.get("Content-Type"), "application/x-cisco-remotecc-response+xml");
    assert!(news.body.contains("<code>200</code>"), "{news:?}");
    phone.peer.answer(&news, "200 OK", &[]).await;
    // Who wants no news gets none.
    let request = refer().add("Require", "norefersub").body(REQUEST_TYPE, location);
    let request = phone.proven_again(&request);
    assert_eq!(phone.peer.ask(&request).await.code(), 202);
    let query = phone.query();
    let query = phone.proven_again(&query);
    assert_eq!(phone.peer.ask(&query).await.code(), 200);
    bench.end().await;
}

#[tokio::test]
async fn results_that_a_phone_does_not_answer_leave_room_for_all_else() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tls().await);
    phone.register().await;
    let location = "<x-cisco-remotecc-request><x-cisco-location/></x-cisco-remotecc-request>";
    let (mut accepted, mut news) = (0, 0);
    for _ in 0..12 {
        let request = refer().body(REQUEST_TYPE, location);
        let request = phone.proven_again(&request);
        phone.peer.send(request.text(&phone.peer)).await;
        loop {
            let got = phone.peer.next().await;
            if got.code() == 202 {
                accepted += 1;
                break;
            }
            assert_eq!(got.method(), "NOTIFY");
            news += 1;
        }
    }
    assert_eq!(accepted, 12);
    // What is sent to it comes after all that was told.
    let waiting = deliver(&bench, errand(FIRST));
    let got = loop {
        let got = phone.peer.next().await;
        if got.method() == "REFER" {
            break got;
        }
        news += 1;
    };
    assert_eq!(news, 8);
    phone.peer.answer(&got, "202 Accepted", &[]).await;
    assert!(matches!(became(waiting).await, Delivery::Accepted(_)));
    bench.end().await;
}

#[tokio::test]
async fn who_answers_or_tells_an_alarm_is_told_no_result_and_long_dialogs_are_refused() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tls().await);
    phone.register().await;
    let response = "<x-cisco-remotecc-response><response><code>200</code></response>\
        </x-cisco-remotecc-response>";
    let alarm = "<?xml version=\"1.0\"?><x-cisco-alarm><Alarm Name=\"LastOutOfServiceInformation\">\
        <ParameterList><String name=\"DeviceName\">SEP001122334455</String></ParameterList>\
        </Alarm></x-cisco-alarm>";
    for request in [
        refer().body("application/x-cisco-remotecc-response+xml", response),
        refer().body("application/x-cisco-alarm+xml", alarm),
    ] {
        let request = phone.proven_again(&request);
        assert_eq!(phone.peer.ask(&request).await.code(), 202);
    }
    let location = "<x-cisco-remotecc-request><x-cisco-location/></x-cisco-remotecc-request>";
    let long = "x".repeat(1_100);
    for request in [
        refer().set("Call-ID", &long),
        refer().set("From", &format!("<sip:peer@{NODE}>;tag={long}")),
        refer().set("Contact", &format!("<sip:{long}@192.0.2.33>")),
    ] {
        let request = phone.proven_again(&request.body(REQUEST_TYPE, location));
        assert_eq!(phone.peer.ask(&request).await.code(), 400);
    }
    bench.end().await;
}

#[tokio::test]
async fn a_phone_that_asks_or_registers_anew_too_often_is_put_off_and_its_refreshes_are_not() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tls().await);
    phone.register().await;
    let location = "<x-cisco-remotecc-request><x-cisco-location/></x-cisco-remotecc-request>";
    let refer = refer().add("Require", "norefersub").body(REQUEST_TYPE, location);
    let mut answer;
    let mut asked = 0;
    loop {
        let request = phone.proven_again(&refer);
        answer = phone.peer.ask(&request).await;
        asked += 1;
        if answer.code() != 202 || asked > 5_000 {
            break;
        }
    }
    assert_eq!(answer.code(), 503, "after {asked}");
    assert!(answer.has("Retry-After") && asked > 60);
    let refreshed = phone.cisco();
    let refreshed = phone.proven_again(&refreshed);
    assert_eq!(phone.peer.ask(&refreshed).await.code(), 200);
    let mut codes = Vec::new();
    for number in 0..200 {
        let anew = phone.cisco().set("Call-ID", &format!("anew-{number}"));
        let anew = phone.proven_again(&anew);
        codes.push(phone.peer.ask(&anew).await.code());
    }
    assert!(
        codes.contains(&503) && codes.iter().all(|code| [200, 503].contains(code)),
        "{codes:?}"
    );
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_37_an_alarm_is_taken_from_who_is_proven_and_a_phone_may_come_home() {
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    let alarm = "<?xml version=\"1.0\"?><x-cisco-alarm><Alarm Name=\"LastOutOfServiceInformation\">\
        <ParameterList><String name=\"DeviceName\">SEP001122334455</String></ParameterList>\
        </Alarm></x-cisco-alarm>";
    let alarm = refer().body("application/x-cisco-alarm+xml", alarm);
    assert_eq!(phone.peer.ask(&alarm).await.code(), 401);
    assert_eq!(phone.ask(&alarm.again()).await.code(), 202);
    // Asked before anything is proven.
    let mut stranger = bench.tcp().await;
    let home = refer().set("Refer-To", "<urn:x-cisco-remotecc:token-registration>");
    let answer = stranger.ask(&home).await;
    assert_eq!(answer.code(), 202, "{answer:?}");
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_36_news_of_no_subscription_is_481_and_of_no_event_489() {
    let mut bench = Bench::start().await;
    let mut phone = Phone::second(bench.tcp().await);
    let notify = |event: &str| {
        Request::new("NOTIFY", &format!("sip:gateway@{NODE}"))
            .add("Contact", "<sip:phone@192.0.2.33>")
            .add("Event", event)
            .add("Subscription-State", "active")
    };
    assert_eq!(phone.peer.ask(&notify("refer;id=7")).await.code(), 481);
    for request in [notify("presence"), notify("dialog").without("Event")] {
        let answer = phone.peer.ask(&request).await;
        assert_eq!(answer.code(), 489);
        assert!(answer.get("Allow-Events").contains("dialog"));
    }
    let without = notify("dialog").without("Subscription-State");
    assert_eq!(phone.peer.ask(&without).await.code(), 400);
    // News that nobody asked for counts from phones alone.
    let dialog = notify("Dialog").body("application/dialog-info+xml", "<dialog-info/>");
    assert_eq!(phone.peer.ask(&dialog).await.code(), 401);
    assert!(bench.events.try_recv().is_err());
    assert_eq!(phone.ask(&dialog.again()).await.code(), 200);
    let event = tokio::time::timeout(Duration::from_secs(10), bench.event()).await.unwrap();
    match event {
        SipEvent::News { device, package, body, .. } => {
            assert_eq!((device.as_str(), package.as_str()), (SECOND, "dialog"));
            assert_eq!(body, "<dialog-info/>");
        }
        other => panic!("{other:?}"),
    }
    bench.end().await;
}
