//! The authentication callback: one word, and no header that it can do without.

use bytes::Bytes;
use domain::DeviceName;
use engine::surface::Request;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::authentication::{AUTHORIZED, UNAUTHORIZED, matches};
use crate::config::push_account;
use crate::query::single;
use crate::{Phone, locked};

impl Phone {
    /// Answers a phone that asks whether a push is ours.
    pub(crate) fn call_back(&self, request: &Request) -> Response<Bytes> {
        let body = match self.judge(request) {
            Ok(()) => {
                self.figures.callback("authorized");
                AUTHORIZED
            }
            Err(fault) => {
                self.figures.callback(fault);
                tracing::info!(
                    reference = request.reference.as_str(),
                    source = %request.peer.address,
                    fault,
                    "a phone asked about a push that is not ours"
                );
                UNAUTHORIZED
            }
        };
        let mut response = Response::new(Bytes::from_static(body.as_bytes()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        response
    }

    fn judge(&self, request: &Request) -> Result<(), &'static str> {
        let now = self.port.now();
        let source = request.peer.address;
        let body = std::str::from_utf8(&request.body).unwrap_or_default();
        let pieces = [request.uri.query().unwrap_or_default(), body];
        let name = single(&pieces, "devicename");
        let device = name.and_then(|name| name.parse::<DeviceName>().ok());
        let counted = device.as_ref().map_or("", |device| device.as_str());
        if !locked(&self.guesses).allows(source, counted, now) {
            return Err("limited");
        }
        if self.is_ours_to_answer(&pieces, device.as_ref()) {
            return Ok(());
        }
        locked(&self.guesses).note(source, counted, now);
        Err("refused")
    }

    fn is_ours_to_answer(&self, pieces: &[&str], device: Option<&DeviceName>) -> bool {
        let settings = self.port.settings();
        let Ok(account) = push_account(&self.port, &settings) else { return false };
        let user = single(pieces, "UserID").unwrap_or_default();
        let password = single(pieces, "Password").unwrap_or_default();
        let is_known = device.is_some_and(|device| {
            settings.devices.contains_key(device) || locked(&self.screens).of(device).is_some()
        });
        matches(&user, &password, (&account.user, &account.password)) && is_known
    }
}
