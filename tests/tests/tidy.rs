//! House rules, as tests: who may depend on whom, what may stand where, what no file may contain.
//!
//! A failure names the file or the crate and says what to do. A rule that has become wrong is changed here, in the
//! open, and not worked around.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand};

/// The arrows of the design: a crate may name these, and whatever these may name.
const ARROWS: [(&str, &[&str]); 17] = [
    ("doorstep-fields", &[]),
    ("doorstep-texts", &["doorstep-fields"]),
    ("doorstep-wire", &["doorstep-fields"]),
    ("doorstep-accounts", &["doorstep-wire"]),
    ("doorstep-store", &["doorstep-accounts"]),
    ("doorstep-register", &["doorstep-store"]),
    ("doorstep-dialects", &["doorstep-accounts"]),
    ("doorstep-puzzle", &[]),
    ("doorstep-solver", &["doorstep-puzzle"]),
    (
        "doorstep-server",
        &[
            "doorstep-register",
            "doorstep-dialects",
            "doorstep-puzzle",
            "doorstep-texts",
            "doorstep-handbook",
        ],
    ),
    ("doorstep-widget-kit", &["doorstep-wire"]),
    ("doorstep-widget", &["doorstep-widget-kit", "doorstep-texts"]),
    ("doorstep-widget-order", &["doorstep-widget-kit", "doorstep-texts"]),
    ("doorstep-panel", &["doorstep-wire"]),
    ("doorstep-handbook", &[]),
    ("doorstep-fuzz", &["doorstep-dialects", "doorstep-puzzle"]),
    ("xtask", &["doorstep-texts"]),
];

/// May name anything; nothing may name it.
const TESTS: &str = "doorstep-tests";

/// What runs in a page.
const WIDGETS: [&str; 3] = ["doorstep-widget-kit", "doorstep-widget", "doorstep-widget-order"];

/// Libraries that make a crate what it is, and who may name them.
const CONFINED: [(&str, &[&str]); 8] = [
    // The tests look into the database beside the server, which may be what is wrong.
    ("sqlx", &["doorstep-store", TESTS]),
    ("axum", &["doorstep-server", "doorstep-panel", TESTS]),
    ("reqwest", &["doorstep-server", "doorstep-panel", TESTS]),
    ("hyper", &["doorstep-server", "doorstep-panel", TESTS]),
    ("lettre", &["doorstep-server"]),
    ("leptos", &WIDGETS),
    ("web-sys", &WIDGETS),
    ("js-sys", &WIDGETS),
];

/// These do no I/O: three of them run in the browser, and the others are tested without a disk or a socket.
const PURE: [&str; 6] = [
    "doorstep-fields",
    "doorstep-texts",
    "doorstep-wire",
    "doorstep-puzzle",
    "doorstep-accounts",
    "doorstep-dialects",
];
const IO: [&str; 4] = ["tokio", "sqlx", "axum", "reqwest"];

/// All that a person who lists the checkout sees.
const TOP_LEVEL: [&str; 15] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "Trunk.toml",
    "crates",
    "index.html",
    "migrations",
    "server",
    "tests",
    "widget",
];

/// What git ignores there: build products, and what a server started by hand writes.
const TOP_LEVEL_IGNORED: [&str; 5] =
    ["target", "node_modules", "doorstep.db", "doorstep.keys", "doorstep.toml"];

/// Where the clock, chance and the environment are what everybody else is given.
const AMBIENT: [&str; 7] = [
    "server/src/system.rs",
    "server/build.rs",
    "crates/dialects/build.rs",
    "crates/fields/build.rs",
    "widget/build.rs",
    "widget/order/build.rs",
    "crates/panel/src/bin/doorstep-demo-panel/settings.rs",
];

/// Files that people read and write. Goldens and snapshots are not among them: a blank at a line's end may be meant.
const TEXT: [&str; 14] = [
    "rs", "toml", "md", "js", "mjs", "ts", "css", "html", "sql", "json", "yml", "yaml", "sh", "py",
];

#[test]
fn crates_depend_only_along_the_arrows() {
    let metadata = metadata();
    let ours: BTreeSet<&str> =
        metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.into();
    let mut faults = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.name.as_str() != TESTS) {
        if !arrows.contains_key(package.name.as_str()) {
            faults.push(format!("{} is not in ARROWS: give it its place there", package.name));
            continue;
        }
        let allowed = reachable(&package.name, &arrows);
        for dependency in package.dependencies.iter().map(|dependency| dependency.name.as_str()) {
            if ours.contains(dependency) && !allowed.contains(dependency) {
                faults.push(format!(
                    "{} depends on {dependency}: move what it needs to a crate both may name",
                    package.name
                ));
            }
        }
    }
    none(&faults);
}

#[test]
fn libraries_stay_where_they_belong() {
    let metadata = metadata();
    let mut faults = Vec::new();
    for package in &metadata.packages {
        for dependency in &package.dependencies {
            for (library, homes) in CONFINED {
                if belongs_to(&dependency.name, library) && !homes.contains(&package.name.as_str())
                {
                    faults.push(format!(
                        "{} names {}: only {homes:?} may",
                        package.name, dependency.name
                    ));
                }
            }
            if PURE.contains(&package.name.as_str())
                && IO.iter().any(|io| belongs_to(&dependency.name, io))
            {
                faults.push(format!(
                    "{} does no I/O and names {}: take the value as an argument",
                    package.name, dependency.name
                ));
            }
        }
    }
    none(&faults);
}

