//! Identifiers, and what looks like one.

use super::tree::{Element, is_plain_name};
use super::{SamlReason, SamlRefused};

/// Step 5: whatever anybody may take for an identifier is a name and stands in the document once.
/// That holds for all of them, since an attacker chooses which one another reader believes in.
pub(super) fn check(root: Element<'_>) -> Result<(), SamlRefused> {
    let refuse = |detail: &'static str| Err(SamlRefused::new(SamlReason::Ids, detail));
    let mut ids: Vec<&str> = Vec::new();
    for element in std::iter::once(root).chain(root.descendants()) {
        for (namespace, name, value) in element.attributes() {
            // With any prefix: xml:id, wsu:Id and whatever else somebody reads.
            let is_like_one =
                name.eq_ignore_ascii_case("id") || (namespace.is_empty() && name == "AssertionID");
            if !is_like_one {
                continue;
            }
            if !is_plain_name(value) {
                return refuse("an identifier that is not a name");
            }
            ids.push(value);
        }
    }
    ids.sort_unstable();
    if ids.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
        return refuse("an identifier twice");
    }
    Ok(())
}
