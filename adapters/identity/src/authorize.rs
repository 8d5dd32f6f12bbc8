//! An application sends a browser for a code (RFC 6749, section 4.1.1; RFC 7636; RFC 9207; RFC 9700).
//!
//! ```text
//!   request --application, address--> page, never a redirect
//!           --the rest--> error to the application
//!           --signed on?--> yes: code to the application
//!                       `-> no: request to the IdP, the flow in a cookie
//! ```

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::settings::OauthClientKind;
use domain::{
    AuthorizationCode, Command, IdentityCommand, IdentityState, Input, InputId, SignOnSession,
};
use engine::Outcome;
use engine::recorder::{Link, Way};
use engine::surface::Request;
use http::{HeaderMap, Response, StatusCode};
use protocols::oauth::{
    AuthorizeErrorCode, AuthorizeRefused, AuthorizeRequest, is_registered, redirect_with,
};
use protocols::saml::{AuthnRequest, post_form};
use serde_json::json;

use crate::Identity;
use crate::flow::{self, Flow, Purpose, Wanted};
use crate::keyring::SamlSigner;
use crate::making::hexadecimal;
use crate::pages::{self, Below, Said};
use crate::site::{Provider, Site, sha256};

/// The cookie of a sign-on.
pub(crate) const SESSION_COOKIE: &str = "__Host-jackfield-sso";
/// Other sites may send a browser here, and the cookie must come along then.
pub(crate) const SESSION_ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";
/// The most scopes of a grant.
const SCOPES_MAX: usize = 16;

impl Identity {
    /// Answers a request of the authorization endpoint.
    pub(crate) async fn authorize(self: Arc<Self>, request: Request) -> Response<Bytes> {
        let site = self.site();
        let query = match request.method == http::Method::POST {
            true => request.body.as_ref(),
            false => request.uri.query().unwrap_or_default().as_bytes(),
        };
        let asked = match AuthorizeRequest::parse(query) {
            Ok(asked) => asked,
            Err(refused) => return self.not_sent_on(&request, &refused),
        };
        let Some(client) = self.client(&site, &asked.client_id) else {
            return self.not_sent_on(&request, &AuthorizeRefused::Client);
        };
        if !is_registered(&asked.redirect_uri, &self.redirect_urls(&client), client.native) {
            return self.not_sent_on(&request, &AuthorizeRefused::RedirectUri);
        }
        let issuer = site.issuer().unwrap_or_default().to_owned();
        let told = |code: AuthorizeErrorCode, description: &str| {
            let mut parameters = vec![("error", code.name()), ("error_description", description)];
            parameters.extend(asked.state.as_deref().map(|state| ("state", state)));
            parameters.push(("iss", &issuer));
            pages::elsewhere(&redirect_with(&asked.redirect_uri, &parameters))
        };
        let is_required = client.pkce_required || client.kind == OauthClientKind::Public;
        let demand = match asked.demand(is_required) {
            Ok(demand) => demand,
            Err((code, description)) => {
                self.figures.authorized.with(&["request"]).increment();
                tracing::info!(
                    reference = request.reference,
                    client = client.name,
                    description,
                    "an application's request for a code is refused"
                );
                return told(code, description);
            }
        };
        let scope = asked.scope.as_deref().unwrap_or_default().split(' ');
        let scope: Vec<_> = scope.filter(|it| !it.is_empty()).map(str::to_owned).collect();
        if scope.len() > SCOPES_MAX {
            return told(AuthorizeErrorCode::InvalidScope, "too many scopes are asked for");
        }
        let wanted = Wanted {
            client_id: client.client_id.clone(),
            redirect_uri: asked.redirect_uri.clone(),
            state: asked.state.clone(),
            challenge: demand.challenge,
            scope,
        };
        if !flow::can_carry(&wanted) {
            return told(AuthorizeErrorCode::InvalidRequest, "state and scope are too long");
        }
        if let Some((digest, session)) = self.session(&request.headers).await {
            match self.give_code(&site, &wanted, &digest, &session).await {
                Some(place) => return pages::elsewhere(&place),
                None => return told(AuthorizeErrorCode::TemporarilyUnavailable, "try again"),
            }
        }
        self.ask_provider(&request, &site, Purpose::Application(wanted))
    }

    /// The sign-on of this browser.
    pub(crate) async fn session(
        &self,
        headers: &HeaderMap,
    ) -> Option<(String, Box<SignOnSession>)> {
        let mut found = flow::pairs(headers).filter(|(name, _)| *name == SESSION_COOKIE);
        // Two of one name: somebody tossed one in.
        let ((_, value), None) = (found.next()?, found.next()) else { return None };
        if value.len() > 64 {
            return None;
        }
        let digest = sha256(value.as_bytes());
        let session = self.port.sign_on_session(&digest).await.ok()??;
        let is_provider = self.site().providers.contains_key(&session.person.provider);
        (is_provider && self.now() < session.ends_at).then_some((digest, session))
    }

