//! Wrap-up categories: what a digital contact was about, by reasons that agents pick (CCP-07).

use serde::{Deserialize, Serialize};

use super::Reader;
use super::csq_tags::{is_for, read_tags};
use super::references::References;
use crate::Problems;

/// The most categories.
pub const WRAP_UP_CATEGORIES_MAX: usize = 25;
/// The most reasons of a category.
pub const WRAP_UP_REASONS_MAX: usize = 25;
/// The most characters of a category's name and of a reason.
pub const WRAP_UP_CHARACTERS_MAX: usize = 40;
/// The most categories that a CSQ has, those for all among them.
pub const WRAP_UP_CATEGORIES_OF_CSQ_MAX: usize = 10;
/// The most reasons that an agent picks for one contact.
pub const WRAP_UP_CHOICES_MAX: usize = 5;

/// A category of reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrapUpCategory {
    /// Its name.
    pub name: String,
    /// Its reasons, in the order they are shown.
    pub reasons: Vec<String>,
    /// For which CSQs it is; all where none is named.
    pub csqs: Vec<String>,
}

impl WrapUpCategory {
    /// Whether agents find it in contacts of that CSQ.
    pub fn is_for(&self, csq: &str) -> bool {
        is_for(&self.csqs, csq)
    }

    pub(super) fn read(reader: &mut Reader<'_>, known: &References) -> Option<Self> {
        let name = reader.named("name", WRAP_UP_CHARACTERS_MAX);
        let is_written = reader.has_elements("reasons");
        let reasons = reader.text_list("reasons", WRAP_UP_REASONS_MAX, WRAP_UP_CHARACTERS_MAX);
        if !is_written {
            let message = format_args!("must hold 1 to {WRAP_UP_REASONS_MAX} reasons; add one");
            reader.problem("reasons", message);
        }
        for (position, reason) in reasons.iter().enumerate() {
            if reasons.iter().take(position).any(|before| before == reason) {
                let message = format_args!("has {reason:?} more than once; keep one");
                reader.problem(&format!("reasons[{position}]"), message);
            }
        }
        let csqs = read_tags(reader, known, super::CSQS_MAX);
        Some(Self { name: name?, reasons, csqs: csqs? })
    }
}

/// Notes CSQs that have too many.
pub(super) fn check_categories<'c>(
    categories: &[WrapUpCategory],
    csqs: impl Iterator<Item = &'c str>,
    problems: &mut Problems,
) {
    for csq in csqs {
        let count = categories.iter().filter(|it| it.is_for(csq)).count();
        if count > WRAP_UP_CATEGORIES_OF_CSQ_MAX {
            let message = format_args!(
                "gives the CSQ {csq:?} {count} categories, those for all CSQs among them, at most \
                 {WRAP_UP_CATEGORIES_OF_CSQ_MAX}; name other CSQs in some"
            );
            problems.add("wrap_up_categories", message);
        }
    }
}
