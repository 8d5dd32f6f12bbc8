//! Tables in CSV: agents, teams, reasons and devices.
//!
//! The first line names the columns; `,` or `;` parts them, UTF-8 with or without a mark. A column that
//! is there sets its member, an empty cell in it removes the member, and a column that is not there
//! leaves it alone. Lists stand in one cell, parted by `|`; a skill comes with its competence, `German:7`.
//!
//! Spreadsheets run cells that begin with `=` and the like as formulas. Texts that begin so are refused:
//! what comes in here goes out to tables again.

use std::fmt;
use std::str::FromStr;

use domain::settings::{COMPETENCE_MAX, LABEL_CHARACTERS_MAX};
use domain::{AgentId, DeviceName, Extension, PairName, ReasonCategory, TeamName};
use serde_json::{Map, Value, json};

use super::{Imported, Section};

/// The most bytes of a file.
pub const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The most rows of a file.
pub const ROWS_MAX: usize = 100_000;
/// The most faults that are told.
pub const FAULTS_MAX: usize = 1_000;
const CELL_BYTES_MAX: usize = 4_096;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `id, name, alias, team, pair, extension, roles, skills`
    Agents,
    /// `name, pair, layout, wrap_up_seconds`
    Teams,
    /// `category, code, label, teams`
    Reasons,
    /// `name, description, lines, profile, certificate_sha256`
    Devices,
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line it is in, from 1.
    pub line: u64,
    /// The column's name, where it is about one.
    pub column: Option<String>,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(formatter, ", column {column}")?;
        }
        write!(formatter, ": {}", self.why)
    }
}

/// How a cell is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    AgentId,
    Text(usize),
    Team,
    Teams,
    Pair,
    Extension,
    Lines,
    Roles,
    Skills,
    Number(u64),
    Category,
    Device,
    YesNo,
    Fingerprint,
}

impl Kind {
    fn section(self) -> Section {
        match self {
            Self::Agents => Section::Agents,
            Self::Teams => Section::Teams,
            Self::Reasons => Section::Reasons,
            Self::Devices => Section::Devices,
        }
    }

    /// The columns; those that must be there come with `true`.
    fn columns(self) -> &'static [(&'static str, Form, bool)] {
        match self {
            Self::Agents => &[
                ("id", Form::AgentId, true),
                ("name", Form::Text(64), false),
                ("alias", Form::Text(64), false),
                ("team", Form::Team, false),
                ("pair", Form::Pair, false),
                ("extension", Form::Extension, false),
                ("roles", Form::Roles, false),
                ("skills", Form::Skills, false),
            ],
            Self::Teams => &[
                ("name", Form::Team, true),
                ("pair", Form::Pair, false),
                ("layout", Form::Text(64), false),
                ("wrap_up_seconds", Form::Number(7_200), false),
            ],
            Self::Reasons => &[
                ("category", Form::Category, true),
                ("code", Form::Number(65_535), true),
                ("label", Form::Text(LABEL_CHARACTERS_MAX), true),
                ("teams", Form::Teams, false),
            ],
            Self::Devices => &[
                ("name", Form::Device, true),
                ("description", Form::Text(128), false),
                ("lines", Form::Lines, false),
                ("profile", Form::YesNo, false),
                ("certificate_sha256", Form::Fingerprint, false),
            ],
        }
    }
}

