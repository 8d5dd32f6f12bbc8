//! Rust files as flat lists of tokens, so that rules see code and never comments or texts.
//!
//! Tokens rather than a syntax tree: what stands inside a macro is seen like everything else. Names
//! are not resolved; a rule about `std::fs` sees the `use` or the full path, whichever is written.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// One token; delimiters are tokens of their own, and `::` is one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// One Rust file.
pub(crate) struct Source {
    /// Below the root of the checkout, with `/`.
    pub(crate) path: String,
    /// Everything in the file.
    pub(crate) tokens: Vec<Token>,
    /// What is compiled into the product: no test functions, no `#[cfg(test)]` items.
    pub(crate) product: Vec<Token>,
}

impl Source {
    /// Reads files given as path and text.
    #[track_caller]
    pub(crate) fn all<'a>(files: impl Iterator<Item = (&'a str, String)>) -> Vec<Self> {
        let mut test_files = BTreeSet::new();
        let mut sources = Vec::new();
        for (path, text) in files {
            let stream = TokenStream::from_str(&text)
                .unwrap_or_else(|error| panic!("{path} is not Rust: {error}"));
            let mut modules = Vec::new();
            let mut product = Vec::new();
            flatten(without_tests(stream.clone(), &mut modules), &mut product);
            test_files.extend(modules.iter().map(|module| module_folder(path) + module));
            let mut tokens = Vec::new();
            flatten(stream, &mut tokens);
            sources.push(Self { path: path.to_owned(), tokens, product });
        }
        for source in &mut sources {
            let module = source.path.trim_end_matches(".rs");
            let of_tests = |folder: &String| {
                module
                    .strip_prefix(folder.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if is_test_target(&source.path) || test_files.iter().any(of_tests) {
                source.product.clear();
            }
        }
        sources
    }
}

/// Cargo's own folders for test code, and the package of our tests.
fn is_test_target(path: &str) -> bool {
    path.starts_with("tests/")
        || ["/tests/", "/benches/", "/examples/"].iter().any(|folder| {
            path.split_once(folder).is_some_and(|(before, _)| !before.contains("/src"))
        })
}

/// Where the files of the modules declared in `path` lie, with a `/` at its end.
fn module_folder(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file {
        "lib.rs" | "main.rs" => format!("{folder}/"),
        _ => format!("{folder}/{}/", file.trim_end_matches(".rs")),
    }
}

/// Leaves out items marked as tests; names of test modules in files of their own go to `modules`.
fn without_tests(stream: TokenStream, modules: &mut Vec<String>) -> TokenStream {
    let mut kept = Vec::new();
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let is_hash = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '#');
        let marks_test = is_hash
            && trees.peek().is_some_and(|next| {
                matches!(next, TokenTree::Group(group) if is_test_attribute(&group.stream()))
            });
        if marks_test {
            trees.next();
            skip_item(&mut trees, modules);
            continue;
        }
        kept.push(match tree {
            TokenTree::Group(group) => {
                let mut inside = proc_macro2::Group::new(
                    group.delimiter(),
                    without_tests(group.stream(), modules),
                );
                inside.set_span(group.span());
                TokenTree::Group(inside)
            }
            other => other,
        });
    }
    kept.into_iter().collect()
}

/// Drops one item: up to its braces, or up to the semicolon of one that has none.
fn skip_item(trees: &mut impl Iterator<Item = TokenTree>, modules: &mut Vec<String>) {
    let mut words = Vec::new();
    for tree in trees {
        match &tree {
            TokenTree::Ident(ident) => words.push(ident.to_string()),
            TokenTree::Punct(punct) if punct.as_char() == ';' => {
                if let Some(at) = words.iter().position(|word| word == "mod") {
                    modules.extend(words.get(at + 1).cloned());
                }
                return;
            }
            // `use a::{b, c};` has braces before its end.
            TokenTree::Group(group)
                if group.delimiter() == Delimiter::Brace
                    && !words.iter().any(|word| word == "use") =>
            {
                return;
            }
            _ => {}
        }
    }
}

/// `test`, `tokio::test` and their like with or without arguments, or `cfg(test)`.
fn is_test_attribute(attribute: &TokenStream) -> bool {
    let mut tokens = Vec::new();
    flatten(attribute.clone(), &mut tokens);
    let texts: Vec<_> = tokens.iter().map(|token| token.text.as_str()).collect();
    let name: Vec<_> = texts.iter().take_while(|&&text| text != "(" && text != "=").collect();
    texts == ["cfg", "(", "test", ")"] || name.last().is_some_and(|last| **last == "test")
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut joined = false;
    for tree in stream {
        let line = tree.span().start().line;
        let token = |text: &str| Token { text: text.to_owned(), line };
        let continues = joined;
        joined = false;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                tokens.push(token(open));
                flatten(group.stream(), tokens);
                let line = group.span_close().start().line;
                tokens.push(Token { text: close.to_owned(), line });
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                if continues && let Some(last) = tokens.last_mut() {
                    last.text.push(':');
                } else {
                    tokens.push(token(":"));
                    joined = punct.spacing() == Spacing::Joint;
                }
            }
            other => tokens.push(token(&other.to_string())),
        }
    }
}

