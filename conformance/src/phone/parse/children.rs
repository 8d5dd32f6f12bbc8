//! The content models of the phone objects, and the reading of children against them.
//!
//! The documents give every object as a sequence, so order counts: a child out of place is reported,
//! an unknown or missing one refused.

use roxmltree::Node;

use super::super::limits;
use super::super::model::Kind;
use super::super::uri::{Place, Uri};
use super::{Reader, Refusal};

/// One child an element may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Particle {
    name: &'static str,
    min: usize,
    max: usize,
}

impl Particle {
    /// At most one.
    pub(super) const fn optional(name: &'static str) -> Self {
        Self { name, min: 0, max: 1 }
    }

    /// Exactly one.
    pub(super) const fn required(name: &'static str) -> Self {
        Self { name, min: 1, max: 1 }
    }

    const fn up_to(name: &'static str, max: usize) -> Self {
        Self { name, min: 0, max }
    }
}

/// The children of each root, in order.
pub(super) fn particles(kind: Kind) -> Vec<Particle> {
    const PICTURE: [Particle; 6] = [
        Particle::optional("LocationX"),
        Particle::optional("LocationY"),
        Particle::required("Width"),
        Particle::required("Height"),
        Particle::required("Depth"),
        Particle::required("Data"),
    ];
    const PICTURE_FILE: [Particle; 3] = [
        Particle::optional("LocationX"),
        Particle::optional("LocationY"),
        Particle::required("URL"),
    ];
    let mut sequence = match kind {
        Kind::Status | Kind::StatusFile | Kind::Execute | Kind::Response | Kind::Error => vec![],
        _ => vec![
            Particle::optional("Title"),
            Particle::optional("Prompt"),
            Particle::up_to("SoftKeyItem", limits::SOFT_KEYS_MAX),
            Particle::up_to("KeyItem", limits::KEY_ITEMS_MAX),
        ],
    };
    let icon_menu = [
        Particle::up_to("MenuItem", limits::ICON_MENU_ITEMS_MAX),
        Particle::up_to("IconItem", limits::ICONS_MAX),
    ];
    match kind {
        Kind::Text => sequence.push(Particle::optional("Text")),
        Kind::Menu => sequence.push(Particle::up_to("MenuItem", limits::MENU_ITEMS_MAX)),
        Kind::Input => sequence.extend([
            Particle::required("URL"),
            Particle::up_to("InputItem", limits::INPUT_ITEMS_MAX),
        ]),
        Kind::Directory => {
            sequence.push(Particle::up_to("DirectoryEntry", limits::DIRECTORY_ENTRIES_MAX));
        }
        Kind::Image => sequence.extend(PICTURE),
        Kind::ImageFile => sequence.extend(PICTURE_FILE),
        Kind::GraphicMenu => {
            sequence.extend(PICTURE);
            sequence.push(Particle::up_to("MenuItem", limits::GRAPHIC_MENU_ITEMS_MAX));
        }
        Kind::GraphicFileMenu => {
            sequence.extend(PICTURE_FILE);
            sequence.push(Particle::up_to("MenuItem", limits::ICON_MENU_ITEMS_MAX));
        }
        Kind::IconMenu | Kind::IconFileMenu => sequence.extend(icon_menu),
        Kind::Status => {
            sequence.extend([Particle::optional("Text"), Particle::optional("Timer")]);
            sequence.extend(PICTURE);
        }
        Kind::StatusFile => {
            sequence.extend([Particle::optional("Text"), Particle::optional("Timer")]);
            sequence.extend(PICTURE_FILE);
        }
        Kind::Execute => {
            sequence.push(Particle { name: "ExecuteItem", min: 1, max: limits::EXECUTE_ITEMS_MAX })
        }
        Kind::Response | Kind::Error => {}
    }
    sequence
}

/// The element children of one node, already checked against its content model.
pub(super) struct Children<'a, 'input>(Vec<Node<'a, 'input>>);

impl<'a, 'input> Children<'a, 'input> {
    /// The first child of this name.
    pub(super) fn first(&self, name: &str) -> Option<Node<'a, 'input>> {
        self.0.iter().copied().find(|node| node.tag_name().name() == name)
    }

    /// All children of this name, in order.
    pub(super) fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = Node<'a, 'input>> + 's {
        self.0.iter().copied().filter(move |node| node.tag_name().name() == name)
    }
}

