//! The assertion consumer: what an IdP posts through a browser (IDS-03, IDS-04).
//!
//! ```text
//!   form --flow of this browser--> judged --used up, sign-on kept, in one commit--> code to the application
//!      `-- anything else: a plain page with a number; the reason is in the log
//! ```

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{
    Command, IdentityCommand, Input, InputId, Person, Refusal, SignOnSession, Timestamp, TrustTest,
};
use engine::Outcome;
use engine::recorder::{Link, Way};
use engine::surface::Request;
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use protocols::saml::{Expected, Proven, SamlReason, SamlRefused, judge, read_form};

use crate::Identity;
use crate::authorize::{SESSION_ATTRIBUTES, SESSION_COOKIE};
use crate::flow::{self, Flow, Purpose};
use crate::making::hexadecimal;
use crate::pages::{self, Below, Said};
use crate::site::{Site, sha256};

/// Messages of IdPs are far smaller; larger ones are judged apart.
const LARGE_BYTES: usize = 32 * 1024;
/// A request that was answered is remembered at least for as long as its flow lasts.
const REMEMBERED_MIN: Duration = Duration::from_secs(900);
/// Why nobody was signed on.
enum Unproven {
    /// The browser has no such flow.
    Flow,
    /// The message was refused.
    Message(SamlRefused),
    /// It was used before.
    Replayed,
    /// Nothing can be kept now.
    Unavailable,
}

impl Identity {
    /// Answers what an IdP posted.
    pub(crate) async fn consume(self: Arc<Self>, request: Request) -> Response<Bytes> {
        let site = self.site();
        let content_type = request.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let posted = match read_form(content_type, &request.body) {
            Ok(posted) => posted,
            Err(refused) => {
                return self.unproven(&request, None, &Unproven::Message(refused)).await;
            }
        };
        let handle = posted.relay_state.as_deref().unwrap_or_default();
        let Some(flow) = self.flows.of(&request.headers, handle, self.now()) else {
            return self.unproven(&request, None, &Unproven::Flow).await;
        };
        let judged = match posted.xml.len() > LARGE_BYTES {
            true => self.judged_apart(&site, &flow, posted.xml).await,
            false => self.judged(&site, &flow, &posted.xml),
        };
        let mut answer = match judged {
            Ok(proven) => match self.proven(&request, &site, &flow, proven).await {
                Ok(answer) => answer,
                Err(unproven) => self.unproven(&request, Some(&flow), &unproven).await,
            },
            Err(refused) => self.unproven(&request, Some(&flow), &Unproven::Message(refused)).await,
        };
        pages::add_cookie(&mut answer, &flow::end(handle));
        answer
    }

    /// Judges a large message on a thread that may be busy with it, one at a time: whoever sends many keeps no phone
    /// waiting.
    async fn judged_apart(
        self: &Arc<Self>,
        site: &Arc<Site>,
        flow: &Flow,
        xml: Vec<u8>,
    ) -> Result<Proven, SamlRefused> {
        let unjudged = || SamlRefused::new(SamlReason::TooLarge, "it could not be judged");
        let _turn = self.judging.acquire().await.map_err(|_| unjudged())?;
        let (me, site, flow) = (Arc::clone(self), Arc::clone(site), flow.clone());
        let judging = tokio::task::spawn_blocking(move || me.judged(&site, &flow, &xml));
        judging.await.unwrap_or_else(|_| Err(unjudged()))
    }

