//! `jackfield certificate`: a request signed elsewhere, imports of good and bad files, what all nodes show.

use std::process::Command;

use crate::place::{Place, Program, free_port, get_secure, text};

/// A node called `localhost`, and the URL of its phone listener.
fn start(place: &Place) -> (Program, String) {
    let [phone, console, operations] = [(); 3].map(|()| free_port());
    place.write(
        "jackfield.toml",
        &format!(
            "name = \"localhost\"\nstate_directory = \"state\"\n\
             [listeners.phone]\naddresses = [\"127.0.0.1\"]\nport = {phone}\n\
             [listeners.console]\naddresses = [\"127.0.0.1\"]\nport = {console}\n\
             [listeners.operations]\naddresses = [\"127.0.0.1\"]\nport = {operations}\n\
             [listeners.sip]\ntls_port = 0\ntcp_port = 0\n[listeners.headset]\nport = 0\n[listeners.identity]\nport = 0\n"
        ),
    );
    let mut program = place.start(&["run", "--config", "@jackfield.toml"], &[]);
    program.logs("ready");
    (program, format!("https://localhost:{phone}/fippa/SEP001122334455"))
}

/// Runs `jackfield certificate`; gives whether it was done, and what it said.
fn certificate(place: &Place, arguments: &[&str]) -> (bool, String) {
    let all = [&["certificate"], arguments, &["--config", "@jackfield.toml"]].concat();
    let output = place.run(&all);
    let said = if output.status.success() { &output.stdout } else { &output.stderr };
    (output.status.success(), text(said))
}

#[track_caller]
fn done(place: &Place, arguments: &[&str]) -> String {
    let (done, said) = certificate(place, arguments);
    assert!(done, "{arguments:?}: {said}");
    said
}

#[track_caller]
fn refused(place: &Place, arguments: &[&str], reason: &str) {
    let (done, said) = certificate(place, arguments);
    assert!(!done && said.contains(reason), "{arguments:?}: {said}");
}

fn has_openssl() -> bool {
    let found = Command::new("openssl").arg("version").output().is_ok();
    if !found {
        eprintln!("left out: openssl is not installed (Debian: openssl)");
    }
    found
}

fn openssl(place: &Place, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(place.path(".")).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// An authority in `ca.pem` and `ca.key`.
fn make_authority(place: &Place) {
    let subject = ["-subj", "/CN=Test", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30"];
    let made = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    openssl(place, &[made.as_slice(), &subject].concat());
}

/// Signs `NAME.csr` as `NAME.pem`, with the authority behind it.
fn sign(place: &Place, name: &str) {
    let (request, signed) = (format!("{name}.csr"), format!("{name}.alone"));
    let by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-copy_extensions", "copyall", "-days", "20"];
    let files = ["x509", "-req", "-in", &request, "-out", &signed];
    openssl(place, &[files.as_slice(), &by].concat());
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
    place.write(&format!("{name}.pem"), &[read("ca.pem"), read(&signed)].concat());
}

#[test]
fn ops_08_a_request_is_signed_elsewhere_and_its_certificate_imported() {
    if !has_openssl() {
        return;
    }
    let place = Place::new();
    let (mut program, url) = start(&place);
    make_authority(&place);
    assert!(get_secure(&url, &place.path("ca.pem")).is_err());

    let asked = ["request", "--organization", "Müller & Söhne", "--name", "phones.example.com"];
    let request = done(&place, &asked);
    place.write("new.csr", &request);
    refused(&place, &["request"], "replace: a signing request waits already");
    assert!(done(&place, &["show"]).contains("a signing request waits"));
    sign(&place, "new");
    let put = done(&place, &["import", "@new.pem"]);
    assert!(put.starts_with("in force for server: ") && put.contains("CN=localhost"), "{put}");
    assert!(get_secure(&url, &place.path("ca.pem")).unwrap().starts_with("HTTP/1.1 200"));
    let shown = done(&place, &["show"]);
    for part in ["phones.example.com", "CN=Test", "ECDSA P-256", "server (shown by phone, console)"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let json: serde_json::Value = serde_json::from_str(&done(&place, &["show", "--json"])).unwrap();
    assert_eq!(json["in_force"][0]["self_signed"], false);
    assert_eq!(json["pending"], serde_json::json!([]));

    // What all nodes show, and what this one does, hold the same certificates.
    let exported = done(&place, &["export"]);
    assert!(exported.starts_with("# localhost\n-----BEGIN CERTIFICATE-----"), "{exported}");
    assert!(exported.contains(&done(&place, &[])) && !exported.contains("PRIVATE"), "{exported}");

    refused(&place, &["renew"], "replace: the certificate in force was signed by");
    done(&place, &["renew", "--replace"]);
    assert!(get_secure(&url, &place.path("ca.pem")).is_err());
    refused(&place, &["order"], "name one in certificate.acme");
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn ops_08_a_pkcs12_file_is_imported_and_its_password_seen_nowhere() {
    if !has_openssl() {
        return;
    }
    let place = Place::new();
    let (mut program, url) = start(&place);
    make_authority(&place);
    let key =
        ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "rsa.key"];
    openssl(&place, &key);
    let names = ["-addext", "subjectAltName=DNS:localhost", "-out", "rsa.csr"];
    let request = ["req", "-new", "-key", "rsa.key", "-subj", "/CN=localhost"];
    openssl(&place, &[request.as_slice(), &names].concat());
    sign(&place, "rsa");
    place.write("password", "correct horse battery\n");
    place.write("wrong", "wrong password here\n");
    let files = ["pkcs12", "-export", "-in", "rsa.pem", "-inkey", "rsa.key", "-out", "rsa.p12"];
    openssl(&place, &[files.as_slice(), &["-passout", "file:password"]].concat());

    let import = ["import", "@rsa.p12", "--purpose", "phone"];
    refused(&place, &import, "password: does not open the file");
    let with = |password| [import.as_slice(), &["--password-file", password]].concat();
    refused(&place, &with("@wrong"), "password: does not open the file");
    done(&place, &with("@password"));
    assert!(get_secure(&url, &place.path("ca.pem")).unwrap().starts_with("HTTP/1.1 200"));
    let shown = done(&place, &["show"]);
    assert!(shown.contains("phone (shown by phone)") && shown.contains("RSA 2048"), "{shown}");
    assert!(shown.contains("server (shown by console)"), "{shown}");

    // A key in a file of its own, that no other user may read.
    let pem = ["import", "@rsa.pem", "--key-file", "@rsa.key"];
    place.write("foreign.key", &std::fs::read_to_string(place.path("ca.key")).unwrap());
    let foreign = ["import", "@rsa.alone", "--key-file", "@foreign.key"];
    let (_, said) = certificate(&place, &foreign);
    assert!(said.contains("key: is not the key of any certificate"), "{said}");
    assert!(said.contains("certificate: the chain is not complete"), "{said}");
    done(&place, &pem);
    std::fs::write(place.path("large.pem"), "x".repeat(10 * 1024 * 1024)).unwrap();
    refused(&place, &["import", "@large.pem"], "has more than 262144 bytes");
    refused(&place, &["import", "@missing.pem"], "missing.pem");
    refused(&place, &["request", "--name", "*.example.com"], "names: ");
    assert_eq!(program.stop(), Some(0));
    for secret in ["correct horse", "wrong password here"] {
        assert!(!program.log().contains(secret));
    }
}