impl Reader<'_> {
    /// Checks the attributes of `node` against `attributes` and its children against `allowed`.
    pub(super) fn children<'a, 'input>(
        &mut self,
        node: Node<'a, 'input>,
        attributes: &[&str],
        allowed: &[Particle],
    ) -> Result<Children<'a, 'input>, Refusal> {
        self.attributes(node, attributes);
        let parent = node.tag_name().name();
        let mut counts = vec![0_usize; allowed.len()];
        let mut reached = 0;
        let mut found = Vec::new();
        for child in node.children() {
            if child.is_text() {
                if !child.text().unwrap_or_default().trim().is_empty() {
                    return self.refuse(format!("<{parent}> holds text between its children"));
                }
                continue;
            }
            if !child.is_element() {
                continue;
            }
            let name = child.tag_name().name();
            let place = allowed.iter().position(|particle| particle.name == name);
            let (Some(place), None) = (place, child.tag_name().namespace()) else {
                return self.refuse(format!("<{parent}> does not have a child <{name}>"));
            };
            if place < reached {
                let before = allowed.get(reached).map_or("", |particle| particle.name);
                self.report(format!("<{name}> stands after <{before}> in <{parent}>"));
            }
            reached = reached.max(place);
            if let Some(count) = counts.get_mut(place) {
                *count += 1;
            }
            found.push(child);
        }
        for (particle, count) in allowed.iter().zip(counts) {
            let name = particle.name;
            if count < particle.min {
                return self.refuse(format!("<{parent}> lacks <{name}>"));
            }
            if count > particle.max {
                let most = particle.max;
                self.report(format!("<{parent}> has {count} <{name}>, at most {most} are allowed"));
            }
        }
        Ok(Children(found))
    }

    /// Reports attributes `node` must not have.
    fn attributes(&mut self, node: Node<'_, '_>, allowed: &[&str]) {
        for attribute in node.attributes() {
            let name = attribute.name();
            if attribute.namespace().is_some() || !allowed.contains(&name) {
                let element = node.tag_name().name();
                self.report(format!("<{element}> does not have an attribute {name}"));
            }
        }
    }

    /// The text of a leaf, cut to `most` characters.
    pub(super) fn text(
        &mut self,
        children: &Children<'_, '_>,
        name: &str,
        most: usize,
    ) -> Result<Option<String>, Refusal> {
        self.leaf(children, name, &[], most)
    }

    fn leaf(
        &mut self,
        children: &Children<'_, '_>,
        name: &str,
        attributes: &[&str],
        most: usize,
    ) -> Result<Option<String>, Refusal> {
        let Some(node) = children.first(name) else { return Ok(None) };
        self.attributes(node, attributes);
        if let Some(inner) = node.children().find(Node::is_element) {
            let inner = inner.tag_name().name();
            return self.refuse(format!("<{name}> does not have a child <{inner}>"));
        }
        let value: String = node.children().filter_map(|child| child.text()).collect();
        if let Some(control) = value
            .chars()
            .find(|character| character.is_control() && !matches!(character, '\r' | '\n' | '\t'))
        {
            self.report(format!("<{name}> holds the control character U+{:04X}", control as u32));
        }
        let length = value.chars().count();
        if length > most {
            self.report(format!("<{name}> has {length} characters, at most {most} are allowed"));
        }
        Ok(Some(value.chars().take(most).collect()))
    }

    /// The URI of a leaf, whole even if too long.
    pub(super) fn url(
        &mut self,
        children: &Children<'_, '_>,
        name: &str,
        place: Place,
    ) -> Result<Option<String>, Refusal> {
        let allowed: &[&str] = if place == Place::Submit { &["method"] } else { &[] };
        let Some(url) = self.leaf(children, name, allowed, usize::MAX)? else { return Ok(None) };
        let url = url.trim().to_owned();
        if url.is_empty() {
            return Ok(None);
        }
        self.violations.extend(Uri::check(&url, place, self.model));
        Ok(Some(url))
    }

    /// Checks that a leaf, if there, is a number in a range.
    pub(super) fn number(
        &mut self,
        children: &Children<'_, '_>,
        name: &str,
        low: i32,
        high: i32,
    ) -> Result<(), Refusal> {
        let Some(text) = self.text(children, name, 16)? else { return Ok(()) };
        match text.trim().parse::<i32>() {
            Ok(number) if (low..=high).contains(&number) => Ok(()),
            Ok(number) => {
                self.report(format!("<{name}> is {number}, it must be {low} to {high}"));
                Ok(())
            }
            Err(_) => self.refuse(format!("<{name}> is {text:?}, not a number")),
        }
    }

    /// Checks that `Data`, if there, is hexadecimal and not too long.
    pub(super) fn hexadecimal(
        &mut self,
        children: &Children<'_, '_>,
        bytes_max: usize,
    ) -> Result<(), Refusal> {
        let Some(data) = self.text(children, "Data", usize::MAX)? else { return Ok(()) };
        let data = data.trim();
        if data.len() % 2 != 0 || !data.chars().all(|digit| digit.is_ascii_hexdigit()) {
            return self.refuse("<Data> is not an even number of hexadecimal digits");
        }
        let bytes = data.len() / 2;
        if bytes > bytes_max {
            self.report(format!("<Data> has {bytes} bytes, at most {bytes_max} are allowed"));
        }
        Ok(())
    }
}
