//! The bill of materials (CycloneDX 1.5, JSON): the same for the same lock file.
//!
//! Its serial number follows from its content, where tools usually take a random one.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::layout::{Body, Forms, Package, Sort};
use super::linked::{self, Crate};
use super::program::Problem;
use super::{Source, contents};

/// Adds it to the package.
pub(super) fn add(source: &Source, package: &mut Package) -> Result<(), Problem> {
    let root = if package.is_service { "server" } else { "conformance" };
    let time = contents::date(source.epoch, "+%Y-%m-%dT%H:%M:%SZ")?;
    let crates = linked::crates(source, root)?;
    let bill = bill(package.name, &source.version, &time, root, &crates);
    let mut text = serde_json::to_string_pretty(&bill)?;
    text.push('\n');
    let path = format!("/usr/share/doc/{}/sbom.cdx.json", package.name);
    package.push(&path, Body::Bytes(text.into_bytes()), Sort::Documentation, Forms::Both);
    Ok(())
}

fn bill(name: &str, version: &str, time: &str, root: &str, crates: &[Crate]) -> Value {
    let main = crates.iter().find(|one| one.name == root && one.is_ours);
    let component = json!({
        "type": "application", "bom-ref": main.map(Crate::label), "name": name, "version": version,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    });
    let components: Vec<_> = crates
        .iter()
        .filter(|one| main.is_none_or(|main| main.label() != one.label()))
        .map(|one| {
            let mut component = json!({
                "type": "library", "bom-ref": one.label(), "name": one.name, "version": one.version,
                "licenses": [{"expression": one.licence}],
            });
            if let Some(members) = component.as_object_mut()
                && !one.is_ours
            {
                let place =
                    format!("pkg:{}/{}@{}", one.from, one.name.replace('@', "%40"), one.version);
                members.insert("purl".into(), place.into());
                if let Some(sum) = &one.checksum {
                    members.insert("hashes".into(), json!([{"alg": "SHA-256", "content": sum}]));
                }
            }
            component
        })
        .collect();
    let uses: Vec<_> =
        crates.iter().map(|one| json!({"ref": one.label(), "dependsOn": one.uses})).collect();
    let mut bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"timestamp": time, "component": component},
        "components": components,
        "dependencies": uses,
    });
    let serial = serial(&Sha256::digest(bill.to_string().as_bytes()));
    if let Some(members) = bill.as_object_mut() {
        members.insert("serialNumber".into(), serial.into());
    }
    bill
}

/// A UUID of version 8, whose bits are the digest's.
fn serial(digest: &[u8]) -> String {
    let mut digits: Vec<char> = hexadecimal(digest).chars().take(32).collect();
    for (place, digit) in [(12, '8'), (16, '8')] {
        if let Some(old) = digits.get_mut(place) {
            *old = digit;
        }
    }
    for place in [20, 16, 12, 8] {
        digits.insert(place, '-');
    }
    format!("urn:uuid:{}", digits.into_iter().collect::<String>())
}

/// The digest of a file's content.
pub(crate) fn sha256_of(path: &Path) -> Result<String, Problem> {
    Ok(hexadecimal(&Sha256::digest(fs::read(path)?)))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_crates_give_the_same_bill_and_others_another() {
        let one = |version: &str| Crate {
            name: "ring".into(),
            version: version.into(),
            licence: "Apache-2.0 AND ISC".into(),
            folder: "/".into(),
            is_ours: false,
            checksum: Some("ab".into()),
            uses: ["untrusted@0.9.0".to_owned()].into(),
            from: "cargo",
        };
        let bill =
            |version| bill("jackfield", "1.0.0", "2026-01-01T00:00:00Z", "server", &[one(version)]);
        assert_eq!(bill("1"), bill("1"));
        assert_ne!(bill("1")["serialNumber"], bill("2")["serialNumber"]);
        assert_eq!(bill("1")["components"][0]["purl"], "pkg:cargo/ring@1");
    }

    #[test]
    fn a_serial_number_has_the_form_of_a_uuid() {
        let serial = serial(&[0xab; 32]);
        assert_eq!(serial, "urn:uuid:abababab-abab-8bab-8bab-abababababab");
    }
}
