//! The row of soft keys under a page: the page's own, or the phone's, and the paging behind More.
//!
//! Pure. A page with custom keys loses all of the phone's; which keys are visible depends on the model.

use super::model::{KeyOrder, Kind, Model};
use super::object::SoftKey;

/// One place in the visible row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Nothing stands here.
    Empty,
    /// Runs a key of the page or of the phone.
    Key(SoftKey),
    /// Shows the next keys.
    More,
}

impl Slot {
    /// What the key says.
    pub(crate) fn label(&self) -> &str {
        match self {
            Self::Empty => "",
            Self::Key(key) => &key.name,
            Self::More => "More",
        }
    }
}

/// The phone's own keys for an object without custom ones.
///
/// `kind` is `None` for what is no object: plain text, a picture, an error of the phone.
pub(crate) fn default_keys(
    model: &Model,
    kind: Option<Kind>,
    has_refresh_url: bool,
) -> Vec<SoftKey> {
    let next = if has_refresh_url { "Next" } else { "Update" };
    let names: &[(&str, i32)] = match (kind, model.key_order) {
        (Some(Kind::Input), KeyOrder::SelectFirst) => &[("Submit", 1), ("<<", 2), ("Cancel", 3)],
        (Some(Kind::Input), KeyOrder::ExitFirst) => &[("Cancel", 1), ("Submit", 2), ("<<", 3)],
        (Some(Kind::Directory), KeyOrder::SelectFirst) => {
            &[("Dial", 1), ("EditDial", 2), ("Exit", 3), (next, 4)]
        }
        (Some(Kind::Directory), KeyOrder::ExitFirst) => {
            &[("Exit", 1), ("Dial", 2), ("EditDial", 3), (next, 4)]
        }
        (Some(kind), order) if is_menu(kind) => match order {
            KeyOrder::SelectFirst => &[("Select", 1), (next, 2), ("Exit", 3)],
            KeyOrder::ExitFirst => &[("Exit", 1), ("Select", 2), (next, 3)],
        },
        (_, KeyOrder::SelectFirst) => &[(next, 1), ("Exit", 3)],
        (_, KeyOrder::ExitFirst) => &[("Exit", 1), (next, 2)],
    };
    names
        .iter()
        .map(|(name, position)| SoftKey {
            name: (*name).to_owned(),
            position: *position,
            url: Some(format!("SoftKey:{name}")),
            url_down: None,
        })
        .collect()
}

fn is_menu(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Menu
            | Kind::IconMenu
            | Kind::IconFileMenu
            | Kind::GraphicMenu
            | Kind::GraphicFileMenu
    )
}

/// The visible row: `more` counts how often More was pressed.
pub(crate) fn visible(model: &Model, keys: &[SoftKey], more: usize) -> Vec<Slot> {
    let width = model.soft_keys_visible;
    // Position -1 is the settings button, which has no label in the row.
    let mut keys: Vec<&SoftKey> = keys.iter().filter(|key| key.position != -1).collect();
    keys.sort_by_key(|key| key.position);
    let fits = keys.iter().all(|key| usize::try_from(key.position).is_ok_and(|p| p <= width));
    if fits {
        return (1..=width)
            .map(|place| {
                keys.iter()
                    .find(|key| usize::try_from(key.position).is_ok_and(|p| p == place))
                    .map_or(Slot::Empty, |key| Slot::Key((*key).clone()))
            })
            .collect();
    }
    let per_row = if keys.len() > width { width.saturating_sub(1).max(1) } else { width };
    let rows = keys.len().div_ceil(per_row).max(1);
    let row = keys.into_iter().skip(per_row * (more % rows)).take(per_row);
    let mut slots: Vec<Slot> = row.map(|key| Slot::Key(key.clone())).collect();
    if rows > 1 {
        slots.resize(width.saturating_sub(1), Slot::Empty);
        slots.push(Slot::More);
    }
    slots.resize(width, Slot::Empty);
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(positions: &[i32]) -> Vec<SoftKey> {
        positions
            .iter()
            .map(|position| SoftKey {
                name: format!("k{position}"),
                position: *position,
                url: None,
                url_down: None,
            })
            .collect()
    }

    #[track_caller]
    fn check(model: &str, positions: &[i32], more: usize, expected: &[&str]) {
        let slots = visible(Model::find(model).unwrap(), &keys(positions), more);
        let labels: Vec<&str> = slots.iter().map(Slot::label).collect();
        assert_eq!(labels, expected);
    }

    #[test]
    fn keys_stand_at_their_positions_while_all_fit() {
        check("7841", &[1, 3], 0, &["k1", "", "k3", ""]);
        check("8845", &[5, 2], 0, &["", "k2", "", "", "k5"]);
        check("8821", &[2], 0, &["", "k2"]);
    }

    #[test]
    fn phn_17_more_keys_than_the_model_shows_are_paged() {
        check("7841", &[1, 2, 3, 4, 5], 0, &["k1", "k2", "k3", "More"]);
        check("7841", &[1, 2, 3, 4, 5], 1, &["k4", "k5", "", "More"]);
        check("7841", &[1, 2, 3, 4, 5], 2, &["k1", "k2", "k3", "More"]);
        check("8845", &[1, 2, 3, 4, 5], 0, &["k1", "k2", "k3", "k4", "k5"]);
        check("8821", &[1, 2, 3], 1, &["k2", "More"]);
    }

    #[test]
    fn positions_beyond_the_row_close_up_when_they_are_few() {
        check("7841", &[1, 7], 0, &["k1", "k7", "", ""]);
        check("7841", &[-1, 1], 0, &["k1", "", "", ""]);
    }

    #[test]
    fn the_phones_own_keys_follow_its_family() {
        let of = |model: &str, kind, refresh| {
            let model = Model::find(model).unwrap();
            let keys = default_keys(model, Some(kind), refresh);
            visible(model, &keys, 0).iter().map(|s| s.label().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of("7942G", Kind::Menu, false), ["Select", "Update", "Exit", ""]);
        assert_eq!(of("7841", Kind::Menu, true), ["Exit", "Select", "Next", ""]);
        assert_eq!(of("6945", Kind::Text, true), ["Next", "", "Exit", ""]);
        assert_eq!(of("8845", Kind::Input, false), ["Cancel", "Submit", "<<", "", ""]);
    }
}
