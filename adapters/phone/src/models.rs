//! What phones of each family can show.
//!
//! Families, visible keys, key positions and objects follow Cisco's application development notes
//! and the habits of their own menus. How many characters of a label fit is an estimate for the
//! smallest model of a family; `phone_service.label_limits` in the settings has the last word.

use domain::ReasonCode;
use domain::settings::{PhoneService, Reason};
use protocols::phone_xml::{Charset, MENU_ITEMS_MAX, MENU_NAME_CHARACTERS_MAX, cut};

/// Where a family's own pages have their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyOrder {
    /// Select or Submit first, Exit third: 69xx, 79xx.
    SelectFirst,
    /// Exit first, Select or Submit second: 78xx and later.
    ExitFirst,
}

/// What one family of phones can show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Model {
    /// How its names begin.
    pub(crate) beginning: &'static str,
    pub(crate) key_order: KeyOrder,
    /// Whether only one of title and prompt is shown, the prompt (69xx).
    pub(crate) prompt_only: bool,
    /// Whether it sends a form in a body when asked to.
    pub(crate) honours_post: bool,
    /// Whether it knows `CiscoIPPhoneInput` (840 and 860 do not).
    pub(crate) shows_forms: bool,
    /// What it reads where it does not say.
    pub(crate) charset: Charset,
    /// How many characters of a menu item it shows.
    pub(crate) label_characters: usize,
}

/// A model nobody knows: what every phone can show.
const UNKNOWN: Model = Model {
    beginning: "",
    key_order: KeyOrder::ExitFirst,
    prompt_only: false,
    honours_post: false,
    shows_forms: true,
    charset: Charset::Latin1,
    label_characters: 24,
};

const fn current(beginning: &'static str, label_characters: usize) -> Model {
    Model { beginning, charset: Charset::Utf8, label_characters, ..UNKNOWN }
}

const fn old(beginning: &'static str, label_characters: usize) -> Model {
    Model { beginning, key_order: KeyOrder::SelectFirst, label_characters, ..UNKNOWN }
}

/// The longest beginning that fits a name decides.
const MODELS: &[Model] = &[
    Model { prompt_only: true, ..old("CP-69", 28) },
    old("CP-79", 30),
    Model { honours_post: true, ..current("CP-78", 32) },
    Model { honours_post: true, ..current("CP-88", 40) },
    Model { honours_post: true, ..current("CP-8821", 22) },
    current("CP-98", 32),
    current("DP-98", 32),
    Model { shows_forms: false, ..current("CP-840", 28) },
    Model { shows_forms: false, ..current("CP-860", 28) },
];

impl Model {
    /// The family of a phone by what it calls itself; the `User-Agent` betrays some 79xx.
    pub(crate) fn of(name: &str, user_agent: &str) -> &'static Self {
        let begins = |model: &&Self| begins_with(name, model.beginning);
        let known = MODELS.iter().filter(begins).max_by_key(|model| model.beginning.len());
        known.unwrap_or_else(|| {
            let old = MODELS.iter().find(|model| model.beginning == "CP-79");
            old.filter(|_| name.is_empty() && user_agent.contains("CP79")).unwrap_or(&UNKNOWN)
        })
    }
}

fn begins_with(name: &str, beginning: &str) -> bool {
    name.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

/// How many characters of a label a phone of that name shows: the longest matching beginning in the
/// settings, else what we assume.
pub(crate) fn label_characters(service: &PhoneService, name: &str, user_agent: &str) -> usize {
    let fitting = service.label_limits.iter().filter(|limit| begins_with(name, &limit.model));
    let limit = fitting.max_by_key(|limit| limit.model.len());
    let limit = limit.and_then(|limit| usize::try_from(limit.characters_max).ok());
    limit
        .unwrap_or_else(|| Model::of(name, user_agent).label_characters)
        .min(MENU_NAME_CHARACTERS_MAX)
}

/// What a phone of one model does not show of a list of reasons (PHN-06).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    /// How many characters of a label it shows.
    pub characters_max: usize,
    /// Reasons whose label is cut, with what is left of it.
    pub cut: Vec<(ReasonCode, String)>,
    /// Reasons beyond the hundredth, which the phone does not list.
    pub left_out: Vec<ReasonCode>,
}

