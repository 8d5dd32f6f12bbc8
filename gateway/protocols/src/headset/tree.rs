//! Members with values: what JSON and XML have in common, as far as bodies of headsets need it.

use super::content::BadBody;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Nothing: `null` in JSON, no element in XML.
    Null,
    /// Yes or no. XML is read without any: its leaves are texts.
    Flag(bool),
    /// A number as it was written.
    Number(String),
    Text(String),
    /// Entries, and what each is called in XML.
    List(String, Vec<Node>),
    Table(Table),
}

impl Node {
    pub(super) fn number(number: impl ToString) -> Self {
        Self::Number(number.to_string())
    }

    #[cfg(test)]
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Number(text) | Self::Text(text) => text,
            other => format!("{other:?}"),
        }
    }
}

/// Members in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table(pub(super) Vec<(String, Node)>);

impl Table {
    /// Adds a member. A name of several parts stands in tables of its own, which members share.
    pub(super) fn put(&mut self, name: &[String], node: Node) {
        let Some((first, rest)) = name.split_first() else { return };
        if rest.is_empty() {
            self.0.push((first.clone(), node));
            return;
        }
        let found = self.0.iter_mut().find_map(|(other, node)| match node {
            Node::Table(inner) if other == first => Some(inner),
            _ => None,
        });
        if let Some(inner) = found {
            inner.put(rest, node);
            return;
        }
        let mut inner = Self::default();
        inner.put(rest, node);
        self.0.push((first.clone(), Node::Table(inner)));
    }

    /// A member that is there and not nothing. `path` says where this table stands.
    pub(super) fn get(&self, name: &[String], path: &str) -> Result<Option<&Node>, BadBody> {
        let Some((first, rest)) = name.split_first() else { return Ok(None) };
        let mut members = self.0.iter().filter(|(other, _)| other == first);
        let found = members.next().map(|(_, node)| node);
        let path = joined(path, first);
        if members.next().is_some() {
            return Err(BadBody::at(path, "stands there more than once; send it once"));
        }
        match found {
            None | Some(Node::Null) => Ok(None),
            found if rest.is_empty() => Ok(found),
            Some(Node::Table(inner)) => inner.get(rest, &path),
            Some(Node::Text(text)) if text.trim().is_empty() => Ok(None),
            Some(_) => Err(BadBody::at(path, "must hold members of its own")),
        }
    }
}

/// The full name of a member of what stands at `path`.
pub(super) fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
