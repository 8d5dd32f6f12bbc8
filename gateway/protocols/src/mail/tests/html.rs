//! HTML that means well: what stays, what is written otherwise, what becomes text.

use super::*;

fn clean(html: &str) -> String {
    clean_html(html, Remote::Blocked).html
}

#[test]
fn mail_11_what_an_editor_writes_stays() {
    for same in [
        "<p>a <b>b</b> <strong>c</strong> <i>d</i> <em>e</em> <u>f</u></p>",
        "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>",
        "<p style=\"text-align: center\">a</p>",
        "<div style=\"text-align: right; margin-left: 40px\">a</div>",
        "<blockquote>a</blockquote>",
        "<img src=\"files/0123abcd-x_y\" alt=\"a &amp; b\" width=\"10\" height=\"20\">",
        "<img src=\"cid:a@b\" alt=\"\">",
        "<img src=\"attachments/3\" alt=\"\">",
        "<table><tbody><tr><td colspan=\"2\">a</td></tr></tbody></table>",
        "<a href=\"mailto:a@example.com\" rel=\"noopener noreferrer\" target=\"_blank\">a</a>",
        "a &lt;b&gt; &amp;amp; \u{A0} c",
    ] {
        assert_eq!(clean(same), same);
    }
    for (class, style) in [
        ("ql-align-center", "text-align: center"),
        ("ql-align-justify x", "text-align: justify"),
        ("ql-indent-2", "margin-left: 6em"),
    ] {
        assert_eq!(
            clean(&format!("<p class=\"{class}\">a")),
            format!("<p style=\"{style}\">a</p>")
        );
    }
    assert_eq!(
        clean("<p align=RIGHT style='color:red;Font-Weight: BOLD !important'>a"),
        "<p style=\"text-align: right; font-weight: bold\">a</p>"
    );
    assert_eq!(
        clean("<p class=ql-indent-99 align=middle style='margin-left:-9px;margin-left:9999px'>a"),
        "<p>a</p>"
    );
}

#[test]
fn elements_are_closed_as_a_browser_would() {
    for (given, cleaned) in [
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<p>a<div>b</div>", "<p>a</p><div>b</div>"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<b><i>a</b>b</i>", "<b><i>a</i></b>b"),
        ("</p>a</div>", "a"),
        ("<td>a</td>", "a"),
        (
            "<table><td>a<td>b<tr><td>c",
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
        ),
        (
            "<table><tr><td><table><tr><td>a</td></tr></table></td></tr></table>",
            "<table><tr><td><table><tr><td>a</td></tr></table></td></tr></table>",
        ),
        (
            "<table><tbody><tr><td>a<tbody><tr><td>b</table>c",
            "<table><tbody><tr><td>a</td></tr></tbody><tbody><tr><td>b</td></tr></tbody></table>c",
        ),
        (
            "<a href=http://a>1<a href=http://b>2",
            "<a href=\"http://a\" rel=\"noopener noreferrer\" target=\"_blank\">1</a>\
          <a href=\"http://b\" rel=\"noopener noreferrer\" target=\"_blank\">2</a>",
        ),
        ("<dl><dt>a<dd>b<dt>c", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"),
        ("a<br/>b<hr>c", "a<br>b<hr>c"),
        ("<DIV>a</DIV>", "<div>a</div>"),
        ("<o:p>a</o:p><unknown>b</unknown>", "ab"),
    ] {
        assert_eq!(clean(given), cleaned, "{given}");
    }
}

#[test]
fn images_of_other_servers_wait_until_they_are_asked_for() {
    let given = "<img src=\"http://t.example/p.gif?a=1&b\" alt=x><img src=//t.example/q>";
    let blocked = clean_html(given, Remote::Blocked);
    assert!(blocked.has_remote_content);
    assert_eq!(
        blocked.html,
        "<img data-remote-src=\"http://t.example/p.gif?a=1&amp;b\" alt=\"x\">\
         <img data-remote-src=\"https://t.example/q\" alt=\"\">"
    );
    let shown = for_display(&blocked.html, Remote::Shown, &BTreeMap::new());
    assert!(shown.has_remote_content);
    assert!(shown.html.starts_with(
        "<img src=\"http://t.example/p.gif?a=1&amp;b\" referrerpolicy=\"no-referrer\" alt"
    ));
    assert_eq!(clean_html(&shown.html, Remote::Blocked).html, blocked.html);
    assert!(!clean_html("<img src=cid:a><a href=http://x>", Remote::Blocked).has_remote_content);
}

