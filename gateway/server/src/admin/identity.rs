//! What an administrator does about single sign-on: look, test, switch, keys, metadata, applications.
//!
//! What is kept in the settings is changed as any other settings are, so that it is judged, told to all nodes and
//! written to the audit log alike. Keys are no settings: the identity service keeps those itself.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use console::{Context, ETAG_PURPOSE, Failure, etag};
use domain::settings::{
    OauthClient, OauthClientKind, Reader, Section, SettingDocument, export_document,
};
use domain::{Deed, InputId, Problems, Proof};
use engine::SAID_CONSOLE;
use identity::{CONSOLE_COMPONENT, IDENTITY_COMPONENT, Identity, Kinds, Unkept};
use protocols::saml::read_metadata;
use serde_json::{Map, Value, json};

use super::protocol::read;
use super::{deeds, people};
use crate::node::Shared;
use crate::settings::{Edits, NOT_TESTED};

/// The bytes of an application's id and of its secret.
const CLIENT_ID_BYTES: usize = 20;
const CLIENT_SECRET_BYTES: usize = 32;
/// What of an application is given when it is added; the rest is as usual.
const CLIENT_MEMBERS: [&str; 10] = [
    "name",
    "redirect_urls",
    "kind",
    "pkce_required",
    "refresh",
    "native",
    "encrypt_tokens",
    "may_introspect",
    "api_roles",
    "disabled",
];

/// Whether it is one of the deeds here.
pub(super) fn knows(deed: &str) -> bool {
    const DEEDS: [&str; 10] = [
        "identity_overview",
        "identity_test",
        "identity_mode",
        "identity_keys",
        "identity_saml_activate",
        "identity_sp_metadata",
        "identity_provider_metadata",
        "identity_provider_fetch",
        "oauth_client_add",
        "oauth_client_secret",
    ];
    DEEDS.contains(&deed)
}

/// Does one of them.
pub(super) async fn done(
    shared: &Arc<Shared>,
    context: &Context,
    deed: &str,
    members: Value,
) -> Result<Value, Failure> {
    match deed {
        "identity_overview" => {
            read(members, |_| Some(()))?;
            Ok(service(shared)?.overview())
        }
        "identity_test" => {
            let wanted = read(members, Wanted::read)?;
            test(shared, wanted, context).await
        }
        "identity_mode" => {
            let (on, untested) = read(members, read_mode)?;
            mode(shared, on, untested, context).await
        }
        "identity_keys" => {
            let (kinds, invalidates) = read(members, read_keys)?;
            keys(shared, kinds, invalidates, context).await
        }
        "identity_saml_activate" => {
            read(members, |_| Some(()))?;
            let activated = service(shared)?.activate_saml_key().await.map_err(unkept);
            note(shared, context, "saml_key_activated", "identity/keys/saml", &activated).await;
            activated.map(|()| json!({"activated": true}))
        }
        "identity_sp_metadata" => {
            read(members, |_| Some(()))?;
            let metadata = service(shared)?.service_metadata();
            let none = "there is no metadata yet: name the hosts in the section identity first";
            let metadata = metadata.ok_or_else(|| Failure::new("refused", none))?;
            Ok(json!({"text": metadata}))
        }
        "identity_provider_metadata" => {
            let (name, metadata) = read(members, |reader| {
                Some((reader.named("name", 64)?, reader.text("metadata")?))
            })?;
            take_metadata(shared, &name, metadata, context).await
        }
        "identity_provider_fetch" => {
            let name = read(members, |reader| reader.named("name", 64))?;
            fetch(shared, &name, context).await
        }
        "oauth_client_add" => client_add(shared, members, context).await,
        _ => {
            let client_id = read(members, |reader| reader.named("client_id", 64))?;
            client_secret(shared, &client_id, context).await
        }
    }
}

fn service(shared: &Shared) -> Result<&Arc<Identity>, Failure> {
    let none = || Failure::new("unavailable", "this node has no identity service");
    shared.identity.as_ref().ok_or_else(none)
}

/// What is to be tested.
pub(super) enum Wanted {
    Component(String),
    Provider(String),
}

impl Wanted {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let component = reader.short_text("component", 300);
        let provider = reader.short_text("provider", 64);
        match (component, provider) {
            (Some(component), None) => Some(Self::Component(component)),
            (None, Some(provider)) => Some(Self::Provider(provider)),
            _ => {
                reader.problem("component", "or provider must be there, and only one of the two");
                None
            }
        }
    }
}