    /// Where the browser goes with a code; `None` where none can be kept now.
    pub(crate) async fn give_code(
        &self,
        site: &Site,
        wanted: &Wanted,
        session: &str,
        of: &SignOnSession,
    ) -> Option<String> {
        let code = hexadecimal(&self.port.random::<32>()?);
        let digest = sha256(code.as_bytes());
        let now = self.now();
        let kept = AuthorizationCode {
            client_id: wanted.client_id.clone(),
            redirect_uri: wanted.redirect_uri.clone(),
            challenge: wanted.challenge.clone(),
            person: of.person.clone(),
            session: session.to_owned(),
            scope: wanted.scope.clone(),
            ends_at: now.after(site.code_lasting()),
            kept_until: now.after(site.refresh_lasting()),
            family: None,
        };
        let id = InputId::new("authorization_code", &digest);
        let command =
            Command::Identity(IdentityCommand::IssueCode { digest, code: Box::new(kept) });
        match self.port.submit(Input::command(id, command)).await {
            Ok(Outcome::Done(_)) => {}
            Ok(_) => return None,
            Err(error) => {
                tracing::warn!(%error, "a code could not be kept");
                return None;
            }
        }
        self.figures.authorized.with(&["code"]).increment();
        let mut parameters = vec![("code", code.as_str())];
        parameters.extend(wanted.state.as_deref().map(|state| ("state", state)));
        parameters.push(("iss", site.issuer()?));
        Some(redirect_with(&wanted.redirect_uri, &parameters))
    }

    /// Sends the browser to the IdP.
    pub(crate) fn ask_provider(
        &self,
        request: &Request,
        site: &Site,
        purpose: Purpose,
    ) -> Response<Bytes> {
        if !is_navigation(&request.headers) {
            self.figures.authorized.with(&["request"]).increment();
            let reference = &request.reference;
            tracing::info!(reference, "what is no page of its own asks for a sign-on");
            return pages::page(request, StatusCode::FORBIDDEN, Said::Request, &Below::Reference);
        }
        let (state, reasons) = self.state();
        let keyring = self.keyring();
        let is_test = matches!(purpose, Purpose::Test { .. });
        // A test is how one finds out why it does not work.
        let may = state == IdentityState::InService || is_test;
        let signer = if is_test { keyring.saml_newest() } else { keyring.saml_current() };
        let sent = match (may, signer, site.provider()) {
            (true, Some(signer), Some(provider)) => {
                self.sent(request, site, signer, provider, purpose)
            }
            _ => None,
        };
        match sent {
            Some(answer) => {
                self.figures.authorized.with(&["sent_to_provider"]).increment();
                answer
            }
            None => {
                let why: Vec<_> = reasons.iter().map(|reason| reason.name()).collect();
                tracing::warn!(
                    reference = request.reference,
                    state = state.name(),
                    why = why.join(", "),
                    "nobody can sign on"
                );
                self.unavailable(request)
            }
        }
    }

    fn sent(
        &self,
        request: &Request,
        site: &Site,
        signer: &SamlSigner,
        provider: &Provider,
        purpose: Purpose,
    ) -> Option<Response<Bytes>> {
        let id = format!("s2{}", hexadecimal(&self.port.random::<20>()?));
        let handle = flow::handle(self.port.random::<4>()?);
        let now = self.now();
        let authn = AuthnRequest {
            id: &id,
            issuer: site.entity_id()?,
            destination: &provider.metadata.sso_post_url,
            acs_url: &site.own_acs_url()?,
            issued_at: now.seconds(),
        };
        let xml = authn.signed(&signer.certificate, |message| signer.sign(message))?;
        let flow =
            Flow { request: id.clone(), provider: provider.name.clone(), begun_at: now, purpose };
        let cookie = self.flows.cookie(&flow, &handle)?;
        self.port.recorder().note(Link::Identity, Way::Out, "asks who somebody is", |note| {
            note.peer(&provider.name).text("reference", &request.reference);
        });
        let (script, style) = (pages::SCRIPT_PATH, pages::STYLE_PATH);
        let page = post_form(&provider.metadata.sso_post_url, &xml, &handle, script, style);
        let mut answer = pages::sending(page);
        for end in flow::ends_of_surplus(&request.headers, &cookie) {
            pages::add_cookie(&mut answer, &end);
        }
        pages::add_cookie(&mut answer, &cookie);
        Some(answer)
    }

    /// Said where nobody can sign on now: a page for people, the original's JSON for programs.
    pub(crate) fn unavailable(&self, request: &Request) -> Response<Bytes> {
        self.figures.authorized.with(&["unavailable"]).increment();
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut answer = match pages::wants_page(request) {
            true => pages::page(request, status, Said::Unavailable, &Below::Reference),
            false => pages::json(
                status,
                &json!({
                    "error": "service_unavailable",
                    "error_description": "the identity service is not in service",
                }),
            ),
        };
        let seconds = Duration::from_secs(30).as_secs().to_string();
        pages::set(&mut answer, http::header::RETRY_AFTER, &seconds);
        answer
    }

    /// Said here, since nobody knows where else it could go.
    fn not_sent_on(&self, request: &Request, refused: &AuthorizeRefused) -> Response<Bytes> {
        let (status, said, result) = match refused {
            AuthorizeRefused::Client | AuthorizeRefused::RedirectUri => {
                (StatusCode::UNAUTHORIZED, Said::Application, "application")
            }
            AuthorizeRefused::Request(_) => (StatusCode::BAD_REQUEST, Said::Request, "request"),
        };
        self.figures.authorized.with(&[result]).increment();
        let reference = &request.reference;
        tracing::warn!(reference, %refused, "an application's request for a code is not sent on");
        match pages::wants_page(request) {
            true => pages::page(request, status, said, &Below::Reference),
            false => pages::json(
                status,
                &json!({"error": refused.name(), "error_description": refused.to_string()}),
            ),
        }
    }
}

/// Whether a person is on the way here, as far as the browser says. Any page may ask for pictures and frames from
/// here, many at once, and each would leave a flow's cookie: more than fit into a request of that browser.
fn is_navigation(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-dest").is_none_or(|destination| destination == "document")
}
