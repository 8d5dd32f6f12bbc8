//! One value of Via.

use super::{
    HostText, Wrong, check_parameters, cut, host_port, is_blank, is_token, trim, trim_start,
};

/// The parts of a value of Via.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct ViaText<'a> {
    /// The transport.
    pub(in super::super) transport: &'a str,
    /// The host in sent-by.
    pub(in super::super) host: HostText<'a>,
    /// The port in sent-by.
    pub(in super::super) port: Option<u16>,
    /// Where its parameters begin: their first semicolon; checked.
    pub(in super::super) parameters: &'a str,
}

/// The parts of that value; blanks may stand round all its separators.
pub(in super::super) fn via(text: &str) -> Result<ViaText<'_>, Wrong> {
    const UNREADABLE: Wrong = "has no protocol and transport";
    let (protocol, after) = cut(trim_start(text), is_token);
    let slash = trim_start(after).strip_prefix('/').ok_or(UNREADABLE)?;
    let (version, after) = cut(trim_start(slash), is_token);
    let slash = trim_start(after).strip_prefix('/').ok_or(UNREADABLE)?;
    let (transport, after) = cut(trim_start(slash), is_token);
    if !protocol.eq_ignore_ascii_case("SIP") || version != "2.0" || transport.is_empty() {
        return Err(UNREADABLE);
    }
    if !after.starts_with([' ', '\t']) {
        return Err("has no blank behind its transport");
    }
    let (sent_by, parameters_text) = cut(after, |byte| byte != b';');
    let (host, port) = sent_by_host_port(trim(sent_by))?;
    check_parameters(parameters_text, &mut |_| Ok(()))?;
    Ok(ViaText { transport, host, port, parameters: parameters_text })
}

fn sent_by_host_port(text: &str) -> Result<(HostText<'_>, Option<u16>), Wrong> {
    if !text.bytes().any(is_blank) {
        return host_port(text);
    }
    let end = if text.starts_with('[') { text.find(']').unwrap_or(0) } else { 0 };
    let colon = text.get(end..).and_then(|rest| rest.find(':')).map(|at| at + end);
    let (host, port) = match colon.and_then(|at| text.split_at_checked(at)) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => (text, None),
    };
    let (host, none) = host_port(trim(host))?;
    if none.is_some() {
        return Err("has a port that is none");
    }
    let port = port.map(|port| super::number(trim(port), u16::MAX.into())).transpose();
    let port = port.map_err(|_| "has a port that is none")?;
    Ok((host, port.and_then(|port| u16::try_from(port).ok())))
}
