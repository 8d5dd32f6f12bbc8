//! The XML of each list, elements in the order of the alphabet as live servers send them.

use std::fmt::Write as _;

use super::population::{Population, Reason};

/// The list of users.
pub(crate) fn users(population: &Population) -> String {
    let mut xml = String::from("<Users>");
    for user in &population.users {
        let id = escaped(&user.login_id);
        let _ = write!(
            xml,
            "<User><dialogs>/finesse/api/User/{id}/Dialogs</dialogs><extension>{}</extension>\
             <firstName>{}</firstName><lastName>{}</lastName><loginId>{id}</loginId>\
             <loginName>{id}</loginName><mediaType>1</mediaType><pendingState></pendingState><roles>",
            escaped(&user.extension),
            escaped(&user.first_name),
            escaped(&user.last_name),
        );
        for role in &user.roles {
            let _ = write!(xml, "<role>{role}</role>");
        }
        let state = if user.extension.is_empty() { "LOGOUT" } else { "NOT_READY" };
        let _ = write!(xml, "</roles><state>{state}</state><stateChangeTime></stateChangeTime>");
        if user.team != 0 {
            let name = escaped(population.team(user.team));
            let _ = write!(xml, "<teamId>{}</teamId><teamName>{name}</teamName>", user.team);
        }
        xml.push_str("<teams>");
        for team in &user.leads {
            let name = escaped(population.team(*team));
            let _ = write!(
                xml,
                "<Team><id>{team}</id><name>{name}</name><uri>/finesse/api/Team/{team}</uri></Team>"
            );
        }
        let _ = write!(xml, "</teams><uri>/finesse/api/User/{id}</uri></User>");
    }
    xml.push_str("</Users>");
    xml
}

/// The list of teams.
pub(crate) fn teams(population: &Population) -> String {
    let teams = population.teams.iter().map(|(id, name)| {
        let name = escaped(name);
        format!("<Team><id>{id}</id><name>{name}</name><uri>/finesse/api/Team/{id}</uri></Team>")
    });
    format!("<Teams>{}</Teams>", teams.collect::<String>())
}

/// Reasons of a category; of a team, what it has beside those for everybody, or all of them.
pub(crate) fn reason_codes(population: &Population, category: &str, team: Option<u32>) -> String {
    let reasons = population.reasons.iter().filter(|reason| reason.category == category);
    let reasons = reasons.filter(|reason| is_of(reason, team));
    let each = reasons.map(|reason| {
        let Reason { id, code, system, teams, label, category, .. } = reason;
        let (label, for_all) = (escaped(label), teams.is_empty());
        format!(
            "<ReasonCode><category>{category}</category><code>{code}</code><forAll>{for_all}</forAll>\
             <id>{id}</id><label>{label}</label><systemCode>{system}</systemCode>\
             <uri>/finesse/api/ReasonCode/{id}</uri></ReasonCode>"
        )
    });
    format!("<ReasonCodes category=\"{category}\">{}</ReasonCodes>", each.collect::<String>())
}

/// Reasons of wrap-up, likewise; they have neither code nor id, only an address.
pub(crate) fn wrap_up_reasons(population: &Population, team: Option<u32>) -> String {
    let reasons = population.wrap_up.iter().filter(|reason| is_of(reason, team));
    let each = reasons.map(|reason| {
        let Reason { id, teams, label, .. } = reason;
        let (label, for_all) = (escaped(label), teams.is_empty());
        format!(
            "<WrapUpReason><forAll>{for_all}</forAll><label>{label}</label>\
             <uri>/finesse/api/WrapUpReason/{id}</uri></WrapUpReason>"
        )
    });
    format!("<WrapUpReasons>{}</WrapUpReasons>", each.collect::<String>())
}

/// The list of layouts.
pub(crate) fn layouts() -> String {
    let entry = |label: &str, variable: &str| {
        let label = escaped(label);
        format!(
            "<entry><displayName>{label}</displayName><mediaProperty>{variable}</mediaProperty></entry>"
        )
    };
    let header = entry("Customer", "callVariable1");
    let left = entry("Contract <No>", "callVariable2") + &entry("Product", "user.product");
    let right = entry("Language", "callVariable4");
    format!(
        "<MediaPropertiesLayouts><MediaPropertiesLayout><column>{left}</column><column>{right}</column>\
         <description>The usual</description><header>{header}</header><name>Default Layout</name>\
         <type>DEFAULT</type><uri>/finesse/api/MediaPropertiesLayout/1</uri></MediaPropertiesLayout>\
         </MediaPropertiesLayouts>"
    )
}

/// An error as the guide has it.
pub(crate) fn error(kind: &str, message: &str, data: &str) -> String {
    let (kind, message, data) = (escaped(kind), escaped(message), escaped(data));
    format!(
        "<ApiErrors><ApiError><ErrorData>{data}</ErrorData><ErrorMessage>{message}</ErrorMessage>\
         <ErrorType>{kind}</ErrorType></ApiError></ApiErrors>"
    )
}

/// A team's list is what is assigned to it beside what everybody has.
fn is_of(reason: &Reason, team: Option<u32>) -> bool {
    team.is_none_or(|team| reason.teams.contains(&team))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
