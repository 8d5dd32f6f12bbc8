//! Pushes of what a contact centre tells.

use domain::{CallState, PresenceState};

use super::*;
use crate::testing::centre::{Centre, inbound, settings_with};

#[tokio::test]
async fn phn_05_what_a_centre_tells_is_pushed_once_and_call_data_to_the_calls_page() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::with(settings_with(&["north"])).await;
    let settings = settings_with(&["north"]);
    push_in(settings, &node, server.port, &certificates.authority, None).await;
    let centre = Centre::start(&node, "north");
    let _stop = run(&node);
    let mut phone = handset(&node);
    let home = phone.sign_in("1001", "2001").await;
    phone.press(&home, "Ready").await;
    centre.says("1001", PresenceState::Ready).await;
    let mut call = inbound("c1", CallState::Active);
    centre.says("1001", PresenceState::Talking).await;
    until("a push", async || server.told().len() == 1).await;
    until("ok", async || state(&node) == Some(PushReason::Ok)).await;
    let talking = phone.get(&server.told()[0]).await;
    assert_eq!(talking.title(), "Talking");
    centre.has_calls("1001", vec![call.clone()]).await;
    until("a push of the call", async || server.told().len() == 2).await;
    assert!(server.told()[1].ends_with("/home"));
    let with_call = phone.get(&server.told()[1]).await;
    phone.press(&with_call, "CData").await;
    call.variables[0].value = "Braun".to_owned();
    centre.has_calls("1001", vec![call]).await;
    until("a push of the data", async || server.told().len() == 3).await;
    assert!(server.told()[2].ends_with("/call"), "{:?}", server.told());
    assert!(phone.get(&server.told()[2]).await.text().contains("Customer: Braun"));
}
