//! The handset against a gateway made of a closure: no sockets, and a clock handed in.

use std::time::{SystemTime, UNIX_EPOCH};

use super::super::object::Object;
use super::super::parse::{self, Delivery};
use super::*;

const BASE: &str = "https://gw.example:8445";
const EXPIRED: (&str, &str) = ("Expires", "Sat, 01 Jan 2000 00:00:00 GMT");

/// A phone and everything that came out of it.
struct Bench {
    handset: Handset,
    now: Instant,
    requests: Vec<Request>,
    titles: Vec<String>,
    violations: Vec<String>,
    events: Vec<String>,
    notified: Vec<String>,
    gateway: fn(&str) -> Answer,
}

impl Bench {
    fn new(model: &str, gateway: fn(&str) -> Answer) -> Self {
        let identity = Identity {
            model: Model::find(model).unwrap(),
            device: "SEP001122334455".to_owned(),
            service_url: Some(format!("{BASE}/fippa/SEP001122334455")),
            locale: "en-US".to_owned(),
        };
        Self {
            handset: Handset::new(identity, None),
            now: Instant::now(),
            requests: Vec::new(),
            titles: Vec::new(),
            violations: Vec::new(),
            events: Vec::new(),
            notified: Vec::new(),
            gateway,
        }
    }

    fn date() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    /// Handles outputs until the phone is at rest.
    fn settle(&mut self) {
        while let Some(output) = self.handset.poll() {
            match output {
                Output::Fetch(request) => {
                    let answer = (self.gateway)(request.url.trim_start_matches(BASE));
                    let id = request.id;
                    self.requests.push(request);
                    self.handset.handle_answer(self.now, Self::date(), id, Ok(answer));
                }
                Output::Screen(screen) => self.titles.push(title(&screen)),
                Output::Violation(text) => self.violations.push(text),
                Output::Event { name, detail } => self.events.push(format!("{name} {detail}")),
                Output::Notify { url, data, .. } => self.notified.push(format!("{url} {data}")),
            }
        }
    }

    #[track_caller]
    fn does(&mut self, command: Command) -> &mut Self {
        self.handset.handle_command(self.now, command).unwrap();
        self.settle();
        self
    }

    #[track_caller]
    fn refuses(&mut self, command: Command, why: &str) -> &mut Self {
        let error = self.handset.handle_command(self.now, command).unwrap_err();
        self.settle();
        assert!(error.contains(why), "{error:?}");
        self
    }

    #[track_caller]
    fn shows(&mut self, expected: &str) -> &mut Self {
        assert_eq!(title(self.handset.screen()), expected, "{:?}", self.violations);
        self
    }

    #[track_caller]
    fn fetched(&self, expected: &[&str]) {
        let paths: Vec<&str> =
            self.requests.iter().map(|request| request.url.trim_start_matches(BASE)).collect();
        assert_eq!(paths, expected);
    }

    #[track_caller]
    fn violates(&self, expected: &[&str]) {
        assert_eq!(self.violations.len(), expected.len(), "{:#?}", self.violations);
        for (found, part) in self.violations.iter().zip(expected) {
            assert!(found.contains(part), "{found:?} does not hold {part:?}");
        }
    }

    fn passes(&mut self, seconds: u64) -> &mut Self {
        self.now += Duration::from_secs(seconds);
        self.handset.handle_timeout(self.now);
        self.settle();
        self
    }

    fn pushed(&mut self, xml: &str) -> PushReply {
        let parsed = parse::parse(xml, self.handset.identity.model, Delivery::Push);
        let reply = self.handset.handle_push(self.now, parsed.object, xml);
        self.settle();
        reply
    }
}

/// What a test compares: the title, the phone's message, or that the window is closed.
fn title(screen: &Screen) -> String {
    match &screen.content {
        Content::Closed => "(closed)".to_owned(),
        Content::Picture => "(picture)".to_owned(),
        Content::Message(text) | Content::Plain(text) => text.clone(),
        Content::Page(_) => screen
            .heading(Model::find("8845").unwrap())
            .0
            .unwrap_or_else(|| "(untitled)".to_owned()),
    }
}

