//! wasm-opt and esbuild: the same behaviour in fewer bytes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use wasm_encoder::{Module, RawSection};
use wasmparser::{Parser, Payload};

use crate::command;
use crate::tools::WidgetTools;
use crate::widget::compile::Compiled;
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

/// What may be left at most, in percent. Of a development build wasm-opt leaves half, of a release three quarters;
/// when it leaves nearly all, it was called wrongly.
const LARGEST_REST: usize = 85;

/// The parts, small, and not yet named.
pub(crate) struct Shrunk {
    pub(crate) wasm: Vec<u8>,
    pub(crate) glue: Vec<u8>,
    pub(crate) css: Vec<u8>,
    /// What pages without a back end load besides.
    pub(crate) prover: Vec<u8>,
    pub(crate) solver: Vec<u8>,
    /// With the placeholders of [`crate::widget::pack`] still in it.
    pub(crate) loader: Vec<u8>,
    /// The page's side of the isolated form.
    pub(crate) frame_host: Vec<u8>,
    /// The frame's own side, and its page with placeholders in it.
    pub(crate) frame: Vec<u8>,
    pub(crate) frame_page: Vec<u8>,
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
    Ok(Shrunk {
        wasm: wasm(workspace, tools, &compiled.wasm, &folder.join("widget.wasm"))?,
        solver: wasm(workspace, tools, &compiled.solver_wasm, &folder.join("solver.wasm"))?,
        prover: esbuild(
            workspace,
            tools,
            &[
                "--bundle",
                "--format=esm",
                JAVASCRIPT,
                &format!("--alias:doorstep-solver={}", compiled.solver_glue.display()),
            ],
            &workspace.path("widget/embed/prover.js"),
            &folder.join("prover.js"),
        )?,
        // Bundled, because wasm-bindgen may put inline snippets of a dependency beside its glue.
        glue: esbuild(
            workspace,
            tools,
            &["--bundle", "--format=esm", JAVASCRIPT],
            &compiled.glue,
            &folder.join("glue.js"),
        )?,
        css: esbuild(
            workspace,
            tools,
            &[],
            &joined_styles(workspace, &folder)?,
            &folder.join("style.css"),
        )?,
        loader: script("loader.js")?,
        frame_host: script("frame_host.js")?,
        frame: script("frame.js")?,
        frame_page: fs::read(workspace.path("widget/embed/frame.html"))
            .context("widget/embed/frame.html cannot be read")?,
    })
}

fn wasm(workspace: &Workspace, tools: &WidgetTools, from: &Path, to: &Path) -> Result<Vec<u8>> {
    let mut wasm_opt = tools.npm.wasm_opt();
    // One round: a second changes the bytes but hardly their number, and takes as long again.
    wasm_opt
        .args(["-Oz", "--strip-debug", "--strip-producers", "--strip-target-features"])
        .args(WASM_FEATURES)
        .arg(from)
        .arg("-o")
        .arg(to);
    command::logged(workspace, "wasm-opt", &mut wasm_opt)?;
    let (before, after) = (fs::read(from)?, without_custom_sections(&fs::read(to)?)?);
    ensure!(
        after.len() * 100 <= before.len() * LARGEST_REST,
        "wasm-opt made {} bytes of {}: it did not do its work",
        after.len(),
        before.len()
    );
    Ok(after)
}

/// wasm-opt strips the sections it knows; dependencies leave others, for tools that we do not use. No browser reads them.
fn without_custom_sections(module: &[u8]) -> Result<Vec<u8>> {
    let mut stripped = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.context("wasm-opt wrote no valid module")?;
        if matches!(payload, Payload::CustomSection(_)) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
            stripped.section(&RawSection { id, data: &module[range] });
        }
    }
    Ok(stripped.finish())
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

/// The style sheets in the order of their names.
fn joined_styles(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let source = workspace.path("widget/style");
    let mut sheets: Vec<PathBuf> = fs::read_dir(&source)
        .with_context(|| format!("cannot list {}", source.display()))?
        .flatten()
        .map(|entry| entry.path())
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
