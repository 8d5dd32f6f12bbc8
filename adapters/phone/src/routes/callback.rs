//! The authentication callback: one word, and no header that it can do without.

use bytes::Bytes;
use domain::DeviceName;
use domain::settings::{DevicePolicy, Settings};
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
        let (device, judged) = self.judge(request);
        self.note_asked_back(request, device.as_ref(), judged.err().unwrap_or("authorized"));
        let body = match judged {
            Ok(()) => {
                self.figures.callback("authorized");
                AUTHORIZED
            }
            Err(fault) => {
                self.figures.callback(fault);
                let (reference, source) = (request.reference.as_str(), request.peer.address);
                if self.may_log() {
                    tracing::info!(reference, fault, "a phone asked about a push that is not ours");
                }
                tracing::debug!(reference, %source, fault, "who asked about a push");
                UNAUTHORIZED
            }
        };
        let mut response = Response::new(Bytes::from_static(body.as_bytes()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        response
    }

    /// The phone, where it is one that we know, and whether it may show the push.
    fn judge(&self, request: &Request) -> (Option<DeviceName>, Result<(), &'static str>) {
        let now = self.port.now();
        let source = request.peer.address;
        let body = std::str::from_utf8(&request.body).unwrap_or_default();
        let pieces = [request.uri.query().unwrap_or_default(), body];
        let name = single(&pieces, "devicename");
        let device = name.and_then(|name| name.parse::<DeviceName>().ok());
        let settings = self.port.settings();
        // Names can be invented, so only those that we know are counted on their own.
        let known = device.as_ref().filter(|device| {
            settings.devices.contains_key(*device) || locked(&self.screens).of(device).is_some()
        });
        // Where any phone may sign in, another node may have pushed to it, or this one in the
        // moment before it forgot the phone.
        let may_be_ours = match settings.phone_service.devices {
            DevicePolicy::Any => device.is_some(),
            DevicePolicy::Listed => known.is_some(),
        };
        if !locked(&self.guesses).allows(source, known, now) {
            return (known.cloned(), Err("limited"));
        }
        // Looked at in any case: how long it takes must not tell which phones there are.
        let is_ours = self.is_ours_to_answer(&pieces, &settings);
        if is_ours && may_be_ours {
            return (known.cloned(), Ok(()));
        }
        locked(&self.guesses).note(source, known, now);
        (known.cloned(), Err("refused"))
    }

    fn is_ours_to_answer(&self, pieces: &[&str], settings: &Settings) -> bool {
        let Ok(account) = push_account(&self.port, settings) else { return false };
        let user = single(pieces, "UserID").unwrap_or_default();
        let password = single(pieces, "Password").unwrap_or_default();
        matches(&user, &password, (&account.user, &account.password))
    }
}
