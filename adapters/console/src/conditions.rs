//! Conditions of requests, which name entity tags (RFC 9110, section 13).

use http::header::{HeaderMap, HeaderName};

use crate::problem::Problem;

/// What a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tags {
    /// Whatever is there.
    Any,
    /// One of these, with their quotation marks; weak ones with `W/`.
    These(Vec<String>),
}

impl Tags {
    /// What the header field of that name holds.
    pub(crate) fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Problem> {
        let mut tags = Vec::new();
        for value in headers.get_all(name) {
            let bad = || {
                let message = format!("{name} must be * or entity tags in quotation marks");
                Problem::new("bad_header", message)
            };
            let mut rest = value.to_str().map_err(|_| bad())?.trim();
            if rest == "*" {
                return Ok(Some(Self::Any));
            }
            if rest.is_empty() {
                return Err(bad());
            }
            while !rest.is_empty() {
                let (weak, opaque) = match rest.strip_prefix("W/") {
                    Some(opaque) => ("W/", opaque),
                    None => ("", rest),
                };
                let inner = opaque.strip_prefix('"').ok_or_else(bad)?;
                let (tag, behind) = inner.split_once('"').ok_or_else(bad)?;
                tags.push(format!("{weak}\"{tag}\""));
                let behind = behind.trim_start();
                rest = match behind.strip_prefix(',') {
                    Some(more) => more.trim_start(),
                    None if behind.is_empty() => behind,
                    None => return Err(bad()),
                };
            }
        }
        Ok((!tags.is_empty()).then_some(Self::These(tags)))
    }

    /// Whether a condition of `If-None-Match` names that tag; weak ones count.
    pub(crate) fn name_weakly(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|it| it.trim_start_matches("W/") == tag),
        }
    }

    /// Whether a condition of `If-Match` names that tag; weak ones never do.
    pub(crate) fn name_strongly(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|it| it == tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::header::IF_MATCH;

    use super::*;

    #[test]
    fn conditions_are_read_as_rfc_9110_has_them() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_MATCH, text.parse().unwrap());
            Tags::read(&headers, &IF_MATCH)
        };
        let these =
            |tags: &[&str]| Some(Tags::These(tags.iter().map(|tag| (*tag).to_owned()).collect()));
        assert_eq!(read("*").unwrap(), Some(Tags::Any));
        assert_eq!(read("\"a\"").unwrap(), these(&["\"a\""]));
        assert_eq!(read("\"a,b\" , W/\"c\"").unwrap(), these(&["\"a,b\"", "W/\"c\""]));
        for bad in ["", " ", "a", "\"a", "\"a\" \"b\"", "w/\"a\"", "*, \"a\""] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let tags = read("W/\"c\"").unwrap().unwrap();
        assert!(tags.name_weakly("\"c\"") && !tags.name_strongly("\"c\""));
    }
}
