//! The content of a backup: rows of tables, and at the end their counts.
//!
//! ```text
//!   'T' name, columns (name, sort)      a table begins; a table may come again
//!   'R' values                          a row of it: length and bytes, or 8 bytes; nothing is marked
//!   'E' tables (name, rows), digest     the end, SHA-256 of all before it
//! ```
//!
//! Names stand there, so that what a program does not know is told by its name. Nothing here depends on the
//! sort of store that the rows came from.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::BackupError;
use super::sealed::{Opening, Sealing};
use crate::copy::{BLOBS, Column, MAIN, Page, Sort, Table};

const TABLE: u8 = b'T';
const ROW: u8 = b'R';
const END: u8 = b'E';
/// The most bytes of one value; a document or a piece of a body is far smaller.
const VALUE_BYTES_MAX: u32 = 64 * 1024 * 1024;
/// Stands for the length of nothing.
const NOTHING: u32 = u32::MAX;
/// A page is given once its values have so many bytes, however few rows it has.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
const DIGEST_BYTES: usize = 32;

/// Rows of each table.
pub(super) type Counts = BTreeMap<&'static str, u64>;

/// All tables, in the order they come in.
pub(super) fn tables() -> impl Iterator<Item = &'static Table> {
    MAIN.iter().chain(&BLOBS)
}

/// Writes pages.
pub(super) struct Writer<Out> {
    sealing: Sealing<Out>,
    table: Option<&'static str>,
    counts: Counts,
}

impl<Out: FnMut(Vec<u8>) -> Result<(), BackupError>> Writer<Out> {
    pub(super) fn new(sealing: Sealing<Out>) -> Self {
        let counts = tables().map(|table| (table.name, 0)).collect();
        Self { sealing, table: None, counts }
    }

    pub(super) fn write(&mut self, page: &Page) -> Result<(), BackupError> {
        let table = page.table;
        if self.table != Some(table.name) {
            self.begin(table)?;
        }
        for row in 0..page.rows() {
            self.sealing.write(&[ROW])?;
            for column in &page.columns {
                self.write_value(column, row)?;
            }
        }
        let rows = u64::try_from(page.rows()).unwrap_or(u64::MAX);
        *self.counts.entry(table.name).or_default() += rows;
        Ok(())
    }

    /// Ends it; gives how many rows of each table there are.
    pub(super) fn finish(mut self) -> Result<Counts, BackupError> {
        self.sealing.write(&[END, length_of(self.counts.len())])?;
        for (table, rows) in &self.counts {
            self.sealing.write(&[length_of(table.len())])?;
            self.sealing.write(table.as_bytes())?;
            self.sealing.write(&rows.to_be_bytes())?;
        }
        let digest = self.sealing.digest();
        self.sealing.write(&digest)?;
        self.sealing.finish()?;
        Ok(self.counts)
    }

    fn begin(&mut self, table: &'static Table) -> Result<(), BackupError> {
        self.table = Some(table.name);
        self.sealing.write(&[TABLE, length_of(table.name.len())])?;
        self.sealing.write(table.name.as_bytes())?;
        self.sealing.write(&[length_of(table.columns.len())])?;
        for (name, sort) in table.columns {
            self.sealing.write(&[letter(*sort), length_of(name.len())])?;
            self.sealing.write(name.as_bytes())?;
        }
        Ok(())
    }

    fn write_value(&mut self, column: &Column, row: usize) -> Result<(), BackupError> {
        match column {
            Column::Texts(values) => {
                self.write_bytes(values.get(row).and_then(Option::as_deref).map(str::as_bytes))
            }
            Column::Bytes(values) => self.write_bytes(values.get(row).and_then(Option::as_deref)),
            Column::Numbers(values) => match values.get(row).copied().flatten() {
                None => self.sealing.write(&[0]),
                Some(number) => {
                    self.sealing.write(&[1])?;
                    self.sealing.write(&number.to_be_bytes())
                }
            },
        }
    }

    fn write_bytes(&mut self, value: Option<&[u8]>) -> Result<(), BackupError> {
        let Some(value) = value else { return self.sealing.write(&NOTHING.to_be_bytes()) };
        let length = u32::try_from(value.len()).ok().filter(|length| *length <= VALUE_BYTES_MAX);
        let length = length.ok_or(BackupError::Content { what: "a value is too large" })?;
        self.sealing.write(&length.to_be_bytes())?;
        self.sealing.write(value)
    }
}

