//! Exact bytes of messages, written out from the layouts of the guide.

mod hostile;
mod round_trips;

use super::*;

/// Bytes of `text`: hexadecimal numbers, and words that begin with an apostrophe and stand for
/// themselves.
fn bytes(text: &str) -> Vec<u8> {
    let words = text.split_whitespace().map(|word| match word.strip_prefix('\'') {
        Some(word) => word.as_bytes().to_vec(),
        None => {
            let digits = word.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
            digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
        }
    });
    words.flatten().collect()
}

fn framing(version: u32, dialect: Dialect) -> Framing {
    Framing::new(ProtocolVersion::new(version).unwrap(), dialect)
}

fn cce(version: u32) -> Framing {
    framing(version, Dialect::Enterprise)
}

fn read(framing: &Framing, bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let mut framer = Framer::new(MESSAGE_BYTES_MAX);
    decode(framing, framer.next(&mut &*bytes)?.unwrap())
}

#[track_caller]
fn check(framing: &Framing, message: Message, written: &str) {
    let written = bytes(written);
    assert_eq!(encode(framing, &message).unwrap(), written);
    assert_eq!(read(framing, &written).unwrap(), Decoded { message, ignored_fields: 0 });
}

fn text(text: &str) -> Text {
    Some(text.into())
}

fn identity(extension: &str, id: &str, instrument: &str) -> AgentIdentity {
    let some = |value: &str| Some(value.into()).filter(|_| !value.is_empty());
    AgentIdentity { extension: some(extension), id: some(id), instrument: some(instrument) }
}

#[test]
fn cti_01_open_req_has_narrow_tags_in_version_14_and_wide_ones_in_20() {
    let open = |version| {
        let open = OpenReq {
            version,
            idle_timeout: 20,
            services: Services(0x16),
            call_events: CallMask::KNOWN,
            agent_states: AgentMask::ALL,
            client_id: text("RTP"),
            client_password: Some(Secret::default()),
            ..OpenReq::default()
        };
        Message::OpenReq(InvokeId(1), Box::new(open))
    };
    check(
        &cce(14),
        open(14),
        "00000034 00000003 00000001 0000000E 00000014 FFFFFFFF 00000016 008FFFFF 00003FFF 00000000
         00000000 00000000 00000000 0104 'RTP 00 0200",
    );
    check(
        &cce(20),
        open(20),
        "00000038 00000003 00000001 00000014 00000014 FFFFFFFF 00000016 008FFFFF 00003FFF 00000000
         00000000 00000000 00000000 00010004 'RTP 00 00020000",
    );
}

#[test]
fn cti_01_open_conf_grows_with_versions_19_and_24() {
    let conf = OpenConf {
        services: Services(0x12),
        server_time: 0x6000_0000,
        peripheral_online: true,
        peripheral_type: PeripheralType::EnterpriseAgent,
        agent_state: AgentState::Login,
        ..OpenConf::default()
    };
    let message = |conf: &OpenConf| Message::OpenConf(InvokeId(1), Box::new(conf.clone()));
    let fixed = "00000004 00000001 00000012 00000000 00000000 60000000 0001 0011 0000";
    check(&cce(14), message(&conf), &format!("0000001A {fixed}"));
    let conf = OpenConf { department_id: 5, ..conf };
    check(&cce(19), message(&conf), &format!("0000001E {fixed} 00000005"));
    let peripherals = vec![Peripheral { id: 5000, multi_line: true }];
    let conf = OpenConf { session_type: SessionType::Standby, peripherals, ..conf };
    let floats = "00E4 0002 0001 00D0 0004 00001388 00E0 0002 0001";
    check(&cce(24), message(&conf), &format!("00000034 {fixed} 00000005 0002 {floats}"));
}

#[test]
fn cti_01_heartbeats_and_failures() {
    check(&cce(14), Message::HeartbeatReq(InvokeId(7)), "00000004 00000005 00000007");
    check(&cce(14), Message::HeartbeatConf(InvokeId(7)), "00000004 00000006 00000007");
    let failure = ControlFailureConf {
        code: ControlFailureCode::ALREADY_SIGNED_ON,
        peripheral_error: 12,
        text: None,
    };
    let message = Message::ControlFailureConf(InvokeId(9), failure);
    check(&cce(14), message, "0000000A 00000023 00000009 0103 0000000C");
    let failure = |peripheral_error| {
        let failure = FailureConf { status: Status(15), peripheral_error, text: None };
        Message::FailureConf(InvokeId(9), failure)
    };
    check(&cce(14), failure(None), "00000008 00000001 00000009 0000000F");
    check(&cce(20), failure(Some(3)), "0000000A 00000001 00000009 000F 00000003");
    let failure = FailureConf { status: Status(92), text: text("no"), ..FailureConf::default() };
    let message = Message::FailureConf(InvokeId(9), failure);
    check(
        &framing(18, Dialect::Express),
        message,
        "0000000D 00000001 00000009 0000005C 0703 'no 00",
    );
}

