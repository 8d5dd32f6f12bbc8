//! What is installed where: one table for all packages.

use std::fs;
use std::path::{Path, PathBuf};

use super::program::Problem;
use super::{Source, contents, licences, sbom};

/// One package, in both forms.
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    /// What follows the summary, in lines.
    pub(super) description: &'static [&'static str],
    /// Whether it has a service, so scripts, a user and what they need.
    pub(super) is_service: bool,
    pub(super) entries: Vec<Entry>,
}

/// One file or folder of a package.
pub(super) struct Entry {
    /// Where it is installed.
    pub(super) path: String,
    pub(super) body: Body,
    pub(super) mode: u32,
    pub(super) sort: Sort,
    pub(super) forms: Forms,
}

/// What a file holds.
pub(super) enum Body {
    /// Nothing; it is a folder.
    Folder,
    /// What that file holds.
    File(PathBuf),
    /// These bytes.
    Bytes(Vec<u8>),
}

/// How packages treat a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Replaced with every version.
    Plain,
    /// Kept as the administrator changed it.
    Configuration,
    /// The same, and only the service's group may read it.
    GroupConfiguration,
    Documentation,
    Licence,
}

/// Which packages have a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forms {
    Both,
    Deb,
    Rpm,
}

const GATEWAY: &str = "jackfield";
const PEERS: &str = "jackfield-peers";

/// Files of the repository as they are: package, where from, where to, how treated, in which form.
const FILES: &[(&str, &str, &str, Sort, Forms)] = {
    use Forms::{Both, Deb, Rpm};
    use Sort::{Configuration, Documentation, Licence, Plain};
    &[
        (
            GATEWAY,
            "packaging/package/jackfield.service",
            "/usr/lib/systemd/system/jackfield.service",
            Plain,
            Both,
        ),
        (
            GATEWAY,
            "packaging/package/sysusers.conf",
            "/usr/lib/sysusers.d/jackfield.conf",
            Plain,
            Both,
        ),
        (
            GATEWAY,
            "packaging/package/tmpfiles.conf",
            "/usr/lib/tmpfiles.d/jackfield.conf",
            Plain,
            Both,
        ),
        (
            GATEWAY,
            "packaging/package/apparmor",
            "/etc/apparmor.d/usr.bin.jackfield",
            Configuration,
            Deb,
        ),
        (
            GATEWAY,
            "packaging/package/firewalld.xml",
            "/usr/lib/firewalld/services/jackfield.xml",
            Plain,
            Both,
        ),
        (GATEWAY, "packaging/package/ufw", "/etc/ufw/applications.d/jackfield", Configuration, Deb),
        (
            GATEWAY,
            "packaging/package/deb/lintian-overrides",
            "/usr/share/lintian/overrides/jackfield",
            Plain,
            Deb,
        ),
        (
            PEERS,
            "packaging/package/deb/lintian-overrides-peers",
            "/usr/share/lintian/overrides/jackfield-peers",
            Plain,
            Deb,
        ),
        (
            GATEWAY,
            "packaging/jackfield.toml",
            "/usr/share/doc/jackfield/examples/jackfield.toml",
            Documentation,
            Both,
        ),
        (
            GATEWAY,
            "packaging/demo-settings.yaml",
            "/usr/share/doc/jackfield/examples/settings.yaml",
            Documentation,
            Both,
        ),
        (
            GATEWAY,
            "packaging/old-phones/nginx.conf",
            "/usr/share/doc/jackfield/examples/old-phones.nginx.conf",
            Documentation,
            Both,
        ),
        (GATEWAY, "LICENSE", "/usr/share/licenses/jackfield/LICENSE", Licence, Rpm),
        (PEERS, "LICENSE", "/usr/share/licenses/jackfield-peers/LICENSE", Licence, Rpm),
        (
            PEERS,
            "conformance/README.md",
            "/usr/share/doc/jackfield-peers/README.md",
            Documentation,
            Both,
        ),
    ]
};