fn xml(body: &str, headers: &[(&str, &str)]) -> Answer {
    let body = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>{body}");
    let mut all = vec![
        ("Content-Type".to_owned(), "text/xml; charset=utf-8".to_owned()),
        ("Content-Length".to_owned(), body.len().to_string()),
    ];
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Answer { status: 200, headers: all, body: body.into_bytes() }
}

fn text(title: &str, keys: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
    let keys: String = keys
        .iter()
        .enumerate()
        .map(|(index, (name, url))| {
            format!(
                "<SoftKeyItem><Name>{name}</Name><Position>{}</Position><URL>{url}</URL>\
                 </SoftKeyItem>",
                index + 1
            )
        })
        .collect();
    xml(&format!("<CiscoIPPhoneText><Title>{title}</Title>{keys}</CiscoIPPhoneText>"), headers)
}

/// A little phone agent: sign-in, home, reasons.
fn agent(path: &str) -> Answer {
    let home = format!("{BASE}/home");
    match path.split('?').next().unwrap_or_default() {
        "/fippa/SEP001122334455" => xml(
            &format!(
                "<CiscoIPPhoneInput><Title>Sign in</Title><SoftKeyItem><Name>Exit</Name><Position>1\
                 </Position><URL>SoftKey:Exit</URL></SoftKeyItem><SoftKeyItem><Name>SignIn</Name>\
                 <Position>2</Position><URL>SoftKey:Submit</URL></SoftKeyItem>\
                 <URL>{BASE}/signin?n=1</URL>\
                 <InputItem><DisplayName>ID</DisplayName><QueryStringParam>id</QueryStringParam>\
                 <InputFlags>A</InputFlags></InputItem>\
                 <InputItem><DisplayName>Password</DisplayName><QueryStringParam>password\
                 </QueryStringParam><InputFlags>AP</InputFlags></InputItem>\
                 <InputItem><DisplayName>Extension</DisplayName><QueryStringParam>extension\
                 </QueryStringParam><InputFlags>T</InputFlags><DefaultValue>2001</DefaultValue>\
                 </InputItem></CiscoIPPhoneInput>"
            ),
            &[EXPIRED, ("Set-Cookie", "s=1; Secure")],
        ),
        "/signin" => text(
            "Signed in",
            &[("Home", &home)],
            &[EXPIRED, ("Refresh", &format!("1; url={home}"))],
        ),
        "/home" => text(
            "Home",
            &[
                ("Reasons", &format!("{BASE}/reasons")),
                ("Refresh", "SoftKey:Update"),
                ("Exit", "SoftKey:Exit"),
                ("Post", &format!("{BASE}/post")),
            ],
            &[("Refresh", "15")],
        ),
        "/reasons" => xml(
            &format!(
                "<CiscoIPPhoneMenu onAppClosed=\"Notify:http:gw.example:80:gone:YTpi:SEP\">\
                 <Title>Reasons</Title><Prompt>p</Prompt><SoftKeyItem><Name>Back</Name>\
                 <Position>1</Position><URL>SoftKey:Back</URL></SoftKeyItem><SoftKeyItem>\
                 <Name>Choose</Name><Position>2</Position><URL>{BASE}/set?n=8</URL></SoftKeyItem>\
                 <KeyItem><Key>KeyPad9</Key><URL>{BASE}/nine</URL></KeyItem>\
                 <MenuItem><Name>Lunch</Name><URL>QueryStringParam:code=12</URL></MenuItem>\
                 <MenuItem><Name>Training</Name><URL>{BASE}/set?c=13</URL></MenuItem>\
                 </CiscoIPPhoneMenu>"
            ),
            &[],
        ),
        "/set" => xml("<CiscoIPPhoneText><Prompt>p</Prompt></CiscoIPPhoneText>", &[EXPIRED]),
        "/execute" => xml(
            &format!(
                "<CiscoIPPhoneExecute><ExecuteItem URL=\"{BASE}/home\"/><ExecuteItem \
                 URL=\"Dial:1001\"/></CiscoIPPhoneExecute>"
            ),
            &[],
        ),
        "/nine" => text("Nine", &[], &[]),
        "/post" => xml(
            &format!(
                "<CiscoIPPhoneInput><Title>Post</Title><URL method=\"post\">{BASE}/posted</URL>\
                 <InputItem><QueryStringParam>a b</QueryStringParam><InputFlags>A</InputFlags>\
                 <DefaultValue>x&amp;y</DefaultValue></InputItem></CiscoIPPhoneInput>"
            ),
            &[],
        ),
        "/posted" => text("Posted", &[], &[]),
        _ => Answer { status: 404, ..xml("", &[]) },
    }
}

