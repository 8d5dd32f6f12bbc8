//! The phones this program can be: what each model shows, sends, understands and refuses.
//!
//! Pure data. Display areas of the 69xx, 78xx, 8832, 9841, 840 and 860 and all drawing sizes in
//! characters are our own choice; everything else follows Cisco's application development notes.

use super::limits;

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

const BASIC: &[Kind] = &[
    Kind::Text,
    Kind::Menu,
    Kind::Input,
    Kind::Directory,
    Kind::Execute,
    Kind::Response,
    Kind::Error,
];
const SERIES_7800: &[Kind] = &[
    Kind::Text,
    Kind::Menu,
    Kind::Input,
    Kind::Directory,
    Kind::IconMenu,
    Kind::IconFileMenu,
    Kind::Execute,
    Kind::Response,
    Kind::Error,
];
const ALL: &[Kind] = &Kind::ALL;
const NO_GRAPHIC: &[Kind] = &[
    Kind::Text,
    Kind::Menu,
    Kind::Input,
    Kind::Directory,
    Kind::Image,
    Kind::ImageFile,
    Kind::IconMenu,
    Kind::IconFileMenu,
    Kind::Status,
    Kind::StatusFile,
    Kind::Execute,
    Kind::Response,
    Kind::Error,
];
const WIRELESS_8821: &[Kind] = &[
    Kind::Text,
    Kind::Menu,
    Kind::Input,
    Kind::Directory,
    Kind::Image,
    Kind::ImageFile,
    Kind::GraphicMenu,
    Kind::IconMenu,
    Kind::IconFileMenu,
    Kind::Execute,
    Kind::Response,
    Kind::Error,
];
const NO_STATUS: &[Kind] = &[
    Kind::Text,
    Kind::Menu,
    Kind::Input,
    Kind::Directory,
    Kind::Image,
    Kind::ImageFile,
    Kind::GraphicMenu,
    Kind::GraphicFileMenu,
    Kind::IconMenu,
    Kind::IconFileMenu,
    Kind::Execute,
    Kind::Response,
    Kind::Error,
];
const SERIES_800: &[Kind] =
    &[Kind::Text, Kind::Menu, Kind::ImageFile, Kind::Execute, Kind::Response, Kind::Error];

/// A current phone with four keys; the other rows say how they differ.
const CURRENT: Model = Model {
    name: "",
    age: Age::Current,
    display: (0, 0, 0, 'C'),
    columns: 0,
    rows: 0,
    soft_keys_visible: 4,
    soft_key_position_max: 16,
    heading: Heading::BelowTitle,
    key_order: KeyOrder::ExitFirst,
    honours_post: false,
    has_services_key: true,
    lacks_application_uris: false,
    expires_after_epoch: false,
    callback_headers_minimal: false,
    wireless: false,
    sdk_version: "6.0.2",
    objects: ALL,
};

const fn series_6900(name: &'static str) -> Model {
    Model {
        name,
        age: Age::Old,
        display: (396, 81, 1, 'G'),
        columns: 40,
        rows: 3,
        soft_key_position_max: 8,
        heading: Heading::InsteadOfTitle,
        key_order: KeyOrder::SelectFirst,
        callback_headers_minimal: true,
        sdk_version: "4.1.3",
        objects: BASIC,
        ..CURRENT
    }
}

const fn series_7900(name: &'static str, depth: u8, colour: char) -> Model {
    Model {
        name,
        age: Age::Old,
        display: (298, 144, depth, colour),
        columns: 36,
        rows: 6,
        soft_key_position_max: 8,
        heading: Heading::AboveKeys,
        key_order: KeyOrder::SelectFirst,
        sdk_version: "4.1.3",
        ..CURRENT
    }
}

const fn series_7800(name: &'static str, height: u16, rows: usize) -> Model {
    Model {
        name,
        display: (396, height, 1, 'G'),
        columns: 40,
        rows,
        honours_post: true,
        lacks_application_uris: true,
        objects: SERIES_7800,
        ..CURRENT
    }
}

const fn series_8800(name: &'static str, depth: u8, colour: char) -> Model {
    Model {
        name,
        display: (559, 265, depth, colour),
        columns: 54,
        rows: 9,
        soft_keys_visible: 5,
        honours_post: true,
        expires_after_epoch: true,
        ..CURRENT
    }
}

const fn series_9800(
    name: &'static str,
    display: (u16, u16, u8, char),
    columns: usize,
    rows: usize,
) -> Model {
    Model { name, display, columns, rows, ..CURRENT }
}

/// The table, by model number.
pub(crate) const MODELS: &[Model] = &[
    series_6900("CP-6921"),
    series_6900("CP-6941"),
    series_6900("CP-6945"),
    series_6900("CP-6961"),
    series_7800("CP-7811", 106, 3),
    series_7800("CP-7821", 162, 5),
    series_7800("CP-7832", 128, 4),
    series_7800("CP-7841", 162, 5),
    series_7800("CP-7861", 162, 5),
    series_7900("CP-7942G", 3, 'G'),
    series_7900("CP-7945G", 16, 'C'),
    series_7900("CP-7962G", 3, 'G'),
    series_7900("CP-7965G", 16, 'C'),
    series_7900("CP-7975G", 16, 'C'),
    series_8800("CP-8811", 8, 'G'),
    Model {
        name: "CP-8821",
        display: (240, 215, 24, 'C'),
        columns: 26,
        rows: 8,
        soft_keys_visible: 2,
        soft_key_position_max: 8,
        expires_after_epoch: true,
        honours_post: true,
        wireless: true,
        objects: WIRELESS_8821,
        ..CURRENT
    },
    Model {
        name: "CP-8832",
        display: (480, 160, 24, 'C'),
        columns: 44,
        rows: 5,
        honours_post: true,
        expires_after_epoch: true,
        ..CURRENT
    },
    series_8800("CP-8841", 24, 'C'),
    series_8800("CP-8845", 24, 'C'),
    series_8800("CP-8851", 24, 'C'),
    series_8800("CP-8861", 24, 'C'),
    series_8800("CP-8865", 24, 'C'),
    Model {
        name: "CP-8875",
        display: (696, 312, 24, 'C'),
        columns: 60,
        rows: 10,
        honours_post: true,
        expires_after_epoch: true,
        objects: NO_GRAPHIC,
        ..CURRENT
    },
    Model { objects: NO_STATUS, ..series_9800("DP-9841", (320, 108, 1, 'G'), 40, 4) },
    series_9800("DP-9851", (320, 108, 24, 'C'), 40, 4),
    series_9800("DP-9861", (600, 280, 24, 'C'), 56, 9),
    series_9800("DP-9871", (960, 360, 24, 'C'), 72, 11),
    Model {
        name: "CP-840",
        display: (480, 800, 24, 'C'),
        columns: 32,
        rows: 12,
        has_services_key: false,
        wireless: true,
        objects: SERIES_800,
        ..CURRENT
    },
    Model {
        name: "CP-860",
        display: (480, 800, 24, 'C'),
        columns: 32,
        rows: 12,
        has_services_key: false,
        wireless: true,
        objects: SERIES_800,
        ..CURRENT
    },
];

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
