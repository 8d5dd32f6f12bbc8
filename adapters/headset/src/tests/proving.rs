//! Whose request it is: certificates, tokens, handles, addresses, and what somebody else shows.

use std::net::IpAddr;
use std::time::Duration;

use domain::DeviceName;
use domain::settings::{Headset, HeadsetProof};
use http::Method;
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;

use super::site::{Answered, NOW, OTHER_PHONE, PHONE, Site, request, settings, with_headset};
use crate::identity::{Ticket, Tickets};

fn tickets() -> Tickets {
    Tickets::new(&[9; 32])
}

fn name(text: &str) -> DeviceName {
    text.parse().unwrap()
}

#[test]
fn hst_01_a_ticket_is_good_for_its_device_its_time_its_address_and_its_generation() {
    let (tickets, settings) = (tickets(), Headset::default());
    let (phone, here): (_, IpAddr) = (name(PHONE), [192, 0, 2, 1].into());
    let elsewhere: IpAddr = "2001:db8::1".parse().unwrap();
    let judge = |ticket: &str, device: &str, address, settings: &Headset, hours: u64| {
        let now = NOW.after(Duration::from_secs(hours * 3_600));
        tickets.judge(settings, &name(device), address, ticket, now)
    };
    let handle = tickets.handle(&settings, &phone, None, NOW);
    let bound = tickets.handle(&settings, &phone, Some(here), NOW);
    let (token, ends) = tickets.token(&settings, &phone, here, NOW);
    assert_eq!(ends.since(NOW).as_secs().div_ceil(3_600), 24);
    assert_eq!(judge(&handle, PHONE, elsewhere, &settings, 0), Some(Ticket::Handle));
    assert_eq!(judge(&bound, PHONE, here, &settings, 0), Some(Ticket::BoundHandle));
    let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
    assert_eq!(judge(&bound, PHONE, mapped, &settings, 0), Some(Ticket::BoundHandle));
    assert_eq!(judge(&bound, PHONE, elsewhere, &settings, 0), None);
    assert_eq!(judge(&token, PHONE, here, &settings, 23), Some(Ticket::Token));
    assert_eq!(judge(&token, PHONE, elsewhere, &settings, 23), None);
    assert_eq!(judge(&token, PHONE, here, &settings, 25), None);
    assert_eq!(judge(&handle, PHONE, here, &settings, 91 * 24), None);
    let newer = Headset { token_generation: 1, ..Headset::default() };
    for ticket in [&handle, &bound, &token] {
        assert_eq!(judge(ticket, OTHER_PHONE, here, &settings, 0), None);
        assert_eq!(judge(ticket, PHONE, here, &newer, 0), None);
    }
    let other = Tickets::new(&[8; 32]);
    assert_eq!(other.judge(&settings, &phone, here, &token, NOW), None);
}

proptest! {
    #[test]
    fn hst_01_nothing_but_a_ticket_opens_anything(text in ".{0,80}", flip in 0_usize..168) {
        let (tickets, settings) = (tickets(), Headset::default());
        let here: IpAddr = [192, 0, 2, 1].into();
        prop_assert_eq!(tickets.judge(&settings, &name(PHONE), here, &text, NOW), None);
        use base64::Engine as _;
        let code = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let (token, _) = tickets.token(&settings, &name(PHONE), here, NOW);
        let mut bytes = code.decode(token).unwrap();
        let at = flip % (bytes.len() * 8);
        bytes[at / 8] ^= 1 << (at % 8);
        let forged = code.encode(bytes);
        prop_assert_eq!(tickets.judge(&settings, &name(PHONE), here, &forged, NOW), None);
    }
}

fn config(phone: &str) -> String {
    format!("/headset/{phone}/cc")
}

async fn ask(
    site: &Site,
    path: &str,
    address: &str,
    certificate: Option<&str>,
    bearer: &str,
) -> Answered {
    let fields = [("authorization", bearer)];
    let fields = if bearer.is_empty() { &[][..] } else { &fields[..] };
    let request = request(Method::GET, path, address, fields, "", certificate);
    Answered::of(Arc::clone(&site.headset).answer(request).await)
}

