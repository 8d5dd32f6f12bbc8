//! What REST hands on by the names of its description is what the deeds read.

use super::*;

/// A deed's reader, asked for problems alone.
type Read = fn(Value) -> Result<(), Failure>;

fn plain<T>(taken: Result<T, Failure>) -> Result<(), Failure> {
    taken.map(|_| ())
}

/// The bodies that REST hands on as they are: method, path, what its path adds, and who reads them.
const HANDED_ON: [(&str, &str, &[&str], Read); 12] = [
    ("post", "/certificates/request", &[], |it| plain(read(it, certificates::read_request))),
    ("post", "/certificates/import", &[], |it| plain(read(it, certificates::read_import))),
    ("post", "/certificates/renew", &[], |it| plain(read(it, certificates::read_renew))),
    ("post", "/backups", &[], |it| plain(read(it, |it| Some(backups::read_new_passphrase(it))))),
    ("post", "/backups/{name}/verify", &["name"], |it| plain(read(it, backups::read_named))),
    ("post", "/backups/{name}/restore", &["name"], |it| plain(read(it, backups::read_named))),
    ("post", "/identity/tests", &[], |it| plain(read(it, identity::Wanted::read))),
    ("post", "/identity/mode", &[], |it| plain(read(it, identity::read_mode))),
    ("post", "/identity/keys", &[], |it| plain(read(it, identity::read_keys))),
    ("post", "/import", &[], |it| plain(read(it, directories::read_import))),
    ("post", "/import/csv", &[], |it| plain(read(it, directories::read_csv))),
    ("post", "/import/finesse", &[], |it| plain(read(it, directories::read_finesse))),
];

/// Those that REST reads itself before it hands them on under the same names.
const READ_TWICE: [(&str, &str, &[&str], Read); 4] = [
    ("put", "/log-level", &[], |it| plain(read(it, deeds::read_log_level))),
    ("post", "/probes", &[], |it| plain(read(it, probe::read))),
    ("post", "/erasures", &[], |it| plain(read(it, kept::read_erase))),
    ("post", "/directories/{name}/sync", &["name"], |it| plain(read(it, directories::read_sync))),
];

/// Something that fits a schema.
fn example(schema: &Value) -> Value {
    if let Some(first) = schema.pointer("/enum/0") {
        return first.clone();
    }
    let of = schema.get("type").map(|it| it.get(0).unwrap_or(it).clone()).unwrap_or_default();
    match of.as_str().unwrap_or_default() {
        "boolean" => json!(true),
        "integer" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "array" => json!([]),
        "object" => json!({}),
        _ => json!("backup-of.jackfield"),
    }
}

#[test]
fn what_rest_hands_on_has_the_names_that_deeds_read() {
    let document = ::console::openapi_document();
    for (method, path, of_path, reads) in HANDED_ON.into_iter().chain(READ_TWICE) {
        let body = document["paths"][format!("/api/v1{path}")][method]["requestBody"]["content"]
            ["application/json"]["schema"]
            .clone();
        let properties = body["properties"].as_object().unwrap_or_else(|| panic!("{path}: {body}"));
        let required = body["required"].as_array().cloned().unwrap_or_default();
        for name in properties.keys() {
            let required = required.iter().map(|name| name.as_str().unwrap());
            let names = required.chain([name.as_str()]);
            let mut members: serde_json::Map<_, _> =
                names.map(|name| (name.to_owned(), example(&properties[name]))).collect();
            members.extend(of_path.iter().map(|name| ((*name).to_owned(), example(&json!({})))));
            let problems = reads(members.into()).err().map(|it| it.problems).unwrap_or_default();
            let unknown = problems.as_slice().iter().find(|it| it.message.contains("not known"));
            assert!(unknown.is_none(), "{path} offers {name}: {unknown:?}");
        }
    }
}

/// What lists of headsets are asked by has the same names in REST as here.
#[test]
fn what_rest_asks_headsets_by_has_the_names_that_the_deed_reads() {
    let document = ::console::openapi_document();
    let inventory: Read = |it| plain(read(it, headsets::WantedHeadsets::read));
    let phones: Read = |it| plain(read(it, headset_phones::WantedPhones::read));
    for (path, count, reads) in [("headsets", 6, inventory), ("headset-phones", 3, phones)] {
        let parameters = &document["paths"][format!("/api/v1/{path}")]["get"]["parameters"];
        let parameters = parameters.as_array().unwrap();
        assert_eq!(parameters.len(), count);
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap().to_owned();
            let value = example(&parameter["schema"]);
            assert_eq!(reads(json!({name.clone(): value})), Ok(()), "{path}: {name}");
        }
    }
}

#[test]
fn who_opens_the_socket_is_told_what_lies_behind() {
    let failure = Failure { cause: Some("disk".to_owned()), ..Failure::new("unavailable", "away") };
    let line = Answer::of(Value::Null, Err(failure)).line();
    assert!(line.contains("away: disk"), "{line}");
}
