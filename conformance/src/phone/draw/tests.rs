//! Golden drawings of four families: the same pages on each.

use super::super::headers::Refresh;
use super::super::object::Object;
use super::super::parse::{Delivery, parse};
use super::*;

const HOME: &str = "<CiscoIPPhoneText><Title>Not Ready - Łunch</Title><Prompt>Queues</Prompt>\
    <SoftKeyItem><Name>Ready</Name><Position>1</Position><URL>https://h/1</URL></SoftKeyItem>\
    <SoftKeyItem><Name>NotReady</Name><Position>2</Position><URL>https://h/2</URL></SoftKeyItem>\
    <SoftKeyItem><Name>SignOut</Name><Position>3</Position><URL>https://h/3</URL></SoftKeyItem>\
    <SoftKeyItem><Name>Refresh</Name><Position>4</Position><URL>SoftKey:Update</URL></SoftKeyItem>\
    <SoftKeyItem><Name>CData</Name><Position>5</Position><URL>https://h/5</URL></SoftKeyItem>\
    <Text>Calls queued: 3&#13;Longest wait: 00:01:12&#13;This line is a good deal longer than most \
    of the displays are wide, so it is wrapped&#13;&#13;&#13;&#13;&#13;Updated: 10:41:07</Text>\
    </CiscoIPPhoneText>";

const MENU: &str = "<CiscoIPPhoneMenu><Title>Reasons</Title><Prompt>Choose one</Prompt>\
    <MenuItem><Name>Lunch</Name></MenuItem><MenuItem><Name>Training&#13;till noon</Name></MenuItem>\
    <MenuItem><Name>Größe</Name></MenuItem><MenuItem><Name>Four</Name></MenuItem>\
    <MenuItem><Name>Five</Name></MenuItem></CiscoIPPhoneMenu>";

const INPUT: &str = "<CiscoIPPhoneInput><Title>Sign in</Title><URL>https://h/</URL>\
    <InputItem><DisplayName>ID</DisplayName><QueryStringParam>id</QueryStringParam>\
    <InputFlags>A</InputFlags></InputItem><InputItem><DisplayName>Password</DisplayName>\
    <QueryStringParam>password</QueryStringParam><InputFlags>AP</InputFlags></InputItem>\
    </CiscoIPPhoneInput>";

fn screen(model: &Model, xml: &str) -> Screen {
    let Ok(Object::Page(page)) = parse(xml, model, Delivery::Pull).object else {
        panic!("not a page")
    };
    Screen {
        content: Content::Page(page),
        refresh: Some(Refresh { seconds: 15, url: Some("https://h/".to_owned()) }),
        ..Screen::closed(0)
    }
}

/// Drawings by section: page and model.
const GOLDEN: &str = include_str!("golden.txt");

#[track_caller]
fn check(section: &str, name: &str, xml: &str, change: fn(&mut Screen)) {
    let model = Model::find(name).unwrap();
    let mut screen = screen(model, xml);
    change(&mut screen);
    let drawn = draw(model, &screen, None);
    let heading = format!("= {section} {name}\n");
    let (_, rest) = GOLDEN.split_once(&heading).unwrap();
    let expected = rest.split("\n= ").next().unwrap().trim_end();
    let text = texts(&drawn).join("\n");
    assert_eq!(text, expected, "{heading}{text}\n");
    for line in &drawn {
        assert_eq!(text_width(&line.text), model.columns + 2, "{:?}", line.text);
    }
}

const FAMILIES: [&str; 4] = ["7841", "8845", "7942G", "6945"];

#[test]
fn phn_17_a_text_is_drawn_as_each_family_shows_it() {
    for name in FAMILIES {
        check("HOME", name, HOME, |_| {});
    }
}

#[test]
fn phn_17_a_menu_is_drawn_as_each_family_shows_it() {
    for name in FAMILIES {
        check("MENU", name, MENU, |screen| screen.highlight = 1);
    }
}

#[test]
fn phn_03_a_hidden_field_is_drawn_as_asterisks() {
    for name in FAMILIES {
        check("INPUT", name, INPUT, |screen| {
            screen.fields = vec!["1001".to_owned(), "geheim".to_owned()];
            screen.highlight = 1;
        });
    }
}

#[test]
fn a_long_text_scrolls_and_a_long_menu_follows_its_highlight() {
    let model = Model::find("7841").unwrap();
    let first_rows = |xml: &str, scroll: usize, highlight: usize| {
        let screen = Screen { scroll, highlight, ..screen(model, xml) };
        let drawn = draw(model, &screen, None);
        texts(&drawn).get(4).map(|line| (*line).to_owned()).unwrap()
    };
    assert_eq!(first_rows(HOME, 0, 0), "│Calls queued: 3                         │");
    assert_eq!(first_rows(HOME, 1, 0), "│Longest wait: 00:01:12                 ▲│");
    assert_eq!(first_rows(HOME, 99, 0), "│                                       ▲│");
    assert_eq!(first_rows(MENU, 0, 4), "│  2 Training                           ▲│");
}

#[test]
fn wide_characters_keep_the_frame_straight() {
    let model = Model::find("8845").unwrap();
    let xml = "<CiscoIPPhoneText><Title>待機中</Title><Text>通話 3</Text></CiscoIPPhoneText>";
    for line in draw(model, &screen(model, xml), Some("2 waiting")) {
        assert_eq!(text_width(&line.text), model.columns + 2, "{:?}", line.text);
    }
}

#[test]
fn every_model_can_be_drawn() {
    for model in super::super::model::MODELS {
        let drawn = draw(model, &screen(model, HOME), None);
        assert!(drawn.len() >= model.rows + 5, "{}", model.name);
    }
}
