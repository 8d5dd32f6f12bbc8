//! What is kept of alarms: what is amiss and told, and what waits for receivers.
//!
//! The store keeps bodies that are written once, so there are two places in turn: the older one is removed and
//! written anew with a higher number, and whoever dies in between finds the other one.

use std::collections::BTreeMap;

use engine::Port;
use serde::{Deserialize, Serialize};

use crate::judge::Judge;
use crate::outgoing::Outgoing;

/// One book: what is followed, and what waits for each receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Book {
    /// Rises with each time that it is kept.
    pub(crate) number: u64,
    /// What is amiss.
    pub(crate) judge: Judge,
    /// What waits, by the receiver's name.
    pub(crate) outgoing: BTreeMap<String, Outgoing>,
}

/// The book of that name, empty where none is kept; `Err` in words where the store does not say.
pub(crate) async fn read(port: &Port, name: &str) -> Result<Book, String> {
    let mut newest = Book::default();
    for place in 0..2 {
        let body = port.blob(&id(name, place)).await.map_err(|error| error.to_string())?;
        // One that a later program wrote in another way says nothing here.
        let book = body.and_then(|body| serde_json::from_slice::<Book>(&body).ok());
        if let Some(book) = book.filter(|book| book.number > newest.number) {
            newest = book;
        }
    }
    Ok(newest)
}

/// Keeps it under the next number.
pub(crate) async fn write(port: &Port, name: &str, book: &mut Book) -> Result<(), String> {
    let mut next = book.clone();
    next.number = book.number.saturating_add(1);
    let id = id(name, next.number % 2);
    let body = serde_json::to_vec(&next).map_err(|error| error.to_string())?;
    port.delete_blob(&id).await.map_err(|error| error.to_string())?;
    port.put_blob(&id, &body).await.map_err(|error| error.to_string())?;
    book.number = next.number;
    Ok(())
}

fn id(name: &str, place: u64) -> String {
    format!("alarms/{name}/{place}")
}
