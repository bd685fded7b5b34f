//! Tools that cargo installs: trunk, wasm-bindgen and geckodriver.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

use crate::command;
use crate::screen::Screen;
use crate::workspace::Workspace;

/// Newer ones (0.22) want a newer rustc than our `rust-version`.
const TRUNK_VERSION: &str = "0.21.14";

/// Drives Firefox from version 140 on, which is Debian's.
const GECKODRIVER_VERSION: &str = "0.37.1";

struct CargoTool {
    program: &'static str,
    package: &'static str,
    version: String,
    /// Whether the lock file the package ships can be used.
    locked: bool,
    /// How much of the compiler's time the tool's own speed is worth.
    opt_level: &'static str,
}

pub(crate) fn trunk(workspace: &Workspace, screen: &Screen) -> Result<PathBuf> {
    CargoTool {
        program: "trunk",
        package: "trunk",
        version: TRUNK_VERSION.to_owned(),
        locked: true,
        // It starts other programs and copies files.
        opt_level: "0",
    }
    .ensure(workspace, screen)
}

pub(crate) fn geckodriver(workspace: &Workspace, screen: &Screen) -> Result<PathBuf> {
    CargoTool {
        program: "geckodriver",
        package: "geckodriver",
        version: GECKODRIVER_VERSION.to_owned(),
        locked: true,
        // It hands messages on.
        opt_level: "0",
    }
    .ensure(workspace, screen)
}

/// wasm-bindgen refuses a module that was linked with any other version of its library, so ours is the locked one.
///
/// Its own lock file names a crate version that not every registry mirror carries; ours is resolved afresh.
pub(crate) fn wasm_bindgen(workspace: &Workspace, screen: &Screen) -> Result<PathBuf> {
    let version = workspace.locked_version("wasm-bindgen")?;
    // It rewrites a megabyte of wasm at every build.
    CargoTool {
        program: "wasm-bindgen",
        package: "wasm-bindgen-cli",
        version,
        locked: false,
        opt_level: "1",
    }
    .ensure(workspace, screen)
}

impl CargoTool {
    fn ensure(&self, workspace: &Workspace, screen: &Screen) -> Result<PathBuf> {
        if let Some(path) = self.find() {
            return Ok(path);
        }
        let title = format!(
            "Installing {} {} into cargo's home (compiled here: several minutes, once)",
            self.package, self.version
        );
        screen.step(&title, || self.install(workspace))?;
        self.find().with_context(|| {
            format!("`{}` was installed but is not in cargo's bin folder", self.program)
        })
    }

    fn find(&self) -> Option<PathBuf> {
        let in_cargo_home = cargo_home().map(|home| {
            home.join("bin").join(format!("{}{}", self.program, env::consts::EXE_SUFFIX))
        });
        let on_path = which::which(self.program).ok();
        in_cargo_home.into_iter().chain(on_path).find(|path| self.is_right(path))
    }

    fn is_right(&self, path: &Path) -> bool {
        command::ask(command::new(path).arg("--version"))
            .is_some_and(|answer| answer.split_whitespace().nth(1) == Some(self.version.as_str()))
    }

    fn install(&self, workspace: &Workspace) -> Result<()> {
        let mut cargo = command::new("cargo");
        // A target folder of our own lets a broken-off installation go on where it stopped. The tools work for a
        // second at a time, so the minutes that their own profile with fat LTO takes would never come back.
        let target = workspace.scratch()?.join("install");
        cargo
            .current_dir(workspace.root())
            .args(["install", self.package, "--version", &self.version])
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", self.opt_level);
        if self.locked {
            cargo.arg("--locked");
        }
        command::logged(workspace, &format!("install-{}", self.package), &mut cargo).with_context(
            || {
                let locked = if self.locked { " --locked" } else { "" };
                format!(
                    "install it by hand: cargo install {} --version {}{locked}",
                    self.package, self.version
                )
            },
        )?;
        fs::remove_dir_all(&target).with_context(|| format!("cannot remove {}", target.display()))
    }
}

fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
}