/// A link that whoever tests opens in a browser, once.
async fn test(shared: &Shared, wanted: Wanted, context: &Context) -> Result<Value, Failure> {
    let identity = service(shared)?;
    let component = match wanted {
        Wanted::Component(component) => component,
        Wanted::Provider(name) => {
            let settings = shared.engine.settings();
            let used = settings.identity_provider().map(|it| it.name.as_str());
            if used != Some(name.as_str()) {
                return Err(match settings.identity_providers.contains_key(&name) {
                    false => no_provider(&name),
                    true => Failure::new(
                        "refused",
                        "people are sent to another identity provider; name this one in identity.provider first",
                    ),
                });
            }
            format!("{IDENTITY_COMPONENT}{}", shared.engine.node())
        }
    };
    let url = url_of(shared, identity, &component)?;
    let deed = Deed::done("single_sign_on_test_begun", format!("identity/{component}"));
    people::note(shared, context, deed).await;
    Ok(json!({"component": component, "url": url}))
}

fn url_of(shared: &Shared, identity: &Identity, component: &str) -> Result<String, Failure> {
    let components = identity.components();
    let none = || {
        let names: Vec<_> = components.iter().map(String::as_str).collect();
        let names = names.join(", ");
        Failure::new("not_found", format!("there is no component {component:?}; there are {names}"))
    };
    if !components.contains(component) {
        return Err(none());
    }
    let away = || Failure::new("unavailable", "that node does not say where it is reached");
    let ticket = identity.test_ticket(component);
    let ticket =
        ticket.ok_or_else(|| Failure::new("unavailable", "the machine gives no random numbers"))?;
    if let Some(node) = component.strip_prefix(IDENTITY_COMPONENT) {
        let origin = identity.origin_of(node).ok_or_else(away)?;
        return Ok(format!("{origin}/ids/v1/test?ticket={ticket}"));
    }
    let node = component.strip_prefix(CONSOLE_COMPONENT).ok_or_else(none)?;
    let base = match node == shared.engine.node().as_str() {
        true => Some(shared.config.console.base.clone()),
        false => {
            let nodes = shared.engine.nodes();
            let seen = nodes.iter().find(|seen| seen.node.as_str() == node && seen.live);
            seen.and_then(|seen| seen.said.get(SAID_CONSOLE).cloned())
        }
    };
    let base = base.ok_or_else(away)?;
    Ok(format!("{}/api/v1/sign-on/single?test={ticket}", base.trim_end_matches('/')))
}

/// Switches single sign-on (IDS-07). What was not tested keeps it off, but for whoever may use the machine.
async fn mode(
    shared: &Shared,
    on: bool,
    untested: bool,
    context: &Context,
) -> Result<Value, Failure> {
    let identity = service(shared)?;
    let settings = shared.engine.settings();
    // What is on stays so, whatever was not tested again since.
    if on && !settings.identity.single_sign_on {
        let is_local = context.by.how == Some(Proof::LocalSocket);
        let why = identity.why_not();
        let refused = match (untested, is_local) {
            (true, false) => Some(Failure::new(
                "forbidden",
                "only the command line on the node's machine may leave tests out",
            )),
            (false, _) if !why.is_empty() => Some(not_tested(&why)),
            _ => None,
        };
        if let Some(failure) = refused {
            let deed = Deed::done("single_sign_on_switched_on", "settings/identity");
            people::note(shared, context, deed.with_outcome(&failure.code)).await;
            return Err(failure);
        }
    }
    let edit = of_service(&settings.identity, "single_sign_on", json!(on));
    let done = change(shared, &[edit], None, context).await?;
    Ok(with(done, "on", json!(on)))
}

fn not_tested(why: &[String]) -> Failure {
    Failure::new(NOT_TESTED, format!("single sign-on stays off: {}", why.join("; ")))
}

/// An edit of the section of the identity service in which one member becomes another.
fn of_service(now: &Arc<domain::settings::IdentitySettings>, member: &str, value: Value) -> Value {
    let document = SettingDocument::Identity(Box::new(now.as_ref().clone()));
    let document = with(export_document(&document), member, value);
    json!({"put": {"section": Section::Identity.file_key(), "document": document}})
}

pub(super) fn read_mode(reader: &mut Reader<'_>) -> Option<(bool, bool)> {
    let untested = reader.switch("untested").unwrap_or(false);
    Some((reader.switch("on")?, untested))
}

pub(super) fn read_keys(reader: &mut Reader<'_>) -> Option<(&'static str, bool)> {
    if !reader.has("kind") {
        reader.problem("kind", "is missing");
    }
    let kind = reader.choice("kind", &["signing", "encryption", "saml"].map(|it| (it, it)));
    Some((kind?, reader.switch("invalidate").unwrap_or(false)))
}

