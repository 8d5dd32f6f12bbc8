//! The copyright file: what the program is linked from, under which licences, with their texts.
//!
//! Where a crate leaves the choice, Apache-2.0 is taken, whose text every Debian has; of all others the text
//! stands here as the crate gives it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::Source;
use super::layout::{Body, Forms, Package, Sort};
use super::linked::{self, Crate};
use super::program::Problem;

/// Licences in the order in which they are taken where there is a choice.
const TAKEN: [&str; 9] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "MIT",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "0BSD",
];

/// What crates bring along in other languages, with its licence and where its text is in the crate.
const BROUGHT: [(&str, &str, &str, &str); 2] = [
    ("tikv-jemalloc-sys", "jemalloc", "BSD-2-Clause", "jemalloc/COPYING"),
    ("ring", "BoringSSL and fiat-crypto", "Apache-2.0 AND ISC AND MIT", "third_party/fiat/LICENSE"),
];

/// Adds the file: as Debian's form wants it, and for all in the package's documentation.
pub(super) fn add(source: &Source, package: &mut Package) -> Result<(), Problem> {
    let root = if package.is_service { "server" } else { "conformance" };
    let text = copyright(&linked::crates(source, root)?)?;
    let path = format!("/usr/share/doc/{}/copyright", package.name);
    package.push(&path, Body::Bytes(text.into_bytes()), Sort::Licence, Forms::Both);
    Ok(())
}

