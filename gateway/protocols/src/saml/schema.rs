//! The schema of SAML metadata as a program of others reads it, for tests.
//!
//! The files are not ours to hand on: they come with pysaml2, wherever that is installed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const ROOT: &str = "saml-schema-metadata-2.0.xsd";
const FILES: [&str; 5] = [
    ROOT,
    "saml-schema-assertion-2.0.xsd",
    "xmldsig-core-schema.xsd",
    "xenc-schema.xsd",
    "xml.xsd",
];

/// A folder of our own with the schema, whose parts name each other by file and not by URL.
pub(crate) struct Schema {
    folder: PathBuf,
}

impl Schema {
    /// The schema, or nothing where the machine lacks it or the program, which is said.
    pub(crate) fn found() -> Option<Self> {
        if Command::new("xmllint").arg("--version").output().is_err() {
            println!("left out: xmllint is missing; install libxml2-utils");
            return None;
        }
        let Some(source) = folder_of_pysaml2() else {
            println!("left out: pysaml2 is missing, with which the schema of SAML metadata comes");
            return None;
        };
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jackfield-saml-schema-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for file in FILES {
            let text = std::fs::read_to_string(source.join(file)).unwrap();
            let text = FILES.iter().fold(text, |text, other| without_url(&text, other));
            std::fs::write(folder.join(file), text).unwrap();
        }
        Some(Self { folder })
    }

    /// What is wrong with a document, if anything.
    pub(crate) fn judge(&self, document: &[u8]) -> Result<(), String> {
        let mut child = Command::new("xmllint")
            .args(["--nonet", "--noout", "--schema"])
            .arg(self.folder.join(ROOT))
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(document).unwrap();
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!told.contains("Failed to locate"), "the schema is not whole: {told}");
        if output.status.success() { Ok(()) } else { Err(told) }
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where pysaml2 keeps its schemas: in the tests' own Python environment, else in the machine's.
fn folder_of_pysaml2() -> Option<PathBuf> {
    const ASK: &str =
        "import importlib.util as u; s = u.find_spec('saml2'); print(s.origin if s else '')";
    // Cargo's folder of what was built holds that environment too.
    let test = std::env::current_exe().unwrap();
    let own = test.ancestors().map(|folder| folder.join("live-venv/bin/python"));
    own.chain([PathBuf::from("python3")]).find_map(|python| {
        let output = Command::new(python).args(["-c", ASK]).output().ok()?;
        let origin = String::from_utf8(output.stdout).ok()?;
        let folder = Path::new(origin.trim()).parent()?.join("data/schemas");
        FILES.iter().all(|file| folder.join(file).is_file()).then_some(folder)
    })
}

/// `schemaLocation="http://.../FILE"` becomes `schemaLocation="FILE"`.
fn without_url(text: &str, file: &str) -> String {
    let mut parts = text.split("schemaLocation=");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let quote = &part[..1];
        let end = 1 + part[1..].find(quote).unwrap();
        let location = &part[1..end];
        let location = if location.ends_with(&format!("/{file}")) { file } else { location };
        told.push_str(&format!("schemaLocation={quote}{location}{}", &part[end..]));
    }
    told
}
