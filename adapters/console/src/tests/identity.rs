//! Single sign-on: what is handed on, what comes back, and who may.

use domain::Role;
use domain::settings::IdentitySettings;
use engine::surface::Callers;
use http::Method;
use serde_json::json;

use crate::Failure;
use crate::testing::{Ask, Place, administrator, settings, supervisor};

const CLIENT_ID: &str = "0123456789abcdef0123456789abcdef01234567";

fn asks(method: Method, target: &str) -> Ask {
    Ask::new(method, target, Some(administrator()))
}

#[tokio::test]
async fn ids_11_how_single_sign_on_stands_is_told_with_times_as_all_others() {
    let place = Place::new().await;
    let tested = json!({"at": 1_800_000_000_i64, "passed": true, "reason": null, "who": "a@b"});
    let told = json!({
        "mode": "off",
        "keys": {"saml": [{"id": "k", "since": 1_800_000_000_i64, "not_after": 1_900_000_000_i64}]},
        "components": [{"name": "console/gw-a", "kind": "console", "node": "gw-a", "tested": tested}],
    });
    place.node.answers("identity_overview", Ok(told));
    let told = place.get("/api/v1/identity", administrator()).await.json();
    assert_eq!(told["components"][0]["tested"]["at"], "2027-01-15T08:00:00Z");
    assert_eq!(told["keys"]["saml"][0]["since"], "2027-01-15T08:00:00Z");
    assert_eq!(told["keys"]["saml"][0]["not_after"], 1_900_000_000_i64);
}

