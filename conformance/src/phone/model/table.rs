//! The rows of the model table.
//!
//! Display areas of the 69xx, 78xx, 8832, 9841, 840 and 860 and all drawing sizes in characters are our
//! own choice; everything else follows Cisco's application development notes.

use super::{Age, Heading, KeyOrder, Kind, Model};

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
        columns: 36,
        rows: 12,
        has_services_key: false,
        wireless: true,
        objects: SERIES_800,
        ..CURRENT
    },
    Model {
        name: "CP-860",
        display: (480, 800, 24, 'C'),
        columns: 36,
        rows: 12,
        has_services_key: false,
        wireless: true,
        objects: SERIES_800,
        ..CURRENT
    },
];