/// Every place where the tokens stand in this order, by line.
pub(crate) fn lines_with<'a>(
    tokens: &'a [Token],
    wanted: &'a [&'a str],
) -> impl Iterator<Item = usize> + 'a {
    tokens
        .windows(wanted.len())
        .filter(move |window| {
            window.iter().map(|token| token.text.as_str()).eq(wanted.iter().copied())
        })
        .filter_map(|window| window.first().map(|token| token.line))
}

/// Every path of names joined by `::`, with its line; those in `use` lists in full, and those that
/// begin with another name given in this file (`use a::B as C`, `type C = a::B`) with the path it stands
/// for.
pub(crate) fn paths(tokens: &[Token]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut other_names = BTreeMap::new();
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        if token.text == "use" {
            rest = use_list(after, "", &mut found, &mut other_names);
        } else if is_name(&token.text) {
            let (path, after) = path(rest);
            if let [.., word, name, equals] = &tokens[..tokens.len() - rest.len()]
                && word.text == "type"
                && equals.text == "="
            {
                other_names.insert(name.text.clone(), path.clone());
            }
            found.push((token.line, path));
            rest = after;
        } else if token.text == "<"
            && let (path, [close, after @ ..]) = path(after)
            && close.text == ">"
            && after.first().is_some_and(|colons| colons.text == "::")
        {
            // `<a::B>::c` is `a::B::c`.
            let (end, after) = self::path(&after[1..]);
            found.push((token.line, format!("{path}::{end}")));
            rest = after;
        } else {
            rest = after;
        }
    }
    for (_, path) in &mut found {
        let (first, end) = path.split_at(path.find("::").unwrap_or(path.len()));
        if let Some(full) = other_names.get(first) {
            *path = format!("{full}{end}");
        }
    }
    found
}

/// The names joined by `::` that `tokens` begins with, and what follows them.
fn path(tokens: &[Token]) -> (String, &[Token]) {
    let mut rest = tokens;
    let mut path = String::new();
    while let [name, after @ ..] = rest
        && is_name(&name.text)
    {
        path.push_str(&name.text);
        rest = after;
        match rest {
            [colons, name, ..] if colons.text == "::" && is_name(&name.text) => {
                path.push_str("::");
                rest = &rest[1..];
            }
            _ => break,
        }
    }
    (path, rest)
}

/// Reads one or more `use` trees up to `}` or `;` and returns what follows.
fn use_list<'a>(
    mut tokens: &'a [Token],
    prefix: &str,
    found: &mut Vec<(usize, String)>,
    other_names: &mut BTreeMap<String, String>,
) -> &'a [Token] {
    let mut path = prefix.to_owned();
    let mut line = 0;
    let mut renamed = false;
    while let Some((token, after)) = tokens.split_first() {
        tokens = after;
        match token.text.as_str() {
            "{" => {
                tokens = use_list(tokens, &path, found, other_names);
                path.clear();
            }
            "," | "}" | ";" => {
                if !path.is_empty() && path != prefix {
                    found.push((line, path.trim_end_matches("::").to_owned()));
                }
                if token.text != "," {
                    return tokens;
                }
                prefix.clone_into(&mut path);
                renamed = false;
            }
            "as" => renamed = true,
            "_" if renamed => {}
            name if renamed => {
                other_names.insert(name.to_owned(), path.clone());
            }
            "::" => path.push_str("::"),
            name => {
                line = token.line;
                path.push_str(name);
            }
        }
    }
    tokens
}

fn is_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

/// Whether `path` holds the names of `wanted` one after another.
pub(crate) fn mentions(path: &str, wanted: &str) -> bool {
    let wanted: Vec<_> = wanted.split("::").collect();
    let path: Vec<_> = path.split("::").collect();
    path.windows(wanted.len()).any(|window| window == wanted)
}