#[test]
fn the_top_level_stays_readable() {
    let mut faults = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let ignored = TOP_LEVEL_IGNORED.iter().any(|ignored| name.starts_with(ignored));
        if !name.starts_with('.') && !ignored && !TOP_LEVEL.contains(&name.as_str()) {
            faults.push(format!(
                "{name} does not belong at the top level: move it into one of the folders"
            ));
        }
    }
    none(&faults);
}

#[test]
fn each_rust_file_says_what_it_is_for() {
    check_files(&["rs"], |file| {
        // A library's first words may be its README, which is read on other sites as well.
        let says = ["//!", "#![doc = include_str!("]
            .iter()
            .any(|opening| file.content.starts_with(opening));
        (!says).then(|| "begin with a `//!` line that says what the file is for".to_owned())
    });
}

#[test]
fn no_line_ends_in_a_blank() {
    check_files(&TEXT, |file| {
        let line = file.content.lines().position(|line| line.ends_with([' ', '\t', '\r']))?;
        Some(format!("line {} ends in a blank: remove it", line + 1))
    });
}

#[test]
fn each_text_file_ends_in_one_line_break() {
    check_files(&TEXT, |file| {
        let is_right = file.content.is_empty()
            || (file.content.ends_with('\n') && !file.content.ends_with("\n\n"));
        (!is_right).then(|| "end the file with one line break".to_owned())
    });
}

#[test]
fn no_test_is_left_out_and_nothing_is_left_undone() {
    // Put together here, so that this file does not contain them.
    let rust = ["#[ignore", "todo!", "unimplemented!"].map(|word| word.replace('!', "!("));
    let script = ["only", "skip", "todo"].map(|word| format!(".{word}("));
    let this_file = Path::new("tests/tests/tidy.rs");
    check_files(&["rs", "js", "mjs", "ts"], |file| {
        let is_rust = file.path.extension().is_some_and(|extension| extension == "rs");
        if file.path == this_file {
            return None;
        }
        let words = if is_rust { &rust } else { &script };
        let word = words.iter().find(|word| file.content.contains(word.as_str()))?;
        Some(format!("contains `{word}`: finish it, or assert what happens today and say why"))
    });
}

#[test]
fn the_nouns_are_not_wire_types() {
    check_files(&["rs"], |file| {
        let code_mentions =
            |line: &str| !line.trim_start().starts_with("//") && line.contains("Serialize");
        (file.path.starts_with("crates/accounts") && file.content.lines().any(code_mentions)).then(
            || {
                "what crosses a wire gets its own type, in `wire`, `dialects` or the server"
                    .to_owned()
            },
        )
    });
}

/// whoever takes time and chance as arguments can be tested at any time and with any
/// chance.
#[test]
fn time_and_chance_are_arguments() {
    let bans = fs::read_to_string(root().join(".clippy.toml")).unwrap();
    for banned in
        ["std::time::SystemTime::now", "jiff::Timestamp::now", "getrandom::fill", "std::env::var"]
    {
        assert!(bans.contains(banned), ".clippy.toml no longer bans {banned}");
    }
    let words = ["disallowed_methods", "SystemRandom", "OsRng", "thread_rng", "rand::rng("];
    check_files(&["rs"], |file| {
        let product = ["crates", "server", "widget"].iter().any(|part| file.path.starts_with(part));
        let exempt = AMBIENT.iter().any(|place| file.path == Path::new(place));
        let (code, _) = file.content.split_once("#[cfg(test)]").unwrap_or((&file.content, ""));
        let word = words.iter().find(|word| code.contains(**word))?;
        (product && !exempt && !file.path.starts_with("crates/xtask")).then(|| {
            format!(
                "contains `{word}`: take `accounts::Clock` or `accounts::Entropy` as an argument"
            )
        })
    });
}

/// A text file, its path relative to the checkout.
struct TextFile {
    path: PathBuf,
    content: String,
}

/// Holds a rule over all our files with one of `extensions`; the rule answers with what to do.
fn check_files(extensions: &[&str], rule: impl Fn(&TextFile) -> Option<String>) {
    let mut paths = Vec::new();
    collect(&root(), &mut paths);
    let mut faults = Vec::new();
    let mut seen = 0;
    for path in paths {
        if !path
            .extension()
            .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted))
        {
            continue;
        }
        let content =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file =
            TextFile { path: path.strip_prefix(root()).unwrap_or(&path).to_path_buf(), content };
        faults.extend(rule(&file).map(|fault| format!("{}: {fault}", file.path.display())));
        seen += 1;
    }
    assert!(seen > 0, "no file was looked at: the rule has lost its subject");
    none(&faults);
}

/// Our own files: not what is built, installed or kept by git.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the checkout can be listed") {
        let entry = entry.expect("a folder of the checkout can be listed");
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_file() {
            paths.push(path);
        } else if !["target", "node_modules", ".git", ".doorstep"].contains(&name.as_str()) {
            collect(&path, paths);
        }
    }
}

/// What a crate may name: its arrows' ends, and what these may name.
fn reachable<'a>(package: &str, arrows: &BTreeMap<&str, &'a [&'a str]>) -> BTreeSet<&'a str> {
    let direct = arrows.get(package).copied().unwrap_or_default();
    direct.iter().flat_map(|next| reachable(next, arrows).into_iter().chain([*next])).collect()
}

/// `sqlx-core` belongs to `sqlx`, `leptos_router` to `leptos`.
fn belongs_to(dependency: &str, library: &str) -> bool {
    dependency
        .strip_prefix(library)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n  {}\n", faults.join("\n  "));
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo reads the workspace")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate is in the checkout")
        .to_path_buf()
}