/// What a phone of that model (for example `CP-7841`) cuts or leaves out of these reasons, given in
/// the order they are offered.
pub fn cuts<'r>(
    service: &PhoneService,
    model: &str,
    reasons: impl IntoIterator<Item = &'r Reason>,
) -> Cuts {
    let characters_max = label_characters(service, model, "");
    let mut cuts = Cuts { characters_max, ..Cuts::default() };
    for (index, reason) in reasons.into_iter().enumerate() {
        let left = cut(&reason.label, characters_max);
        if index >= MENU_ITEMS_MAX {
            cuts.left_out.push(reason.code);
        } else if left.len() < reason.label.len() {
            cuts.cut.push((reason.code, left.to_owned()));
        }
    }
    cuts
}

#[cfg(test)]
mod tests {
    use domain::ReasonCategory;
    use domain::settings::LabelLimit;

    use super::*;

    #[track_caller]
    fn check_family(names: &[&str], beginning: &str) {
        for name in names {
            assert_eq!(Model::of(name, "").beginning, beginning, "{name}");
        }
    }

    #[test]
    fn phn_17_every_family_is_known_by_its_name() {
        check_family(&["CP-6921", "CP-6945", "cp-6961"], "CP-69");
        check_family(&["CP-7811", "CP-7832", "CP-7861"], "CP-78");
        check_family(&["CP-7942G", "CP-7975G"], "CP-79");
        check_family(&["CP-8811", "CP-8832", "CP-8845", "CP-8865", "CP-8875"], "CP-88");
        check_family(&["CP-8821", "CP-8821-EX"], "CP-8821");
        check_family(&["DP-9841", "DP-9871"], "DP-98");
        check_family(&["CP-840"], "CP-840");
        check_family(&["CP-860S"], "CP-860");
        check_family(&["", "CP-", "SPA504G", "Ünïcödé", "\u{1F600}-88"], "");
        assert_eq!(Model::of("", "Allegro-Software-WebClient/4.34").beginning, "");
        assert_eq!(Model::of("", "Cisco/CP7942G 9.4").beginning, "CP-79");
    }

    fn reason(code: u16, label: &str) -> Reason {
        Reason {
            category: ReasonCategory::NotReady,
            code: ReasonCode(code),
            label: label.to_owned(),
            teams: Vec::new(),
        }
    }

    fn service(limits: &[(&str, u32)]) -> PhoneService {
        let limits = limits.iter().map(|(model, characters_max)| LabelLimit {
            model: (*model).to_owned(),
            characters_max: *characters_max,
        });
        PhoneService { label_limits: limits.collect(), ..PhoneService::default() }
    }

    #[test]
    fn phn_06_the_settings_longest_match_says_how_much_of_a_label_is_shown() {
        let service = service(&[("CP-78", 10), ("CP-7841", 12), ("", 4)]);
        assert_eq!(label_characters(&service, "CP-7841", ""), 12);
        assert_eq!(label_characters(&service, "CP-7861", ""), 10);
        assert_eq!(label_characters(&service, "CP-8845", ""), 4);
        assert_eq!(label_characters(&PhoneService::default(), "CP-8821", ""), 22);
    }

    #[test]
    fn phn_06_what_is_cut_and_left_out_is_known_beforehand() {
        let service = service(&[("CP-7841", 7)]);
        let mut reasons = vec![reason(1, "Mittagspause"), reason(2, "Kurz"), reason(3, "Schulung")];
        reasons.extend((4..=102).map(|code| reason(code, "x")));
        let found = cuts(&service, "CP-7841", &reasons);
        assert_eq!(found.characters_max, 7);
        let expected =
            [(ReasonCode(1), "Mittags".to_owned()), (ReasonCode(3), "Schulun".to_owned())];
        assert_eq!(found.cut, expected);
        assert_eq!(found.left_out, [ReasonCode(101), ReasonCode(102)]);
        assert_eq!(cuts(&service, "CP-8845", &reasons).cut, []);
    }
}
