//! Distinguished names, brought into one form so that two spellings of one name compare equal.

/// A name with its parts trimmed and in lower case, escapes written one way (RFC 4514). Two spellings
/// of one name give the same; that a server compares some attributes by case is not minded.
#[must_use]
pub fn normalised(name: &str) -> String {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let next = characters.next();
                let hexadecimal = next.filter(char::is_ascii_hexdigit).and_then(|first| {
                    let second = characters.peek().copied().filter(char::is_ascii_hexdigit)?;
                    characters.next();
                    Some([first, second])
                });
                match (hexadecimal, next) {
                    (Some(digits), _) => {
                        part.push('\\');
                        part.extend(digits);
                    }
                    (None, Some(next)) => {
                        let mut bytes = [0; 4];
                        for byte in next.encode_utf8(&mut bytes).bytes() {
                            part.push_str(&format!("\\{byte:02x}"));
                        }
                    }
                    (None, None) => part.push('\\'),
                }
            }
            ',' | ';' => parts.push(std::mem::take(&mut part)),
            _ => part.push(character),
        }
    }
    parts.push(part);
    let parts = parts.iter().map(|part| {
        let tidy = match part.split_once('=') {
            Some((attribute, value)) => format!("{}={}", attribute.trim(), value.trim()),
            None => part.trim().to_owned(),
        };
        tidy.to_lowercase()
    });
    parts.collect::<Vec<_>>().join(",")
}
