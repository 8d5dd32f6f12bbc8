//! Which of the entities that a file describes is meant.

use super::refused::{MetadataReason, MetadataRefused};
use super::{METADATA, PROTOCOL, named, seconds, shown, structure, trimmed};
use crate::saml::tree::Element;

/// Characters of an entity id, by the schema.
const ENTITY_ID_CHARACTERS_MAX: usize = 1_024;
/// Entities that a refusal names.
const NAMES_MAX: usize = 20;

/// The identity provider that is meant.
pub(super) struct Provider<'t> {
    pub(super) element: Element<'t>,
    pub(super) entity_id: &'t str,
    /// Its one role that speaks SAML 2.0.
    pub(super) role: Element<'t>,
    /// The earliest end of the file, the entity and the role.
    pub(super) valid_until: Option<i64>,
}

/// An entity, with the end that what it stands in has.
type Entity<'t> = (Element<'t>, Option<i64>);

/// Finds the identity provider with that entity id, or the only one.
pub(super) fn chosen<'t>(
    root: Element<'t>,
    entity_id: Option<&str>,
) -> Result<Provider<'t>, MetadataRefused> {
    let mut entities = Vec::new();
    collect(root, None, &mut entities)?;
    let is_provider = |entity: Element<'_>| named(entity, "IDPSSODescriptor").next().is_some();
    entities.retain(|(entity, _)| is_provider(*entity));
    let mut providers = Vec::new();
    for (entity, until) in entities {
        providers.push((id_of(entity)?, entity, until));
    }
    let names = || names(providers.iter().map(|(id, _, _)| *id));
    let mut found =
        providers.iter().filter(|(id, _, _)| entity_id.is_none_or(|wanted| wanted == *id));
    let (first, second) = (found.next(), found.next());
    let refused = |reason, problem: String| Err(MetadataRefused::new(reason, root.name(), problem));
    match (first, second, entity_id) {
        (Some((id, entity, until)), None, _) => provider(id, *entity, *until),
        (None, _, Some(wanted)) if !providers.is_empty() => {
            let problem = format!("has no {}, but {}", shown(wanted), names());
            refused(MetadataReason::UnknownProvider, problem)
        }
        (None, _, _) => refused(
            MetadataReason::NoProvider,
            "has no EntityDescriptor with an IDPSSODescriptor".to_owned(),
        ),
        (Some((id, _, _)), Some(_), Some(_)) => {
            let problem = format!("describes {} more than once", shown(id));
            refused(MetadataReason::Structure, problem)
        }
        (Some(_), Some(_), None) => {
            refused(MetadataReason::SeveralProviders, format!("describes {}", names()))
        }
    }
}

/// Gathers entities in the order of the file. The tree is bounded in depth, and so is this.
fn collect<'t>(
    element: Element<'t>,
    until: Option<i64>,
    entities: &mut Vec<Entity<'t>>,
) -> Result<(), MetadataRefused> {
    if element.is(METADATA, "EntityDescriptor") {
        entities.push((element, until));
        return Ok(());
    }
    if !element.is(METADATA, "EntitiesDescriptor") {
        let (name, namespace) = (shown(element.name()), shown(element.namespace()));
        let problem = format!("begins with the element {name} of the namespace \"{namespace}\"");
        return Err(MetadataRefused::new(MetadataReason::NotMetadata, "file", problem));
    }
    structure::check(element, "EntitiesDescriptor", &structure::ENTITIES)?;
    let until = earlier(until, valid_until(element)?);
    for child in element.children() {
        if child.is(METADATA, "EntityDescriptor") || child.is(METADATA, "EntitiesDescriptor") {
            collect(child, until, entities)?;
        }
    }
    Ok(())
}

fn id_of(entity: Element<'_>) -> Result<&str, MetadataRefused> {
    let wrong = |problem: &str| {
        Err(MetadataRefused::new(MetadataReason::Structure, "EntityDescriptor", problem))
    };
    let Some(id) = entity.attribute("entityID").map(trimmed) else {
        return wrong("lacks the attribute entityID");
    };
    if id.is_empty() {
        return wrong("has an empty entityID");
    }
    if id.chars().count() > ENTITY_ID_CHARACTERS_MAX {
        return wrong("has an entityID of more than 1,024 characters");
    }
    if id.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        return wrong("has an entityID with white space or control characters in it");
    }
    Ok(id)
}

fn provider<'t>(
    entity_id: &'t str,
    element: Element<'t>,
    until: Option<i64>,
) -> Result<Provider<'t>, MetadataRefused> {
    structure::check(element, "EntityDescriptor", &structure::ENTITY)?;
    let mut found = None;
    for role in named(element, "IDPSSODescriptor") {
        structure::check(role, "IDPSSODescriptor", &structure::PROVIDER)?;
        let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
        if !protocols.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL) {
            continue;
        }
        if found.replace(role).is_some() {
            return Err(MetadataRefused::new(
                MetadataReason::Structure,
                "IDPSSODescriptor",
                "stands there twice for SAML 2.0, so that it is open which one counts",
            ));
        }
    }
    let Some(role) = found else {
        return Err(MetadataRefused::new(
            MetadataReason::NoProvider,
            "IDPSSODescriptor",
            format!("protocolSupportEnumeration does not hold {PROTOCOL}"),
        ));
    };
    let until = earlier(until, valid_until(element)?);
    let valid_until = earlier(until, valid_until(role)?);
    Ok(Provider { element, entity_id, role, valid_until })
}

fn valid_until(element: Element<'_>) -> Result<Option<i64>, MetadataRefused> {
    let Some(text) = element.attribute("validUntil") else { return Ok(None) };
    let unreadable = || {
        let problem = format!("validUntil is no time in UTC: {}", shown(text));
        MetadataRefused::new(MetadataReason::Structure, element.name(), problem)
    };
    seconds(text).map(Some).ok_or_else(unreadable)
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn names<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    let ids: Vec<_> = ids.collect();
    let mut told: Vec<_> = ids.iter().take(NAMES_MAX).map(|id| shown(id)).collect();
    if let Some(more) = ids.len().checked_sub(NAMES_MAX).filter(|more| *more > 0) {
        told.push(format!("and {more} more"));
    }
    told.join(", ")
}