fn copyright(crates: &[Crate]) -> Result<String, Problem> {
    let mut text = String::from(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
         Upstream-Name: Jackfield\n\
         Comment:\n \
         Below cargo/ is what the program is linked from, each with its own licence; rust/ is the\n \
         standard library of the compiler.\n\
         \n\
         Files: *\n\
         Copyright: the authors of Jackfield\n\
         License: Apache-2.0\n\
         \n\
         Files: rust/*\n\
         Copyright: The Rust Project Developers\n\
         License: Apache-2.0\n\
         Comment: Offered under MIT or Apache-2.0.\n",
    );
    for one in crates.iter().filter(|one| !one.is_ours) {
        let taken = taken(&one.licence);
        write!(
            text,
            "\nFiles: cargo/{}-{}/*\nCopyright:{}\nLicense: {}\n",
            one.name,
            one.version,
            indented(&holders(one)),
            short(&taken)
        )?;
        if taken.iter().any(|licence| *licence != "Apache-2.0") {
            text.push_str(&indented_text(&texts(one)?));
        }
        writeln!(text, "Comment: Offered under {}.", one.licence)?;
        for (_, what, licence, file) in BROUGHT.iter().filter(|brought| brought.0 == one.name) {
            let said = fs::read_to_string(one.folder.join(file))
                .map_err(|error| format!("{} has no {file}: {error}", one.label()))?;
            write!(
                text,
                "\nFiles: cargo/{}-{}/{}/*\nCopyright: the authors of {what}\nLicense: {}\n{}",
                one.name,
                one.version,
                file.split('/').next().unwrap_or_default(),
                licence.replace(" AND ", " and "),
                indented_text(&said)
            )?;
        }
        if one.name == "libsqlite3-sys" {
            write!(
                text,
                "\nFiles: cargo/{}-{}/sqlite3/*\nCopyright: none, its authors gave it away\n\
                 License: public-domain\n The authors disclaim copyright to this source code.\n",
                one.name, one.version
            )?;
        }
    }
    text.push_str(
        "\nLicense: Apache-2.0\n On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.\n",
    );
    Ok(text)
}

/// The licences of an expression that we take: of a choice the one we like best, of others all.
fn taken(expression: &str) -> Vec<&str> {
    let parts = expression.split(" AND ").map(|part| part.trim_matches(['(', ')', ' ']));
    let mut taken: Vec<_> = parts
        .filter_map(|part| {
            let offered: Vec<_> =
                part.split(" OR ").map(|it| it.trim_matches(['(', ')', ' '])).collect();
            let best = TAKEN.iter().find(|liked| offered.contains(liked)).copied();
            best.or(offered.first().copied())
        })
        .collect();
    taken.dedup();
    taken
}

/// As Debian's form spells them.
fn short(taken: &[&str]) -> String {
    taken.join(" and ").replace(" WITH LLVM-exception", "-with-LLVM-exception")
}

/// Who says that it is theirs, as far as the licence files say.
fn holders(one: &Crate) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for path in licence_files(&one.folder) {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let said = text.lines().map(str::trim).filter(|line| {
            let line = line.to_ascii_lowercase();
            let year = line.contains("(c)")
                || line.contains('©')
                || line.chars().any(|it| it.is_ascii_digit());
            line.starts_with("copyright") && year && !line.contains("[yyyy]")
        });
        for line in said {
            let holder = line.trim_start_matches("Copyright").trim_start_matches([':', ' ']);
            if !holder.is_empty() && !found.iter().any(|known| known == holder) {
                found.push(holder.to_owned());
            }
        }
    }
    if found.is_empty() {
        found.push(format!("the authors of {}", one.name));
    }
    found
}

fn texts(one: &Crate) -> Result<String, Problem> {
    let mut text = String::new();
    for path in licence_files(&one.folder) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        // Its text is on every Debian.
        if !name.contains("apache") {
            text.push_str(&without_apache(&fs::read_to_string(&path)?));
            text.push('\n');
        }
    }
    if text.trim().is_empty() {
        return Err(format!("{} has no text of its licence {}", one.label(), one.licence).into());
    }
    Ok(text)
}

/// The text without that of Apache-2.0, which no package repeats.
fn without_apache(text: &str) -> String {
    let (begin, end) = ("Apache License\n", "END OF TERMS AND CONDITIONS");
    let found = text.find(begin).zip(text.find(end)).filter(|(begin, end)| begin < end);
    match found.and_then(|(from, to)| Some((text.get(..from)?, text.get(to + end.len()..)?))) {
        Some((before, after)) => {
            format!("{}[the text of Apache-2.0]{after}", before.trim_end_matches(' '))
        }
        None => text.to_owned(),
    }
}

fn licence_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let is_one = |name: &str| {
        ["licen", "copying", "copyright", "unlicense"].iter().any(|word| name.starts_with(word))
    };
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|each| each.path());
    let mut files: Vec<_> = files
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
            path.is_file() && is_one(&name) && !name.ends_with(".rs")
        })
        .collect();
    files.sort();
    files
}

fn indented(lines: &[String]) -> String {
    match lines {
        [one] => format!(" {one}"),
        _ => lines.iter().map(|line| format!("\n {line}")).collect(),
    }
}

fn indented_text(text: &str) -> String {
    let mut indented = String::new();
    for line in text.trim().lines() {
        let line = line.trim_end();
        indented.push_str(if line.is_empty() { " ." } else { " " });
        indented.push_str(line);
        indented.push('\n');
    }
    indented
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_choice_one_is_taken_and_of_a_sum_all() {
        assert_eq!(taken("MIT OR Apache-2.0"), ["Apache-2.0"]);
        assert_eq!(taken("Apache-2.0 AND ISC"), ["Apache-2.0", "ISC"]);
        assert_eq!(taken("(MIT OR Apache-2.0) AND Unicode-3.0"), ["Apache-2.0", "Unicode-3.0"]);
        assert_eq!(taken("Unlicense OR MIT"), ["MIT"]);
        assert_eq!(short(&taken("Apache-2.0 AND ISC")), "Apache-2.0 and ISC");
    }

    #[test]
    fn the_text_of_apache_is_not_repeated() {
        let text = "of one\n   Apache License\n  1. x\nEND OF TERMS AND CONDITIONS\nof another\n";
        assert_eq!(without_apache(text), "of one\n[the text of Apache-2.0]\nof another\n");
        assert_eq!(without_apache("MIT\n"), "MIT\n");
    }

    #[test]
    fn an_empty_line_of_a_licence_has_a_dot() {
        assert_eq!(indented_text("a\n\n  b \n"), " a\n .\n   b\n");
    }
}
