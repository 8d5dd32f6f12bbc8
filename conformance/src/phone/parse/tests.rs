//! Limits at and beyond their values, refusals, and the worked screens of a gateway.

use super::*;

const HEAD: &str = r#"<?xml version="1.0" encoding="utf-8"?>"#;

/// Parses `xml` for `model`; compares the outcome's name and the violations' fragments, in order.
#[track_caller]
fn check(model: &str, delivery: Delivery, xml: &str, expected: &str, violations: &[&str]) {
    let parsed = parse(&format!("{HEAD}{xml}"), Model::find(model).unwrap(), delivery);
    let outcome = match &parsed.object {
        Ok(Object::Page(page)) => page.kind.short_name(),
        Ok(Object::Status { .. }) => "Status",
        Ok(Object::Execute(_)) => "Execute",
        Ok(Object::FromPhone(_)) => "FromPhone",
        Err(refusal) => refusal.screen_text(),
    };
    assert_eq!(outcome, expected, "{:?}", parsed.violations);
    assert_eq!(parsed.violations.len(), violations.len(), "{:#?}", parsed.violations);
    for (found, fragment) in parsed.violations.iter().zip(violations) {
        assert!(found.contains(fragment), "{found:?} does not hold {fragment:?}");
    }
}

fn pull(model: &str, xml: &str, expected: &str, violations: &[&str]) {
    check(model, Delivery::Pull, xml, expected, violations);
}

fn text(children: &str) -> String {
    format!("<CiscoIPPhoneText>{children}</CiscoIPPhoneText>")
}

fn key(name: &str, position: i32, url: &str) -> String {
    format!(
        "<SoftKeyItem><Name>{name}</Name><Position>{position}</Position><URL>{url}</URL></SoftKeyItem>"
    )
}

#[test]
fn the_ordinary_screens_are_clean() {
    let exit = key("Exit", 1, "SoftKey:Exit");
    pull(
        "8845",
        &text(&format!("<Title>Ready</Title><Prompt>Queues</Prompt>{exit}<Text>a&#13;b</Text>")),
        "Text",
        &[],
    );
    pull(
        "7942G",
        &format!(
            "<CiscoIPPhoneMenu appId=\"finesse\"><Title>Reason</Title><Prompt>Choose</Prompt>{exit}{}\
             <MenuItem><Name>Lunch</Name><URL>https://gw.example/x?a=1&amp;b=2</URL></MenuItem>\
             </CiscoIPPhoneMenu>",
            key("Select", 2, "SoftKey:Select")
        ),
        "Menu",
        &[],
    );
    pull(
        "6945",
        &format!(
            "<CiscoIPPhoneInput><Prompt>Sign in</Prompt>{exit}{}<URL>https://gw.example/in</URL>\
             <InputItem><DisplayName>ID</DisplayName><QueryStringParam>id</QueryStringParam>\
             <InputFlags>A</InputFlags></InputItem></CiscoIPPhoneInput>",
            key("SignIn", 2, "SoftKey:Submit")
        ),
        "Input",
        &[],
    );
}

#[test]
fn what_is_not_an_object_is_xml_error_4() {
    for xml in [
        "<CiscoIPPhoneText>",
        "<html/>",
        "<ciscoipphonetext/>",
        "<CiscoIPPhoneText xmlns=\"urn:x\"/>",
        "<CiscoIPPhoneText><SoftKeys/></CiscoIPPhoneText>",
        "<CiscoIPPhoneText>loose</CiscoIPPhoneText>",
        "<CiscoIPPhoneText><Title><b/></Title></CiscoIPPhoneText>",
        "<CiscoIPPhoneInput/>",
        "<CiscoIPPhoneInput><URL></URL></CiscoIPPhoneInput>",
        "<CiscoIPPhoneExecute/>",
        "<CiscoIPPhoneExecute><ExecuteItem Priority=\"3\" URL=\"Key:Info\"/></CiscoIPPhoneExecute>",
    ] {
        let parsed = parse(xml, Model::find("8845").unwrap(), Delivery::Pull);
        assert_eq!(parsed.object, Err(Refusal::Unparsable), "{xml}");
        assert!(!parsed.violations.is_empty(), "{xml}");
    }
}

#[test]
fn phn_17_an_object_the_model_lacks_is_xml_error_5() {
    let image =
        "<CiscoIPPhoneImageFile><URL>https://gw.example/a.png</URL></CiscoIPPhoneImageFile>";
    pull("8845", image, "ImageFile", &[]);
    pull("7841", image, "XML Error [5]", &["CP-7841 does not have <CiscoIPPhoneImageFile>"]);
    pull("860", "<CiscoIPPhoneInput/>", "XML Error [5]", &["does not have"]);
}

