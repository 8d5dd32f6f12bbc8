//! Debian's clients: tftp-hpa, atftp and curl.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::server::{Server, content, limits, open_file};

/// A client may take so long for the largest file.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Hpa,
    Atftp,
    Curl,
}

const ALL: [Client; 3] = [Client::Hpa, Client::Atftp, Client::Curl];

impl Client {
    /// Its program and the package that has it.
    const fn program(self) -> (&'static str, &'static str) {
        match self {
            Self::Hpa => ("tftp", "tftp-hpa"),
            Self::Atftp => ("atftp", "atftp"),
            Self::Curl => ("curl", "curl"),
        }
    }

    fn get(self, server: &Server, name: &str, to: &Path) -> Command {
        let (host, port) = (server.address.ip().to_string(), server.port());
        let mut command = self.command(server);
        match self {
            Self::Hpa => command.args(["-m", "octet", &host, &port, "-c", "get", name]).arg(to),
            Self::Atftp => command.args(["--get", "-r", name, "-l"]).arg(to).args([&host, &port]),
            Self::Curl => {
                command.arg("-o").arg(to).arg(format!("tftp://{}/{name}", server.address))
            }
        };
        command
    }

    fn put(self, server: &Server, file: &Path, name: &str) -> Command {
        let (host, port) = (server.address.ip().to_string(), server.port());
        let mut command = self.command(server);
        match self {
            Self::Hpa => {
                command.args(["-m", "octet", &host, &port, "-c", "put"]).arg(file).arg(name)
            }
            Self::Atftp => command.args(["--put", "-r", name, "-l"]).arg(file).args([&host, &port]),
            Self::Curl => {
                command.arg("-T").arg(file).arg(format!("tftp://{}/{name}", server.address))
            }
        };
        command
    }

    fn command(self, server: &Server) -> Command {
        let (program, _) = self.program();
        let mut command = Command::new(program);
        command.current_dir(server.folder.path());
        if self == Self::Curl {
            command.args(["-sS", "--noproxy", "*", "--max-time", "120"]);
        }
        command
    }

    /// Says why its test does nothing where it is not installed.
    fn is_here(self) -> bool {
        let (program, package) = self.program();
        let is_here = Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !is_here {
            println!("left out: {program} is not installed (Debian's package {package})");
        }
        is_here
    }
}

