//! Every length and count the simulated phone enforces, in one place.
//!
//! Sources: Cisco's application development notes for IP phone services and the schema of the phone
//! objects. Lengths are counted in characters after unescaping, as a schema counts them.

/// Characters in `Title`.
pub(crate) const TITLE_CHARACTERS_MAX: usize = 32;
/// Characters in `Prompt`.
pub(crate) const PROMPT_CHARACTERS_MAX: usize = 32;
/// Characters in a soft key's `Name`.
pub(crate) const SOFT_KEY_NAME_CHARACTERS_MAX: usize = 32;
/// `SoftKeyItem` elements in one object.
pub(crate) const SOFT_KEYS_MAX: usize = 8;
/// `KeyItem` elements in one object.
pub(crate) const KEY_ITEMS_MAX: usize = 32;
/// Characters in any URL of an object or of a `Refresh` header.
pub(crate) const URL_CHARACTERS_MAX: usize = 256;
/// Characters in the `Text` of a text object.
pub(crate) const TEXT_CHARACTERS_MAX: usize = 4000;
/// `MenuItem` elements in a plain menu.
pub(crate) const MENU_ITEMS_MAX: usize = 100;
/// Characters in the `Name` of a plain menu's item.
pub(crate) const MENU_NAME_CHARACTERS_MAX: usize = 64;
/// `MenuItem` elements in icon menus and in the graphic file menu.
pub(crate) const ICON_MENU_ITEMS_MAX: usize = 32;
/// `MenuItem` elements in a graphic menu.
pub(crate) const GRAPHIC_MENU_ITEMS_MAX: usize = 12;
/// Characters in the `Name` of a graphic file menu's item.
pub(crate) const GRAPHIC_NAME_CHARACTERS_MAX: usize = 32;
/// Lines a menu item's name may make (two carriage returns).
pub(crate) const MENU_NAME_LINES_MAX: usize = 3;
/// `IconItem` elements in an icon menu.
pub(crate) const ICONS_MAX: usize = 10;
/// `InputItem` elements in an input object.
pub(crate) const INPUT_ITEMS_MAX: usize = 5;
/// Characters in `DisplayName`, `QueryStringParam` and `DefaultValue`.
pub(crate) const INPUT_WORD_CHARACTERS_MAX: usize = 32;
/// `DirectoryEntry` elements in a directory.
pub(crate) const DIRECTORY_ENTRIES_MAX: usize = 32;
/// Characters in a directory entry's `Name` and `Telephone`.
pub(crate) const DIRECTORY_WORD_CHARACTERS_MAX: usize = 32;
/// Characters in the `Text` of a status object.
pub(crate) const STATUS_TEXT_CHARACTERS_MAX: usize = 32;
/// `ExecuteItem` elements in one object.
pub(crate) const EXECUTE_ITEMS_MAX: usize = 3;
/// Characters in `appId`.
pub(crate) const APP_ID_CHARACTERS_MAX: usize = 64;

/// Cookies kept for one host; a fifth pushes the oldest out.
pub(crate) const COOKIES_PER_HOST_MAX: usize = 4;
/// Hosts whose cookies are kept at one time.
pub(crate) const COOKIE_SESSIONS_MAX: usize = 8;
/// Bytes of one cookie as it stands in `Set-Cookie`.
pub(crate) const COOKIE_BYTES_MAX: usize = 255;
/// Minutes without a request after which a host's cookies are dropped.
pub(crate) const COOKIE_IDLE_MINUTES_MAX: u64 = 30;

/// Bytes of a push body on current phones.
pub(crate) const PUSH_BODY_BYTES_MAX: usize = 40 * 1024;
/// Bytes of a push body on old phones.
pub(crate) const PUSH_BODY_BYTES_MAX_OLD: usize = 512;

/// Bytes of an answer this simulator reads; above a menu of 100 items at their full lengths.
pub(crate) const ANSWER_BYTES_MAX: usize = 128 * 1024;
/// Pages the Back history of this simulator remembers.
pub(crate) const HISTORY_VISITS_MAX: usize = 32;