#[test]
fn a_status_is_pushed_not_fetched() {
    let status = "<CiscoIPPhoneStatusFile><Text>hi</Text><Timer>5</Timer>\
                  <URL>https://gw.example/a.png</URL></CiscoIPPhoneStatusFile>";
    pull("8845", status, "XML Error [5]", &["only be pushed"]);
    check("8845", Delivery::Push, status, "Status", &[]);
}

#[test]
fn title_and_prompt_take_32_characters() {
    let of = |n: usize| text(&format!("<Title>{0}</Title><Prompt>{0}</Prompt>", "é".repeat(n)));
    pull("8845", &of(32), "Text", &[]);
    pull("8845", &of(33), "Text", &["<Title> has 33", "<Prompt> has 33"]);
}

#[test]
fn a_text_takes_4000_characters_and_is_cut_there() {
    pull("8845", &text(&format!("<Text>{}</Text>", "x".repeat(4000))), "Text", &[]);
    let long = text(&format!("<Text>{}</Text>", "x".repeat(4001)));
    pull("8845", &long, "Text", &["<Text> has 4001 characters, at most 4000"]);
    let parsed = parse(&long, Model::find("8845").unwrap(), Delivery::Pull);
    let Ok(Object::Page(page)) = parsed.object else { panic!("no page") };
    let Body::Text(shown) = page.body else { panic!("no text") };
    assert_eq!(shown.len(), 4000);
}

#[test]
fn phn_06_a_menu_takes_100_items() {
    let of = |n: usize| {
        format!(
            "<CiscoIPPhoneMenu>{}</CiscoIPPhoneMenu>",
            "<MenuItem><Name>a</Name><URL>Key:Info</URL></MenuItem>".repeat(n)
        )
    };
    pull("8845", &of(100), "Menu", &[]);
    pull("8845", &of(101), "Menu", &["101 <MenuItem>, at most 100"]);
}

#[test]
fn a_menu_name_takes_64_characters_in_three_lines() {
    let of = |name: &str| {
        format!("<CiscoIPPhoneMenu><MenuItem><Name>{name}</Name></MenuItem></CiscoIPPhoneMenu>")
    };
    pull("8845", &of(&"x".repeat(64)), "Menu", &[]);
    pull("8845", &of(&"x".repeat(65)), "Menu", &["<Name> has 65"]);
    pull("8845", &of("a&#13;b&#13;c"), "Menu", &[]);
    pull("8845", &of("a&#13;b&#13;c&#13;d"), "Menu", &["makes 4 lines"]);
}

#[test]
fn soft_keys_have_counts_positions_and_a_way_out() {
    let keys = |n: i32| (1..=n).map(|p| key("Exit", p, "SoftKey:Exit")).collect::<String>();
    pull("8845", &text(&keys(8)), "Text", &[]);
    pull("8845", &text(&keys(9)), "Text", &["9 <SoftKeyItem>, at most 8"]);
    pull("8845", &text(&key("Exit", 16, "SoftKey:Exit")), "Text", &[]);
    pull("8845", &text(&key("Exit", 17, "SoftKey:Exit")), "Text", &["Position is 17"]);
    pull("8821", &text(&key("Exit", 9, "SoftKey:Exit")), "Text", &["Position is 9"]);
    pull("8845", &text(&key("Exit", 0, "SoftKey:Exit")), "Text", &["Position is 0"]);
    pull("8845", &text(&key("Refresh", 1, "SoftKey:Update")), "Text", &["remove the phone's Exit"]);
    let twice = format!("{}{}", key("Exit", 1, "SoftKey:Exit"), key("Back", 1, "SoftKey:Back"));
    pull("8845", &text(&twice), "Text", &["two soft keys stand at position 1"]);
    let submit = format!("{}{}", key("Exit", 1, "SoftKey:Exit"), key("Go", 2, "SoftKey:Submit"));
    pull("8845", &text(&submit), "Text", &["SoftKey:Submit has no meaning in a CiscoIPPhoneText"]);
}

#[test]
fn order_counts() {
    pull("8845", &text("<Prompt>p</Prompt><Title>t</Title>"), "Text", &["<Title> stands after"]);
    pull(
        "8845",
        "<CiscoIPPhoneInput><URL>https://gw.example/</URL><InputItem><QueryStringParam>id\
         </QueryStringParam><DefaultValue>1</DefaultValue><InputFlags>A</InputFlags></InputItem>\
         </CiscoIPPhoneInput>",
        "Input",
        &["<InputFlags> stands after <DefaultValue>"],
    );
}