#[test]
fn what_styles_hide_is_gone_but_never_the_rest() {
    assert_eq!(clean("<div style='DISPLAY : none'>a<div>b</div></div>c"), "c");
    assert_eq!(
        clean("<span hidden>a</span>b<p style=\"visibility:hidden;color:red\">c</p>d"),
        "bd"
    );
    assert_eq!(clean("<img src=http://a hidden>b"), "b");
    // It never ends: then all that follows would be gone too.
    assert_eq!(clean("<div style='display:none'>a<p>b"), "<div>a<p>b</p></div>");
    assert_eq!(html_to_text("<div style='display:none'>a</div>b"), "b");
}

#[test]
fn earlier_mails_at_the_end_are_folded_and_others_are_not() {
    let display = |html: &str| for_display(&clean(html), Remote::Blocked, &BTreeMap::new()).html;
    let quote = "<blockquote data-quote=\"\">old</blockquote>";
    let folded = format!("<details><summary>•••</summary>{quote}</details>");
    assert_eq!(
        display("<p>new</p><blockquote type=cite>old</blockquote><br>"),
        format!("<p>new</p>{folded}<br>")
    );
    assert_eq!(
        display("new<div class=\"x gmail_quote\">On Monday<blockquote>old</blockquote></div>"),
        "new<details><summary>•••</summary><div data-quote=\"\">On Monday<blockquote>old</blockquote></div></details>"
    );
    // Answers between the lines stay in sight.
    let between =
        "<blockquote type=cite>old</blockquote>answer<blockquote type=cite>old</blockquote>";
    assert_eq!(display(between), format!("{quote}answer{folded}"));
    assert_eq!(display("<blockquote type=cite>old</blockquote>answer"), format!("{quote}answer"));
    assert_eq!(display("<blockquote type=cite>old</blockquote>"), quote);
    assert_eq!(
        display(&display("new<blockquote type=cite>old</blockquote>")),
        format!("new{folded}")
    );
    assert_eq!(display("<blockquote>mine</blockquote>"), "<blockquote>mine</blockquote>");
}

#[test]
fn plain_text_becomes_lines_with_its_quotes() {
    assert_eq!(text_to_html("a <b>\n  c\n\nd"), "a &lt;b&gt;<br>\u{A0}\u{A0}c<br><br>d");
    let quote = "<blockquote data-quote=\"\">";
    assert_eq!(
        text_to_html("new\n> old\n>> older\n> again\nend"),
        format!("new{quote}old{quote}older</blockquote>again</blockquote>end")
    );
    assert_eq!(
        text_to_html("new\n-----Ursprüngliche Nachricht-----\nVon: a\n> b"),
        "new<br><div data-quote=\"\">-----Ursprüngliche Nachricht-----<br>Von: a<br>&gt; b</div>"
    );
    assert_eq!(text_to_html("a\n------------\nb"), "a<br>------------<br>b");
}

#[test]
fn html_becomes_text_that_can_be_read() {
    for (html, text) in [
        ("<p>a  b\n c</p><p>d</p>", "a b c\n\nd"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<ul><li>a<li>b</ul><ol><li>c<li>d</ol>", "- a\n- b\n1. c\n2. d"),
        ("<a href=https://example.com/x>here</a>", "here <https://example.com/x>"),
        ("<a href=https://example.com/>https://example.com</a>", "https://example.com"),
        ("<a href=mailto:a@example.com>write</a>", "write <a@example.com>"),
        ("<a href=javascript:x>here</a>", "here"),
        ("new<blockquote>old<br>lines</blockquote>after", "new\n> old\n> lines\nafter"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<style>p{}</style><script>x</script><title>t</title>a<img alt=\"logo\">", "alogo"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("&lt;b&gt; &amp; &euro;&nbsp;", "<b> & €"),
        ("", ""),
    ] {
        assert_eq!(html_to_text(html), text, "{html}");
    }
}