    fn judged(&self, site: &Site, flow: &Flow, xml: &[u8]) -> Result<Proven, SamlRefused> {
        let identity = site.identity();
        let missing = |what| SamlRefused::new(SamlReason::NoKey, what);
        let provider = site.providers.get(&flow.provider);
        let provider = provider.ok_or_else(|| missing("the identity provider was removed"))?;
        let own = site.entity_id().ok_or_else(|| missing("no host is in the settings"))?;
        let expected = Expected {
            idp_entity_id: &provider.metadata.entity_id,
            own_entity_id: own,
            destinations: &site.destinations(),
            request_id: &flow.request,
            now_millis: self.now().microseconds() / 1_000,
            skew_seconds: identity.clock_skew_seconds,
            response_age_seconds: identity.response_age_seconds,
            accept_ecdsa: identity.accept_ecdsa,
            accept_misprinted_name_id_format: identity.accept_misprinted_name_id_format,
            relaxed_user_principal: identity.relaxed_user_principal,
        };
        match flow.purpose {
            // Keys of before would prove nothing of the metadata that are tested, and go once those are proven.
            Purpose::Test { .. } => judge(xml, &provider.metadata.keys, &expected),
            Purpose::Application(_) => judge(xml, &provider.keys(), &expected),
        }
    }

    /// Somebody is proven; it counts once.
    async fn proven(
        &self,
        request: &Request,
        site: &Site,
        flow: &Flow,
        proven: Proven,
    ) -> Result<Response<Bytes>, Unproven> {
        let now = self.now();
        let provider = &flow.provider;
        let used = [
            format!("request\0{}", flow.request),
            format!("response\0{provider}\0{}", proven.response_id),
            format!("assertion\0{provider}\0{}", proven.assertion_id),
        ];
        let used: Vec<_> = used.iter().map(|text| sha256(text.as_bytes())).collect();
        let remembered_until =
            Timestamp::from_seconds(proven.not_on_or_after).max(now.after(REMEMBERED_MIN));
        let person = Person {
            provider: provider.clone(),
            uid: proven.uid.clone(),
            principal: proven.user_principal.clone(),
        };
        let is_test = matches!(flow.purpose, Purpose::Test { .. });
        let cookie = hexadecimal(&self.port.random::<32>().ok_or(Unproven::Unavailable)?);
        let number = hexadecimal(&self.port.random::<8>().ok_or(Unproven::Unavailable)?);
        let ends_at = now.after(site.refresh_lasting());
        let until = proven.session_not_on_or_after.map(Timestamp::from_seconds);
        let session = SignOnSession {
            person: person.clone(),
            number,
            began_at: now,
            ends_at: until.map_or(ends_at, |until| until.min(ends_at)),
            from: request.peer.address.to_string(),
            families: Vec::new(),
        };
        let digest = sha256(cookie.as_bytes());
        let begun = (!is_test).then(|| (digest.clone(), Box::new(session.clone())));
        let id = InputId::new("sign_on", used.first().cloned().unwrap_or_default() + "/" + &digest);
        let command = IdentityCommand::BeginSignOn { used, remembered_until, session: begun };
        match self.port.submit(Input::command(id, Command::Identity(command))).await {
            Ok(Outcome::Done(_)) => {}
            Ok(Outcome::Refused(Refusal::UsedAlready)) => return Err(Unproven::Replayed),
            Ok(_) => return Err(Unproven::Unavailable),
            Err(error) => {
                tracing::warn!(%error, "a sign-on could not be kept");
                return Err(Unproven::Unavailable);
            }
        }
        self.figures.sign_ons.with(&["proven"]).increment();
        self.port.recorder().note(Link::Identity, Way::In, "proves somebody", |note| {
            note.peer(provider).agent(&person.uid).text("reference", &request.reference);
        });
        let (uid, skew_millis) = (&person.uid, proven.skew_millis);
        tracing::info!(
            reference = request.reference,
            uid,
            provider,
            skew_millis,
            is_test,
            "somebody was proven"
        );
        match &flow.purpose {
            Purpose::Test { .. } => {
                self.note_test(flow, Ok(&person)).await;
                let words = format!("{} ({})", person.uid, person.principal);
                let below = Below::Words(words);
                Ok(pages::page(request, StatusCode::OK, Said::Passed, &below))
            }
            Purpose::Application(wanted) => {
                let place = self.give_code(site, wanted, &digest, &session).await;
                let mut answer = pages::elsewhere(&place.ok_or(Unproven::Unavailable)?);
                let seconds = session.ends_at.since(now).as_secs();
                let cookie =
                    format!("{SESSION_COOKIE}={cookie}; {SESSION_ATTRIBUTES}; Max-Age={seconds}");
                pages::add_cookie(&mut answer, &cookie);
                Ok(answer)
            }
        }
    }

