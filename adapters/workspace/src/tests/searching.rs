//! Closed contacts, found by those who may read them.

use http::StatusCode;
use serde_json::{Value, json};

use super::place::{Place, agent, lead};

async fn found(place: &Place, id: &str, query: &str) -> Vec<Value> {
    let told = place.get(&agent(id), &format!("search?{query}")).await.good().json();
    told["items"].as_array().unwrap().iter().map(|it| it["customer"]["address"].clone()).collect()
}

#[tokio::test]
async fn mail_16_a_search_finds_words_and_customers_and_nothing_that_may_not_be_read() {
    let place = Place::new().await;
    let mut streams = Vec::new();
    for (csq, id, from) in
        [("support", "1001", "ada@example.test"), ("staff", "2001", "bob@example.test")]
    {
        place.mail(csq, from, b"Subject: Hi\r\n\r\nx", false).await;
        streams.push(place.ready(id).await);
        place.until_in_hand(id, 1).await;
        let contact = place.contacts(id).await.remove(0);
        place.post(&agent(id), &format!("{contact}/discard"), json!(null)).await.good();
    }
    let ada = [json!("ada@example.test")];
    for query in ["", "q=invoice", "q=INVOICE+ada", "customer=ada", "customer=ada@example.test"] {
        assert_eq!(found(&place, "1001", query).await, ada, "{query}");
    }
    // Of the same CSQ, though another had it.
    assert_eq!(found(&place, "1002", "q=invoice").await, ada);
    let none: [Value; 0] = [];
    for query in ["q=nothing", "customer=bob@example.test", "q=staff", "to=2001-01-01T00:00:00Z"] {
        assert_eq!(found(&place, "1001", query).await, none, "{query}");
    }
    assert_eq!(found(&place, "2001", "").await, [json!("bob@example.test")]);
    let led = place.get(&lead(), "search?q=").await.good().json();
    assert_eq!(led["total"], 1, "{led}");
    for query in ["from=yesterday", "to=-1"] {
        let refused = place.get(&agent("1001"), &format!("search?{query}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let long = format!("search?q={}", "x".repeat(201));
    assert!(place.get(&agent("1001"), &long).await.problem(422, "invalid").contains("200"));
}
