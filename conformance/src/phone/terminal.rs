//! The phone drawn in a terminal and driven by a keyboard.
//!
//! The drawing itself is `draw`'s; this module reads keys, puts lines on the screen, and shows below
//! them what a phone would not: the latest violations and pushes.

use std::collections::VecDeque;
use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::style::{Attribute, Color, Print, ResetColor, SetAttribute, SetForegroundColor};
use crossterm::{cursor, event, execute, queue, terminal};
use tokio::sync::mpsc;

use super::draw::{Style, draw as draw_phone};
use super::driver::{Driver, Report};
use super::handset::Command;
use super::object::Body;
use crate::headset::base::Light;
use crate::headset::draw;
use crate::headset::machine::Command as HeadsetCommand;

/// Notes kept below the phone.
const NOTES_MAX: usize = 6;
/// Keys typed ahead of the phone.
const KEYS_AHEAD_MAX: usize = 64;

/// Puts the terminal back however the program ends.
struct Taken;

impl Taken {
    fn take() -> std::io::Result<Self> {
        terminal::enable_raw_mode()?;
        let taken = Self;
        execute!(stdout(), terminal::EnterAlternateScreen, cursor::Hide)?;
        Ok(taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let _ = execute!(stdout(), cursor::Show, terminal::LeaveAlternateScreen);
        let _ = terminal::disable_raw_mode();
    }
}

/// A line below the phone.
struct Note {
    text: String,
    colour: Color,
}

/// Runs until the user quits; answers how many violations there were.
pub(crate) async fn run(driver: &mut Driver, warnings: Vec<String>) -> std::io::Result<u64> {
    let _taken = Taken::take()?;
    let mut keys = read_keys();
    let mut notes: VecDeque<Note> = VecDeque::new();
    let mut last_push: Option<(Instant, String)> = None;
    for warning in warnings {
        note(&mut notes, warning, Color::Yellow);
    }
    if let Err(problem) = driver.command(Command::Services) {
        note(&mut notes, problem, Color::Yellow);
    }
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        while let Some(report) = driver.report() {
            match report {
                Report::Screen(_) | Report::Raw(_) => {}
                Report::Violation(text) => note(&mut notes, text, Color::Red),
                Report::Event { name, detail } => {
                    note(&mut notes, format!("{name}: {detail}"), Color::Cyan);
                }
                Report::NoHandshake(value) => {
                    let error = value.get("error").and_then(|error| error.as_str());
                    let text = format!("no push, TLS failed: {}", error.unwrap_or("?"));
                    note(&mut notes, text, Color::Yellow);
                }
                Report::Headset(value) => {
                    if let Some(text) = headset_words(&value) {
                        note(&mut notes, text, Color::Cyan);
                    }
                }
                Report::Push(value) => {
                    let result = value.get("result").and_then(|result| result.as_str());
                    last_push = Some((Instant::now(), result.unwrap_or("?").to_owned()));
                }
            }
        }
        paint(driver, &notes, last_push.as_ref())?;
        tokio::select! {
            () = driver.step() => {}
            _ = tick.tick() => {}
            key = keys.recv() => match key.map(|key| meaning(key, driver)) {
                None | Some(Meaning::Quit) => return Ok(driver.violations()),
                Some(Meaning::Nothing) => {}
                Some(Meaning::Headset(command)) => {
                    if let Err(problem) = driver.headset_command(command) {
                        note(&mut notes, problem, Color::Yellow);
                    }
                }
                Some(Meaning::Do(command)) => {
                    if let Err(problem) = driver.command(command) {
                        note(&mut notes, problem, Color::Yellow);
                    }
                }
            }
        }
    }
}

enum Meaning {
    Do(Command),
    Headset(HeadsetCommand),
    Quit,
    Nothing,
}