/// Reads a file; every fault is told at once, and with any of them nothing is taken.
pub fn read(bytes: &[u8], kind: Kind) -> Result<Imported, Vec<Fault>> {
    let whole = |why: &str| vec![Fault { line: 1, column: None, why: why.to_owned() }];
    if bytes.len() > FILE_BYTES_MAX {
        return Err(whole("the file is larger than 32 MiB"));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Err(whole("the file is UTF-16; save it as UTF-8"));
    }
    let mut faults = Vec::new();
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(bytes))
        .from_reader(bytes);
    let mut record = ::csv::ByteRecord::new();
    let mut imported = Imported::default();
    let mut columns = None;
    let mut seen = std::collections::HashMap::new();
    let mut rows = 0;
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let line = error.position().map_or(0, ::csv::Position::line);
                faults.push(Fault { line, column: None, why: error.to_string() });
                break;
            }
        }
        let line = record.position().map_or(0, ::csv::Position::line);
        // A line of nothing but separators is what spreadsheets leave at the end.
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        let Some(known) = &columns else {
            columns = Some(header(&record, line, kind, &mut faults)?);
            continue;
        };
        rows += 1;
        if rows > ROWS_MAX {
            let why = format!("there are more than {ROWS_MAX} rows");
            faults.push(Fault { line, column: None, why });
            break;
        }
        let before = faults.len();
        let members = row(&record, line, known, &mut faults);
        if faults.len() == before {
            let key = kind.section().key(&members).unwrap_or_default();
            if let Some(first) = seen.insert(key.clone(), line) {
                let why = format!("{key} is in line {first} already");
                faults.push(Fault { line, column: None, why });
            }
            imported.add(kind.section(), members);
        }
        if faults.len() >= FAULTS_MAX {
            let why = "there is more that is wrong".to_owned();
            faults.push(Fault { line, column: None, why });
            break;
        }
    }
    if columns.is_none() && faults.is_empty() {
        return Err(whole("the file is empty; its first line names the columns"));
    }
    if faults.is_empty() { Ok(imported) } else { Err(faults) }
}

/// The separator that the first line has more of.
fn delimiter(bytes: &[u8]) -> u8 {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |sought: u8| first.iter().filter(|byte| **byte == sought).count();
    if count(b';') > count(b',') { b';' } else { b',' }
}

