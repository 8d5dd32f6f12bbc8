//! Addresses in HTML: which ones may stand in a link or an image, and in what form.

/// Bytes of an address; longer ones lead nowhere.
const BYTES_MAX: usize = 8 * 1024;

/// Where an image comes from.
pub(super) enum Image {
    /// Another server.
    Remote(String),
    /// A part of the mail.
    ContentId(String),
    /// A file of the mail, by its number.
    Attachment(u32),
    /// A file of the answer being written: where it is.
    File(String),
}

/// The address a link leads to, where it may.
pub(super) fn link(value: &str) -> Option<String> {
    let address = tidied(value)?;
    is_web(&address).then_some(()).or_else(|| {
        let rest = after_scheme(&address, "mailto:")?;
        (!rest.is_empty()).then_some(())
    })?;
    Some(address)
}

/// Where an image comes from, where it may.
pub(super) fn image(value: &str) -> Option<Image> {
    let address = tidied(value)?;
    let address = if address.starts_with("//") { format!("https:{address}") } else { address };
    if is_web(&address) {
        return Some(Image::Remote(address));
    }
    if let Some(id) = after_scheme(&address, "cid:").filter(|id| !id.is_empty()) {
        return Some(Image::ContentId(id.to_owned()));
    }
    if let Some(number) = address.strip_prefix(super::super::ATTACHMENTS_AT) {
        let number =
            number.parse::<u32>().ok().filter(|_| number.bytes().all(|b| b.is_ascii_digit()));
        return number.map(Image::Attachment);
    }
    let file = address.strip_prefix("files/")?;
    let is_id = (1..=64).contains(&file.len())
        && file.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_id.then_some(Image::File(address))
}

/// As a browser reads an address: without white space at its ends and line breaks inside; with what would end
/// an attribute or a header written as `%XX`, and `\` as the `/` that it means.
fn tidied(value: &str) -> Option<String> {
    let value = value.trim_matches(|each: char| each <= ' ');
    let mut address = String::with_capacity(value.len());
    for character in value.chars().filter(|each| !matches!(each, '\t' | '\n' | '\r')) {
        match character {
            '\\' => address.push('/'),
            ' ' | '"' | '\'' | '<' | '>' | '`' | '{' | '}' | '|' | '^' => {
                address.push_str(&format!("%{:02X}", u32::from(character)));
            }
            _ if character.is_whitespace() => return None,
            _ => address.push(character),
        }
    }
    (address.len() <= BYTES_MAX).then_some(address)
}

fn is_web(address: &str) -> bool {
    let rest = after_scheme(address, "https://").or_else(|| after_scheme(address, "http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', '@', ':', '%']))
}

fn after_scheme<'a>(address: &'a str, scheme: &str) -> Option<&'a str> {
    let (given, rest) = address.split_at_checked(scheme.len())?;
    given.eq_ignore_ascii_case(scheme).then_some(rest)
}
