//! The phones this program can be: what each model shows, sends, understands and refuses.
//!
//! Pure data; the rows are in `table`.

mod table;

use super::limits;

pub(crate) use self::table::MODELS;

/// Roots of the objects a phone may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub(crate) enum Kind {
    #[serde(rename = "CiscoIPPhoneText")]
    Text,
    #[serde(rename = "CiscoIPPhoneMenu")]
    Menu,
    #[serde(rename = "CiscoIPPhoneInput")]
    Input,
    #[serde(rename = "CiscoIPPhoneDirectory")]
    Directory,
    #[serde(rename = "CiscoIPPhoneImage")]
    Image,
    #[serde(rename = "CiscoIPPhoneImageFile")]
    ImageFile,
    #[serde(rename = "CiscoIPPhoneGraphicMenu")]
    GraphicMenu,
    #[serde(rename = "CiscoIPPhoneGraphicFileMenu")]
    GraphicFileMenu,
    #[serde(rename = "CiscoIPPhoneIconMenu")]
    IconMenu,
    #[serde(rename = "CiscoIPPhoneIconFileMenu")]
    IconFileMenu,
    #[serde(rename = "CiscoIPPhoneStatus")]
    Status,
    #[serde(rename = "CiscoIPPhoneStatusFile")]
    StatusFile,
    #[serde(rename = "CiscoIPPhoneExecute")]
    Execute,
    #[serde(rename = "CiscoIPPhoneResponse")]
    Response,
    #[serde(rename = "CiscoIPPhoneError")]
    Error,
}

impl Kind {
    /// Every root, in the order of the documents.
    pub(crate) const ALL: [Self; 15] = [
        Self::Text,
        Self::Menu,
        Self::Input,
        Self::Directory,
        Self::Image,
        Self::ImageFile,
        Self::GraphicMenu,
        Self::GraphicFileMenu,
        Self::IconMenu,
        Self::IconFileMenu,
        Self::Status,
        Self::StatusFile,
        Self::Execute,
        Self::Response,
        Self::Error,
    ];

    /// The element's name without its common prefix `CiscoIPPhone`.
    pub(crate) fn short_name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Menu => "Menu",
            Self::Input => "Input",
            Self::Directory => "Directory",
            Self::Image => "Image",
            Self::ImageFile => "ImageFile",
            Self::GraphicMenu => "GraphicMenu",
            Self::GraphicFileMenu => "GraphicFileMenu",
            Self::IconMenu => "IconMenu",
            Self::IconFileMenu => "IconFileMenu",
            Self::Status => "Status",
            Self::StatusFile => "StatusFile",
            Self::Execute => "Execute",
            Self::Response => "Response",
            Self::Error => "Error",
        }
    }

    /// Finds a root by its element name, case-sensitively.
    pub(crate) fn from_element(name: &str) -> Option<Self> {
        let short = name.strip_prefix("CiscoIPPhone")?;
        Self::ALL.into_iter().find(|kind| kind.short_name() == short)
    }
}

/// How old the phone's software is: decides charset preference, HTTP version and push limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// 69xx and 79xx: Latin-1 first, HTTP/1.0, pushes of 512 bytes, TLS that ends at 1.0.
    Old,
    /// Everything later: UTF-8 first, HTTP/1.1, pushes of 40 KB.
    Current,
}

/// Where the phone shows an object's `Title` and `Prompt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heading {
    /// Title, and the prompt right below it.
    BelowTitle,
    /// Title on top, the prompt as the last line above the soft keys.
    AboveKeys,
    /// One line for both, and the prompt wins (69xx).
    InsteadOfTitle,
}