fn fill(pairs: &[(&str, &str)]) -> Command {
    Command::Type(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
}

fn press(label: &str) -> Command {
    Command::Press(label.to_owned())
}

fn open(path: &str) -> Command {
    Command::Open(format!("{BASE}{path}"))
}

fn key(name: &str) -> Command {
    Command::Key(name.to_owned())
}

#[test]
fn phn_03_a_form_is_sent_with_its_fields_appended() {
    let mut bench = Bench::new("8845", agent);
    bench
        .does(Command::Services)
        .shows("Sign in")
        .does(fill(&[("id", "anna"), ("password", "a&b geheim")]))
        .does(press("signin"))
        .shows("Signed in");
    bench.fetched(&[
        "/fippa/SEP001122334455",
        "/signin?n=1&id=anna&password=a%26b%20geheim&extension=2001",
    ]);
    bench.violates(&[]);
}

#[test]
fn post_is_used_where_the_family_honours_it() {
    let mut bench = Bench::new("8845", agent);
    bench.does(open("/post")).does(press("Submit")).shows("Posted");
    let sent = bench.requests.last().unwrap();
    assert_eq!((sent.method, sent.body.as_deref()), ("POST", Some("a%20b=x%26y")));
    let mut bench = Bench::new("7942G", agent);
    bench.does(open("/post")).does(press("Submit")).shows("Posted");
    let sent = bench.requests.last().unwrap();
    assert_eq!((sent.method, sent.body.as_deref()), ("GET", None));
    bench.violates(&["does not know the attribute method"]);
}

#[test]
fn fields_take_only_what_can_be_typed() {
    let mut bench = Bench::new("8845", agent);
    bench
        .does(Command::Services)
        .refuses(fill(&[("extension", "+49")]), "does not take that character")
        .refuses(fill(&[("name", "x")]), "there are: id, password, extension")
        .refuses(fill(&[("id", "ä")]), "does not take")
        .does(Command::Character('a'))
        .does(key("NavDown"))
        .does(key("KeyPad7"))
        .does(key("NavSelect"))
        .does(Command::Open("SoftKey:<<".to_owned()));
    assert_eq!(bench.handset.screen().fields, ["a", "7", "200"]);
}

#[test]
fn a_page_refreshes_itself_when_its_time_comes() {
    let mut bench = Bench::new("8845", agent);
    bench.does(open("/signin")).passes(1).shows("Home").passes(14).passes(1);
    bench.fetched(&["/signin", "/home", "/home"]);
    bench.does(Command::Quiet(true)).passes(60);
    bench.fetched(&["/signin", "/home", "/home"]);
}

#[test]
fn update_goes_where_the_refresh_header_points() {
    let mut bench = Bench::new("8845", agent);
    bench.does(open("/signin")).does(Command::Open("SoftKey:Update".to_owned())).shows("Home");
    bench.does(press("Refresh"));
    bench.fetched(&["/signin", "/home", "/home"]);
}

#[test]
fn back_skips_expired_pages_and_leaves_at_the_first() {
    let mut bench = Bench::new("8845", agent);
    bench
        .does(Command::Services)
        .does(open("/home"))
        .does(press("Reasons"))
        .does(Command::Select(2))
        .does(key("NavBack"))
        .shows("Reasons")
        .does(press("Back"))
        .shows("Home")
        .does(key("NavBack"))
        .shows("(closed)");
}

#[test]
fn a_menu_item_names_the_text_that_has_no_title() {
    let mut bench = Bench::new("8845", agent);
    bench.does(open("/reasons")).does(Command::Select(2)).shows("Training");
    bench.does(open("/reasons")).refuses(Command::Select(3), "item 3 does not exist");
}

#[test]
fn a_query_string_param_joins_the_soft_keys_url() {
    let mut bench = Bench::new("8845", agent);
    bench.does(open("/reasons")).does(press("Choose"));
    bench.does(open("/reasons")).does(key("KeyPad2")).does(press("Choose"));
    bench.fetched(&["/reasons", "/set?n=8&code=12", "/reasons", "/set?n=8"]);
    bench.does(open("/reasons")).refuses(Command::Select(1), "does nothing by itself");
}

#[test]
fn a_key_item_takes_the_key_over() {
    let mut bench = Bench::new("8845", agent);
    bench.does(open("/reasons")).does(key("KeyPad9")).shows("Nine");
    bench.does(key("Headset"));
    assert_eq!(bench.events, ["key Headset"]);
    bench.refuses(key("Red"), "not a key of this phone");
}

#[test]
fn cookies_last_until_the_window_closes() {
    let cookie = |request: &Request| headers::header(&request.headers, "Cookie").is_some();
    let mut bench = Bench::new("8845", agent);
    bench.does(Command::Services).does(open("/home")).does(Command::Services);
    let sent: Vec<bool> = bench.requests.iter().map(cookie).collect();
    assert_eq!(sent, [false, true, false]);
}

#[test]
fn closing_tells_the_application() {
    let mut bench = Bench::new("8845", agent);
    bench.does(open("/reasons")).does(Command::Close).shows("(closed)");
    assert_eq!(bench.notified, ["http://gw.example:80/gone SEP"]);
}

#[test]
fn an_execute_is_run_not_shown() {
    let mut bench = Bench::new("8845", agent);
    bench.does(open("/execute")).shows("Home");
    assert_eq!(bench.events, ["dial 1001"]);
}

#[test]
fn a_fetched_execute_runs_only_what_a_pushed_one_would() {
    fn executing(path: &str) -> Answer {
        let items = match path {
            "/many" => [("SoftKey:Exit", 0), ("@/home", 0), ("@/nine", 0)].as_slice(),
            "/notify" => &[("Notify:http:h:80:p:c:d", 0)],
            "/later" => &[("@/nine", 2), ("Dial:1001", 2)],
            _ => return agent(path),
        };
        let items: String = items
            .iter()
            .map(|(uri, priority)| {
                let uri = uri.replace('@', BASE);
                format!("<ExecuteItem URL=\"{uri}\" Priority=\"{priority}\"/>")
            })
            .collect();
        xml(&format!("<CiscoIPPhoneExecute>{items}</CiscoIPPhoneExecute>"), &[])
    }
    let mut bench = Bench::new("8845", executing);
    bench.does(open("/many")).shows("Home").does(open("/notify")).does(open("/later"));
    bench.shows("Home").fetched(&["/many", "/home", "/notify", "/later"]);
    assert!(bench.notified.is_empty());
    let expected = [
        "refused Invalid URI: \"SoftKey:Exit\"",
        "refused More than one http URL: \"https://gw.example:8445/nine\"",
        "refused Invalid URI: \"Notify:http:h:80:p:c:d\"",
        "push_dropped priority 2 on a phone that is not idle",
        "dial 1001",
    ];
    assert_eq!(bench.events, expected);
}

#[test]
fn what_a_page_may_not_hold_is_not_followed() {
    fn page(path: &str) -> Answer {
        let long = format!("{BASE}/{}", "x".repeat(257 - BASE.len()));
        let down = format!("<URL>{BASE}/home</URL><URLDown>{BASE}/nine</URLDown>");
        let body = format!(
            "<SoftKeyItem><Name>Down</Name><Position>1</Position>{down}</SoftKeyItem><SoftKeyItem>\
             <Name>Long</Name><Position>2</Position><URL>{long}</URL></SoftKeyItem><KeyItem>\
             <Key>KeyPad9</Key>{down}</KeyItem>"
        );
        match path {
            "/text" => xml(
                &format!("<CiscoIPPhoneText><Title>Text</Title>{body}</CiscoIPPhoneText>"),
                &[("Refresh", &format!("5; url={long}"))],
            ),
            "/input" => {
                xml(&format!("<CiscoIPPhoneInput><URL>{long}</URL></CiscoIPPhoneInput>"), &[])
            }
            _ => agent(path),
        }
    }
    let mut bench = Bench::new("8845", page);
    bench.does(open("/text")).refuses(press("Long"), "at most 256").passes(60).shows("Text");
    bench.does(press("Down")).shows("Home").does(open("/text")).does(key("KeyPad9")).shows("Home");
    bench.does(open("/input")).refuses(press("Submit"), "at most 256");
    bench.fetched(&["/text", "/home", "/text", "/home", "/input"]);
    assert_eq!(bench.events, ["refused URLDown \"https://gw.example:8445/nine\""; 2]);
}

#[test]
fn failures_are_the_phones_own_texts() {
    let mut bench = Bench::new("8845", agent);
    bench.does(open("/missing")).shows("File Not Found");
    bench.violates(&["status 404"]);
    for (failure, text) in [
        (Failure::HostNotFound("x".to_owned()), "Host Not Found"),
        (Failure::Connection("x".to_owned()), "HTTP Error [10]"),
        (Failure::Protocol("x".to_owned()), "HTTP Error [8]"),
    ] {
        bench.handset.handle_command(bench.now, open("/home")).unwrap();
        let id = bench.handset.ids;
        bench.handset.handle_answer(bench.now, Bench::date(), id, Err(failure));
        assert_eq!(title(bench.handset.screen()), text);
    }
}

#[test]
fn an_answer_to_an_abandoned_request_changes_nothing() {
    let mut bench = Bench::new("8845", agent);
    bench.does(open("/home"));
    bench.handset.handle_command(bench.now, open("/nine")).unwrap();
    let first = bench.handset.ids;
    bench.handset.handle_command(bench.now, open("/post")).unwrap();
    bench.handset.handle_answer(bench.now, Bench::date(), first, Ok(agent("/nine")));
    bench.shows("Home");
}

#[test]
fn phn_05_a_pushed_page_is_fetched_at_once() {
    let mut bench = Bench::new("8845", agent);
    let execute = |priority: u8| {
        format!(
            "<CiscoIPPhoneExecute><ExecuteItem Priority=\"{priority}\" URL=\"{BASE}/home\"/>\
             </CiscoIPPhoneExecute>"
        )
    };
    let reply = bench.pushed(&execute(0));
    assert_eq!(reply.summary(), "success");
    assert_eq!(
        reply.to_xml().lines().nth(1),
        Some(
            "<CiscoIPPhoneResponse><ResponseItem Status=\"0\" Data=\"Success\" \
             URL=\"https://gw.example:8445/home\"/></CiscoIPPhoneResponse>"
        )
    );
    bench.shows("Home").does(open("/nine"));
    bench.pushed(&execute(2));
    bench.pushed(&execute(1));
    bench.shows("Nine").does(Command::Busy(true)).does(Command::Close).shows("(closed)");
    bench.does(Command::Busy(false)).shows("Home");
    assert_eq!(bench.events, ["push_dropped priority 2 on a phone that is not idle"]);
}

#[test]
fn a_pushed_page_waits_for_the_answer_under_way() {
    let mut bench = Bench::new("8845", agent);
    bench.handset.handle_command(bench.now, open("/nine")).unwrap();
    let xml =
        format!("<CiscoIPPhoneExecute><ExecuteItem URL=\"{BASE}/home\"/></CiscoIPPhoneExecute>");
    bench.pushed(&xml);
    bench.shows("Home");
    assert_eq!(bench.titles, ["Nine", "Home"]);
}

#[test]
fn what_is_pushed_wrongly_is_answered_with_a_number() {
    let mut bench = Bench::new("8845", agent);
    assert_eq!(bench.pushed("<nonsense"), PushReply::Error(1));
    let two = format!(
        "<CiscoIPPhoneExecute><ExecuteItem URL=\"{BASE}/home\"/><ExecuteItem URL=\"{BASE}/nine\"/>\
         <ExecuteItem URL=\"SoftKey:Exit\"/></CiscoIPPhoneExecute>"
    );
    let PushReply::Items(items) = bench.pushed(&two) else { panic!("no items") };
    assert_eq!(items.iter().map(|item| item.status).collect::<Vec<_>>(), [0, 1, 1]);
}

#[test]
fn a_pushed_status_stands_on_the_call_plane_until_cleared() {
    let mut bench = Bench::new("8845", agent);
    let xml = "<CiscoIPPhoneStatusFile><Text>2 waiting</Text><URL>https://gw.example/a.png</URL>\
               </CiscoIPPhoneStatusFile>";
    let Ok(Object::Status { .. }) =
        parse::parse(xml, Model::find("8845").unwrap(), Delivery::Push).object
    else {
        panic!("no status");
    };
    bench.pushed(xml);
    assert_eq!(bench.handset.status_line(), Some("2 waiting"));
    bench.does(Command::Open("Init:AppStatus".to_owned()));
    assert_eq!(bench.handset.status_line(), None);
}

#[test]
fn phn_03_a_password_that_comes_back_is_a_violation_and_blanked() {
    fn echoing(path: &str) -> Answer {
        match path.contains("/signin") {
            true => xml("<CiscoIPPhoneText><Text>geheim!</Text></CiscoIPPhoneText>", &[EXPIRED]),
            false => agent(path),
        }
    }
    let mut bench = Bench::new("8845", echoing);
    bench.does(Command::Services).does(fill(&[("password", "geheim")])).does(press("SignIn"));
    bench.violates(&["the answer holds the password"]);
    assert!(!bench.handset.screen().xml.as_deref().unwrap_or_default().contains("geheim"));
}

#[test]
fn an_answer_to_a_hidden_field_must_be_expired() {
    fn kept(path: &str) -> Answer {
        if path.contains("/signin") { text("In", &[], &[]) } else { agent(path) }
    }
    let mut bench = Bench::new("8845", kept);
    bench.does(Command::Services).does(fill(&[("password", "geheim")])).does(press("SignIn"));
    bench.violates(&["is not expired"]);
}

#[test]
fn phn_17_an_old_phone_behind_a_proxy_cannot_follow_https() {
    fn linking(_: &str) -> Answer {
        text("t", &[("Go", "https://gw.example/"), ("Exit", "SoftKey:Exit")], &[])
    }
    let mut bench = Bench::new("7942G", linking);
    bench.does(Command::Open("http://proxy.example/fippa/x".to_owned()));
    bench.violates(&["cannot follow the https URL"]);
}

#[test]
fn phn_17_a_chunked_answer_breaks_an_old_phone() {
    fn chunked(_: &str) -> Answer {
        let mut answer = text("t", &[], &[("Transfer-Encoding", "chunked")]);
        answer.headers.retain(|(name, _)| name != "Content-Length");
        answer
    }
    let mut bench = Bench::new("7962G", chunked);
    bench.does(open("/home")).shows("XML Error [4]");
    bench.violates(&["a chunked answer to CP-7962G"]);
}

#[test]
fn phones_without_a_services_key_show_only_what_is_pushed() {
    let mut bench = Bench::new("860", agent);
    bench.refuses(Command::Services, "no service").shows("No services configured");
    bench.pushed(&format!(
        "<CiscoIPPhoneExecute><ExecuteItem URL=\"{BASE}/home\"/></CiscoIPPhoneExecute>"
    ));
    bench.shows("Home");
}
