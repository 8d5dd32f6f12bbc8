//! Members of one document being read, each within its limit.
//!
//! A text of digits is taken where a number is wanted and the other way round: XML knows no difference, and
//! programs that make JSON mistake one for the other. Texts lose white space around them; an empty one is none.

use super::super::content::BadBody;
use super::super::device::is_printable;
use super::super::enumeration::Enumeration;
use super::super::member::{Item, Member};
use super::super::tree::{Node, Table, joined};
use super::super::{DeviceName, Format, Moment, Profile, REQUEST_ID_CHARACTERS_MAX};

/// The members of a table that stands at `path`.
pub(super) struct Form<'f> {
    profile: &'f Profile,
    table: &'f Table,
    path: String,
}

type Read<T> = Result<Option<T>, BadBody>;

impl<'f> Form<'f> {
    pub(super) fn new(profile: &'f Profile, table: &'f Table, path: String) -> Self {
        Self { profile, table, path }
    }

    /// Something wrong with a member.
    pub(super) fn bad(&self, member: Member, problem: impl Into<String>) -> BadBody {
        BadBody::at(self.path_of(member), problem)
    }

    /// A member that must be there.
    pub(super) fn needed<T>(
        &self,
        member: Member,
        read: impl FnOnce(&Self, Member) -> Read<T>,
    ) -> Result<T, BadBody> {
        read(self, member)?.ok_or_else(|| self.bad(member, "is missing; send it"))
    }

    /// A text that must be there.
    pub(super) fn needed_text(
        &self,
        member: Member,
        characters_max: usize,
    ) -> Result<String, BadBody> {
        self.needed(member, |form, member| form.text(member, characters_max))
    }

    pub(super) fn text(&self, member: Member, characters_max: usize) -> Read<String> {
        let Some(text) = self.leaf(member)? else { return Ok(None) };
        if text.chars().count() > characters_max || !text.chars().all(is_printable) {
            let problem = format!(
                "must be at most {characters_max} characters without control characters; shorten it"
            );
            return Err(self.bad(member, problem));
        }
        Ok(Some(text.to_owned()))
    }

    pub(super) fn device(&self, member: Member) -> Read<DeviceName> {
        let Some(text) = self.leaf(member)? else { return Ok(None) };
        DeviceName::new(text)
            .map(Some)
            .map_err(|error| self.bad(member, format!("must be the name of the device; {error}")))
    }

    pub(super) fn request_id(&self, member: Member) -> Read<String> {
        let Some(text) = self.leaf(member)? else { return Ok(None) };
        if text.len() > REQUEST_ID_CHARACTERS_MAX
            || !text.bytes().all(|byte| byte.is_ascii_graphic())
        {
            let problem = format!(
                "must be at most {REQUEST_ID_CHARACTERS_MAX} printable ASCII characters; a UUID will do"
            );
            return Err(self.bad(member, problem));
        }
        Ok(Some(text.to_owned()))
    }

