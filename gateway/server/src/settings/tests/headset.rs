//! Headsets in settings: the guide's example, and pairs that phones name.

use super::*;

fn put(section: &str, name: &str, document: Value) -> Value {
    json!({"edits": [{"put": {"section": section, "name": name, "document": document}}]})
}

/// The example that people copy has every setting of a template.
#[test]
fn the_example_of_the_guide_for_headsets_is_taken() {
    let guide = include_str!("../../../../../packaging/docs/operating.md");
    let (_, section) = guide.split_once("\n## Headsets\n").unwrap();
    let example = section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    check_keys(example, &[]);
    let value = yaml::read(example.as_bytes()).unwrap();
    let settings = value["headset"]["templates"][0]["settings"].as_object().unwrap();
    let known = domain::settings::HeadsetSetting::ALL.map(|setting| setting.name());
    assert!(known.iter().all(|name| settings.contains_key(*name)), "{settings:?}");
    let mut table = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let usual = serde_json::to_value(domain::settings::Headset::default()).unwrap();
    for name in usual.as_object().unwrap().keys() {
        let is_elsewhere =
            ["mode", "deployment_type", "default_not_ready_reason"].contains(&name.as_str());
        let told = table.clone().any(|line| line.starts_with(&format!("{name}`")));
        assert!(is_elsewhere || told, "{name} is not in the guide");
    }
    assert!(table.next().is_some());
}

#[tokio::test]
async fn hst_13_a_pair_goes_only_once_no_phone_names_it() {
    let it = fixture().await;
    let pairs = json!([
        {"name": "east", "dialect": "express", "side_a": "a.example:12028"},
        {"name": "west", "dialect": "express", "side_a": "b.example:12028"},
    ]);
    let phones = json!([{"name": "SEP1", "pair": "west"}, {"name": "SEP2"}]);
    it.apply(&json!({"cti_pairs": pairs, "devices": phones}).to_string()).await.unwrap();
    let remove = json!({"edits": [{"remove": {"section": "cti_pairs", "name": "west"}}]});
    assert_eq!(it.change(remove.clone()).await, Err("devices[0].pair".to_owned()));
    let unknown = it.change(put("devices", "SEP2", json!({"pair": "north"}))).await;
    assert_eq!(unknown, Err("pair".to_owned()));
    it.change(put("devices", "SEP1", json!({"pair": "east"}))).await.unwrap();
    it.change(remove).await.unwrap();
    let settings = it.engine.settings();
    assert_eq!(settings.cti_pairs.len(), 1);
    let phone = &settings.devices[&"SEP1".parse().unwrap()];
    assert_eq!(phone.pair.as_ref().unwrap().as_str(), "east");
}
