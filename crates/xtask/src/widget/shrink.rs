//! wasm-opt and esbuild: the same behaviour in fewer bytes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::command;
use crate::tools::WidgetTools;
use crate::widget::compile::{Compiled, Pair};
use crate::widget::early;
use crate::widget::glue::{Glue, Names};
use crate::widget::sections::{called_only, without_custom_sections};
use crate::widget::texts::{self, Spoken};
use crate::workspace::Workspace;

/// What every browser that runs our module has had since 2023; esbuild writes nothing newer.
const JAVASCRIPT: &str = "--target=es2022";

/// Features rustc compiles for by default. wasm-opt must know them even when their section has been stripped.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Taken apart first, blocks and loops come out a hundredth smaller; a third round changes the bytes but hardly their
/// number.
const ROUNDS: [&str; 4] = ["--flatten", "--rereloop", "-Oz", "-Oz"];

/// What comes after the form brings its own style along.
const ORDER_STYLE: &str = "order.css";

/// What may be left at most, in percent. Of a development build wasm-opt leaves half, of a release three quarters;
/// when it leaves nearly all, it was called wrongly.
const LARGEST_REST: usize = 85;

/// The parts, small, and not yet named.
pub(crate) struct Shrunk {
    pub(crate) wasm: Vec<u8>,
    pub(crate) glue: Vec<u8>,
    pub(crate) css: Vec<u8>,
    /// What pages load that want the order steps, once somebody has signed up.
    pub(crate) order: Vec<u8>,
    pub(crate) order_wasm: Vec<u8>,
    pub(crate) order_css: Vec<u8>,
    /// What pages without a back end load besides.
    pub(crate) prover: Vec<u8>,
    pub(crate) solver: Vec<u8>,
    /// What draws the form before its module is there.
    pub(crate) early: Vec<u8>,
    /// With the placeholders of [`crate::widget::pack`] still in it.
    pub(crate) loader: Vec<u8>,
    /// The page's side of the isolated form.
    pub(crate) frame_host: Vec<u8>,
    /// The way to the server's own page, for pages that forbid wasm.
    pub(crate) hosted: Vec<u8>,
    /// The frame's own side, and its page with placeholders in it.
    pub(crate) frame: Vec<u8>,
    pub(crate) frame_page: Vec<u8>,
    /// Each language's name, and its parts.
    pub(crate) texts: Vec<Spoken>,
}

pub(crate) fn all(
    workspace: &Workspace,
    tools: &WidgetTools,
    compiled: &Compiled,
) -> Result<Shrunk> {
    let folder = workspace.scratch()?.join("shrunk");
    fs::create_dir_all(&folder)?;
    let script = |name: &str| {
        let from = workspace.path("widget/embed").join(name);
        esbuild(workspace, tools, &[JAVASCRIPT], &from, &folder.join(name))
    };
    // Our own entry of a module, with the glue that it imports under that name in it: so nothing of the glue is left
    // that the entry does not name.
    let entry = |name: &str, imported: &str, glue: &Path| {
        esbuild(
            workspace,
            tools,
            &[
                "--bundle",
                "--format=esm",
                JAVASCRIPT,
                &format!("--alias:{imported}={}", glue.display()),
            ],
            &workspace.path("widget/embed").join(name),
            &folder.join(name),
        )
    };
    let form = module(workspace, tools, &compiled.form, &folder, "widget")?;
    let order = module(workspace, tools, &compiled.order, &folder, "order")?;
    let solver = module(workspace, tools, &compiled.solver, &folder, "solver")?;
    let glue = entry("form.js", "doorstep-widget", &form.glue)?;
    let drawn = early::template(workspace, tools, &folder, &glue, &form.wasm)?;
    Ok(Shrunk {
        glue,
        early: early::with(&script("early.js")?, &drawn)?,
        wasm: form.wasm,
        order: entry("order.js", "doorstep-widget-order", &order.glue)?,
        order_wasm: order.wasm,
        order_css: esbuild(
            workspace,
            tools,
            &[],
            &workspace.path("widget/style").join(ORDER_STYLE),
            &folder.join(ORDER_STYLE),
        )?,
        prover: entry("prover.js", "doorstep-solver", &solver.glue)?,
        solver: solver.wasm,
        css: esbuild(
            workspace,
            tools,
            &[],
            &joined_styles(workspace, &folder)?,
            &folder.join("style.css"),
        )?,
        loader: script("loader.js")?,
        frame_host: script("frame_host.js")?,
        hosted: script("hosted.js")?,
        frame: script("frame.js")?,
        frame_page: fs::read(workspace.path("widget/embed/frame.html"))
            .context("widget/embed/frame.html cannot be read")?,
        texts: texts::all(workspace)?,
    })
}

