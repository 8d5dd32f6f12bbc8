//! Call-variable layouts: which values of a call agents see, in two columns as on a desktop.

use serde::{Deserialize, Serialize};

use super::Reader;

/// The most fields in one column.
const FIELDS_MAX: usize = 20;

/// One value of a call with the label it is shown under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayoutField {
    /// What agents read before the value.
    pub label: String,
    /// The call variable's name.
    pub variable: String,
}

/// A layout of call variables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Its name; the one named `default` holds for teams without one of their own.
    pub name: String,
    /// The line above both columns.
    pub header: Option<LayoutField>,
    /// The left column.
    pub left: Vec<LayoutField>,
    /// The right column.
    pub right: Vec<LayoutField>,
}

impl Layout {
    /// Both columns folded into one, as a phone shows them: header, left, right (PHN-07).
    pub fn folded(&self) -> impl Iterator<Item = &LayoutField> {
        self.header.iter().chain(&self.left).chain(&self.right)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if !reader.has("name") {
            reader.problem("name", "is missing");
        }
        let name = reader.short_text("name", 64);
        let header = reader.table("header", LayoutField::read);
        let left = reader.list("left", FIELDS_MAX, LayoutField::read);
        let right = reader.list("right", FIELDS_MAX, LayoutField::read);
        Some(Self { name: name?, header, left, right })
    }
}

impl LayoutField {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        for name in ["label", "variable"] {
            if !reader.has(name) {
                reader.problem(name, "is missing");
            }
        }
        let label = reader.short_text("label", 50);
        let variable = reader.short_text("variable", 50);
        Some(Self { label: label?, variable: variable? })
    }
}