/// What a key of the keyboard does on the screen that is up.
fn meaning(key: KeyEvent, driver: &Driver) -> Meaning {
    let screen = driver.handset.screen();
    let body = screen.page().map(|page| &page.body);
    let in_field = matches!(body, Some(Body::Input { .. }));
    let in_list = matches!(body, Some(Body::Menu(_) | Body::Directory(_)));
    let press = |name: &str| Meaning::Do(Command::Key(name.to_owned()));
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Meaning::Quit,
        KeyCode::F(place @ 1..=5) => Meaning::Do(Command::SoftKey(usize::from(place))),
        KeyCode::Up => press("NavUp"),
        KeyCode::Down | KeyCode::Tab => press("NavDown"),
        KeyCode::Left => press("NavLeft"),
        KeyCode::Right => press("NavRight"),
        KeyCode::Enter if !screen.is_open() => Meaning::Do(Command::Services),
        KeyCode::Enter => press("NavSelect"),
        KeyCode::Backspace if in_field => Meaning::Do(Command::Open("SoftKey:<<".to_owned())),
        KeyCode::Backspace => press("NavBack"),
        KeyCode::Esc if screen.is_open() => Meaning::Do(Command::Close),
        KeyCode::Esc => Meaning::Quit,
        KeyCode::Char(character) if in_field => Meaning::Do(Command::Character(character)),
        KeyCode::Char('q') => Meaning::Quit,
        KeyCode::Char('s') => Meaning::Do(Command::Services),
        KeyCode::Char(key @ ('m' | 'c' | 'u')) => headset_key(key, driver),
        KeyCode::Char('*') => press("KeyPadStar"),
        KeyCode::Char('#') => press("KeyPadPound"),
        KeyCode::Char(digit @ '0'..='9') if in_list => press(&format!("KeyPad{digit}")),
        KeyCode::Char(digit @ '1'..='5') => {
            Meaning::Do(Command::SoftKey(digit.to_digit(10).map_or(0, |place| place as usize)))
        }
        _ => Meaning::Nothing,
    }
}

/// What a key of the keyboard does to the headset, where there is one.
fn headset_key(key: char, driver: &Driver) -> Meaning {
    let Ok(headset) = driver.headset() else { return Meaning::Nothing };
    let (in_call, plugged) =
        headset.with(|machine, _| (machine.base.in_call, machine.base.plugged));
    Meaning::Headset(match (key, in_call, plugged) {
        ('c', true, _) => HeadsetCommand::HangUp,
        ('c', false, _) => HeadsetCommand::Call,
        ('u', _, true) => HeadsetCommand::Unplug,
        ('u', _, false) => HeadsetCommand::Plug,
        _ => HeadsetCommand::Mute,
    })
}

/// What is worth a line below the phone: failures, and what became of a wish.
fn headset_words(event: &serde_json::Value) -> Option<String> {
    let text = |name: &str| event.get(name).and_then(serde_json::Value::as_str);
    let words = match text("event")? {
        "update" => {
            let status = event.get("status").map(ToString::to_string);
            let outcome = status.as_deref().or(text("failure"))?.to_owned();
            format!("{} to the {}: {outcome}", text("state")?, text("to")?)
        }
        "not_discovered" | "no_configuration" | "not_connected" | "lost" | "not_sent" => {
            text("words")?.to_owned()
        }
        "service_change" => text("status")?.to_owned(),
        "refused" => format!("{} refused: {}", text("what")?, event.get("status")?),
        _ => return None,
    };
    Some(format!("headset: {words}"))
}

/// The base's colours; its text says the same.
fn colour(light: Light) -> Color {
    match light {
        Light::Off => Color::Reset,
        Light::Green => Color::Green,
        Light::Red => Color::Red,
    }
}

/// What stands between the phone and its headset's base.
const BESIDE: &str = "  ";

/// Part of a line on the terminal.
struct Piece<'a> {
    text: &'a str,
    attribute: Attribute,
    colour: Color,
}

impl<'a> Piece<'a> {
    fn plain(text: &'a str, colour: Color) -> Self {
        Self { text, attribute: Attribute::Reset, colour }
    }
}

