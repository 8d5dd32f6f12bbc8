//! Which URLs phones open, and how every answer to them looks.
//!
//! | path | what |
//! |---|---|
//! | `/fippa`, `/fippa/` | a subscription without a device name, which is told so |
//! | `/fippa/{device}` | the service: signs in, or asks for what is missing |
//! | `/fippa/{device}/signin` | the form, sent back by GET or POST, and the choices after it |
//! | `/fippa/s/{token}/{page}`, `/fippa/s/{token}/{page}/{reason}` | pages and presses of a session |
//! | `/phone-auth` | the callback by which a phone asks whether a push is ours |
//!
//! What a person did wrong is answered with status 200 and a page, since phones show nothing else
//! of an answer with another status.

mod callback;
mod follow;
mod sign_in;
#[cfg(test)]
mod tests;
pub(crate) mod visit;

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use engine::surface::{Callers, Request, ResponsePolicy, Route};
use http::{Method, Response};

use crate::Phone;

static METHODS: [Method; 2] = [Method::GET, Method::POST];
/// The listener that phones reach.
const LISTENER: &str = "phone";

/// The routes of the phone service.
pub(crate) fn routes(phone: &Arc<Phone>) -> Vec<Route> {
    vec![
        // What is left of the service URL where nobody filled in `#DEVICENAME#`.
        route(phone, "/fippa", |phone, request| async move { phone.open(request, false).await }),
        route(phone, "/fippa/", |phone, request| async move { phone.open(request, false).await }),
        route(phone, "/fippa/{device}", |phone, request| async move {
            phone.open(request, false).await
        }),
        route(phone, "/fippa/{device}/signin", |phone, request| async move {
            phone.open(request, true).await
        }),
        route(phone, "/fippa/s/{token}/{page}", |phone, request| async move {
            phone.follow_link(request).await
        }),
        route(phone, "/fippa/s/{token}/{page}/{reason}", |phone, request| async move {
            phone.follow_link(request).await
        }),
        route(phone, "/phone-auth", |phone, request| async move { phone.call_back(&request) }),
    ]
}

fn route<F, A>(phone: &Arc<Phone>, path: &'static str, handle: F) -> Route
where
    F: Fn(Arc<Phone>, Request) -> A + Send + Sync + 'static,
    A: Future<Output = Response<Bytes>> + Send + 'static,
{
    let phone = Arc::clone(phone);
    Route {
        listener: LISTENER,
        path,
        methods: &METHODS,
        callers: Callers::Anyone,
        body_bytes_max: crate::query::BYTES_MAX,
        policy: ResponsePolicy::Phone,
        handler: Route::handler(move |request| handle(Arc::clone(&phone), request)),
    }
}
