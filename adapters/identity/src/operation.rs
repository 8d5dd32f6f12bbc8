//! What administrators do: tests of the trust, new keys, new metadata, and how it all stands.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use domain::{
    IdentityCommand, IdentityState, Person, Sealed, Secret, Timestamp, TrustTest, why_not_enabled,
};
use engine::surface::Request;
use http::{Response, StatusCode};
use protocols::saml::read_metadata;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Identity;
use crate::discovery::JWKS_SECONDS;
use crate::flow::Purpose;
use crate::pages::{self, Below, Said};
use crate::service::{Kinds, SAID_IDENTITY, Start, Unkept};

/// For how long the link of a test is good.
const TICKET_LASTING: Duration = Duration::from_secs(600);
const TICKET_PURPOSE: &str = "identity_test_ticket";
const RESULT_PURPOSE: &str = "identity_test_result";
/// The beginning of names of components: the identity service of a node.
pub const IDENTITY_COMPONENT: &str = "identity/";
/// The same of a node's console.
pub const CONSOLE_COMPONENT: &str = "console/";
/// The most bytes of metadata that are fetched.
const METADATA_BYTES_MAX: usize = 262_144;

/// The link of a test.
#[derive(Serialize, Deserialize)]
struct Ticket {
    component: String,
    until: Timestamp,
}

/// What came of a test, on its way to a page.
#[derive(Serialize, Deserialize)]
struct ToldResult {
    passed: bool,
    words: String,
    until: Timestamp,
}

/// Applications that do not take part in single sign-on, with the reason.
const OUTSIDE: [(&str, &str); 5] = [
    ("IP phones", "they have no browser; a PIN may be allowed instead of the password"),
    (
        "Identity service administration",
        "local accounts always sign in, so that a broken trust can be mended",
    ),
    ("Command line and admin socket", "whoever may use the machine is trusted"),
    ("Desktop chat", "it signs in at its own server"),
    ("Access tokens of the REST interface", "they were given out before, to programs"),
];

impl Identity {
    /// The components that take part, of every node that is there.
    pub fn components(&self) -> BTreeSet<String> {
        let nodes = self.port.nodes();
        let nodes = nodes.iter().filter(|node| node.live && !node.left);
        let has = nodes.filter(|node| node.said.contains_key(SAID_IDENTITY));
        let names = has.map(|node| node.node.as_str().to_owned());
        let own = self.port.node().as_str().to_owned();
        let names: BTreeSet<_> = names.chain([own]).collect();
        let of = |name: &String| {
            [IDENTITY_COMPONENT, CONSOLE_COMPONENT].map(|kind| format!("{kind}{name}"))
        };
        names.iter().flat_map(of).collect()
    }

    /// A digest of what is trusted now, with the SAML key that is newest.
    pub fn trust(&self) -> String {
        let keyring = self.keyring();
        self.site().trust(keyring.saml_newest().map_or("", |signer| signer.id.as_str()))
    }

    /// Why single sign-on must stay off.
    pub fn why_not(&self) -> Vec<String> {
        let tests = self.port.trust_tests().borrow().clone();
        why_not_enabled(&self.components(), &tests, &self.trust())
    }

    /// What stands in the link of a test; `None` where the machine gives no randomness.
    pub fn test_ticket(&self, component: &str) -> Option<String> {
        let until = self.now().after(TICKET_LASTING);
        let ticket = Ticket { component: component.to_owned(), until };
        let text = serde_json::to_string(&ticket).ok()?;
        let sealed = self.sealing.seal(TICKET_PURPOSE, &Secret::new(text))?;
        Some(sealed.as_text().to_owned())
    }

    /// The component that a ticket is for, while it is good.
    pub fn ticket_is_for(&self, ticket: &str) -> Option<String> {
        let text = self.sealing.unseal(TICKET_PURPOSE, &Sealed::from_text(ticket)).ok()?;
        let ticket: Ticket = serde_json::from_str(text.expose()).ok()?;
        (self.now() < ticket.until).then_some(ticket.component)
    }

    /// Where the identity service of that node is.
    pub fn origin_of(&self, node: &str) -> Option<String> {
        if node == self.port.node().as_str() {
            return self.said().split_once(' ').map(|(_, origin)| origin.to_owned());
        }
        let nodes = self.port.nodes();
        let found = nodes.iter().find(|seen| seen.node.as_str() == node && seen.live)?;
        found.said.get(SAID_IDENTITY)?.split_once(' ').map(|(_, origin)| origin.to_owned())
    }

    /// Where a browser is told what came of a test.
    pub fn result_link(&self, came: Result<&Person, &str>) -> String {
        let told = ToldResult {
            passed: came.is_ok(),
            words: match came {
                Ok(person) => format!("{} ({})", person.uid, person.principal),
                Err(words) => words.to_owned(),
            },
            until: self.now().after(TICKET_LASTING),
        };
        let text = serde_json::to_string(&told).unwrap_or_default();
        let sealed = self.sealing.seal(RESULT_PURPOSE, &Secret::new(text));
        let sealed = sealed.map(|it| it.as_text().to_owned()).unwrap_or_default();
        format!("{}/ids/v1/test?result={sealed}", self.base())
    }

