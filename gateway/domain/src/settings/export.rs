//! Settings as a file again: read back, it gives the same documents.

use serde_json::{Map, Value, json};

use super::{Agent, CtiPair, Device, PhoneService, Settings};

/// All settings in the form of a settings file. Passwords are hashes, other secrets stay sealed.
pub fn export(settings: &Settings) -> Value {
    let list = |values: Vec<Value>| Value::Array(values);
    let mut file = Map::new();
    file.insert(
        "teams".into(),
        list(settings.teams.values().map(|team| without_empty(json!(team.as_ref()))).collect()),
    );
    file.insert("agents".into(), list(settings.agents.values().map(|it| agent(it)).collect()));
    file.insert(
        "reason_codes".into(),
        list(settings.reasons.values().map(|it| without_empty(json!(it.as_ref()))).collect()),
    );
    file.insert(
        "layouts".into(),
        list(settings.layouts.values().map(|it| without_empty(json!(it.as_ref()))).collect()),
    );
    file.insert("devices".into(), list(settings.devices.values().map(|it| device(it)).collect()));
    file.insert(
        "trust".into(),
        list(settings.trust.values().map(|it| without_empty(json!(it.as_ref()))).collect()),
    );
    let pairs = settings.cti_pairs.values();
    file.insert("cti_pairs".into(), list(pairs.map(|it| cti_pair(it)).collect()));
    file.insert("phone_service".into(), phone_service(&settings.phone_service));
    file.insert("voice".into(), json!(settings.voice.as_ref()));
    Value::Object(file)
}

fn agent(agent: &Agent) -> Value {
    without_empty(json!(agent))
}

fn device(device: &Device) -> Value {
    let mut value = without_empty(json!(device));
    if let (false, Some(members)) = (device.profile, value.as_object_mut()) {
        members.remove("profile");
    }
    value
}

fn phone_service(service: &PhoneService) -> Value {
    let mut value = without_empty(json!(service));
    let members = value.as_object_mut();
    if let Some(push) = members.and_then(|members| members.get_mut("push")) {
        name_sealed(push, "password");
    }
    value
}

fn cti_pair(pair: &CtiPair) -> Value {
    let mut value = without_empty(json!(pair));
    name_sealed(&mut value, "client_password");
    value
}

/// A secret that is sealed stands under a name that says so.
fn name_sealed(table: &mut Value, name: &str) {
    if let Some(members) = table.as_object_mut()
        && let Some(secret) = members.remove(name)
    {
        members.insert(format!("{name}_sealed"), secret);
    }
}

/// Leaves out members that say nothing, as a person would.
fn without_empty(value: Value) -> Value {
    let Value::Object(mut members) = value else { return value };
    members.retain(|_, member| match member {
        Value::Null => false,
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    });
    Value::Object(members)
}
