//! The built-in profile as a file to begin with.

use super::super::enumeration::sections;
use super::super::member::{ITEMS, MEMBERS, ROOTS, SECTIONS};
use super::Profile;
use super::read::{BASES, REQUESTS};

const BEGINNING: &str = r#"# How phones ask about headsets, and what they are answered.
#
# This is the built-in profile, a proposal: what real phones send is not public. Requests that no profile knows
# are kept, masked, so that a profile can be written from them. Whatever is left out here is as below.

# How bodies are written: "json" or "xml". In XML a member is an element, never an attribute, and a list is an
# element with elements of its own.
format = "json"

# Of answers; application/json or application/xml unless set.
#content_type = "application/json"

# Of requests, at most 8; application/json, or application/xml and text/xml, unless set. Parameters are not minded
# beside charset, which must be UTF-8.
#accepted_content_types = ["application/json"]

# How times are written: "iso8601", "epoch_seconds" or "epoch_milliseconds".
time_format = "iso8601"

# No and yes in XML; JSON has its own.
no = "false"
yes = "true"

# The header that carries the token from discovery, and the word before it ("" for none).
token_header = "Authorization"
token_scheme = "Bearer"

# The name in the query of the discovery URL that carries the handle from the phone's file.
handle_query = "key"

# Method and path of each request. {device} stands for the device's name and {model} for a headset's model, at
# most one of them in a segment, with text before and after it where that helps: /files/{model}.json
"#;

const BASES_SAY: &str = r#"
# The path of a class, which discovery tells as primary and secondary: the beginning of the path of its requests.
"#;

const NAMES_SAY: &str = r#"
# Names of members. Dots put one within another: state = "agent.status.code" stands for
# {"agent": {"status": {"code": ...}}}. Letters, digits, _ and -, at most 64 in a name and 4 names.
"#;

const ROOTS_SAY: &str = r#"
# For XML alone: the root of each document, and what entries of lists are called.
"#;

const VALUES_SAY: &str = r#"
# Values: texts, or whole numbers without quotation marks where phones use numbers.
"#;

impl Profile {
    /// The built-in profile as TOML with comments.
    #[must_use]
    pub fn sample() -> String {
        let mut page = BEGINNING.to_owned();
        put(&mut page, "requests", "", REQUESTS.map(|(_, key, usual)| (key, usual)));
        page.push_str(BASES_SAY);
        put(&mut page, "bases", "", BASES.map(|(_, key, usual, _)| (key, usual)));
        page.push_str(NAMES_SAY);
        for (section, says) in SECTIONS {
            let members = MEMBERS.iter().filter(|row| row.1 == section);
            let table = format!("names.{section}");
            put(&mut page, &table, says, members.map(|row| (row.2, row.3)));
        }
        page.push_str(ROOTS_SAY);
        put(&mut page, "roots", "", ROOTS.map(|(_, key, usual)| (key, usual)));
        page.push('\n');
        put(&mut page, "items", "", ITEMS.map(|(_, key, usual)| (key, usual)));
        page.push_str(VALUES_SAY);
        for section in sections() {
            put(&mut page, &format!("values.{}", section.name), section.says, section.rows);
        }
        page
    }
}

fn put<'r>(
    page: &mut String,
    table: &str,
    says: &str,
    rows: impl IntoIterator<Item = (&'r str, &'r str)>,
) {
    if !says.is_empty() {
        page.push_str(&format!("\n# {says}\n"));
    }
    page.push_str(&format!("[{table}]\n"));
    for (key, usual) in rows {
        page.push_str(&format!("{key} = \"{usual}\"\n"));
    }
}
