//! What anybody may know: metadata of both sides, public keys, the node's state; and signing off.

use std::sync::Arc;

use bytes::Bytes;
use domain::{Command, IdentityCommand, Input, InputId};
use engine::surface::Request;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName,
    ORIGIN,
};
use http::{Response, StatusCode};
use protocols::jose::jwks;
use protocols::oauth::server_metadata;
use protocols::saml::ServiceMetadata;
use serde_json::{Value, json};

use crate::Identity;
use crate::authorize::{SESSION_ATTRIBUTES, SESSION_COOKIE};
use crate::making::hexadecimal;
use crate::pages::{self, Below, Said};

/// For so long applications keep public keys, in seconds; a new one is published twice as long before its use.
pub(crate) const JWKS_SECONDS: u64 = 300;

impl Identity {
    /// RFC 8414.
    pub(crate) fn metadata(&self) -> Response<Bytes> {
        match self.site().issuer() {
            Some(issuer) => published(&server_metadata(issuer), JWKS_SECONDS),
            None => not_configured(),
        }
    }

    /// RFC 7517: signing keys that were, are and will be in use.
    pub(crate) fn public_keys(&self) -> Response<Bytes> {
        match jwks(self.keyring().published(self.now())) {
            Some(set) => published(&set, JWKS_SECONDS),
            None => not_configured(),
        }
    }

    /// `sp.xml`, for the IdP; `None` before hosts and keys are there.
    pub fn service_metadata(&self) -> Option<String> {
        let site = self.site();
        let certificates = self.keyring().saml_certificates();
        let entity_id = site.entity_id().filter(|_| !certificates.is_empty())?;
        let acs_urls = site.acs_urls();
        let metadata =
            ServiceMetadata { entity_id, acs_urls: &acs_urls, certificates_der: &certificates };
        Some(metadata.xml())
    }

    pub(crate) fn sp_xml(&self) -> Response<Bytes> {
        let Some(xml) = self.service_metadata() else { return not_configured() };
        let mut answer = pages::bare(StatusCode::OK);
        pages::set(&mut answer, CONTENT_TYPE, "application/samlmetadata+xml");
        pages::set(&mut answer, CONTENT_DISPOSITION, "attachment; filename=\"sp.xml\"");
        *answer.body_mut() = Bytes::from(xml);
        answer
    }

    /// The node's state, for clients that choose a node (IDS-09, IDS-10).
    pub(crate) fn told_state(&self) -> Response<Bytes> {
        let (state, reasons) = self.state();
        let site = self.site();
        let body = json!({
            "node": self.port.node().as_str(),
            "state": state.name().to_ascii_uppercase(),
            "reasons": reasons.iter().map(|reason| reason.name()).collect::<Vec<_>>(),
            "publisher": site.own == Some(0),
            "single_sign_on": site.identity().single_sign_on,
        });
        pages::json(StatusCode::OK, &body)
    }

    /// Asks whether to sign off.
    pub(crate) async fn ask_sign_off(self: Arc<Self>, request: Request) -> Response<Bytes> {
        match self.session(&request.headers).await {
            Some(_) => pages::page(&request, StatusCode::OK, Said::SignOff, &Below::SignOffButton),
            None => pages::page(&request, StatusCode::OK, Said::SignedOff, &Below::Nothing),
        }
    }

    /// Signs a browser off; all that was granted by its sign-on ends with it.
    pub(crate) async fn sign_off(self: Arc<Self>, request: Request) -> Response<Bytes> {
        if !is_from_own_page(&request) {
            return pages::page(&request, StatusCode::FORBIDDEN, Said::Request, &Below::Reference);
        }
        if let Some((digest, _)) = self.session(&request.headers).await {
            let random = self.port.random::<16>().unwrap_or_default();
            let id = InputId::new("sign_off", hexadecimal(&random));
            let command = Command::Identity(IdentityCommand::EndSignOn { digest });
            if let Err(error) = self.port.submit(Input::command(id, command)).await {
                tracing::warn!(reference = request.reference, %error, "somebody could not be signed off");
                let status = StatusCode::SERVICE_UNAVAILABLE;
                return pages::page(&request, status, Said::Unavailable, &Below::Reference);
            }
        }
        let mut answer = pages::page(&request, StatusCode::OK, Said::SignedOff, &Below::Nothing);
        pages::add_cookie(
            &mut answer,
            &format!("{SESSION_COOKIE}=; {SESSION_ATTRIBUTES}; Max-Age=0"),
        );
        answer
    }
}

/// Another site's page must sign nobody off.
fn is_from_own_page(request: &Request) -> bool {
    let site = request.headers.get("sec-fetch-site").map(|it| it.as_bytes());
    match (site, request.headers.get(ORIGIN).and_then(|it| it.to_str().ok())) {
        (Some(site), _) => site == b"same-origin",
        (None, Some(origin)) => origin.eq_ignore_ascii_case(&request.peer.base),
        (None, None) => false,
    }
}

fn not_configured() -> Response<Bytes> {
    pages::json(
        StatusCode::SERVICE_UNAVAILABLE,
        &json!({"error": "service_unavailable", "error_description": "no identity service is set up"}),
    )
}

/// What pages of any site may read, and everybody keeps for a while.
fn published(body: &Value, seconds: u64) -> Response<Bytes> {
    let mut answer = pages::json(StatusCode::OK, body);
    pages::set(&mut answer, CACHE_CONTROL, &format!("public, max-age={seconds}"));
    pages::set(&mut answer, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    let name = HeaderName::from_static("cross-origin-resource-policy");
    pages::set(&mut answer, name, "cross-origin");
    answer
}
