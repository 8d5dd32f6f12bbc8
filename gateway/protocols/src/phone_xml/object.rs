//! The objects as values. Optional children that are absent are `None` or empty.

/// What a phone is given or gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A page of text.
    Text(Text),
    /// A list to choose from.
    Menu(Menu),
    /// A form.
    Input(Input),
    /// Things to do at once.
    Execute(Execute),
    /// What became of a pushed object, from the phone.
    Response(Response),
    /// Why a pushed object was not run at all, from the phone.
    Error(PhoneError),
}

/// The root of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `CiscoIPPhoneText`.
    Text,
    /// `CiscoIPPhoneMenu`.
    Menu,
    /// `CiscoIPPhoneInput`.
    Input,
    /// `CiscoIPPhoneExecute`.
    Execute,
    /// `CiscoIPPhoneResponse`.
    Response,
    /// `CiscoIPPhoneError`.
    Error,
}

/// What every displayable object has around its own content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// `appId`, which names the application session.
    pub application_id: Option<String>,
    /// The line on top.
    pub title: Option<String>,
    /// The line that asks for something; without one the phone clears it.
    pub prompt: Option<String>,
    /// Keys of this page. Any of them removes all of the phone's own.
    pub soft_keys: Vec<SoftKey>,
}

/// One soft key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoftKey {
    /// What it says.
    pub name: String,
    /// Where it stands: 1 to 16, or -1 for the settings button, which shows no name.
    pub position: i8,
    /// What it does: an HTTP URL or an internal URI.
    pub url: String,
}

/// `CiscoIPPhoneText`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// What stands around it.
    pub screen: Screen,
    /// The text; lines end with LF or CR.
    pub text: String,
}

/// `CiscoIPPhoneMenu`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Menu {
    /// What stands around it.
    pub screen: Screen,
    /// What can be chosen.
    pub items: Vec<MenuItem>,
}

/// One item of a menu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MenuItem {
    /// What it says.
    pub name: String,
    /// What choosing it opens.
    pub url: String,
}

/// `CiscoIPPhoneInput`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// What stands around it.
    pub screen: Screen,
    /// Where the form goes.
    pub url: String,
    /// Whether the phone is asked to send the form in a body (`method="post"`), which the schema
    /// does not know and only some families honour.
    pub post: bool,
    /// Its fields.
    pub items: Vec<InputItem>,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputItem {
    /// What people read beside it.
    pub label: String,
    /// The name its value is sent under; 1 to 32 characters.
    pub parameter: String,
    /// What may be typed.
    pub flags: InputFlags,
    /// What stands in it at first; never use it for a secret.
    pub default: Option<String>,
}

/// What may be typed into a field, and whether it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputFlags {
    /// `A`: text.
    Text,
    /// `T`: a telephone number.
    Telephone,
    /// `N`: digits.
    Numeric,
    /// `U`: capital letters.
    Upper,
    /// `L`: small letters.
    Lower,
    /// `E`: an equation.
    Equation,
    /// `AP`: text that is not shown.
    HiddenText,
    /// `TP`: a telephone number that is not shown.
    HiddenTelephone,
    /// `NP`: digits that are not shown.
    HiddenNumeric,
    /// `UP`: capital letters that are not shown.
    HiddenUpper,
    /// `LP`: small letters that are not shown.
    HiddenLower,
    /// `EP`: an equation that is not shown.
    HiddenEquation,
}

impl InputFlags {
    const ALL: [(&'static str, &'static str, Self); 12] = [
        ("A", "A", Self::Text),
        ("T", "T", Self::Telephone),
        ("N", "N", Self::Numeric),
        ("U", "U", Self::Upper),
        ("L", "L", Self::Lower),
        ("E", "E", Self::Equation),
        ("AP", "PA", Self::HiddenText),
        ("TP", "PT", Self::HiddenTelephone),
        ("NP", "PN", Self::HiddenNumeric),
        ("UP", "PU", Self::HiddenUpper),
        ("LP", "PL", Self::HiddenLower),
        ("EP", "PE", Self::HiddenEquation),
    ];

    /// The letters in the object.
    pub fn letters(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, _, flags)| *flags == self);
        found.map_or("A", |(letters, _, _)| letters)
    }

    /// Reads the letters, in either order.
    pub fn from_letters(text: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(one, other, _)| [*one, *other].contains(&text));
        found.map(|(_, _, flags)| *flags)
    }
}

/// `CiscoIPPhoneExecute`: at most one HTTP URL beside internal URIs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Execute {
    /// One to three of them.
    pub items: Vec<ExecuteItem>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecuteItem {
    /// What: an HTTP URL to show or an internal URI.
    pub url: String,
    /// When.
    pub priority: Priority,
}

/// When an HTTP URL of an [`ExecuteItem`] is opened; internal URIs always run at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// 0: at once.
    #[default]
    Now,
    /// 1: when the phone is idle.
    WhenIdle,
    /// 2: at once where the phone is idle, else never.
    IfIdle,
}

impl Priority {
    /// The number in the object.
    pub fn number(self) -> u8 {
        match self {
            Self::Now => 0,
            Self::WhenIdle => 1,
            Self::IfIdle => 2,
        }
    }
}

/// `CiscoIPPhoneResponse`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// One for each pushed item.
    pub items: Vec<ResponseItem>,
}

/// What became of one pushed item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseItem {
    /// 0 success, 1 parse error, 6 internal error; `None` where it is no number.
    pub status: Option<u16>,
    /// What the phone says about it.
    pub data: String,
    /// The item's URL.
    pub url: String,
}

/// `CiscoIPPhoneError`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneError {
    /// 1 parse error, 2 framing error, 3 file error, 4 authentication; `None` where it is no number.
    pub number: Option<u16>,
    /// What the phone says about it.
    pub text: String,
}

impl Kind {
    /// The name of the root element.
    pub fn element(self) -> &'static str {
        match self {
            Self::Text => "CiscoIPPhoneText",
            Self::Menu => "CiscoIPPhoneMenu",
            Self::Input => "CiscoIPPhoneInput",
            Self::Execute => "CiscoIPPhoneExecute",
            Self::Response => "CiscoIPPhoneResponse",
            Self::Error => "CiscoIPPhoneError",
        }
    }

    /// The kind of that root element.
    pub fn from_element(name: &str) -> Option<Self> {
        // The published schema lacks a P in this one name.
        if name == "CiscoIPhoneResponse" {
            return Some(Self::Response);
        }
        [Self::Text, Self::Menu, Self::Input, Self::Execute, Self::Response, Self::Error]
            .into_iter()
            .find(|kind| kind.element() == name)
    }
}

impl Object {
    /// Its root.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Menu(_) => Kind::Menu,
            Self::Input(_) => Kind::Input,
            Self::Execute(_) => Kind::Execute,
            Self::Response(_) => Kind::Response,
            Self::Error(_) => Kind::Error,
        }
    }

    /// What stands around its content, for an object that is shown.
    pub fn screen(&self) -> Option<&Screen> {
        match self {
            Self::Text(text) => Some(&text.screen),
            Self::Menu(menu) => Some(&menu.screen),
            Self::Input(input) => Some(&input.screen),
            Self::Execute(_) | Self::Response(_) | Self::Error(_) => None,
        }
    }
}