#[tokio::test]
async fn hst_01_a_forged_device_name_opens_nothing() {
    let site = Site::new(&settings()).await;
    let _phone = site.phone(PHONE, "192.0.2.1");
    // The name alone, from anywhere else.
    let stranger = ask(&site, &config(PHONE), "192.0.2.66", None, "").await;
    assert_eq!(stranger.problem(), (401, "noProof"));
    // Another phone's certificate, and another phone's token.
    let other = ask(&site, &config(PHONE), "192.0.2.66", Some(OTHER_PHONE), "").await;
    assert_eq!(other.problem(), (403, "anotherDevice"));
    let own = ask(&site, &config(PHONE), "192.0.2.66", Some(PHONE), "").await;
    assert_eq!(own.status, 200);
    let found = site.get(&format!("/headset/{PHONE}"), "192.0.2.1").await;
    let bearer = format!("Bearer {}", found.body["token"].as_str().unwrap());
    let site = {
        // Where the address alone proves nothing the token does, from where it was given.
        let proof = vec![HeadsetProof::Certificate, HeadsetProof::Token];
        engine::testing::apply(&site.engine, &with_headset(&settings(), |it| it.proof = proof))
            .await;
        site
    };
    assert_eq!(ask(&site, &config(PHONE), "192.0.2.1", None, "").await.status, 401);
    assert_eq!(ask(&site, &config(PHONE), "192.0.2.1", None, &bearer).await.status, 200);
    assert_eq!(ask(&site, &config(PHONE), "203.0.113.9", None, &bearer).await.status, 401);
    assert_eq!(ask(&site, &config(OTHER_PHONE), "192.0.2.1", None, &bearer).await.status, 401);
    // Whoever is not proven may know what discovery says, and gets no token by it.
    let unproven = site.get(&format!("/headset/{PHONE}"), "192.0.2.66").await;
    assert_eq!((unproven.status, unproven.body["token"].is_null()), (200, true));
    site.end().await;
}

#[tokio::test]
async fn hst_11_the_handle_of_a_phones_file_opens_discovery_alone_and_only_where_the_phone_is() {
    let site =
        Site::new(&with_headset(&settings(), |it| it.proof = vec![HeadsetProof::Token])).await;
    let path =
        |url: Option<String>| url.unwrap().strip_prefix(super::site::BASE).unwrap().to_owned();
    let address: IpAddr = [192, 0, 2, 1].into();
    let bound = path(site.headset.discovery_url(&name(PHONE), Some(address)));
    let free = path(site.headset.discovery_url(&name(PHONE), None));
    let has_token = async |path: &str, address: &str| {
        let answer = site.get(path, address).await;
        assert_eq!(answer.status, 200);
        answer.body["token"].is_string()
    };
    // Whoever loads the file gets a handle for where they are: it is worth nothing before the phone is there.
    assert!(!has_token(&bound, "192.0.2.1").await);
    let thiefs = path(site.headset.discovery_url(&name(PHONE), Some([192, 0, 2, 66].into())));
    assert!(!has_token(&thiefs, "192.0.2.66").await);
    // Where nothing says where the phone is the handle is taken; once it registered, only from there.
    assert!(has_token(&free, "192.0.2.66").await);
    let _phone = site.phone(PHONE, "192.0.2.1");
    assert!(has_token(&free, "192.0.2.1").await && has_token(&bound, "192.0.2.1").await);
    assert!(!has_token(&bound, "192.0.2.66").await && !has_token(&thiefs, "192.0.2.66").await);
    assert!(!has_token(&free, "192.0.2.66").await);
    // It opens nothing else, however it is shown.
    let handle = free.split_once("key=").unwrap().1;
    let bearer = format!("Bearer {handle}");
    assert_eq!(ask(&site, &config(PHONE), "192.0.2.1", None, &bearer).await.status, 401);
    // An address proves nothing where it is not taken for a proof.
    assert_eq!(ask(&site, &config(PHONE), "192.0.2.1", None, "").await.status, 401);
    assert_eq!(ask(&site, &config(PHONE), "192.0.2.1", Some(PHONE), "").await.status, 403);
    site.end().await;
}

#[tokio::test]
async fn phn_16_a_phone_that_is_not_listed_takes_no_part_where_phones_are_listed() {
    let mut listed = settings();
    let mut service = (*listed.phone_service).clone();
    service.devices = domain::settings::DevicePolicy::Listed;
    listed.phone_service = Arc::new(service);
    let site = Site::new(&listed).await;
    let answer = site.get("/headset/SEP00AABBCCDDEE", "192.0.2.1").await;
    assert_eq!(answer.problem(), (404, "notFound"));
    let body = json!({"state": "Ready"}).to_string();
    let kind = [("content-type", "application/json")];
    let path = "/headset/SEP00AABBCCDDEE/cc/agent-state";
    let answer = site.ask(Method::PUT, path, "192.0.2.1", &kind, &body).await;
    assert_eq!(answer.status, 404);
    for odd in [
        "/headset/..",
        "/headset/%2e%2e/x",
        "/headset/SEP%00",
        "/headset/'%20or%201=1",
        "/headset/",
    ] {
        let answer = site.get(odd, "192.0.2.1").await;
        assert!(matches!(answer.status, 400 | 404), "{odd}: {}", answer.status);
    }
    site.end().await;
}
