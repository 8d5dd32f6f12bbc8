//! Documents as the guide shows them, and hostile ones.

use super::*;

#[test]
fn ops_16_users_are_read_in_any_order_and_case() {
    let read = users(
        b"<?xml version=\"1.0\"?><Users><User><uri>/finesse/api/User/1001</uri><roles><role>Agent</role>\
          <role>Supervisor</role></roles><loginId>1001</loginId><firstName>An &lt;b&gt;na</firstName>\
          <lastName>Muster</lastName><teamId>5</teamId><teamName>R&amp;D</teamName><extension></extension>\
          <teams><Team><id>5</id><name>R&amp;D</name></Team></teams><unknown><x/></unknown></User>\
          <User><loginid>1002</loginid></User></Users>",
    )
    .unwrap();
    assert_eq!(read.len(), 2);
    let first = &read[0];
    assert_eq!((first.login_id.as_str(), first.first_name.as_str()), ("1001", "An <b>na"));
    assert_eq!((first.team_name.as_str(), first.roles.len()), ("R&D", 2));
    assert_eq!(first.leads, [("5".to_owned(), "R&D".to_owned())]);
    assert_eq!(read[1].login_id, "1002");
}

#[test]
fn ops_16_reasons_and_layouts_are_read() {
    let reasons = reason_codes(
        b"<ReasonCodes category=\"NOT_READY\"><ReasonCode><uri>/finesse/api/ReasonCode/17</uri>\
          <code>12</code><label>Lunch</label><forAll>true</forAll><systemCode>false</systemCode>\
          </ReasonCode></ReasonCodes>",
    )
    .unwrap();
    assert_eq!((reasons[0].category.as_str(), reasons[0].id.as_str()), ("NOT_READY", "17"));
    assert!(reasons[0].for_all && !reasons[0].system);
    let layouts = layouts(
        b"<MediaPropertiesLayouts><MediaPropertiesLayout><name>D</name><type>DEFAULT</type><header>\
          <entry><displayName>Customer</displayName><mediaProperty>callVariable1</mediaProperty></entry>\
          </header><column><entry><displayName>A</displayName><mediaProperty>user.x</mediaProperty>\
          </entry></column></MediaPropertiesLayout></MediaPropertiesLayouts>",
    )
    .unwrap();
    assert!(layouts[0].is_default);
    assert_eq!(layouts[0].columns, [[("A".to_owned(), "user.x".to_owned())]]);
}

#[test]
fn ops_16_what_is_cut_off_or_something_else_is_no_list() {
    assert_eq!(users(b"<Users><User><loginId>1"), Err(DecodeError::Malformed));
    assert_eq!(users(b"<html></html>"), Err(DecodeError::Another("Users")));
    assert_eq!(users(b"<!DOCTYPE Users><Users/>"), Err(DecodeError::Malformed));
    assert_eq!(users(&b"<a>".repeat(40)), Err(DecodeError::TooLarge));
    let errors = b"<ApiErrors><ApiError><ErrorType>Not Found</ErrorType><ErrorData>x</ErrorData>\
                   </ApiError></ApiErrors>";
    assert_eq!(error_text(errors).as_deref(), Some("Not Found, x"));
    assert_eq!(error_text(b"oops"), None);
}
