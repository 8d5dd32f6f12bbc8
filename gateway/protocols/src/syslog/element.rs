//! The name of the element that holds our parameters.

use super::NAME_CHARACTERS_MAX;
use super::text;

/// The SD-ID of an element that is ours alone: `name@number` (RFC 5424, section 6.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementId(String);

impl ElementId {
    /// Under a private enterprise number; an `@` in the name would be a second one.
    pub fn private(name: &str, enterprise: u32) -> Self {
        let number = format!("@{enterprise}");
        let characters_max = NAME_CHARACTERS_MAX.saturating_sub(number.len());
        let name = text::name(&name.replace('@', "_"), characters_max);
        Self(name + &number)
    }

    /// As it stands in a message.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
