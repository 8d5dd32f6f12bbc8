//! Paths with places for a device and a model: matched segment by segment, and filled in.

use super::super::device::is_way_up;
use super::super::{DeviceName, is_model};
use super::{Asked, PATH_BYTES_MAX, Request};

/// Characters of a path in a profile.
pub(super) const ADDRESS_CHARACTERS_MAX: usize = 200;
/// Segments of a path.
const SEGMENTS_MAX: usize = 16;

/// What a place in a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Device,
    Model,
}

impl Place {
    const ALL: [(&'static str, Self); 2] = [("{device}", Self::Device), ("{model}", Self::Model)];
}

/// A path with places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    segments: Vec<Segment>,
}

/// One segment: what stands before a place, the place, and what stands after it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    before: String,
    place: Option<Place>,
    after: String,
}

/// What stood at the places of a path.
#[derive(Debug, Default)]
pub(super) struct Places {
    device: Option<String>,
    model: Option<String>,
}

impl Address {
    /// Reads a path; the problem is the end of a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err("must be a path that begins with /".to_owned());
        };
        if text.len() > ADDRESS_CHARACTERS_MAX {
            return Err(format!("must have at most {ADDRESS_CHARACTERS_MAX} characters"));
        }
        if rest.is_empty() {
            return Ok(Self { segments: Vec::new() });
        }
        let segments: Vec<_> = rest.split('/').map(Segment::parse).collect::<Result<_, _>>()?;
        if segments.len() > SEGMENTS_MAX {
            return Err(format!("must have at most {SEGMENTS_MAX} segments"));
        }
        let address = Self { segments };
        for (name, place) in Place::ALL {
            if address.segments.iter().filter(|it| it.place == Some(place)).count() > 1 {
                return Err(format!("must have {name} once"));
            }
        }
        Ok(address)
    }

    pub(super) fn has(&self, place: Place) -> bool {
        self.segments.iter().any(|segment| segment.place == Some(place))
    }

    /// Whether this path is `base` or stands below it.
    pub(super) fn is_below(&self, base: &Self) -> bool {
        self.segments.starts_with(&base.segments)
    }

    /// Whether some path may be meant by both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(|(one, other)| one.overlaps(other))
    }

    /// What stands at the places of a path, where it is one of these.
    pub(super) fn places(&self, segments: &[String]) -> Option<Places> {
        if segments.len() != self.segments.len() {
            return None;
        }
        let mut places = Places::default();
        for (segment, text) in self.segments.iter().zip(segments) {
            let rest = text.strip_prefix(segment.before.as_str())?;
            let rest = rest.strip_suffix(segment.after.as_str())?;
            match segment.place {
                None if rest.is_empty() => {}
                Some(Place::Device) if !rest.is_empty() => places.device = Some(rest.to_owned()),
                Some(Place::Model) if !rest.is_empty() => places.model = Some(rest.to_owned()),
                _ => return None,
            }
        }
        Some(places)
    }

    /// The path for that device and model.
    pub(super) fn path(&self, device: &DeviceName, model: &str) -> String {
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            path.push_str(&segment.before);
            match segment.place {
                None => {}
                Some(Place::Device) => encode(device.as_str(), &mut path),
                Some(Place::Model) => encode(model, &mut path),
            }
            path.push_str(&segment.after);
        }
        if path.is_empty() { "/".to_owned() } else { path }
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || is_way_up(text) {
            return Err("must have no empty segment, no . and no ..".to_owned());
        }
        let found = Place::ALL
            .iter()
            .find_map(|(name, place)| text.split_once(name).map(|parts| (parts, *place)));
        let (before, place, after) = match found {
            Some(((before, after), place)) => (before, Some(place), after),
            None => (text, None, ""),
        };
        if !before.bytes().chain(after.bytes()).all(is_plain) {
            return Err(
                "must have letters, digits, -._~!$'()*+,;=:@ and one {device} or {model} in a segment"
                    .to_owned(),
            );
        }
        Ok(Self { before: before.to_owned(), place, after: after.to_owned() })
    }

    fn overlaps(&self, other: &Self) -> bool {
        let fits = |segment: &Self, text: &str| {
            text.len() > segment.before.len() + segment.after.len()
                && text.starts_with(&segment.before)
                && text.ends_with(&segment.after)
        };
        match (self.place, other.place) {
            (None, None) => self.before == other.before,
            (None, Some(_)) => fits(other, &self.before),
            (Some(_), None) => fits(self, &other.before),
            (Some(_), Some(_)) => {
                let begin = self.before.starts_with(&other.before)
                    || other.before.starts_with(&self.before);
                let end = self.after.ends_with(&other.after) || other.after.ends_with(&self.after);
                begin && end
            }
        }
    }
}

impl Places {
    /// The request that these places make, where their texts are what they have to be.
    pub(super) fn asked(self, request: Request) -> Option<Asked> {
        let device = match self.device {
            Some(name) => Some(DeviceName::new(&name).ok()?),
            None => None,
        };
        Some(match request {
            Request::Discovery => Asked::Discovery { device: device? },
            Request::Configuration => Asked::Configuration { device: device? },
            Request::Update => Asked::Update { device },
            Request::Inventory => Asked::Inventory { device },
            Request::Template => {
                Asked::Template { device, model: self.model.filter(|model| is_model(model))? }
            }
        })
    }
}

/// The segments of a path as they are meant. Nothing where one is a folder's name, holds a slash or is no text:
/// nobody who means well writes that.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix('/').filter(|_| path.len() <= PATH_BYTES_MAX)?;
    if rest.is_empty() {
        return Some(Vec::new());
    }
    rest.split('/').take(SEGMENTS_MAX + 1).map(decode).collect()
}

fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let is_name = !is_way_up(&text)
        && !text.is_empty()
        && !text.chars().any(|one| one.is_control() || matches!(one, '/' | '\\'));
    is_name.then_some(text)
}

fn encode(text: &str, path: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// What may stand in a segment as it is (RFC 3986, section 3.3).
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$'()*+,;=:@".contains(&byte)
}
