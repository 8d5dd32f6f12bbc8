//! Lines of JSON that begin with the node's name, so that lines of several nodes can be kept
//! together.

use std::io::{self, Write};

use domain::NodeName;

/// What stands at the beginning of each line.
#[derive(Clone, Debug)]
pub(super) struct Named {
    beginning: String,
}

/// Writes lines with that beginning.
pub(super) struct Lines<W> {
    beginning: String,
    out: W,
}

impl Named {
    /// Names `node`; a host name needs no escaping.
    pub(super) fn new(node: Option<&NodeName>) -> Self {
        let beginning = match node {
            Some(node) => format!("{{\"node\":\"{node}\","),
            None => "{".to_owned(),
        };
        Self { beginning }
    }

    pub(super) fn write_to<W>(&self, out: W) -> Lines<W> {
        Lines { beginning: self.beginning.clone(), out }
    }
}

impl<W: Write> Write for Lines<W> {
    /// Takes whole lines, as the log gives them, and writes each in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match line.strip_prefix(b"{") {
            Some(rest) => self.out.write_all(&[self.beginning.as_bytes(), rest].concat())?,
            None => self.out.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_names_the_node() {
        let node = "gw-a.example".parse().unwrap();
        let mut written = Vec::new();
        for named in [Named::new(Some(&node)), Named::new(None)] {
            named.write_to(&mut written).write_all(b"{\"level\":\"INFO\"}\n").unwrap();
        }
        let expected = "{\"node\":\"gw-a.example\",\"level\":\"INFO\"}\n{\"level\":\"INFO\"}\n";
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}