/// Names and lists are ours, and short.
fn length_of(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

fn letter(sort: Sort) -> u8 {
    match sort {
        Sort::Text => b't',
        Sort::Number => b'n',
        Sort::Bytes => b'b',
    }
}

/// Reads pages.
pub(super) struct Reader<In> {
    opening: Opening<In>,
    page: Option<Page>,
    page_bytes: usize,
    counts: Counts,
    is_at_end: bool,
}

/// What came.
pub(super) enum Read {
    /// Some rows.
    Page(Page),
    /// The end, with the rows of each table that there were.
    End(Counts),
}

impl<In: BufRead> Reader<In> {
    pub(super) fn new(opening: Opening<In>) -> Self {
        let counts = tables().map(|table| (table.name, 0)).collect();
        Self { opening, page: None, page_bytes: 0, counts, is_at_end: false }
    }

    /// How many bytes of content were read.
    pub(super) fn bytes(&self) -> u64 {
        self.opening.bytes()
    }

    pub(super) fn read(&mut self) -> Result<Read, BackupError> {
        while !self.is_at_end {
            match self.opening.byte()? {
                TABLE => {
                    let table = self.read_table()?;
                    let before = self.page.replace(Page::of(table));
                    self.page_bytes = 0;
                    if let Some(page) = before.filter(|page| page.rows() > 0) {
                        return Ok(Read::Page(page));
                    }
                }
                ROW => {
                    if let Some(page) = self.read_row()? {
                        return Ok(Read::Page(page));
                    }
                }
                END => {
                    self.read_end()?;
                    self.is_at_end = true;
                    if let Some(page) = self.page.take().filter(|page| page.rows() > 0) {
                        return Ok(Read::Page(page));
                    }
                }
                _ => return Err(BackupError::Content { what: "a record is of no known sort" }),
            }
        }
        Ok(Read::End(self.counts.clone()))
    }

    fn read_table(&mut self) -> Result<&'static Table, BackupError> {
        let name = self.read_name()?;
        let table = tables().find(|table| table.name.as_bytes() == name);
        let table = table.ok_or(BackupError::Content { what: "a table is not known" })?;
        let columns = usize::from(self.opening.byte()?);
        let mut same = columns == table.columns.len();
        for place in 0..columns {
            let sort = self.opening.byte()?;
            let name = self.read_name()?;
            let known = table.columns.get(place);
            same &= known.is_some_and(|(known, known_sort)| {
                known.as_bytes() == name && letter(*known_sort) == sort
            });
        }
        if same {
            Ok(table)
        } else {
            Err(BackupError::Content { what: "a table has other columns" })
        }
    }

    fn read_name(&mut self) -> Result<Vec<u8>, BackupError> {
        let length = self.opening.byte()?;
        self.opening.take(length.into())
    }

    /// Reads a row; gives the page where it is full.
    fn read_row(&mut self) -> Result<Option<Page>, BackupError> {
        let astray = BackupError::Content { what: "a row belongs to no table" };
        let Some(mut page) = self.page.take() else { return Err(astray) };
        for column in &mut page.columns {
            match column {
                Column::Texts(values) => {
                    let text = self.read_bytes()?.map(String::from_utf8).transpose();
                    values.push(
                        text.map_err(|_| BackupError::Content { what: "a text is not UTF-8" })?,
                    );
                }
                Column::Bytes(values) => values.push(self.read_bytes()?),
                Column::Numbers(values) => values.push(match self.opening.byte()? {
                    0 => None,
                    _ => Some(i64::from_be_bytes(self.opening.number()?)),
                }),
            }
        }
        *self.counts.entry(page.table.name).or_default() += 1;
        if page.rows() < page.table.page_rows && self.page_bytes < PAGE_BYTES {
            self.page = Some(page);
            return Ok(None);
        }
        self.page = Some(Page::of(page.table));
        self.page_bytes = 0;
        Ok(Some(page))
    }

    fn read_bytes(&mut self) -> Result<Option<Vec<u8>>, BackupError> {
        let length = u32::from_be_bytes(self.opening.number()?);
        if length == NOTHING {
            return Ok(None);
        }
        if length > VALUE_BYTES_MAX {
            return Err(BackupError::Content { what: "a value is too large" });
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.page_bytes = self.page_bytes.saturating_add(length);
        Ok(Some(self.opening.take(length)?))
    }

    fn read_end(&mut self) -> Result<(), BackupError> {
        let mut noted = BTreeMap::new();
        for _ in 0..self.opening.byte()? {
            let name = self.read_name()?;
            noted.insert(name, u64::from_be_bytes(self.opening.number()?));
        }
        let digest = self.opening.digest();
        let noted_digest: [u8; DIGEST_BYTES] = self.opening.number()?;
        if digest != noted_digest {
            return Err(BackupError::Content { what: "its checksum is another one" });
        }
        let counted = self.counts.iter().map(|(name, rows)| (name.as_bytes().to_vec(), *rows));
        if noted != counted.collect() {
            return Err(BackupError::Content { what: "it has other counts of rows than it says" });
        }
        match self.opening.is_at_end()? {
            true => Ok(()),
            false => Err(BackupError::Content { what: "something follows its end" }),
        }
    }
}
