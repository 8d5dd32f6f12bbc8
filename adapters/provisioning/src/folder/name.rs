//! Names of files, as phones ask for them, checked before any of it reaches the disk.

use crate::NotServed;

/// Characters of one part of a name.
pub(super) const PART_CHARACTERS_MAX: usize = 128;
/// How many folders may stand before a file's name; lists of pictures have two.
pub(super) const FOLDERS_MAX: usize = 3;
/// How the name of a device file ends, and that of a signed one.
pub(super) const DEVICE_FILE_END: &str = ".cnf.xml";
const SIGNED_END: &str = ".sgn";
/// Desk phones are called by their MAC address behind this.
const DESK_PHONE: &str = "SEP";
const MAC_DIGITS: usize = 12;

/// The folders before a file, and the file itself: letters, digits, `.`, `_` and `-`, none of them hidden.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name<'n> {
    pub(super) folders: Vec<&'n str>,
    pub(super) file: &'n str,
}

/// The name of a device file, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DeviceFileName<'n>(&'n str);

impl<'n> Name<'n> {
    /// Checks a name; it may begin with a `/`.
    pub(super) fn read(text: &'n str) -> Result<Self, NotServed> {
        let mut parts: Vec<_> =
            text.strip_prefix('/').unwrap_or(text).splitn(FOLDERS_MAX + 2, '/').collect();
        if parts.len() > FOLDERS_MAX + 1 || !parts.iter().all(|part| is_plain(part)) {
            return Err(NotServed::BadName);
        }
        let file = parts.pop().ok_or(NotServed::BadName)?;
        Ok(Self { folders: parts, file })
    }

    /// A file of the folder itself, whose name is known to be right.
    pub(super) fn of_file(file: &'n str) -> Self {
        Self { folders: Vec::new(), file }
    }

    /// Which device file that is; a signed one counts where its unsigned content is wanted.
    pub(super) fn device_file(&self, unsigned: bool) -> Option<DeviceFileName<'n>> {
        let file = match self.file.strip_suffix(SIGNED_END) {
            Some(file) if unsigned => file,
            _ => self.file,
        };
        let stem = file.strip_suffix(DEVICE_FILE_END).filter(|_| self.folders.is_empty())?;
        (!stem.is_empty()).then_some(DeviceFileName(stem))
    }
}

impl DeviceFileName<'_> {
    /// As it was asked for, then as desk phones are called elsewhere: firmware, tools and people differ in
    /// the case of a MAC address.
    pub(super) fn spellings(&self) -> Vec<String> {
        let Self(stem) = self;
        let mut spellings = vec![(*stem).to_owned()];
        let digits = stem
            .get(..DESK_PHONE.len())
            .filter(|begin| begin.eq_ignore_ascii_case(DESK_PHONE))
            .and_then(|begin| stem.get(begin.len()..))
            .filter(|digits| digits.len() == MAC_DIGITS)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if let Some(digits) = digits {
            let upper = format!("{DESK_PHONE}{}", digits.to_ascii_uppercase());
            let mixed = format!("{DESK_PHONE}{}", digits.to_ascii_lowercase());
            let lower = upper.to_ascii_lowercase();
            for spelling in [upper, mixed, lower] {
                if !spellings.contains(&spelling) {
                    spellings.push(spelling);
                }
            }
        }
        spellings
    }
}

fn is_plain(part: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=PART_CHARACTERS_MAX).contains(&part.len())
        && !part.starts_with('.')
        && part.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hst_11_only_plain_names_are_names() {
        let read = |text| Name::read(text).map(|name| (name.folders, name.file));
        assert_eq!(read("XMLDefault.cnf.xml"), Ok((vec![], "XMLDefault.cnf.xml")));
        assert_eq!(read("/dialplan.xml"), Ok((vec![], "dialplan.xml")));
        assert_eq!(read("a/b/c/d-e_f.png"), Ok((vec!["a", "b", "c"], "d-e_f.png")));
        let long = "x".repeat(PART_CHARACTERS_MAX);
        assert!(read(&long).is_ok());
        let too_long = format!("{long}x");
        for bad in [
            "",
            "/",
            "//a",
            "a/",
            "a//b",
            "a/b/c/d/e",
            ".",
            "..",
            "../a",
            "a/../b",
            "/etc/../a",
            ".hidden",
            "a/.b",
            "a\\b",
            "..\\a",
            "a b",
            "a\0",
            "a%2e",
            "ä",
            "a:b",
            "~a",
            "a*",
            "a\n",
            &too_long,
        ] {
            assert_eq!(read(bad), Err(NotServed::BadName), "{bad:?}");
        }
    }

    #[test]
    fn hst_11_a_device_file_is_known_in_every_spelling() {
        let spellings = |text, unsigned| {
            let name = Name::read(text).unwrap();
            name.device_file(unsigned).map(|name| name.spellings())
        };
        let one = "SEP00AABB112233";
        assert_eq!(
            spellings("sep00AABB112233.cnf.xml", false).unwrap(),
            ["sep00AABB112233", one, "SEP00aabb112233", "sep00aabb112233"]
        );
        let all = spellings("SEP00AABB112233.cnf.xml", false).unwrap();
        assert_eq!(all, [one, "SEP00aabb112233", "sep00aabb112233"]);
        assert_eq!(spellings("SEP00AABB112233.cnf.xml.sgn", true).unwrap(), all);
        assert_eq!(spellings("SEP00AABB112233.cnf.xml.sgn", false), None);
        assert_eq!(spellings("CSFanna.cnf.xml", false).unwrap(), ["CSFanna"]);
        assert_eq!(spellings("SEP00AABB11223G.cnf.xml", false).unwrap(), ["SEP00AABB11223G"]);
        for other in ["a/SEP00AABB112233.cnf.xml", "x.xml", "SEP00AABB112233.cnf.xml.enc.sgn"] {
            assert_eq!(spellings(other, true), None, "{other}");
        }
    }
}