async fn keys(
    shared: &Shared,
    kind: &'static str,
    invalidates: bool,
    context: &Context,
) -> Result<Value, Failure> {
    let kinds = Kinds {
        signing: kind == "signing",
        encryption: kind == "encryption",
        saml: kind == "saml",
    };
    if shared.engine.settings().identity.hosts.is_empty() {
        let message = "no keys are made before a host is named in the section identity";
        return Err(Failure::new("refused", message));
    }
    let renewed = service(shared)?.renew_keys(kinds, invalidates).await.map_err(unkept);
    let action = if invalidates { "keys_replaced" } else { "keys_renewed" };
    note(shared, context, action, &format!("identity/keys/{kind}"), &renewed).await;
    renewed.map(|()| json!({"kind": kind, "invalidated": invalidates}))
}

fn unkept(unkept: Unkept) -> Failure {
    match unkept {
        Unkept::Submit(error) => error.into(),
        Unkept::Full => Failure::new("too_many", unkept.to_string()),
        Unkept::Moved => Failure::new("settings_moved", unkept.to_string()),
        Unkept::Unmade => {
            Failure::new("unavailable", "no keys are made: the machine gives no random numbers")
        }
    }
}

/// Writes to the audit log what was done, or that it was refused.
async fn note(
    shared: &Shared,
    context: &Context,
    action: &str,
    object: &str,
    done: &Result<(), Failure>,
) {
    let deed = Deed::done(action, object);
    let deed = match done {
        Ok(()) => deed,
        Err(failure) => deed.with_outcome(&failure.code),
    };
    people::note(shared, context, deed).await;
}

fn no_provider(name: &str) -> Failure {
    Failure::new("not_found", format!("there is no identity provider {name:?}"))
}

/// Makes an identity provider of that metadata, or gives one that is there other metadata (IDS-01).
pub(crate) async fn take_metadata(
    shared: &Shared,
    name: &str,
    metadata: String,
    context: &Context,
) -> Result<Value, Failure> {
    let settings = shared.engine.settings();
    let present = settings.identity_providers.get(name);
    let present =
        present.map(|it| SettingDocument::IdentityProvider(Box::new(it.as_ref().clone())));
    let present = present.as_ref().map(export_document);
    let entity_id = present.as_ref().and_then(|it| it.get("entity_id")).and_then(Value::as_str);
    // The settings take what has ended; whoever uploads it now is told.
    let now = shared.engine.now().seconds();
    let mut problems = Problems::default();
    let checked = read_metadata(metadata.as_bytes(), entity_id, now);
    let Some(checked) = problems.keep("metadata", checked) else {
        return Err(Failure::problems("problems", problems));
    };
    let document = present.clone().unwrap_or_else(|| json!({"name": name}));
    let document = with(document, "metadata", json!(metadata));
    let section = Section::IdentityProvider.file_key();
    let mut edits = vec![json!({"put": {"section": section, "name": name, "document": document}})];
    if settings.identity.provider.is_none() {
        // With a second one, people would not know where to go.
        let first = settings.identity_providers.keys().next().map_or(name, String::as_str);
        edits.push(of_service(&settings.identity, "provider", json!(first)));
    }
    let seen = tag(shared, present.as_ref());
    let seen = json!({"section": section, "name": name, "etag": seen});
    let done = change(shared, &edits, Some(seen), context).await.map_err(|mut failure| {
        failure.problems = without_place(&failure.problems, &format!("{section}/{name}."));
        failure
    })?;
    let done = with(done, "entity_id", json!(checked.entity_id));
    let done = with(done, "made", json!(present.is_none()));
    Ok(with(done, "warnings_of_metadata", json!(checked.warnings)))
}

/// Problems of one document of several, by its own fields.
fn without_place(problems: &Problems, place: &str) -> Problems {
    let mut told = Problems::default();
    for problem in problems.as_slice() {
        let key = problem.key.strip_prefix(place).unwrap_or(&problem.key);
        told.add(key.to_owned(), &problem.message);
    }
    told
}

/// Fetches the metadata of an identity provider from its address, and takes what changed.
async fn fetch(shared: &Shared, name: &str, context: &Context) -> Result<Value, Failure> {
    let identity = service(shared)?;
    let settings = shared.engine.settings();
    let provider = settings.identity_providers.get(name).ok_or_else(|| no_provider(name))?;
    let fetched = identity.fetch_metadata(name).await;
    let metadata = match fetched {
        Ok(metadata) => metadata,
        Err(why) => {
            let object = format!("settings/identity_providers/{name}");
            let deed = Deed::done("metadata_fetched", object).with_outcome("refused");
            people::note(shared, context, deed).await;
            return Err(Failure::new("refused", format!("the metadata was not taken: {why}")));
        }
    };
    if provider.metadata.as_ref() == Some(&metadata) {
        shared.metadata.is_taken(name);
        return Ok(json!({"changed": false}));
    }
    let done = take_metadata(shared, name, metadata, context).await?;
    shared.metadata.is_taken(name);
    Ok(done)
}