#[test]
fn cti_02_a_side_is_promoted_or_goes_into_maintenance_from_version_24_on() {
    check(&cce(24), Message::StandbyActive, "00000000 00000115");
    check(&cce(24), Message::MaintenanceReq(InvokeId(9)), "00000004 00000116 00000009");
    for (is_so, written) in [(true, "0001"), (false, "0000")] {
        let response = format!("00000006 00000117 00000009 {written}");
        check(&cce(24), Message::MaintenanceResp(InvokeId(9), is_so), &response);
        let event = format!("00000002 00000118 {written}");
        check(&cce(24), Message::MaintenanceEvent(is_so), &event);
    }
    let stopping = |invoke_id| Message::StoppingRequests(StoppingRequests { invoke_id });
    check(&cce(24), stopping(None), "00000000 00000119");
    check(&cce(24), stopping(Some(InvokeId(9))), "00000004 00000119 00000009");
}

fn login() -> SetAgentStateReq {
    SetAgentStateReq {
        peripheral_id: 5000,
        state: AgentState::Login,
        agent: identity("", "1001", "2001"),
        password: Some(Secret::new("pw")),
        ..SetAgentStateReq::default()
    }
}

fn set(request: SetAgentStateReq) -> Message {
    Message::Request(InvokeId(3), Request::SetAgentState(Box::new(request)))
}

#[test]
fn cti_03_a_forced_logout_carries_code_255_and_the_flag() {
    let request = SetAgentStateReq::forced_logout(5000, identity("", "1001", "2001"));
    check(
        &cce(14),
        set(request),
        "00000023 00000026 00000003 00001388 0001 0000 0000 00FF 01 00000000
         0605 '2001 00 0505 '1001 00",
    );
}

#[test]
fn phn_10_express_is_asked_about_a_password_with_the_flag_that_changes_no_state() {
    let request =
        SetAgentStateReq { peripheral_id: 1, forced: ForcedFlag::AuthenticateOnly, ..login() };
    check(
        &framing(18, Dialect::Express),
        set(request),
        "00000028 00000026 00000003 00000001 0000 0000 0000 0000 02 00000000
         0605 '2001 00 C205 '1001 00 3103 'pw 00",
    );
}

#[test]
fn cti_04_a_mobile_agent_gives_the_port_and_the_number() {
    for (work_mode, mode) in [(WorkMode::CallByCall, "0003"), (WorkMode::NailedConnection, "0004")]
    {
        let agent = identity("", "1001", "2001;5551234");
        check(
            &cce(14),
            set(SetAgentStateReq { work_mode, agent, ..login() }),
            &format!(
                "00000030 00000026 00000003 00001388 0000 {mode} 0000 0000 00 00000000
                 060D '2001;5551234 00 0505 '1001 00 3103 'pw 00"
            ),
        );
    }
}

#[test]
fn cti_05_a_shared_line_names_the_phone_in_use() {
    let shared = SetAgentStateReq { active_terminal: text("SEP0"), ..login() };
    check(
        &cce(24),
        set(shared.clone()),
        "00000037 00000026 00000003 00001388 0000 0000 0000 0000 00 00000000
         00060005 '2001 00 00050005 '1001 00 00310003 'pw 00 012F0005 'SEP0 00",
    );
    let too_new = EncodeError::FieldTooNew { field: "ActiveTerminal", since: 24, version: 20 };
    assert_eq!(encode(&cce(20), &set(shared.clone())), Err(too_new));
    // Unified CCX has it from version 18 on, where its tags may be narrow.
    let narrow = framing(18, Dialect::Express);
    let tag = EncodeError::Tag { field: "ActiveTerminal", tag: 303 };
    assert_eq!(encode(&narrow, &set(shared.clone())), Err(tag));
    assert!(encode(&Framing { tag_width: TagWidth::Two, ..narrow }, &set(shared)).is_ok());
}