type Column = (&'static str, Form, bool);

fn header(
    record: &::csv::ByteRecord,
    line: u64,
    kind: Kind,
    faults: &mut Vec<Fault>,
) -> Result<Vec<Column>, Vec<Fault>> {
    let known = kind.columns();
    let mut columns: Vec<Column> = Vec::new();
    for cell in record {
        let name = String::from_utf8_lossy(cell).trim().to_ascii_lowercase();
        match known.iter().find(|(known, _, _)| *known == name) {
            Some(column) if columns.iter().any(|(other, _, _)| *other == name) => {
                let why = format!("there are two columns {}", column.0);
                faults.push(Fault { line, column: None, why });
            }
            Some(column) => columns.push(*column),
            None => {
                let names: Vec<_> = known.iter().map(|(name, _, _)| *name).collect();
                let shown: String = name.chars().take(40).collect();
                let why = format!("there is no column {shown:?}; there are {}", names.join(", "));
                faults.push(Fault { line, column: None, why });
            }
        }
    }
    for (name, _, required) in known {
        if *required && !columns.iter().any(|(other, _, _)| other == name) {
            faults.push(Fault { line, column: None, why: format!("the column {name} is missing") });
        }
    }
    // Without its columns no row can be judged.
    if faults.is_empty() { Ok(columns) } else { Err(std::mem::take(faults)) }
}

fn row(
    record: &::csv::ByteRecord,
    line: u64,
    columns: &[Column],
    faults: &mut Vec<Fault>,
) -> Map<String, Value> {
    let mut members = Map::new();
    if record.len() != columns.len() {
        let why = format!("there are {} cells under {} columns", record.len(), columns.len());
        faults.push(Fault { line, column: None, why });
        return members;
    }
    for ((name, form, required), cell) in columns.iter().zip(record) {
        match value(cell, *form) {
            Ok(Value::Null) if *required => faults.push(Fault {
                line,
                column: Some((*name).to_owned()),
                why: "is empty".to_owned(),
            }),
            Ok(value) => {
                members.insert((*name).to_owned(), value);
            }
            Err(why) => faults.push(Fault { line, column: Some((*name).to_owned()), why }),
        }
    }
    members
}

fn value(cell: &[u8], form: Form) -> Result<Value, String> {
    if cell.len() > CELL_BYTES_MAX {
        return Err(format!("has more than {CELL_BYTES_MAX} bytes; is a quotation mark missing?"));
    }
    let text = std::str::from_utf8(cell).map_err(|_| "is no UTF-8; save the file as UTF-8")?;
    let is_number = matches!(form, Form::Extension | Form::Lines | Form::Number(_));
    // Looked at before anything is trimmed: a TAB begins a formula too.
    if !is_number && begins_formula(text) {
        return Err("begins like a formula (= + - @), which spreadsheets would run".to_owned());
    }
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let list = || text.split('|').map(str::trim).filter(|part| !part.is_empty());
    Ok(match form {
        Form::AgentId => parsed::<AgentId>(text)?,
        Form::Team => parsed::<TeamName>(text)?,
        Form::Pair => parsed::<PairName>(text)?,
        Form::Extension => parsed::<Extension>(text)?,
        Form::Device => parsed::<DeviceName>(text)?,
        Form::Teams => list().map(parsed::<TeamName>).collect::<Result<Vec<_>, _>>()?.into(),
        Form::Lines => list().map(parsed::<Extension>).collect::<Result<Vec<_>, _>>()?.into(),
        Form::Text(most) => {
            let length = text.chars().count();
            if length > most || text.chars().any(char::is_control) {
                let why = "without control characters";
                return Err(format!("must be at most {most} characters {why}, not {length}"));
            }
            text.into()
        }
        Form::Roles => {
            let known = ["agent", "supervisor", "administrator", "report"];
            let roles: Vec<_> = list().map(str::to_ascii_lowercase).collect();
            if let Some(other) = roles.iter().find(|role| !known.contains(&role.as_str())) {
                return Err(format!("has {other:?}; a role is one of {}", known.join(", ")));
            }
            roles.into()
        }
        Form::Skills => {
            let mut skills = Map::new();
            for skill in list() {
                let (name, competence) = skill.rsplit_once(':').unwrap_or((skill, ""));
                match competence.trim().parse::<u8>() {
                    Ok(competence) if (1..=COMPETENCE_MAX).contains(&competence) => {
                        skills.insert(name.trim().to_owned(), competence.into());
                    }
                    _ => {
                        return Err(format!(
                            "has a skill without its competence from 1 to {COMPETENCE_MAX}; write \
                             German:7"
                        ));
                    }
                }
            }
            skills.into()
        }
        Form::Number(most) => match text.parse::<u64>() {
            Ok(number) if number <= most => number.into(),
            _ => return Err(format!("must be a whole number from 0 to {most}")),
        },
        Form::Category => {
            let names = ReasonCategory::ALL.map(ReasonCategory::name);
            match names.iter().find(|name| name.eq_ignore_ascii_case(text)) {
                Some(name) => (*name).into(),
                None => return Err(format!("must be one of {}", names.join(", "))),
            }
        }
        Form::YesNo => match text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" => json!(true),
            "no" | "false" | "0" => json!(false),
            _ => return Err("must be yes or no".to_owned()),
        },
        Form::Fingerprint => {
            let digits = text.replace(':', "").to_ascii_lowercase();
            if digits.len() != 64 || !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
                return Err("must be 64 hexadecimal digits".to_owned());
            }
            digits.into()
        }
    })
}

fn parsed<T: FromStr<Err: fmt::Display> + fmt::Display>(text: &str) -> Result<Value, String> {
    let parsed = text.parse::<T>().map_err(|error| error.to_string())?;
    Ok(parsed.to_string().into())
}

/// Whether a spreadsheet would run that text, which it may do after it took blanks away.
pub(crate) fn begins_formula(text: &str) -> bool {
    let is_blank = |it: char| it == '\u{feff}' || it.is_whitespace() && !matches!(it, '\t' | '\r');
    text.trim_start_matches(is_blank).starts_with(['=', '+', '-', '@', '\t', '\r'])
}