/// Adds an application; its secret is told in the answer, and never again (IDS-08).
async fn client_add(shared: &Shared, members: Value, context: &Context) -> Result<Value, Failure> {
    let Value::Object(members) = members else {
        return Err(Failure::new("malformed", "a member is missing"));
    };
    let mut problems = Problems::default();
    for name in members.keys().filter(|name| !CLIENT_MEMBERS.contains(&name.as_str())) {
        problems.add(name.clone(), "is not known here");
    }
    problems.into_result().map_err(|problems| Failure::problems("problems", problems))?;
    refuse_repeat(shared, context, "the secret was shown once only; make a new one").await?;
    let client_id: String =
        random::<CLIENT_ID_BYTES>(shared)?.iter().map(|byte| format!("{byte:02x}")).collect();
    let is_public = members.get("kind").and_then(Value::as_str) == Some("public");
    let secret = if is_public { None } else { Some(new_secret(shared)?) };
    let mut document: Map<_, _> =
        members.into_iter().filter(|(_, member)| !member.is_null()).collect();
    document.insert("client_id".to_owned(), json!(client_id));
    if let Some(secret) = &secret {
        document.insert("secret_digest".to_owned(), json!(OauthClient::digest_of(secret)));
    }
    let section = Section::OauthClient.file_key();
    let edit = json!({"put": {"section": section, "name": client_id, "document": document}});
    change(shared, &[edit], None, context).await?;
    Ok(json!({"client_id": client_id, "secret": secret}))
}

/// Gives an application another secret; the one before is good no more.
async fn client_secret(
    shared: &Shared,
    client_id: &str,
    context: &Context,
) -> Result<Value, Failure> {
    let settings = shared.engine.settings();
    let client = settings.oauth_clients.get(client_id);
    let none = || Failure::new("not_found", format!("there is no application {client_id:?}"));
    let client = client.ok_or_else(none)?;
    if client.kind == OauthClientKind::Public {
        let message = "this application is public: it keeps no secret";
        return Err(Failure::new("refused", message));
    }
    refuse_repeat(shared, context, "the secret was shown once only; make another").await?;
    let secret = new_secret(shared)?;
    let present = export_document(&SettingDocument::OauthClient(Box::new(client.as_ref().clone())));
    let document = with(present.clone(), "secret_digest", json!(OauthClient::digest_of(&secret)));
    let section = Section::OauthClient.file_key();
    let edit = json!({"put": {"section": section, "name": client_id, "document": document}});
    let seen = json!({"section": section, "name": client_id, "etag": tag(shared, Some(&present))});
    change(shared, &[edit], Some(seen), context).await?;
    Ok(json!({"client_id": client_id, "secret": secret}))
}

/// What is told once is not told to a repeat, and must not be made anew under its name.
async fn refuse_repeat(shared: &Shared, context: &Context, what: &str) -> Result<(), Failure> {
    let Some(own) = &context.idempotency else { return Ok(()) };
    match shared.engine.outcome(&InputId::new("settings_change", own)).await? {
        Some(_) => Err(Failure::new("done_already", format!("this was done already; {what}"))),
        None => Ok(()),
    }
}

fn random<const N: usize>(shared: &Shared) -> Result<[u8; N], Failure> {
    let none = || Failure::new("unavailable", "the machine gives no random numbers");
    shared.port.random::<N>().ok_or_else(none)
}

fn new_secret(shared: &Shared) -> Result<String, Failure> {
    Ok(URL_SAFE_NO_PAD.encode(random::<CLIENT_SECRET_BYTES>(shared)?))
}

/// The tag of a document as it was looked at.
fn tag(shared: &Shared, document: Option<&Value>) -> Option<String> {
    document.map(|document| etag(&shared.engine.link_key(ETAG_PURPOSE), document))
}

/// Changes settings as anybody's change is.
async fn change(
    shared: &Shared,
    edits: &[Value],
    seen: Option<Value>,
    context: &Context,
) -> Result<Value, Failure> {
    let members = match seen {
        Some(seen) => json!({"edits": edits, "if_match": seen}),
        None => json!({"edits": edits}),
    };
    let edits = read(members, Edits::read)?;
    deeds::settings_change(shared, &edits, context).await
}

/// The same with that member.
fn with(mut value: Value, name: &str, member: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.insert(name.to_owned(), member);
    }
    value
}
