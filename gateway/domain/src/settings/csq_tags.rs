//! For which contact service queues a response, a category or a signature is: named ones, or all.

use super::Reader;
use super::references::References;

/// The most CSQs that one response or signature is for; all of them where none is named.
pub const CSQS_OF_TAG_MAX: usize = 10;

/// Reads `csqs`; nothing named means all, and what is written wrongly is nobody's.
pub(super) fn read_tags(
    reader: &mut Reader<'_>,
    known: &References,
    length_max: usize,
) -> Option<Vec<String>> {
    const KEY: &str = "csqs";
    let is_named = reader.has_elements(KEY);
    let mut csqs = reader.parsed_list::<String>(KEY, length_max);
    for csq in csqs.iter().filter(|csq| !known.csqs.contains_key(*csq)) {
        reader.problem(KEY, format_args!("names {csq:?}, which is not in csqs"));
    }
    let written = csqs.len();
    csqs.sort_unstable();
    csqs.dedup();
    if csqs.len() < written {
        reader.problem(KEY, "names a CSQ more than once; keep one");
    }
    (!is_named || !csqs.is_empty()).then_some(csqs)
}

/// Whether what is tagged so is for that CSQ.
pub(super) fn is_for(csqs: &[String], csq: &str) -> bool {
    csqs.is_empty() || csqs.iter().any(|it| it == csq)
}