/// In which order the phone places its own soft keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyOrder {
    /// 69xx and 79xx: Select or Submit 1, Update or Next 2, Exit 3.
    SelectFirst,
    /// 78xx and later: Exit 1, Select or Submit 2, others after them.
    ExitFirst,
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Model {
    /// What the phone calls itself in `X-CiscoIPPhoneModelName`.
    pub(crate) name: &'static str,
    /// Old or current software.
    pub(crate) age: Age,
    /// Width, height in pixels, bits per pixel, `C` colour or `G` grey.
    pub(crate) display: (u16, u16, u8, char),
    /// Characters in a drawn line.
    pub(crate) columns: usize,
    /// Drawn lines between the heading and the soft keys.
    pub(crate) rows: usize,
    /// Soft keys visible at one time; more are behind More.
    pub(crate) soft_keys_visible: usize,
    /// The highest `Position` the phone accepts.
    pub(crate) soft_key_position_max: i32,
    /// Where title and prompt stand.
    pub(crate) heading: Heading,
    /// Order of the phone's own soft keys.
    pub(crate) key_order: KeyOrder,
    /// Whether `<URL method="post">` is honoured.
    pub(crate) honours_post: bool,
    /// False for 840 and 860, which show objects only after an Execute was pushed.
    pub(crate) has_services_key: bool,
    /// Whether the phone belongs to the 7800 series, which lacks several internal URIs.
    pub(crate) lacks_application_uris: bool,
    /// Whether `Expires` must be after 1970-01-01 to be understood (8800 series).
    pub(crate) expires_after_epoch: bool,
    /// Whether extra security headers break the authentication callback (69xx).
    pub(crate) callback_headers_minimal: bool,
    /// Whether the phone can move a vibration motor or be unlocked by URI (wireless models).
    pub(crate) wireless: bool,
    /// The software's version of the services interface.
    pub(crate) sdk_version: &'static str,
    /// Objects the phone understands.
    pub(crate) objects: &'static [Kind],
}

impl Model {
    /// Finds a model by name; case and the prefix (`CP-`, `DP-`) do not matter.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        let wanted = name.trim();
        MODELS.iter().find(|model| {
            model.name.eq_ignore_ascii_case(wanted)
                || model.name.split_once('-').is_some_and(|(_, n)| n.eq_ignore_ascii_case(wanted))
        })
    }

    /// Whether the phone renders or runs objects of this root.
    pub(crate) fn understands(&self, kind: Kind) -> bool {
        self.objects.contains(&kind)
    }

    /// Bytes a push body may have.
    pub(crate) fn push_body_bytes_max(&self) -> usize {
        match self.age {
            Age::Old => limits::PUSH_BODY_BYTES_MAX_OLD,
            Age::Current => limits::PUSH_BODY_BYTES_MAX,
        }
    }

    /// The request's `Accept-Charset`.
    pub(crate) fn accept_charset(&self) -> &'static str {
        match self.age {
            Age::Old => "iso-8859-1,utf-8;q=0.8",
            Age::Current => "utf-8,iso-8859-1;q=0.8",
        }
    }

    /// Whether a menu without a prompt is drawn wrongly.
    pub(crate) fn menu_needs_prompt(&self) -> bool {
        self.age == Age::Old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_with_and_without_its_prefix() {
        for wanted in ["CP-8845", "cp-8845", "8845"] {
            assert_eq!(Model::find(wanted).map(|model| model.name), Some("CP-8845"));
        }
        assert_eq!(Model::find("9871").map(|model| model.name), Some("DP-9871"));
        assert!(Model::find("8846").is_none());
    }

    #[test]
    fn phn_17_every_family_of_the_table_is_there() {
        let expected = [
            "6945", "7811", "7821", "7841", "7861", "7832", "7942G", "7945G", "7962G", "7965G",
            "7975G", "8811", "8841", "8845", "8851", "8861", "8865", "8821", "8832", "8875",
            "9841", "9851", "9861", "9871", "840", "860",
        ];
        for name in expected {
            assert!(Model::find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn names_are_unique_and_every_row_can_be_drawn() {
        for (index, model) in MODELS.iter().enumerate() {
            assert!(MODELS.iter().skip(index + 1).all(|other| other.name != model.name));
            assert!(model.columns >= 8 * model.soft_keys_visible, "{}", model.name);
            assert!(model.rows >= 3 && model.display.0 > 0, "{}", model.name);
        }
    }

    #[test]
    fn objects_follow_the_support_table() {
        let lacks = |name: &str, kind| !Model::find(name).unwrap().understands(kind);
        assert!(lacks("7841", Kind::Image) && lacks("7841", Kind::Status));
        assert!(lacks("8875", Kind::GraphicMenu) && lacks("8821", Kind::GraphicFileMenu));
        assert!(lacks("9841", Kind::Status) && !lacks("9851", Kind::Status));
        assert!(lacks("860", Kind::Input) && lacks("6945", Kind::IconMenu));
        assert!(!lacks("8845", Kind::GraphicFileMenu));
    }
}