/// Folders of the repository whose files are installed, those that are not there yet apart: where from, with
/// which endings, where to.
const FOLDERS: &[(&str, &[&str], &str, Sort)] = &[
    (
        "packaging/package/examples",
        &["conf"],
        "/usr/share/doc/jackfield/examples",
        Sort::Documentation,
    ),
    ("packaging/docs", &["md"], "/usr/share/doc/jackfield", Sort::Documentation),
    ("packaging/docs/runbooks", &["md"], "/usr/share/doc/jackfield/runbooks", Sort::Documentation),
    ("packaging/grafana", &["json"], "/usr/share/jackfield/grafana", Sort::Plain),
    ("packaging/prometheus", &["yml", "yaml"], "/usr/share/jackfield/prometheus", Sort::Plain),
    ("schemas", &["json", "xsd", "txt"], "/usr/share/jackfield/schemas", Sort::Plain),
];

/// The packages with all that is in them; programs are stripped into `work`.
pub(super) fn packages(source: &Source, work: &Path) -> Result<[Package; 2], Problem> {
    let mut gateway = Package {
        name: GATEWAY,
        summary: "gateway for contact centres: agents work from their IP phones",
        description: &[
            "Jackfield stands between the agents of a contact centre and the systems they",
            "work with: IP phones and headsets on one side, call control and directories",
            "on the other. It is one program; what it owns is in an SQLite file, or in a",
            "PostgreSQL database that several nodes share.",
        ],
        is_service: true,
        entries: Vec::new(),
    };
    let mut peers = Package {
        name: PEERS,
        summary: "simulated phones, headsets and servers to try a gateway with",
        description: &[
            "Phones, headsets, contact-centre servers and the like, played by the letter of",
            "their documents, to try and to judge Jackfield or another gateway from outside.",
            "None of it is needed by a gateway that serves.",
        ],
        is_service: false,
        entries: Vec::new(),
    };
    for package in [&mut gateway, &mut peers] {
        let name = package.name;
        let files = FILES.iter().filter(|file| file.0 == name);
        for &(_, from, to, sort, forms) in files {
            let body = Body::File(source.root.join(from));
            package.push(to, body, sort, forms);
        }
        contents::add(source, package, work)?;
        licences::add(source, package)?;
        sbom::add(source, package)?;
    }
    for &(folder, endings, to, sort) in FOLDERS {
        for (name, path) in files_of(&source.root.join(folder), endings)? {
            gateway.push(&format!("{to}/{name}"), Body::File(path), sort, Forms::Both);
        }
    }
    gateway.entries.push(Entry {
        path: "/etc/jackfield".into(),
        body: Body::Folder,
        mode: 0o755,
        sort: Sort::GroupConfiguration,
        forms: Forms::Both,
    });
    for package in [&mut gateway, &mut peers] {
        package.entries.sort_by(|one, other| one.path.cmp(&other.path));
    }
    Ok([gateway, peers])
}

impl Package {
    /// Adds a file that everybody may read.
    pub(super) fn push(&mut self, path: &str, body: Body, sort: Sort, forms: Forms) {
        self.entries.push(Entry { path: path.to_owned(), body, mode: 0o644, sort, forms });
    }

    /// What one form of the package has.
    pub(super) fn entries_for(&self, form: Forms) -> Vec<&Entry> {
        let has = |entry: &&Entry| entry.forms == Forms::Both || entry.forms == form;
        self.entries.iter().filter(has).collect()
    }

    /// What is asked for by the program and by the names of its files.
    pub(super) fn program(&self) -> &'static str {
        self.name
    }
}

/// The files of a folder by name, in order; none where it is not there.
fn files_of(folder: &Path, endings: &[&str]) -> Result<Vec<(String, PathBuf)>, Problem> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for each in fs::read_dir(folder)? {
        let path = each?.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if path.is_file()
            && endings.contains(&ending)
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            found.push((name.to_owned(), path.clone()));
        }
    }
    found.sort();
    Ok(found)
}
