//! Codes and refresh tokens at the token endpoint: once, in time, to whom they were given.

use std::time::Duration;

use domain::settings::OauthClient;
use http::{HeaderMap, Method};

use super::browser::{Browser, authorize_target, form};
use super::place::{
    APP, OLD, PLAIN, PUBLIC, Place, SECRET, STRICT, VERIFIER, basic, pair, settings, settings_with,
    settings_with_client,
};
use crate::TokenRefused;

const TOKEN: &str = "/ids/v1/oauth/token";
const OTHER_VERIFIER: &str = "another-0123456789-0123456789-0123456789-abcd";

#[tokio::test]
async fn ids_05_a_code_is_traded_once_and_a_second_use_ends_what_came_of_the_first() {
    let place = Place::with(2, settings()).await;
    let code = Browser::at(0).signs_on(&place, PLAIN).await;
    let (access, refresh) = pair(&place.trade(0, PLAIN, &code).await);
    let (newer, next) = pair(&place.refresh(1, PLAIN, &refresh, None).await);
    place.trade(1, PLAIN, &code).await.assert_error(400, "invalid_grant");
    place.all_refuse(&access).await;
    place.all_refuse(&newer).await;
    for node in 0..2 {
        place.refresh(node, PLAIN, &next, None).await.assert_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn ids_05_two_nodes_that_trade_one_code_at_once_give_at_most_one_pair() {
    let place = Place::with(2, settings()).await;
    let code = Browser::at(0).signs_on(&place, PLAIN).await;
    let (one, other) = tokio::join!(place.trade(0, PLAIN, &code), place.trade(1, PLAIN, &code));
    let granted: Vec<_> = [one, other].into_iter().filter(|it| it.status == 200).collect();
    assert!(granted.len() < 2);
    for reply in granted {
        place.all_refuse(&pair(&reply).0).await;
    }
}

#[tokio::test]
async fn ids_05_a_code_is_good_for_whom_and_where_it_was_sent() {
    let place = Place::new().await;
    let code = Browser::at(0).signs_on(&place, PLAIN).await;
    let verifier = Some(VERIFIER);
    for (client, redirect, verifier) in [
        (STRICT, APP, verifier),
        (PUBLIC, APP, verifier),
        (PLAIN, "https://app.example/callback", verifier),
        (PLAIN, "https://APP.example/callback?kept=1", verifier),
        (PLAIN, "https://app.example/callback?kept=1#", verifier),
        (PLAIN, APP, Some(OTHER_VERIFIER)),
        (PLAIN, APP, Some("short")),
        (PLAIN, APP, None),
    ] {
        let reply = place.trade_with(0, client, &code, redirect, verifier).await;
        reply.assert_error(400, "invalid_grant");
    }
    let reply = place.trade_with(0, PLAIN, &code[..63], APP, verifier).await;
    reply.assert_error(400, "invalid_grant");
    let parameters = [("grant_type", "authorization_code"), ("code", code.as_str())];
    place.posts(0, PLAIN, TOKEN, &parameters).await.assert_error(400, "invalid_request");
    // None of that used it up.
    pair(&place.trade(0, PLAIN, &code).await);
    // A verifier where none was announced means that somebody took the challenge out.
    let mut browser = Browser::at(0);
    browser.signs_on(&place, OLD).await;
    let code = browser.get(&place, &authorize_target(OLD, APP, None)).await.code();
    let reply = place.trade_with(0, OLD, &code, APP, verifier).await;
    reply.assert_error(400, "invalid_grant");
    pair(&place.trade_with(0, OLD, &code, APP, None).await);
}

#[tokio::test]
async fn ids_05_ids_06_a_code_lasts_as_long_as_the_settings_say() {
    for minutes in [1, 10] {
        let place = Place::with(1, settings_with(|it| it.code_minutes = minutes)).await;
        let mut browser = Browser::at(0);
        let code = browser.signs_on(&place, PLAIN).await;
        place.wait(Duration::from_secs(u64::from(minutes) * 60 - 1));
        pair(&place.trade(0, PLAIN, &code).await);
        let code = browser.authorize(&place, PLAIN).await.code();
        place.wait(Duration::from_secs(u64::from(minutes) * 60));
        place.trade(0, PLAIN, &code).await.assert_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn ids_06_tokens_last_as_long_as_the_settings_say() {
    for (hours, minutes) in [(2_u32, 5_u32), (24, 120)] {
        let settings = settings_with(|it| {
            it.refresh_token_hours = hours;
            it.access_token_minutes = minutes;
        });
        let place = Place::with(1, settings).await;
        let code = Browser::at(0).signs_on(&place, PLAIN).await;
        let reply = place.trade(0, PLAIN, &code).await;
        assert_eq!(reply.json()["expires_in"], minutes * 60);
        let (access, refresh) = pair(&reply);
        place.wait(Duration::from_secs(u64::from(minutes) * 60 - 1));
        assert!(place.check(0, &access).is_ok());
        place.wait(Duration::from_secs(1));
        assert_eq!(place.check(0, &access), Err(TokenRefused::Over));
        // The end counts from the sign-on, however often tokens are traded.
        let left = u64::from(hours) * 3_600 - u64::from(minutes) * 60;
        place.wait(Duration::from_secs(left - 60));
        let reply = place.refresh(0, PLAIN, &refresh, None).await;
        assert_eq!(reply.json()["expires_in"], 60);
        let (access, refresh) = pair(&reply);
        place.wait(Duration::from_secs(60));
        assert_eq!(place.check(0, &access), Err(TokenRefused::Over));
        place.refresh(0, PLAIN, &refresh, None).await.assert_error(400, "invalid_grant");
        // A new sign-on is needed.
        Browser::at(0).sent(&place, PLAIN).await;
    }
}

#[tokio::test]
async fn ids_05_refreshing_takes_both_tokens_unless_the_application_is_set_otherwise() {
    let place = Place::new().await;
    let (access, refresh) = place.tokens(STRICT).await;
    place.refresh(0, STRICT, &refresh, None).await.assert_error(400, "invalid_request");
    let (foreign, _) = place.tokens(STRICT).await;
    for wrong in [foreign.as_str(), refresh.as_str(), "x", &access[1..]] {
        let reply = place.refresh(0, STRICT, &refresh, Some(wrong)).await;
        reply.assert_error(400, "invalid_grant");
    }
    let (access, refresh) = pair(&place.refresh(0, STRICT, &refresh, Some(&access)).await);
    // An access token that is over refreshes nothing.
    place.wait(Duration::from_secs(3_600));
    let reply = place.refresh(0, STRICT, &refresh, Some(&access)).await;
    reply.assert_error(400, "invalid_grant");
    // The standard's way takes the refresh token alone; what comes with it has to fit all the same.
    let (access, refresh) = place.tokens(PLAIN).await;
    let reply = place.refresh(0, PLAIN, &refresh, Some("x")).await;
    reply.assert_error(400, "invalid_grant");
    let (_, refresh) = pair(&place.refresh(0, PLAIN, &refresh, Some(&access)).await);
    pair(&place.refresh(0, PLAIN, &refresh, None).await);
}

#[tokio::test]
async fn ids_05_a_retry_gets_the_same_refresh_token_and_a_reuse_ends_all() {
    let place = Place::with(2, settings()).await;
    let (first, refresh) = place.tokens(PLAIN).await;
    let (second, next) = pair(&place.refresh(0, PLAIN, &refresh, None).await);
    place.wait(Duration::from_secs(10));
    let (again, same) = pair(&place.refresh(1, PLAIN, &refresh, None).await);
    assert_eq!(same, next);
    let (one, other) = (place.check(0, &second).unwrap(), place.check(1, &again).unwrap());
    assert_eq!((one.id, one.ends_at), (other.id, other.ends_at));
    // The window counts from the trade, not from the retry.
    place.wait(Duration::from_secs(1));
    place.refresh(1, PLAIN, &refresh, None).await.assert_error(400, "invalid_grant");
    for access in [&first, &second, &again] {
        place.all_refuse(access).await;
    }
    for node in 0..2 {
        place.refresh(node, PLAIN, &next, None).await.assert_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn ids_05_without_an_overlap_a_second_use_ends_all_at_once() {
    let place = Place::with(1, settings_with(|it| it.rotation_overlap_seconds = 0)).await;
    let (access, refresh) = place.tokens(PLAIN).await;
    let (newer, _) = pair(&place.refresh(0, PLAIN, &refresh, None).await);
    place.wait(Duration::from_secs(1));
    place.refresh(0, PLAIN, &refresh, None).await.assert_error(400, "invalid_grant");
    place.all_refuse(&access).await;
    place.all_refuse(&newer).await;
}

#[tokio::test]
async fn ids_05_a_refresh_token_in_other_hands_ends_all() {
    let place = Place::new().await;
    let (access, refresh) = place.tokens(PLAIN).await;
    place.refresh(0, OLD, &refresh, None).await.assert_error(400, "invalid_grant");
    place.all_refuse(&access).await;
    place.refresh(0, PLAIN, &refresh, None).await.assert_error(400, "invalid_grant");
}

#[tokio::test]
async fn ids_05_applications_prove_themselves_in_one_of_two_ways() {
    let place = Place::new().await;
    let refused = async |headers: &[(&'static str, &str)], parameters: &[(&str, &str)]| {
        let mut fields = HeaderMap::new();
        fields.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        for (name, value) in headers {
            fields.append(*name, value.parse().unwrap());
        }
        let mut all = vec![("grant_type", "refresh_token"), ("refresh_token", "x")];
        all.extend_from_slice(parameters);
        place.ask(0, Method::POST, TOKEN, fields, &form(&all)).await
    };
    let wrong_basic = basic(PLAIN, "wrong");
    let unknown_basic = basic("5555555555555555555555555555555555555555", SECRET);
    let public_basic = basic(PUBLIC, SECRET);
    let mut bodies = Vec::new();
    for authorization in [wrong_basic.as_str(), &unknown_basic, &public_basic] {
        let reply = refused(&[("authorization", authorization)], &[]).await;
        reply.assert_error(401, "invalid_client");
        assert!(reply.header("www-authenticate").starts_with("Basic "), "{reply:?}");
        bodies.push(reply.text);
    }
    for parameters in [
        vec![("client_id", PLAIN), ("client_secret", "wrong")],
        vec![("client_id", PLAIN)],
        vec![("client_id", "nobody"), ("client_secret", SECRET)],
        vec![("client_id", PUBLIC), ("client_secret", SECRET)],
    ] {
        let reply = refused(&[], &parameters).await;
        reply.assert_error(401, "invalid_client");
        assert_eq!(reply.header("www-authenticate"), "");
        bodies.push(reply.text);
    }
    // Nobody learns which it was.
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    refused(&[], &[]).await.assert_error(401, "invalid_client");
    refused(&[("authorization", "Bearer x")], &[]).await.assert_error(401, "invalid_client");
    let right = basic(PLAIN, SECRET);
    let both = refused(&[("authorization", &right)], &[("client_secret", SECRET)]).await;
    both.assert_error(400, "invalid_request");
    let two = refused(&[("authorization", &right), ("authorization", &right)], &[]).await;
    two.assert_error(401, "invalid_client");
    let other = refused(&[("authorization", &right)], &[("client_id", OLD)]).await;
    other.assert_error(400, "invalid_request");
    // Both right ways come as far as the grant.
    refused(&[("authorization", &right)], &[]).await.assert_error(400, "invalid_grant");
    let posted = [("client_id", PLAIN), ("client_secret", SECRET)];
    refused(&[], &posted).await.assert_error(400, "invalid_grant");
    let named_twice = [("client_id", PLAIN), ("client_id", PLAIN), ("client_secret", SECRET)];
    refused(&[], &named_twice).await.assert_error(400, "invalid_request");
    let twice = refused(&[("authorization", &right)], &[("refresh_token", "x")]).await;
    twice.assert_error(400, "invalid_request");
    let kind = place.posts(0, PLAIN, TOKEN, &[("grant_type", "password")]).await;
    kind.assert_error(400, "unsupported_grant_type");
}

#[tokio::test]
async fn ids_08_an_application_that_is_switched_off_or_gone_has_no_tokens() {
    for is_gone in [false, true] {
        let place = Place::new().await;
        let (access, refresh) = place.tokens(OLD).await;
        let mut browser = Browser::at(0);
        let code = browser.signs_on(&place, OLD).await;
        let changed = settings_with_client(OLD, |it| {
            Some(OauthClient { disabled: true, ..it }).filter(|_| !is_gone)
        });
        place.apply(&changed).await;
        assert_eq!(place.check(0, &access), Err(TokenRefused::Client));
        place.refresh(0, OLD, &refresh, None).await.assert_error(401, "invalid_client");
        place.trade(0, OLD, &code).await.assert_error(401, "invalid_client");
        for token in [&access, &refresh] {
            assert_eq!(place.introspect(token).await, serde_json::json!({"active": false}));
        }
        assert_eq!(browser.authorize(&place, OLD).await.status, 401);
    }
}

#[tokio::test]
async fn ids_05_whose_tokens_they_are_decides_who_may_end_them() {
    const REVOKE: &str = "/ids/v1/oauth/revoke";
    let place = Place::with(2, settings()).await;
    let (access, refresh) = place.tokens(PLAIN).await;
    for token in [access.as_str(), &refresh, "unknown", "jfr_x_1_x"] {
        let reply = place.posts(0, OLD, REVOKE, &[("token", token)]).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, ""));
    }
    assert!(place.check(0, &access).is_ok());
    place.posts(0, PLAIN, REVOKE, &[]).await.assert_error(400, "invalid_request");
    let wrong = [("token", access.as_str()), ("client_secret", "wrong"), ("client_id", PLAIN)];
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    let reply = place.ask(0, Method::POST, REVOKE, headers, &form(&wrong)).await;
    reply.assert_error(401, "invalid_client");
    // One access token alone.
    let reply = place.posts(1, PLAIN, REVOKE, &[("token", &access)]).await;
    assert_eq!(reply.status, 200);
    place.all_refuse(&access).await;
    let (newer, next) = pair(&place.refresh(0, PLAIN, &refresh, None).await);
    // A refresh token with all that came of it, whatever the hint says.
    let parameters = [("token", next.as_str()), ("token_type_hint", "access_token")];
    assert_eq!(place.posts(0, PLAIN, REVOKE, &parameters).await.status, 200);
    place.all_refuse(&newer).await;
    place.refresh(1, PLAIN, &next, None).await.assert_error(400, "invalid_grant");
    // A public application ends its own.
    let (access, refresh) = place.tokens(PUBLIC).await;
    assert_eq!(place.posts(0, PUBLIC, REVOKE, &[("token", &refresh)]).await.status, 200);
    place.all_refuse(&access).await;
}

#[tokio::test]
async fn ids_05_without_a_store_nothing_is_granted_and_tokens_are_checked_all_the_same() {
    let place = Place::new().await;
    let (access, refresh) = place.tokens(PLAIN).await;
    let mut browser = Browser::at(0);
    let code = browser.signs_on(&place, PLAIN).await;
    let mut waiting = Browser::at(0);
    let sent = waiting.sent(&place, PLAIN).await;
    place.nodes[0].engine.close().await;
    assert!(place.check(0, &access).is_ok());
    for reply in [
        place.trade(0, PLAIN, &code).await,
        place.refresh(0, PLAIN, &refresh, None).await,
        place.posts(0, PLAIN, "/ids/v1/oauth/revoke", &[("token", &access)]).await,
    ] {
        reply.assert_error(503, "temporarily_unavailable");
        assert_eq!(reply.header("retry-after"), "5");
    }
    let told = place.introspect(&access).await;
    assert_eq!(told["active"], true);
    // Nobody is signed on whose answer cannot be used up.
    let xml = super::idp::Idp::usual().says(&sent.statement(&place));
    let reply = waiting.brings(&place, &sent, &xml).await;
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(waiting.cookie("__Host-jackfield-sso").is_none());
}
