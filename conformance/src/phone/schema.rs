//! `schemas/cisco-ip-phone-objects.xsd` and our parser, held against each other with xmllint.

use std::io::Write;
use std::process::{Command, Stdio};

use super::handset::PushReply;
use super::model::Model;
use super::parse::{Delivery, parse};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/cisco-ip-phone-objects.xsd");

/// Whether xmllint finds the object valid; `None` where there is no xmllint, which fails in CI.
fn valid(xml: &str) -> Option<bool> {
    let child = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema", SCHEMA, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "xmllint is needed here: {error}");
            println!("left out: xmllint is not installed, the schema was not checked");
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(xml.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    // 0 valid, 3 invalid; anything else is a schema that does not compile or a broken page.
    assert!(matches!(output.status.code(), Some(0 | 3 | 4)), "{told}");
    assert!(!told.contains("failed to compile"), "{told}");
    Some(output.status.success())
}

/// Schema and parser must agree on whether `xml` is flawless.
#[track_caller]
fn check(xml: &str, flawless: bool) {
    let parsed = parse(xml, Model::find("8845").unwrap(), Delivery::Push);
    let clean = parsed.violations.is_empty() && parsed.object.is_ok();
    assert_eq!(clean, flawless, "parser: {xml}: {:?}", parsed.violations);
    if let Some(valid) = valid(xml) {
        assert_eq!(valid, flawless, "schema: {xml}");
    }
}

const EXIT: &str =
    "<SoftKeyItem><Name>Exit</Name><Position>1</Position><URL>SoftKey:Exit</URL></SoftKeyItem>";

#[test]
fn both_accept_every_object_with_all_its_parts() {
    let head = format!(
        "<Title>t</Title><Prompt>p</Prompt>{EXIT}<KeyItem><Key>KeyPad9</Key><URL>Key:Info</URL>\
         <URLDown>Key:Info</URLDown></KeyItem>"
    );
    let picture = "<LocationX>-1</LocationX><LocationY>-1</LocationY><Width>4</Width>\
                   <Height>1</Height><Depth>2</Depth><Data>FF</Data>";
    let file = "<LocationX>1</LocationX><LocationY>1</LocationY><URL>https://h/a.png</URL>";
    let item = "<MenuItem><Name>n</Name><URL>https://h/</URL></MenuItem>";
    let icon_item =
        "<MenuItem><Name>n</Name><URL>https://h/</URL><IconIndex>9</IconIndex></MenuItem>";
    for xml in [
        format!(
            "<CiscoIPPhoneText appId=\"a\" onAppClosed=\"Key:Info\">{head}<Text>x</Text></CiscoIPPhoneText>"
        ),
        format!("<CiscoIPPhoneMenu keypadTarget=\"activeCall\">{head}{item}</CiscoIPPhoneMenu>"),
        format!(
            "<CiscoIPPhoneInput>{head}<URL method=\"post\">https://h/</URL><InputItem><DisplayName>d\
             </DisplayName><QueryStringParam>q</QueryStringParam><InputFlags>PA</InputFlags>\
             <DefaultValue></DefaultValue></InputItem></CiscoIPPhoneInput>"
        ),
        format!(
            "<CiscoIPPhoneDirectory>{head}<DirectoryEntry><Name>n</Name><Telephone>1</Telephone>\
             </DirectoryEntry></CiscoIPPhoneDirectory>"
        ),
        format!("<CiscoIPPhoneImage>{head}{picture}</CiscoIPPhoneImage>"),
        format!("<CiscoIPPhoneImageFile>{head}{file}</CiscoIPPhoneImageFile>"),
        format!("<CiscoIPPhoneGraphicMenu>{head}{picture}{item}</CiscoIPPhoneGraphicMenu>"),
        format!(
            "<CiscoIPPhoneGraphicFileMenu>{head}{file}<MenuItem><Name>n</Name><URL>https://h/</URL>\
             <TouchArea X1=\"0\" Y1=\"0\" X2=\"9\" Y2=\"9\"/></MenuItem></CiscoIPPhoneGraphicFileMenu>"
        ),
        format!(
            "<CiscoIPPhoneIconMenu>{head}{icon_item}<IconItem><Index>0</Index><Width>16</Width>\
             <Height>10</Height><Depth>2</Depth><Data>00</Data></IconItem></CiscoIPPhoneIconMenu>"
        ),
        format!(
            "<CiscoIPPhoneIconFileMenu>{head}{icon_item}<IconItem><Index>0</Index>\
             <URL>Resource:Icon.Headset</URL></IconItem></CiscoIPPhoneIconFileMenu>"
        ),
        format!("<CiscoIPPhoneStatus><Text>x</Text><Timer>1</Timer>{picture}</CiscoIPPhoneStatus>"),
        format!(
            "<CiscoIPPhoneStatusFile><Text>x</Text><Timer>1</Timer>{file}</CiscoIPPhoneStatusFile>"
        ),
        "<CiscoIPPhoneExecute><ExecuteItem URL=\"https://h/\" Priority=\"2\"/><ExecuteItem \
         URL=\"Key:Info\"/></CiscoIPPhoneExecute>"
            .to_owned(),
    ] {
        check(&xml, true);
    }
}

#[test]
fn both_refuse_the_same_flaws() {
    let nine_keys: String = (1..=9).map(|p| EXIT.replace('1', &p.to_string())).collect();
    let input = |inside: &str| {
        format!(
            "<CiscoIPPhoneInput><URL>https://h/</URL><InputItem>{inside}</InputItem>\
             </CiscoIPPhoneInput>"
        )
    };
    let field = "<QueryStringParam>q</QueryStringParam><InputFlags>A</InputFlags>";
    let url = "https://h/".to_owned() + &"x".repeat(247);
    for xml in [
        "<CiscoIPPhoneText><Foo/></CiscoIPPhoneText>".to_owned(),
        "<CiscoIPPhoneText><Prompt>p</Prompt><Title>t</Title></CiscoIPPhoneText>".to_owned(),
        format!("<CiscoIPPhoneText><Title>{}</Title></CiscoIPPhoneText>", "é".repeat(33)),
        format!("<CiscoIPPhoneText><Text>{}</Text></CiscoIPPhoneText>", "x".repeat(4001)),
        format!("<CiscoIPPhoneText>{nine_keys}</CiscoIPPhoneText>"),
        format!("<CiscoIPPhoneText>{}</CiscoIPPhoneText>", EXIT.replace('1', "0")),
        "<CiscoIPPhoneText foo=\"1\"/>".to_owned(),
        "<CiscoIPPhoneText appId=\"\"/>".to_owned(),
        "<CiscoIPPhoneText keypadTarget=\"x\"/>".to_owned(),
        format!("<CiscoIPPhoneMenu>{}</CiscoIPPhoneMenu>", "<MenuItem/>".repeat(101)),
        format!("<CiscoIPPhoneMenu><MenuItem><URL>{url}</URL></MenuItem></CiscoIPPhoneMenu>"),
        input(&field.replace('A', "P")),
        input(&field.replace('q', "")),
        input("<InputFlags>A</InputFlags>"),
        input(&format!("<DefaultValue>1</DefaultValue>{field}")),
        "<CiscoIPPhoneInput/>".to_owned(),
        "<CiscoIPPhoneExecute/>".to_owned(),
        format!(
            "<CiscoIPPhoneExecute>{}</CiscoIPPhoneExecute>",
            "<ExecuteItem URL=\"Key:Info\"/>".repeat(4)
        ),
        "<CiscoIPPhoneExecute><ExecuteItem URL=\"Key:Info\" Priority=\"3\"/></CiscoIPPhoneExecute>"
            .to_owned(),
        "<CiscoIPPhoneDirectory><Entry/></CiscoIPPhoneDirectory>".to_owned(),
        "<NotAnObject/>".to_owned(),
    ] {
        check(&xml, false);
    }
}

#[test]
fn both_refuse_an_attribute_that_an_element_does_not_have() {
    let execute = "<CiscoIPPhoneExecute><ExecuteItem URL=\"Key:Info\"/></CiscoIPPhoneExecute>";
    let key = "<KeyItem><Key>KeyPad9</Key><URL>Key:Info</URL></KeyItem>";
    let input = "<CiscoIPPhoneInput><URL>https://h/</URL><InputItem><QueryStringParam>q\
                 </QueryStringParam><InputFlags>A</InputFlags></InputItem></CiscoIPPhoneInput>";
    let area = "<CiscoIPPhoneGraphicFileMenu><URL>https://h/</URL><MenuItem><TouchArea X1=\"0\" \
                Y1=\"0\" X2=\"9\" Y2=\"9\"/></MenuItem></CiscoIPPhoneGraphicFileMenu>";
    let icon = "<CiscoIPPhoneIconFileMenu><MenuItem/><IconItem><Index>0</Index>\
                <URL>Resource:Icon.Headset</URL></IconItem></CiscoIPPhoneIconFileMenu>";
    let status = "<CiscoIPPhoneStatusFile><URL>https://h/</URL></CiscoIPPhoneStatusFile>";
    for (xml, elements) in [
        (format!("<CiscoIPPhoneText>{EXIT}{key}</CiscoIPPhoneText>"), "SoftKeyItem KeyItem Key"),
        ("<CiscoIPPhoneMenu><MenuItem/></CiscoIPPhoneMenu>".to_owned(), "MenuItem"),
        (input.to_owned(), "InputItem InputFlags"),
        (
            "<CiscoIPPhoneDirectory><DirectoryEntry/></CiscoIPPhoneDirectory>".to_owned(),
            "DirectoryEntry",
        ),
        (icon.to_owned(), "IconItem URL"),
        (area.to_owned(), "TouchArea"),
        (execute.to_owned(), "CiscoIPPhoneExecute ExecuteItem"),
        (status.to_owned(), "CiscoIPPhoneStatusFile URL"),
        (
            status.replace("File", "").replace(
                "<URL>https://h/</URL>",
                "<Width>4</Width><Height>1</Height><Depth>2</Depth><Data>FF</Data>",
            ),
            "CiscoIPPhoneStatus",
        ),
    ] {
        check(&xml, true);
        for element in elements.split(' ') {
            let tag = format!("<{element}");
            let mut places = xml.match_indices(&tag);
            let ends = |at: &usize| xml[*at..].starts_with([' ', '/', '>']);
            let start = places.find_map(|(at, tag)| Some(at + tag.len()).filter(ends)).unwrap();
            check(&format!("{} foo=\"1\"{}", &xml[..start], &xml[start..]), false);
        }
    }
}

#[test]
fn our_own_answers_are_valid() {
    use super::handset::ReplyItem;
    let item =
        ReplyItem { url: "https://h/?a&b".to_owned(), status: 0, data: "Success".to_owned() };
    for reply in [PushReply::Error(4), PushReply::Items(vec![item])] {
        assert_ne!(valid(&reply.to_xml()), Some(false), "{}", reply.to_xml());
    }
}