/// A module as it is delivered, and its glue, which is yet to be bundled.
struct Shrunken {
    wasm: Vec<u8>,
    glue: PathBuf,
}

fn module(
    workspace: &Workspace,
    tools: &WidgetTools,
    compiled: &Pair,
    folder: &Path,
    name: &str,
) -> Result<Shrunken> {
    let script = fs::read_to_string(&compiled.glue)
        .with_context(|| format!("cannot read {}", compiled.glue.display()))?;
    let glue = Glue::of(&script)?;
    let called = called(folder, name);
    fs::write(&called, called_only(&fs::read(&compiled.wasm)?, &glue.exports())?)?;
    let small = folder.join(format!("{name}.wasm"));
    let (wasm, names) = wasm(workspace, tools, &called, &small)?;
    let path = folder.join(format!("{name}-glue.js"));
    fs::write(&path, glue.renamed(&names)?)?;
    Ok(Shrunken { wasm, glue: path })
}

/// Where a module is kept before wasm-opt has it.
pub(super) fn called(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}-called.wasm"))
}

/// As it is delivered, but for the names that say what is what.
pub(super) fn with_names(
    workspace: &Workspace,
    tools: &WidgetTools,
    from: &Path,
    to: &Path,
) -> Result<()> {
    let mut wasm_opt = tools.npm.wasm_opt();
    wasm_opt.args(ROUNDS).arg("-g").args(WASM_FEATURES).arg(from).arg("-o").arg(to);
    command::logged(workspace, "wasm-opt-named", &mut wasm_opt).map(drop)
}

fn wasm(
    workspace: &Workspace,
    tools: &WidgetTools,
    from: &Path,
    to: &Path,
) -> Result<(Vec<u8>, Names)> {
    let mut wasm_opt = tools.npm.wasm_opt();
    wasm_opt
        .args(ROUNDS)
        .args(["--strip-debug", "--strip-producers", "--strip-target-features"])
        .arg("--minify-imports-and-exports-and-modules")
        .args(WASM_FEATURES)
        .arg(from)
        .arg("-o")
        .arg(to);
    let log = command::logged(workspace, "wasm-opt", &mut wasm_opt)?;
    let (before, after) = (fs::read(from)?, without_custom_sections(&fs::read(to)?)?);
    ensure!(
        after.len() * 100 <= before.len() * LARGEST_REST,
        "wasm-opt made {} bytes of {}: it did not do its work",
        after.len(),
        before.len()
    );
    Ok((after, Names::read(&log.text)?))
}

fn esbuild(
    workspace: &Workspace,
    tools: &WidgetTools,
    options: &[&str],
    from: &Path,
    to: &Path,
) -> Result<Vec<u8>> {
    let mut esbuild = tools.npm.esbuild();
    // The licence comments of third parties are few and belong with the product, not in each visitor's download.
    esbuild.args(["--minify", "--legal-comments=none", "--log-level=warning"]);
    esbuild.args(options).arg(from);
    esbuild.arg(format!("--outfile={}", to.display()));
    command::logged(workspace, "esbuild", &mut esbuild)?;
    fs::read(to).with_context(|| format!("esbuild left no {}", to.display()))
}

/// The form's style sheets in the order of their names.
fn joined_styles(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let source = workspace.path("widget/style");
    let mut sheets: Vec<PathBuf> = fs::read_dir(&source)
        .with_context(|| format!("cannot list {}", source.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_none_or(|name| name != ORDER_STYLE))
        .filter(|path| path.extension().is_some_and(|extension| extension == "css"))
        .collect();
    sheets.sort();
    let mut joined = String::new();
    for sheet in sheets {
        joined.push_str(
            &fs::read_to_string(&sheet)
                .with_context(|| format!("cannot read {}", sheet.display()))?,
        );
        joined.push('\n');
    }
    let path = folder.join("joined.css");
    fs::write(&path, joined)?;
    Ok(path)
}