    /// The page of a test's result.
    fn result(&self, request: &Request, sealed: &str) -> Response<Bytes> {
        let told = self.sealing.unseal(RESULT_PURPOSE, &Sealed::from_text(sealed)).ok();
        let told: Option<ToldResult> =
            told.and_then(|text| serde_json::from_str(text.expose()).ok());
        match told.filter(|told| self.now() < told.until) {
            Some(told) => {
                let said = if told.passed { Said::Passed } else { Said::Failed };
                pages::page(request, StatusCode::OK, said, &Below::Words(told.words))
            }
            None => pages::page(request, StatusCode::GONE, Said::LinkOver, &Below::Nothing),
        }
    }

    /// Begins a test: whoever has its link is sent to the IdP, whoever is signed on here or not.
    pub(crate) fn test(&self, request: &Request) -> Response<Bytes> {
        let query = request.uri.query().unwrap_or_default();
        if let Some(sealed) = query.strip_prefix("result=") {
            return self.result(request, sealed);
        }
        let ticket = query.strip_prefix("ticket=").unwrap_or_default();
        let Some(component) = self.ticket_is_for(ticket) else {
            return pages::page(request, StatusCode::GONE, Said::LinkOver, &Below::Nothing);
        };
        let (site, keyring) = (self.site(), self.keyring());
        let purpose = Purpose::Test {
            component,
            trust: self.trust(),
            key: keyring.saml_newest().map(|signer| signer.id.clone()).unwrap_or_default(),
            metadata: site.provider().map(|it| it.digest.clone()).unwrap_or_default(),
        };
        self.ask_provider(request, &site, purpose)
    }

    /// Keeps what came of the test of a component that is tested by others than this service.
    pub async fn note_component(&self, component: &str, came: Result<&Person, &str>, id: &str) {
        let test = TrustTest {
            at: self.now(),
            passed: came.is_ok(),
            reason: came.err().map(str::to_owned),
            who: came.ok().map(|person| person.principal.clone()),
            trust: self.trust(),
        };
        let component = component.to_owned();
        let command = IdentityCommand::NoteTest { component, test, proven: None, key: None };
        self.keep_test(id, command).await;
    }

    /// Makes keys anew. What the old ones made stays good, unless `invalidates`.
    pub async fn renew_keys(&self, kinds: Kinds, invalidates: bool) -> Result<(), Unkept> {
        let entity_id = self.site().entity_id().map(str::to_owned).ok_or(Unkept::Unmade)?;
        let keys = self.port.identity_keys().borrow().clone();
        let start = match (invalidates, keys.number) {
            (true, _) => Start::Alone,
            (false, 0) => Start::Now,
            // Applications must have seen a key before they meet it.
            (false, _) => Start::At(self.now().after(Duration::from_secs(JWKS_SECONDS * 2))),
        };
        let kinds = match keys.number {
            0 => Kinds { signing: true, encryption: true, saml: true },
            _ => kinds,
        };
        let made = self.made(entity_id, kinds, &keys, start).await?;
        self.keep(made).await
    }

    /// Signs requests with the next SAML key from now on.
    pub async fn activate_saml_key(&self) -> Result<(), Unkept> {
        let keys = self.port.identity_keys().borrow().clone();
        let mut keys = keys.as_ref().clone();
        if keys.saml.len() < 2 {
            return Ok(());
        }
        keys.saml = keys.saml.pop().into_iter().collect();
        keys.number += 1;
        self.keep(keys).await
    }

    /// Fetches an IdP's metadata from its URL, and reads it; what was fetched is not kept by this.
    pub async fn fetch_metadata(&self, provider: &str) -> Result<String, String> {
        let site = self.site();
        let found = site.settings.identity_providers.get(provider);
        let found = found.ok_or_else(|| "there is no such identity provider".to_owned())?;
        let url = found.metadata_url.clone();
        let url = url.ok_or_else(|| "it has no metadata_url".to_owned())?;
        let bytes = (self.fetch)(url, METADATA_BYTES_MAX).await?;
        let now = self.now().seconds();
        let read = read_metadata(&bytes, found.entity_id.as_deref(), now);
        read.map_err(|refused| refused.to_string())?;
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
    }