fn not_ready() -> AgentStateEvent {
    AgentStateEvent {
        peripheral_id: 5000,
        peripheral_type: PeripheralType::EnterpriseAgent,
        skill_group_state: AgentState::NotReady,
        state: AgentState::NotReady,
        reason: 12,
        media_routing_domain: VOICE,
        mode: 1,
        task_limit: 1,
        agent_skill_target_id: 5100,
        agent: identity("2001", "1001", "2001"),
        ..AgentStateEvent::default()
    }
}

const NOT_READY: &str = "00000000 00001388 00000000 0011 0002 00000000 FFFFFFFF FFFFFFFF 0000 0002
     000C 00000001 00000000 0001 00000001 000013EC 00000000 0000";

#[test]
fn cti_01_agent_state_event_in_each_framing() {
    let event = |event| Message::Event(Event::AgentState(event));
    check(
        &cce(14),
        event(not_ready()),
        &format!("0000004F 0000001E {NOT_READY} 0405 '2001 00 0505 '1001 00 0605 '2001 00"),
    );
    let wide = AgentStateEvent {
        department_id: 9,
        next_state: Some(AgentState::Available),
        direction: Some(Direction::In),
        ..not_ready()
    };
    check(
        &cce(20),
        event(wide),
        &format!(
            "00000067 0000001E {NOT_READY} 00000009 00040005 '2001 00 00050005 '1001 00
             00060005 '2001 00 007B0002 0003 00F40004 00000001"
        ),
    );
    check(
        &framing(18, Dialect::Express),
        event(not_ready()),
        &format!("0000004F 0000001E {NOT_READY} 0405 '2001 00 C205 '1001 00 0605 '2001 00"),
    );
    // Unified CCX wants tag 5 ignored; Unified CCE's long form wins over the short one.
    let both = format!("00000048 0000001E {NOT_READY} 0505 '1001 00 C205 '1002 00");
    let id = |framing| {
        let decoded = read(&framing, &bytes(&both)).unwrap();
        let Message::Event(Event::AgentState(event)) = decoded.message else { panic!() };
        (event.agent.id, decoded.ignored_fields)
    };
    assert_eq!(id(framing(18, Dialect::Express)), (text("1002"), 1));
    assert_eq!(id(cce(14)), (text("1002"), 0));
}

#[test]
fn cti_01_query_agent_state_conf() {
    let conf = QueryAgentStateConf {
        state: AgentState::Hold,
        media_routing_domain: VOICE,
        mode: 1,
        agent: identity("", "an-id-too-long", ""),
        skill_groups: vec![SkillGroupEntry {
            number: 7,
            id: Some(8),
            priority: Some(1),
            state: None,
        }],
        ..QueryAgentStateConf::default()
    };
    check(
        &cce(14),
        Message::Confirmation(InvokeId(4), Confirmation::QueryAgentState(Box::new(conf))),
        "0000003F 00000025 00000004 000A 0001 00000001 00000000 0001 00000000 00000000 00000000
         C20F 'an-id-too-long 00 3E04 00000007 3F04 00000008 4002 0001",
    );
}

fn source() -> Source {
    Source { monitor_id: 0, peripheral_id: 5000, peripheral_type: PeripheralType::EnterpriseAgent }
}

fn connection() -> Connection {
    Connection { call_id: 0x11, device_type: ConnectionDeviceType::Dynamic, device_id: text("d1") }
}

#[test]
fn cti_01_a_call_begins_rings_and_changes() {
    let mut context = CallContext { ani: text("555"), ..CallContext::default() };
    context.variables[9] = text("x");
    let named = NamedVariable { name: "user.a".into(), value: "1".into() };
    context.named_variables.push(named);
    let begin = BeginCallEvent {
        source: source(),
        call_type: CallType::ACD_IN,
        connection: connection(),
        disposition: 0,
        context: Box::new(context.clone()),
    };
    check(
        &cce(14),
        Message::Event(Event::BeginCall(begin)),
        "00000034 00000017 00000000 00001388 0011 0000 0001 0000 0001 0001 00000011 0000
         1903 'd1 00 0804 '555 00 1602 'x 00 5209 'user.a 00 '1 00",
    );
    let delivered = CallDeliveredEvent {
        source: source(),
        connection: connection(),
        line: Line { handle: 1, kind: LineType::InboundAcd },
        alerting: Device { kind: DeviceType::Device, id: text("2001") },
        outcome: Outcome { state: ConnectionState::Alerting, cause: EventCause::NEW_CALL },
        ..CallDeliveredEvent::default()
    };
    check(
        &cce(14),
        Message::Event(Event::CallDelivered(Box::new(delivered))),
        "00000042 00000009 00000000 00001388 0011 0001 00000011 0001 0000 FFFFFFFF FFFFFFFF
         FFFFFFFF FFFFFFFF 0000 0000 FFFF FFFF FFFF 0002 0016 0000 0000
         1903 'd1 00 1A05 '2001 00",
    );
    let new_connection = Connection { call_id: 0x12, ..connection() };
    let update = CallDataUpdateEvent {
        source: source(),
        call_type: CallType::ACD_IN,
        connection: connection(),
        new_connection,
        ..CallDataUpdateEvent::default()
    };
    check(
        &cce(14),
        Message::Event(Event::CallDataUpdate(update)),
        "00000032 00000019 00000000 00001388 0011 0000 0000 0000 0001 0001 00000011 0001 00000012
         0000 FFFFFFFF FFFFFFFF 1903 'd1 00 2F03 'd1 00",
    );
}