/// Runs it to its end; what it says on both channels comes with it.
fn run(mut command: Command) -> (Output, String) {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() >= deadline {
            let _ = child.kill();
            panic!("{command:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output, said)
}

/// Gets a file and compares it.
#[track_caller]
fn check(client: Client, server: &Server, name: &str, expected: &[u8], options: &[&str]) {
    let to = server.folder.file(&format!("{client:?}-{name}"));
    let mut command = client.get(server, name, &to);
    command.args(options);
    let asked = format!("{command:?}");
    let (output, said) = run(command);
    let got = std::fs::read(&to).unwrap_or_default();
    assert!(output.status.success(), "{asked} says {said}");
    assert!(got == expected, "{asked}: {} bytes instead of {}", got.len(), expected.len());
}

#[test]
fn every_client_gets_files_of_every_length() {
    let files: Vec<(String, Vec<u8>)> = [0, 1, 511, 512, 513, 1_024, 100_000]
        .map(|length| (format!("file-{length}"), content(length)))
        .into();
    let borrowed: Vec<_> = files.iter().map(|(name, file)| (&**name, &**file)).collect();
    let server = Server::start(&borrowed);
    for client in ALL.into_iter().filter(|client| client.is_here()) {
        for (name, file) in &borrowed {
            check(client, &server, name, file, &[]);
        }
    }
    server.stop();
}

#[test]
fn options_of_clients_are_agreed_to() {
    let file = content(100_000);
    let server = Server::start(&[("file", &file)]);
    if Client::Curl.is_here() {
        for bytes in ["8", "512", "1000", "1428", "1429", "8192", "65464"] {
            check(Client::Curl, &server, "file", &file, &["--tftp-blksize", bytes]);
        }
        check(Client::Curl, &server, "file", &file, &["--tftp-no-options"]);
    }
    if Client::Atftp.is_here() {
        for options in [
            ["--option", "blksize 1428"],
            ["--option", "blksize 65464"],
            ["--option", "tsize 0"],
            ["--option", "timeout 3"],
        ] {
            check(Client::Atftp, &server, "file", &file, &options);
        }
    }
    server.stop();
}

#[test]
fn text_comes_back_as_it_was_where_a_client_asks_for_lines() {
    let text: Vec<u8> =
        b"one line\nand another\n\n\nlast".iter().copied().cycle().take(5_000).collect();
    let server = Server::start(&[("text", &text)]);
    if Client::Hpa.is_here() {
        let to = server.folder.file("text");
        let (host, port) = (server.address.ip().to_string(), server.port());
        let mut command = Client::Hpa.command(&server);
        command.args(["-m", "netascii", &host, &port, "-c", "get", "text"]).arg(&to);
        let (_, said) = run(command);
        assert!(std::fs::read(&to).unwrap() == text, "{said}");
    }
    if Client::Curl.is_here() {
        // curl leaves the text as it is on its way.
        let travelling: Vec<u8> = String::from_utf8(text).unwrap().replace('\n', "\r\n").into();
        check(Client::Curl, &server, "text", &travelling, &["--use-ascii"]);
    }
    server.stop();
}

/// With blocks of 512 bytes it has more than 65,535 of them.
#[test]
fn a_file_of_40_megabytes_arrives_though_block_numbers_roll_over() {
    let file = content(40_000_000);
    let server = Server::with_open(limits(), "firmware.bin", open_file(&file));
    for client in [Client::Hpa, Client::Curl].into_iter().filter(|client| client.is_here()) {
        check(client, &server, "firmware.bin", &file, &[]);
    }
    if Client::Curl.is_here() {
        check(Client::Curl, &server, "firmware.bin", &file, &["--tftp-blksize", "1428"]);
    }
    server.stop();
}

#[test]
fn several_clients_are_served_at_once() {
    let (one, other) = (content(3_000_000), content(2_999_999));
    let server = Server::start(&[("one", &one), ("other", &other)]);
    std::thread::scope(|scope| {
        for client in ALL.into_iter().filter(|client| client.is_here()) {
            let server = &server;
            scope.spawn(move || check(client, server, "one", &content(3_000_000), &[]));
            scope.spawn(move || check(client, server, "other", &content(2_999_999), &[]));
        }
    });
    server.stop();
}

#[test]
fn clients_are_told_why_they_get_nothing() {
    let server = Server::start(&[]);
    let refusals = [
        ("SEP001122334455.cnf.xml", "there is no such file"),
        ("../../etc/passwd", "that is no name of a file"),
        ("forbidden", "that file is not served here"),
        ("too-large", "that file is too large"),
        ("unreadable", "that file cannot be read"),
    ];
    for client in ALL.into_iter().filter(|client| client.is_here()) {
        for (name, told) in refusals {
            // curl takes dots out of the path itself.
            let asked =
                if client == Client::Curl { &*name.replace("../", "%2e%2e%2f") } else { name };
            let to = server.folder.file("nothing");
            let mut command = client.get(&server, asked, &to);
            if client == Client::Curl {
                command.arg("--path-as-is").arg("-v");
            }
            let (_, said) = run(command);
            assert!(said.contains(told), "{client:?} says {said}");
            assert!(std::fs::read(&to).unwrap_or_default().is_empty());
        }
    }
    server.stop();
}

#[test]
fn nothing_is_taken_from_anybody() {
    let server = Server::start(&[("file", b"as it is")]);
    let mine = server.folder.file("mine");
    std::fs::write(&mine, content(2_000)).unwrap();
    for client in ALL.into_iter().filter(|client| client.is_here()) {
        let before = server.answered("write");
        let mut command = client.put(&server, &mine, "file");
        if client == Client::Curl {
            command.arg("-v");
        }
        let (_, said) = run(command);
        assert!(said.contains("files are only given here"), "{client:?} says {said}");
        assert_eq!(server.answered("write"), before + 1);
    }
    server.stop();
}

#[test]
fn clients_are_served_over_ipv6() {
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        println!("left out: this machine has no IPv6");
        return;
    }
    let file = content(10_000);
    let server = Server::with(limits(), "::1", &[("file", &file)]);
    for client in ALL.into_iter().filter(|client| client.is_here()) {
        check(client, &server, "file", &file, &[]);
    }
    server.stop();
}