    /// Nobody is: a plain page with a number, and the reason in the log.
    async fn unproven(
        &self,
        request: &Request,
        flow: Option<&Flow>,
        unproven: &Unproven,
    ) -> Response<Bytes> {
        let reference = &request.reference;
        let provider = flow.map(|flow| flow.provider.as_str());
        let (name, said, status, reason) = match unproven {
            Unproven::Flow => {
                tracing::warn!(
                    reference,
                    "an answer of an identity provider belongs to no request of that browser, or came too \
                     late"
                );
                let words = "it belongs to no request of this browser, or came too late".to_owned();
                ("flow_over", Said::FlowOver, StatusCode::BAD_REQUEST, words)
            }
            Unproven::Message(refused) => {
                tracing::warn!(
                    reference, provider, reason = refused.reason.name(), %refused,
                    "an answer of an identity provider is refused"
                );
                let said = match refused.reason {
                    SamlReason::Status => Said::Provider,
                    _ => Said::Refused,
                };
                (refused.reason.name(), said, StatusCode::FORBIDDEN, refused.to_string())
            }
            Unproven::Replayed => {
                tracing::warn!(reference, provider, "an answer of an identity provider came again");
                let words = "the same answer was used before".to_owned();
                ("replayed", Said::FlowOver, StatusCode::FORBIDDEN, words)
            }
            Unproven::Unavailable => {
                tracing::warn!(reference, provider, "a sign-on could not be kept");
                let words = "the store does not work now".to_owned();
                ("unavailable", Said::Unavailable, StatusCode::SERVICE_UNAVAILABLE, words)
            }
        };
        self.figures.sign_ons.with(&[name]).increment();
        self.port.recorder().note(Link::Identity, Way::In, "proves nobody", |note| {
            note.peer(provider.unwrap_or("nobody"))
                .text("result", name)
                .text("reference", reference);
        });
        match flow {
            Some(flow) if matches!(flow.purpose, Purpose::Test { .. }) => {
                self.note_test(flow, Err(&reason)).await;
                pages::page(request, status, Said::Failed, &Below::Words(reason))
            }
            _ => pages::page(request, status, said, &Below::Reference),
        }
    }

    /// Keeps what came of a test.
    async fn note_test(&self, flow: &Flow, came: Result<&Person, &str>) {
        let Purpose::Test { component, trust, key, metadata } = &flow.purpose else { return };
        let site = self.site();
        let test = TrustTest {
            at: self.now(),
            passed: came.is_ok(),
            reason: came.err().map(str::to_owned),
            who: came.ok().map(|person| person.principal.clone()),
            trust: trust.clone(),
        };
        let text = site.settings.identity_providers.get(&flow.provider);
        let text = text.and_then(|provider| provider.metadata.clone());
        let is_same = text.as_ref().is_some_and(|text| sha256(text.as_bytes()) == *metadata);
        let proven = came.is_ok() && is_same;
        let proven = text.filter(|_| proven).map(|text| (flow.provider.clone(), text));
        let command = IdentityCommand::NoteTest {
            component: component.clone(),
            test,
            proven,
            key: came.is_ok().then(|| key.clone()),
        };
        self.keep_test(&flow.request, command).await;
    }

    /// Keeps a test under that id.
    pub(crate) async fn keep_test(&self, id: &str, command: IdentityCommand) {
        let id = InputId::new("trust_test", id);
        if let Err(error) = self.port.submit(Input::command(id, Command::Identity(command))).await {
            tracing::warn!(%error, "what came of a test of single sign-on is not kept");
        }
    }
}