#[test]
fn conference_and_transfer_write_the_calls_in_different_order() {
    let join = |held, active| {
        let part = |call_id| Connection { call_id, ..Connection::default() };
        let join =
            JoinCallsReq { held: part(held), active: part(active), ..JoinCallsReq::default() };
        Box::new(join)
    };
    let rest = "FFFF FFFF 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000";
    let request = |request| Message::Request(InvokeId(1), request);
    check(
        &cce(14),
        request(Request::ConferenceCall(join(1, 2))),
        &format!("00000028 00000030 00000001 00000000 00000001 00000002 {rest}"),
    );
    check(
        &cce(14),
        request(Request::TransferCall(join(1, 2))),
        &format!("00000028 00000040 00000001 00000000 00000002 00000001 {rest}"),
    );
}

#[test]
fn clear_connection_is_read_with_and_without_the_requesting_device() {
    for body in [
        "00000016 0000002E 00000001 00000000 00000011 0001 1906 'abcde 00",
        "00000018 0000002E 00000001 00000000 00000011 0001 FFFF 1906 'abcde 00",
    ] {
        let decoded = read(&cce(14), &bytes(body)).unwrap();
        let Message::Request(_, Request::ClearConnection(clear)) = decoded.message else {
            panic!()
        };
        assert_eq!(clear.connection.device_id, text("abcde"));
        assert_eq!((clear.requesting.kind, decoded.ignored_fields), (DeviceType::None, 0));
    }
}

#[test]
fn values_over_their_limit_are_refused_by_name() {
    let long = SetAgentStateReq { password: Some(Secret::new("x".repeat(64))), ..login() };
    let error = encode(&cce(14), &set(long)).unwrap_err();
    assert_eq!(error.to_string(), "AgentPassword has 65 bytes on the wire, at most 64 are allowed");
    let nul = SetAgentStateReq { position_id: text("a\0b"), ..login() };
    assert_eq!(encode(&cce(14), &set(nul)), Err(EncodeError::Nul { field: "PositionID" }));
    let groups = SetAgentStateReq { skill_groups: vec![SkillGroupEntry::default(); 11], ..login() };
    let error = EncodeError::TooMany { field: "NumSkillGroups", entries: 11, max: 10 };
    assert_eq!(encode(&cce(14), &set(groups)), Err(error));
}

#[test]
fn named_variables_together_are_bounded() {
    let named = |count| {
        let value = "v".repeat(90).into();
        let variable = NamedVariable { name: "user.name".into(), value };
        let named_variables = vec![variable; count];
        let context = Box::new(CallContext { named_variables, ..CallContext::default() });
        let request = SetCallDataReq { context, ..SetCallDataReq::default() };
        encode(&cce(14), &Message::Request(InvokeId(1), Request::SetCallData(request)))
    };
    assert!(named(19).is_ok());
    let error = named(20).unwrap_err().to_string();
    assert!(error.starts_with("named variables and arrays has 2020 bytes"), "{error}");
}

#[test]
fn codes_have_names() {
    let cases = [
        (ControlFailureCode::ALREADY_SIGNED_ON.to_string(), "already signed on (259)"),
        (ControlFailureCode(1007).to_string(), "routing or peripheral gateway (1007)"),
        (Status(107).to_string(), "client not allowed on standby (107)"),
        (Status(4711).to_string(), "number 4711"),
        (AgentState::from(77).to_string(), "number 77"),
        (CallType(38).to_string(), "non-ACD (38)"),
        (format!("{:?} {}", Secret::new("pw"), Secret::new("pw")), "(secret) (secret)"),
    ];
    for (shown, expected) in cases {
        assert_eq!(shown, expected);
    }
}