    /// How single sign-on stands, for people.
    pub fn overview(&self) -> Value {
        let (site, keyring, now) = (self.site(), self.keyring(), self.now());
        let tests = self.port.trust_tests().borrow().clone();
        let trust = self.trust();
        let told = |name: &str| tests.tests.get(name).map(|test| told_test(test, &trust));
        let why_not = self.why_not();
        let keys = &keyring.keys;
        let since = |at: Timestamp| at.seconds();
        let signing = keys.signing.iter().map(|key| {
            json!({
                "id": key.id, "algorithm": key.algorithm.name(),
                "state": keys.signing_state(key, now).name(), "since": since(key.made_at),
                "active_from": since(key.active_from),
            })
        });
        let encryption = keys.encryption.iter().map(|key| {
            json!({
                "id": key.id, "state": keys.encryption_state(key, now).name(),
                "since": since(key.made_at), "active_from": since(key.active_from),
            })
        });
        let saml = keys.saml.iter().enumerate().map(|(at, key)| {
            json!({
                "id": key.id, "state": if at == 0 { "active" } else { "next" },
                "sha256": key.id, "not_after": since(key.not_after), "since": since(key.made_at),
                "entity_id": key.entity_id,
            })
        });
        let components = self.components();
        let components = components.iter().map(|name| {
            let (kind, node) = name.split_once('/').unwrap_or((name, ""));
            json!({"name": name, "kind": kind, "node": node, "tested": told(name)})
        });
        let own = format!("{IDENTITY_COMPONENT}{}", self.port.node());
        let nodes = self.nodes_overview();
        let publisher = nodes.iter().find(|node| node.get("publisher") == Some(&Value::Bool(true)));
        let publisher = publisher.and_then(|node| node.get("node")).cloned();
        let providers = site.settings.identity_providers.values().map(|provider| {
            let read = site.providers.get(&provider.name);
            let certificates = read.map(|read| {
                let list = read.metadata.certificates.iter().map(|it| {
                    json!({"sha256": it.sha256_hex, "subject": it.subject, "not_after": it.not_after})
                });
                list.collect::<Vec<_>>()
            });
            let proven = tests.proven.get(&provider.name);
            let is_used = site.provider().is_some_and(|used| used.name == provider.name);
            json!({
                "name": provider.name,
                "is_used": is_used,
                "entity_id": read.map(|read| &read.metadata.entity_id),
                "sso_url": read.map(|read| &read.metadata.sso_post_url),
                "certificates": certificates.unwrap_or_default(),
                "warnings": read.map(|read| read.metadata.warnings.clone()).unwrap_or_default(),
                "metadata_url": provider.metadata_url,
                "tested": is_used.then(|| told(&own)).flatten(),
                "changed_since_test": proven != provider.metadata.as_ref(),
            })
        });
        json!({
            "mode": if site.identity().single_sign_on { "on" } else { "off" },
            "entity_id": site.entity_id(),
            "issuer": site.issuer(),
            "acs": site.acs_urls(),
            "can_enable": why_not.is_empty(),
            "why_not": why_not,
            "nodes": nodes,
            "publisher": publisher,
            "providers": providers.collect::<Vec<_>>(),
            "keys": {
                "signing": signing.collect::<Vec<_>>(),
                "encryption": encryption.collect::<Vec<_>>(),
                "saml": saml.collect::<Vec<_>>(),
            },
            "components": components.collect::<Vec<_>>(),
            "outside": OUTSIDE.map(|(name, why)| json!({"name": name, "why": why})),
        })
    }

    fn nodes_overview(&self) -> Vec<Value> {
        let (site, keyring) = (self.site(), self.keyring());
        let saml = keyring.keys.saml_current();
        let certificate =
            saml.map(|key| json!({"sha256": key.id, "not_after": key.not_after.seconds()}));
        let told = |node: &str, state: IdentityState, origin: &str, reasons: Vec<Value>| {
            let at = site.origins.iter().position(|it| it == origin);
            json!({
                "node": node,
                "host": origin.strip_prefix("https://").unwrap_or(origin),
                "publisher": at == Some(0),
                "state": state.name(),
                "reasons": reasons,
                "certificate": certificate,
                "acs": at.and_then(|at| site.acs_urls().into_iter().nth(at)),
            })
        };
        let (state, reasons) = self.state();
        let reasons = reasons.iter();
        let reasons = reasons.map(|it| json!({"code": it.name(), "message": it.words()})).collect();
        let own_said = self.said();
        let origin = own_said.split_once(' ').map_or("", |(_, origin)| origin);
        let own = told(self.port.node().as_str(), state, origin, reasons);
        let nodes = self.port.nodes();
        let others = nodes.iter().filter(|seen| seen.node != *self.port.node() && !seen.left);
        let others = others.filter_map(|seen| {
            let (state, origin) = seen.said.get(SAID_IDENTITY)?.split_once(' ')?;
            let state = IdentityState::of_name(state).filter(|_| seen.live);
            let state = state.unwrap_or(IdentityState::OutOfService);
            let why = match (seen.live, state) {
                (false, _) => vec![json!({"code": "gone", "message": "the node is gone"})],
                (true, IdentityState::InService) => Vec::new(),
                (true, _) => {
                    vec![json!({"code": "ask_there", "message": "its own console tells why"})]
                }
            };
            Some(told(seen.node.as_str(), state, origin, why))
        });
        let mut all: Vec<_> = others.chain([own]).collect();
        all.sort_by_key(|node| node.get("node").map(Value::to_string));
        all
    }
}

fn told_test(test: &TrustTest, trust: &str) -> Value {
    json!({
        "at": test.at.seconds(),
        "passed": test.passed,
        "reason": test.reason,
        "who": test.who,
        "is_current": test.trust == trust,
    })
}
