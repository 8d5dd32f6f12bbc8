//! What we send: the request as the manual shows it, and the page that carries it.

use std::process::Command;

use super::super::tree::Tree;
use super::super::{AuthnRequest, PROTOCOL, SIGNATURE, post_form, verify_only};
use super::signer::{
    ACS, IDP_CERTIFICATE, IDP_PEM, OTHER_PEM, OWN, REQUEST, der, sign_with, trusted,
};

fn request() -> AuthnRequest<'static> {
    AuthnRequest {
        id: REQUEST,
        issuer: OWN,
        destination: "https://idp.example/adfs/ls/?a=1&b=\"2\"",
        acs_url: ACS,
        issued_at: 1_540_807_299,
    }
}

fn signed() -> String {
    request().signed(&der(IDP_CERTIFICATE), |bytes| Some(sign_with(IDP_PEM, bytes))).unwrap()
}

#[test]
fn ids_02_the_request_is_as_the_manual_shows_it() {
    let xml = signed();
    let begin = format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"{REQUEST}\" Version=\"2.0\" \
         IssueInstant=\"2018-10-29T10:01:39Z\" Destination=\"https://idp.example/adfs/ls/?a=1&amp;b=&quot;2&quot;\" \
         ForceAuthn=\"false\" IsPassive=\"false\" ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         AssertionConsumerServiceURL=\"https://ids.example:8553/ids/saml/response\"><saml:Issuer \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">ids.example</saml:Issuer><ds:Signature "
    );
    let end = "</ds:Signature><samlp:NameIDPolicy \
               Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\" SPNameQualifier=\"ids.example\" \
               AllowCreate=\"true\"></samlp:NameIDPolicy></samlp:AuthnRequest>";
    assert!(xml.starts_with(&begin), "{xml}");
    assert!(xml.ends_with(end), "{xml}");
}

#[test]
fn ids_02_the_request_is_signed_with_sha_256() {
    let xml = signed();
    assert_eq!(verify_only(xml.as_bytes(), &[trusted(IDP_PEM)], false), Ok(1));
    assert!(verify_only(xml.as_bytes(), &[trusted(OTHER_PEM)], false).is_err());
    let changed = xml.replace("ForceAuthn=\"false\"", "ForceAuthn=\"true\"");
    assert!(verify_only(changed.as_bytes(), &[trusted(IDP_PEM)], false).is_err());
    let tree = Tree::parse(xml.as_bytes()).unwrap();
    let root = tree.root().unwrap();
    assert!(root.is(PROTOCOL, "AuthnRequest"));
    let certificate = root.descendants().find(|it| it.is(SIGNATURE, "X509Certificate")).unwrap();
    assert_eq!(
        certificate.text().unwrap(),
        IDP_CERTIFICATE.lines().filter(|line| !line.contains("---")).collect::<String>()
    );
}

#[test]
fn ids_02_xmlsec1_verifies_the_request() {
    if Command::new("xmlsec1").arg("--version").output().is_err() {
        println!("left out: there is no xmlsec1");
        return;
    }
    let folder = std::env::temp_dir().join(format!("jackfield-authn-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (file, certificate) = (folder.join("request.xml"), folder.join("sp.crt"));
    std::fs::write(&certificate, IDP_CERTIFICATE).unwrap();
    std::fs::write(&file, signed()).unwrap();
    let output = Command::new("xmlsec1")
        .args(["--verify", "--pubkey-cert-pem"])
        .arg(&certificate)
        .args([
            "--enabled-key-data",
            "rsa",
            "--id-attr:ID",
            "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest",
        ])
        .arg(&file)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn ids_02_nothing_is_sent_unsigned() {
    assert_eq!(request().signed(b"", |_| None), None);
    for id in ["", "1", "a b", "a\"b", "a:b"] {
        assert_eq!(AuthnRequest { id, ..request() }.signed(b"", |_| Some(vec![1])), None, "{id}");
    }
    let odd = AuthnRequest { issuer: "<i>&\"", ..request() };
    let xml = odd.signed(b"", |bytes| Some(sign_with(IDP_PEM, bytes))).unwrap();
    assert_eq!(verify_only(xml.as_bytes(), &[trusted(IDP_PEM)], false), Ok(1));
}

#[test]
fn ids_02_the_page_posts_the_request() {
    let destination = "https://idp.example/?a=1&b=2";
    let page = post_form(destination, "<x/>", "\"><script>", "/ids/post.js", "/ids/a.css");
    let expected = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Sign in</title>\n\
        <link rel=\"stylesheet\" href=\"/ids/a.css\">\n<script src=\"/ids/post.js\" defer></script>\n</head>\n<body>\n\
        <form id=\"saml\" method=\"post\" action=\"https://idp.example/?a=1&amp;b=2\">\n\
        <input type=\"hidden\" name=\"SAMLRequest\" value=\"PHgvPg==\">\n\
        <input type=\"hidden\" name=\"RelayState\" value=\"&quot;&gt;&lt;script&gt;\">\n\
        <noscript><main><h1>Sign in</h1><p>Scripts are off in this browser, so it does not go on by itself.</p>\
        <button type=\"submit\">Continue to sign in</button></main></noscript>\n\
        </form>\n</body>\n</html>\n";
    assert_eq!(page, expected);
}
