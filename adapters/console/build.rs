//! Puts the browser's files into the program: `gateway/web/dist` where it was built, else a page that says how.
//!
//! It writes a table of `include_bytes!` and no more: nothing is compressed or hashed here, since the build of
//! the web does both. Without that folder everything else builds and works as well.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The files that a browser loads by a name of their own, beside those of `assets`.
const AT_THE_TOP: [&str; 3] = ["index.html", "workspace.html", "favicon.svg"];
/// The most bytes of a file: the program must stay small.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let own = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo names no folder")?);
    let web = own.join("../../gateway/web");
    let built = web.join("dist");
    tell("cargo::rerun-if-changed=build.rs");
    let mut table = "&[\n".to_owned();
    if built.join("index.html").is_file() {
        tell(&format!("cargo::rerun-if-changed={}", built.display()));
        for name in AT_THE_TOP {
            if built.join(name).is_file() {
                add(&mut table, &built, name)?;
            }
        }
        for name in names(&built.join("assets"))? {
            add(&mut table, &built, &format!("assets/{name}"))?;
        }
    } else {
        // What is not there cannot be watched without a build each time, so the folder above is.
        let above = if web.is_dir() { web } else { own.join("../../gateway") };
        tell(&format!("cargo::rerun-if-changed={}", above.display()));
        tell("cargo::rerun-if-changed=src/placeholder.html");
        add_as(&mut table, "index.html", &own.join("src/placeholder.html"))?;
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no folder for output")?);
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// Cargo listens to what a build script prints.
fn tell(line: &str) {
    println!("{line}");
}

/// The files of a folder that are asked for by name, in order; what stands compressed beside them is not.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    if !folder.is_dir() {
        return Ok(names);
    }
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        // Maps of sources are for developers.
        if ![".br", ".gz", ".map"].iter().any(|ending| name.ends_with(ending)) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn add(table: &mut String, built: &Path, name: &str) -> Result<(), Box<dyn Error>> {
    add_as(table, name, &built.join(name))
}

fn add_as(table: &mut String, name: &str, file: &Path) -> Result<(), Box<dyn Error>> {
    let bytes = fs::metadata(file)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(
            format!("{} has {bytes} bytes: too large for the program", file.display()).into()
        );
    }
    let media_type = media_type(name).ok_or_else(|| {
        format!("{}: no media type is known for it; name it in build.rs", file.display())
    })?;
    let beside = |ending: &str| {
        let compressed = PathBuf::from(format!("{}.{ending}", file.display()));
        match compressed.is_file() {
            true => format!("Some(include_bytes!({}))", literal(&compressed)),
            false => "None".to_owned(),
        }
    };
    writeln!(
        table,
        "    Asset {{ name: {name:?}, media_type: {media_type:?}, plain: include_bytes!({}), \
         brotli: {}, gzip: {} }},",
        literal(file),
        beside("br"),
        beside("gz"),
    )?;
    Ok(())
}

fn literal(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}

/// What a browser is told of a file. None is guessed: a wrong one may make data into a program.
fn media_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml; charset=utf-8",
        "json" => "application/json; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json; charset=utf-8",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => return None,
    })
}