#[test]
fn an_input_takes_five_fields_with_known_flags() {
    let field = |n: usize, flags: &str| {
        format!(
            "<InputItem><QueryStringParam>p{n}</QueryStringParam><InputFlags>{flags}</InputFlags>\
             </InputItem>"
        )
    };
    let of = |n: usize, flags: &str| {
        let fields: String = (0..n).map(|index| field(index, flags)).collect();
        format!("<CiscoIPPhoneInput><URL>https://gw.example/</URL>{fields}</CiscoIPPhoneInput>")
    };
    pull("8845", &of(5, "AP"), "Input", &[]);
    pull("8845", &of(6, "PA"), "Input", &["6 <InputItem>, at most 5"]);
    pull("8845", &of(1, "P"), "XML Error [4]", &["InputFlags is \"P\""]);
}

#[test]
fn method_post_is_known_to_some_families_only() {
    let input =
        "<CiscoIPPhoneInput><URL method=\"post\">https://gw.example/</URL></CiscoIPPhoneInput>";
    pull("8845", input, "Input", &[]);
    pull("7942G", input, "Input", &["does not know the attribute method"]);
}

#[test]
fn phn_03_a_hidden_field_never_comes_filled() {
    let input = "<CiscoIPPhoneInput><URL>https://gw.example/</URL><InputItem><QueryStringParam>p\
                 </QueryStringParam><InputFlags>AP</InputFlags><DefaultValue>x</DefaultValue>\
                 </InputItem></CiscoIPPhoneInput>";
    pull("8845", input, "Input", &["hidden field"]);
}

#[test]
fn old_phones_need_a_prompt_above_a_menu() {
    let menu = "<CiscoIPPhoneMenu><Title>t</Title></CiscoIPPhoneMenu>";
    pull("8845", menu, "Menu", &[]);
    for model in ["6945", "7975G"] {
        pull(model, menu, "Menu", &["without a Prompt"]);
    }
}

#[test]
fn an_execute_has_three_items_and_one_page() {
    let of = |items: &str| format!("<CiscoIPPhoneExecute>{items}</CiscoIPPhoneExecute>");
    let page = "<ExecuteItem Priority=\"0\" URL=\"https://gw.example/\"/>";
    let key = "<ExecuteItem URL=\"Key:Info\"/>";
    pull("8845", &of(&format!("{page}{key}{key}")), "Execute", &[]);
    pull("8845", &of(&key.repeat(4)), "Execute", &["4 <ExecuteItem>, at most 3"]);
    pull("8845", &of(&page.repeat(2)), "Execute", &["more than one http(s) URL"]);
    pull(
        "8845",
        &of("<ExecuteItem URL=\"SoftKey:Exit\"/>"),
        "Execute",
        &["not allowed in Execute"],
    );
}

#[test]
fn root_attributes_have_their_limits() {
    let of = |attributes: &str| format!("<CiscoIPPhoneText {attributes}/>");
    pull("8845", &of(&format!("appId=\"{}\"", "x".repeat(64))), "Text", &[]);
    pull("8845", &of(&format!("appId=\"{}\"", "x".repeat(65))), "Text", &["appId has 65"]);
    pull("8845", &of("keypadTarget=\"phone\""), "Text", &["keypadTarget"]);
    pull("8845", &of("onAppClosed=\"Notify:http:h:80:p:c:d\""), "Text", &[]);
    pull("7841", &of("onAppClosed=\"Notify:http:h:80:p:c:d\""), "Text", &["does not have Notify"]);
    pull("8845", &of("onClick=\"x\""), "Text", &["attribute onClick"]);
}

#[test]
fn images_and_icons_have_their_ranges() {
    let image = |width: u32| {
        format!(
            "<CiscoIPPhoneImage><LocationX>-1</LocationX><LocationY>-1</LocationY>\
             <Width>{width}</Width><Height>65</Height><Depth>2</Depth><Data>00FF</Data>\
             </CiscoIPPhoneImage>"
        )
    };
    pull("8845", &image(133), "Image", &[]);
    pull("8845", &image(134), "Image", &["<Width> is 134"]);
    let icons = |index: u32, url: &str| {
        format!(
            "<CiscoIPPhoneIconFileMenu><MenuItem><Name>a</Name><IconIndex>{index}</IconIndex>\
             </MenuItem><IconItem><Index>{index}</Index><URL>{url}</URL></IconItem>\
             </CiscoIPPhoneIconFileMenu>"
        )
    };
    pull("8845", &icons(9, "Resource:Icon.Checked"), "IconFileMenu", &[]);
    pull(
        "8845",
        &icons(10, "Icon.Checked"),
        "IconFileMenu",
        &["<Index> is 10", "icon", "<IconIndex> is 10"],
    );
}