#[tokio::test]
async fn ids_11_tests_and_the_mode_are_handed_on_and_refusals_name_what_was_not_tested() {
    let place = Place::new().await;
    let link =
        json!({"component": "identity/gw-a", "url": "https://ids.example/ids/v1/test?ticket=t"});
    place.node.answers("identity_test", Ok(link));
    let test =
        asks(Method::POST, "/api/v1/identity/tests").json(&json!({"component": "identity/gw-a"}));
    let reply = place.ask(test).await;
    assert_eq!(reply.json()["url"], "https://ids.example/ids/v1/test?ticket=t");
    let why = "single sign-on stays off: console/gw-a was not tested";
    place.node.answers("identity_mode", Err(Failure::new("not_tested", why)));
    let on = asks(Method::POST, "/api/v1/identity/mode").json(&json!({"on": true}));
    let reply = place.ask(on).await;
    reply.assert_problem(409, "not_tested");
    assert_eq!(reply.json()["detail"], why);
    let asked: Vec<_> = place.node.done().into_iter().map(|it| (it.deed, it.members)).collect();
    let expected = [
        ("identity_test", json!({"component": "identity/gw-a"})),
        ("identity_mode", json!({"on": true})),
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn ids_17_what_asks_for_it_learns_whether_single_sign_on_is_on() {
    for single_sign_on in [false, true] {
        let identity = IdentitySettings { single_sign_on, ..IdentitySettings::default() };
        let place = Place::with(domain::settings::Settings {
            identity: std::sync::Arc::new(identity),
            ..settings()
        })
        .await;
        let told = place.ask(Ask::new(Method::GET, "/api/v1/sign-on", None)).await.json();
        assert_eq!(told["single_sign_on"], single_sign_on);
        assert_eq!(told["local_sign_in"], true);
    }
}

#[tokio::test]
async fn ids_18_metadata_are_put_as_xml_and_problems_stand_at_them() {
    let place = Place::new().await;
    let target = "/api/v1/identity/providers/main%20idp/metadata";
    let put = |kind: &str| asks(Method::PUT, target).sending(kind, "<EntityDescriptor/>");
    place.ask(put("application/samlmetadata+xml")).await;
    place.ask(put("text/xml; charset=utf-8")).await;
    let members = json!({"name": "main idp", "metadata": "<EntityDescriptor/>"});
    let asked: Vec<_> = place.node.done().into_iter().map(|it| (it.deed, it.members)).collect();
    assert_eq!(asked, [0, 1].map(|_| ("identity_provider_metadata", members.clone())));
    place.ask(put("application/json")).await.assert_problem(415, "unsupported_media_type");
    let not_text = asks(Method::PUT, target).sending("text/xml", vec![0xff, 0xfe]);
    place.ask(not_text).await.assert_problem(400, "bad_json");
    assert!(place.node.done().is_empty());
    let mut problems = domain::Problems::default();
    problems.add("metadata", "file: is a web page");
    let failure = Failure::problems("problems", problems);
    place.node.answers("identity_provider_metadata", Err(failure));
    let reply = place.ask(put("text/xml")).await;
    reply.assert_problem(422, "invalid");
    assert_eq!(reply.json()["errors"][0]["field"], "metadata");
    assert_eq!(reply.json()["errors"][0]["message"], "file: is a web page");
}

#[tokio::test]
async fn ids_18_our_own_metadata_are_given_as_a_file_of_xml() {
    let place = Place::new().await;
    place.node.answers("identity_sp_metadata", Ok(json!({"text": "<EntityDescriptor/>"})));
    let reply = place.get("/api/v1/identity/sp.xml", administrator()).await;
    assert_eq!(reply.header("content-type"), "application/samlmetadata+xml");
    assert_eq!(reply.header("content-disposition"), "attachment; filename=\"sp.xml\"");
    assert_eq!(reply.text, "<EntityDescriptor/>");
}

#[tokio::test]
async fn ids_07_keys_are_renewed_by_kind_and_the_next_certificate_is_put_in_force() {
    let place = Place::new().await;
    let members = json!({"kind": "saml", "invalidate": false});
    place.ask(asks(Method::POST, "/api/v1/identity/keys").json(&members)).await;
    place.ask(asks(Method::POST, "/api/v1/identity/keys/saml/activate")).await;
    place.ask(asks(Method::POST, "/api/v1/identity/providers/main/fetch")).await;
    let asked: Vec<_> = place.node.done().into_iter().map(|it| (it.deed, it.members)).collect();
    let expected = [
        ("identity_keys", members),
        ("identity_saml_activate", json!({})),
        ("identity_provider_fetch", json!({"name": "main"})),
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn ids_08_an_application_is_added_and_its_secret_is_told_and_never_kept() {
    let place = Place::new().await;
    let made = json!({"client_id": CLIENT_ID, "secret": "s3cret"});
    place.node.answers("oauth_client_add", Ok(made.clone()));
    let wish = json!({"name": "Desktop", "redirect_urls": ["https://a.example/cb"], "kind": "confidential"});
    let reply = place.ask(asks(Method::POST, "/api/v1/oauth-clients").json(&wish)).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (201, made.clone()));
    assert_eq!(reply.header("cache-control"), "no-store");
    place.node.answers("oauth_client_secret", Ok(made.clone()));
    let target = format!("/api/v1/oauth-clients/{CLIENT_ID}/secret");
    let reply = place.ask(asks(Method::POST, &target)).await;
    assert_eq!(reply.json(), made);
    assert_eq!(reply.header("cache-control"), "no-store");
    let asked: Vec<_> = place.node.done().into_iter().map(|it| (it.deed, it.members)).collect();
    let expected =
        [("oauth_client_add", wish), ("oauth_client_secret", json!({"client_id": CLIENT_ID}))];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn ids_08_what_is_wrong_with_an_application_stands_at_its_member() {
    let place = Place::new().await;
    let mut problems = domain::Problems::default();
    problems.add("redirect_urls[1]", "stands there more than once; keep one");
    place.node.answers("oauth_client_add", Err(Failure::problems("problems", problems)));
    let wish =
        json!({"name": "x", "redirect_urls": ["https://a.example/cb", "https://a.example/cb"]});
    let reply = place.ask(asks(Method::POST, "/api/v1/oauth-clients").json(&wish)).await;
    reply.assert_problem(422, "invalid");
    assert_eq!(reply.json()["errors"][0]["pointer"], "/redirect_urls/1");
}

#[tokio::test]
async fn ops_15_an_identity_provider_is_tested_as_any_peer_is() {
    let place = Place::new().await;
    let wish = json!({"kind": "idp", "name": "main"});
    place.ask(asks(Method::POST, "/api/v1/probes").json(&wish)).await;
    let asked: Vec<_> = place.node.done().into_iter().map(|it| (it.deed, it.members)).collect();
    assert_eq!(asked, [("probe", wish)]);
}

#[tokio::test]
async fn ids_18_only_administrators_see_and_change_single_sign_on() {
    let place = Place::new().await;
    let routes = place.routes().iter();
    let routes = routes.filter(|route| route.path.starts_with("/api/v1/identity/"));
    let callers: Vec<_> = routes.map(|route| &route.callers).collect();
    assert!(callers.len() >= 7, "{callers:?}");
    assert!(callers.iter().all(|it| **it == Callers::Roles(&[Role::Administrator])));
    place.get("/api/v1/identity", supervisor()).await.assert_problem(403, "forbidden");
    let on = Ask::new(Method::POST, "/api/v1/identity/mode", Some(supervisor()));
    place.ask(on.json(&json!({"on": true}))).await.assert_problem(403, "forbidden");
    assert!(place.node.done().is_empty());
}