    pub(super) fn number(&self, member: Member, most: u32) -> Read<u32> {
        let Some(text) = self.leaf(member)? else { return Ok(None) };
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_number && number <= most => Ok(Some(number)),
            _ => Err(self.bad(member, format!("must be a whole number from 0 to {most}"))),
        }
    }

    pub(super) fn flag(&self, member: Member) -> Read<bool> {
        let node = self.node(member)?;
        let [no, yes] = match self.profile.format() {
            Format::Json => ["false", "true"],
            Format::Xml => self.profile.flags(),
        };
        match (self.profile.format(), node) {
            (_, None) => Ok(None),
            (Format::Json, Some(Node::Flag(flag))) => Ok(Some(*flag)),
            (Format::Xml, Some(Node::Text(text))) if text.trim().is_empty() => Ok(None),
            (Format::Xml, Some(Node::Text(text))) if text.trim() == yes => Ok(Some(true)),
            (Format::Xml, Some(Node::Text(text))) if text.trim() == no => Ok(Some(false)),
            _ => Err(self.bad(member, format!("must be {yes} or {no}"))),
        }
    }

    pub(super) fn choice<E: Enumeration>(&self, member: Member) -> Read<E> {
        let Some(text) = self.leaf(member)? else { return Ok(None) };
        match self.profile.meant(text) {
            Some(value) => Ok(Some(value)),
            None => {
                let all: Vec<_> =
                    E::ALL.iter().map(|(value, ..)| self.profile.value_text(*value)).collect();
                Err(self.bad(member, format!("must be one of {}", all.join(", "))))
            }
        }
    }

    /// A value whose set may grow without us: what nobody knows is the usual one.
    pub(super) fn choice_or_usual<E: Enumeration + Default>(
        &self,
        member: Member,
    ) -> Result<E, BadBody> {
        let text = self.leaf(member)?;
        Ok(text.and_then(|text| self.profile.meant(text)).unwrap_or_default())
    }

    pub(super) fn moment(&self, member: Member) -> Read<Moment> {
        let Some(text) = self.leaf(member)? else { return Ok(None) };
        let format = self.profile.time_format();
        match format.read(text) {
            Some(moment) => Ok(Some(moment)),
            None => Err(self.bad(member, format!("must be {}", format.wanted()))),
        }
    }

    /// A table within this one.
    pub(super) fn inner(&self, member: Member) -> Read<Form<'f>> {
        match self.node(member)? {
            None => Ok(None),
            Some(Node::Table(table)) => {
                Ok(Some(Form::new(self.profile, table, self.path_of(member))))
            }
            Some(Node::Text(text)) if self.is_empty_element(text) => Ok(None),
            Some(_) => Err(self.bad(member, "must hold members of its own")),
        }
    }

    /// The entries of a list, each read by `read`; no list is an empty one.
    pub(super) fn list<T>(
        &self,
        member: Member,
        item: Item,
        length_max: usize,
        read: impl Fn(&Form<'f>) -> Result<T, BadBody>,
    ) -> Result<Vec<T>, BadBody> {
        let item = self.profile.item(item);
        let path = self.path_of(member);
        let entries: Vec<&Node> = match (self.profile.format(), self.node(member)?) {
            (_, None) => Vec::new(),
            (Format::Json, Some(Node::List(_, nodes))) => nodes.iter().collect(),
            (Format::Xml, Some(Node::Table(Table(members)))) => {
                members.iter().filter(|(name, _)| name == item).map(|(_, node)| node).collect()
            }
            (Format::Xml, Some(Node::Text(text))) if self.is_empty_element(text) => Vec::new(),
            _ => return Err(self.bad(member, "must be a list")),
        };
        if entries.len() > length_max {
            let problem = format!("has {} entries; send at most {length_max}", entries.len());
            return Err(self.bad(member, problem));
        }
        let read_at = |(position, node): (usize, &'f Node)| {
            let path = format!("{path}[{position}]");
            match node {
                Node::Table(table) => read(&Form::new(self.profile, table, path)),
                _ => Err(BadBody::at(path, "must hold members of its own")),
            }
        };
        entries.into_iter().enumerate().map(read_at).collect()
    }

    fn is_empty_element(&self, text: &str) -> bool {
        self.profile.format() == Format::Xml && text.trim().is_empty()
    }

    /// A text or a number, without white space around it; an empty one is none.
    fn leaf(&self, member: Member) -> Read<&'f str> {
        match self.node(member)? {
            None => Ok(None),
            Some(Node::Text(text) | Node::Number(text)) => {
                Ok(Some(text.trim()).filter(|text| !text.is_empty()))
            }
            Some(Node::Flag(_)) => Err(self.bad(member, "must be a text or a number")),
            Some(_) => Err(self.bad(member, "must be one value, without members or entries")),
        }
    }

    fn node(&self, member: Member) -> Read<&'f Node> {
        self.table.get(self.profile.name(member), &self.path)
    }

    fn path_of(&self, member: Member) -> String {
        joined(&self.path, &self.profile.name(member).join("."))
    }
}