fn paint(
    driver: &Driver,
    notes: &VecDeque<Note>,
    last_push: Option<&(Instant, String)>,
) -> std::io::Result<()> {
    let identity = driver.handset.identity();
    let handset = &driver.handset;
    let mut out = stdout();
    queue!(out, cursor::MoveTo(0, 0))?;
    let (width, height) = terminal::size().unwrap_or((80, 24));
    let mut row = 0_u16;
    let mut line = |pieces: &[Piece<'_>]| -> std::io::Result<()> {
        if row + 1 > height {
            return Ok(());
        }
        let mut left = usize::from(width);
        queue!(out, cursor::MoveTo(0, row))?;
        for piece in pieces {
            let text: String = piece.text.chars().take(left).collect();
            left -= text.chars().count();
            queue!(
                out,
                SetAttribute(piece.attribute),
                SetForegroundColor(piece.colour),
                Print(text),
                ResetColor,
                SetAttribute(Attribute::Reset)
            )?;
        }
        queue!(out, terminal::Clear(terminal::ClearType::UntilNewLine))?;
        row += 1;
        Ok(())
    };
    let base = driver.headset().map(|headset| headset.with(|machine, _| draw::draw(machine)));
    let has_headset = base.is_ok();
    let base = base.unwrap_or_default();
    let of_base = |drawn: &'_ draw::Line| drawn.light.map_or(Color::Reset, colour);
    let screen = draw_phone(identity.model, handset.screen(), handset.status_line());
    let columns = |text: &str| text.chars().count();
    let together = screen.first().map_or(0, |it| columns(&it.text)) + BESIDE.len();
    let fits = base.first().is_some_and(|it| together + columns(&it.text) <= usize::from(width));
    for at in 0..screen.len().max(if fits { base.len() } else { 0 }) {
        let mut pieces = Vec::new();
        let blank = " ".repeat(together - BESIDE.len());
        match screen.get(at) {
            Some(drawn) => {
                let attribute = match drawn.style {
                    Style::Plain => Attribute::Reset,
                    Style::Heading | Style::Keys => Attribute::Bold,
                    Style::Highlight => Attribute::Reverse,
                };
                pieces.push(Piece { text: &drawn.text, attribute, colour: Color::Reset });
            }
            None => pieces.push(Piece::plain(&blank, Color::Reset)),
        }
        if let Some(drawn) = base.get(at).filter(|_| fits) {
            pieces.push(Piece::plain(BESIDE, Color::Reset));
            pieces.push(Piece::plain(&drawn.text, of_base(drawn)));
        }
        line(&pieces)?;
    }
    for drawn in base.iter().filter(|_| !fits) {
        line(&[Piece::plain(&drawn.text, of_base(drawn))])?;
    }
    let keys = identity.model.soft_keys_visible;
    let name = format!(
        " {} {}   F1-F{keys} soft keys, Esc leaves, s service, q quits",
        identity.model.name, identity.device
    );
    line(&[Piece::plain(&name, Color::DarkGrey)])?;
    if has_headset {
        let keys = " headset: m mute, c call or hang up, u unplug or plug in";
        line(&[Piece::plain(keys, Color::DarkGrey)])?;
    }
    line(&[Piece::plain(&status(driver, last_push), Color::DarkGrey)])?;
    for note in notes {
        line(&[Piece::plain(&format!(" {}", note.text), note.colour)])?;
    }
    queue!(out, terminal::Clear(terminal::ClearType::FromCursorDown))?;
    out.flush()
}

fn status(driver: &Driver, last_push: Option<&(Instant, String)>) -> String {
    let mut parts = Vec::new();
    if !driver.handset.is_settled() {
        parts.push("requesting...".to_owned());
    }
    if let Some(deadline) = driver.handset.deadline() {
        let left = deadline.saturating_duration_since(Instant::now()).as_secs();
        parts.push(format!("refresh in {left} s"));
    }
    parts.push(match (last_push, driver.push_address) {
        (Some((when, result)), _) => {
            format!("push {result}, {} s ago", when.elapsed().as_secs())
        }
        (None, Some(address)) => format!("no push yet, listening at {address}"),
        (None, None) => "pushes off".to_owned(),
    });
    parts.push(match driver.violations() {
        0 => "no violations".to_owned(),
        count => format!("violations: {count}"),
    });
    format!(" {}", parts.join(" | "))
}

fn note(notes: &mut VecDeque<Note>, text: String, colour: Color) {
    if notes.len() == NOTES_MAX {
        notes.pop_front();
    }
    notes.push_back(Note { text, colour });
}

/// Reads keys on a thread of their own, as a terminal cannot be waited for otherwise.
fn read_keys() -> mpsc::Receiver<KeyEvent> {
    let (sender, receiver) = mpsc::channel(KEYS_AHEAD_MAX);
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            if let Event::Key(key) = event
                && key.kind != KeyEventKind::Release
                && sender.blocking_send(key).is_err()
            {
                break;
            }
        }
    });
    receiver
}