/// Names of the functions that a test harness runs, also those inside `proptest!`.
pub(crate) fn test_functions(tokens: &[Token]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut is_test = false;
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        match token.text.as_str() {
            "#" if after.first().is_some_and(|next| next.text == "[") => {
                let (attribute, after) = bracketed(after);
                let name =
                    attribute.iter().take_while(|each| is_name(&each.text) || each.text == "::");
                is_test |= name.last().is_some_and(|last| last.text == "test");
                rest = after;
            }
            "fn" if is_test => {
                found.extend(after.first().map(|name| name.text.clone()));
                is_test = false;
            }
            "pub" | "async" | "unsafe" | "(" | ")" | "crate" => {}
            _ => is_test = false,
        }
    }
    found
}

/// What is inside the brackets that `tokens` begins with, and what follows them.
fn bracketed(tokens: &[Token]) -> (&[Token], &[Token]) {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "[" => depth += 1,
            "]" if depth == 1 => return (&tokens[1..index], &tokens[index + 1..]),
            "]" => depth -= 1,
            _ => {}
        }
    }
    (tokens, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        let files = [("gateway/x/src/a.rs", text.to_owned())];
        Source::all(files.into_iter()).remove(0)
    }

    #[track_caller]
    fn check_paths(text: &str, expected: &[&str]) {
        let paths = paths(&source(text).product);
        let paths: Vec<_> = paths.iter().map(|(_, path)| path.as_str()).collect();
        assert_eq!(paths, expected);
    }

    #[test]
    fn paths_in_use_lists_are_told_in_full() {
        check_paths(
            "use std::{fs, net::{IpAddr as Ip, TcpStream}, thread::*}; use a::b;",
            &["std::fs", "std::net::IpAddr", "std::net::TcpStream", "std::thread::*", "a::b"],
        );
    }

    #[test]
    fn paths_under_another_name_are_told_in_full() {
        check_paths(
            "use std::time::{Instant as I, SystemTime}; type S = SystemTime; fn f() { I::now() }",
            &[
                "std::time::Instant",
                "std::time::SystemTime",
                "type",
                "SystemTime",
                "SystemTime",
                "fn",
                "f",
                "std::time::Instant::now",
            ],
        );
        check_paths(
            "<std::time::Instant>::now(); a < b::c",
            &["std::time::Instant::now", "a", "b::c"],
        );
    }

    #[test]
    fn paths_in_macros_are_seen_and_those_in_texts_and_comments_are_not() {
        check_paths(
            r#"f!(x = Instant::now()); /* Instant::now */
               const A: &str = "Instant::now"; // Instant::now"#,
            &["f", "x", "Instant::now", "const", "A", "str"],
        );
    }

    #[test]
    fn what_is_marked_as_a_test_is_no_product() {
        let source = source(
            "fn a() {} #[cfg(test)] use x::{y, z}; #[test] fn t() { b() }
             #[cfg(test)] mod tests { fn c() {} } impl D { #[cfg(test)] fn e() {} fn g() {} }",
        );
        let names = |name| lines_with(&source.product, &["fn", name]).count();
        assert_eq!(["a", "t", "c", "e", "g"].map(names), [1, 0, 0, 0, 1]);
        assert!(paths(&source.product).iter().all(|(_, path)| !path.starts_with("x::")));
        assert_eq!(lines_with(&source.tokens, &["fn", "c"]).next(), Some(2));
    }

    #[test]
    fn a_test_module_in_a_file_of_its_own_is_no_product() {
        let files = [
            ("gateway/x/src/lib.rs", "#[cfg(test)] pub(crate) mod tests; mod a;"),
            ("gateway/x/src/tests.rs", "fn t() {}"),
            ("gateway/x/src/tests/deep.rs", "fn t() {}"),
            ("gateway/x/src/tests_of_ours.rs", "fn t() {}"),
            ("gateway/x/tests/outer.rs", "fn t() {}"),
        ];
        let sources = Source::all(files.iter().map(|&(path, text)| (path, text.to_owned())));
        let of_product: Vec<_> = sources.iter().map(|each| !each.product.is_empty()).collect();
        assert_eq!(of_product, [true, false, false, true, false]);
    }

    #[test]
    fn names_are_compared_whole() {
        assert!(mentions("std::fs::read", "std::fs"));
        assert!(mentions("tokio::time::Instant::now", "Instant::now"));
        assert!(!mentions("std::fsx", "std::fs"));
    }

    #[test]
    fn test_functions_are_found_in_every_form() {
        let source = source(
            "#[test] fn a() {} #[tokio::test(flavor = \"x\")] async fn b() {} fn c() {}
             proptest! { #![config] #[test] fn d(x in 0..9) {} } #[inline] fn e() {}
             #[test] #[should_panic] pub(crate) fn g() {}",
        );
        let found = Vec::from_iter(test_functions(&source.tokens));
        assert_eq!(found, ["a", "b", "d", "g"]);
    }
}
