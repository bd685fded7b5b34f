//! The compiler for `wasm32-unknown-unknown`: rustup's where the target can be had, else Debian's.
//!
//! Debian ships the standard library's source of exactly its compiler's version, so that compiler can build the
//! library for wasm itself. That needs two unstable flags of cargo, switched on for these calls alone; everything
//! native builds with the stable toolchain.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::command;
use crate::screen::Screen;
use crate::tools::debian;
use crate::widget::Mode;
use crate::workspace::Workspace;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Takes one way and no other: `rustup` or `debian`.
const CHOICE: &str = "DOORSTEP_WASM_COMPILER";

const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// A release's panics say nothing and cost nothing: 9 kB brotli less than unwinding to a message.
const RELEASE_FLAGS: &str =
    "-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Zfmt-debug=none";

/// A way to compile for wasm that works on this machine.
pub(crate) enum Compiler {
    /// The toolchain in use has the target's standard library, compiled.
    Installed,
    /// The toolchain in use has the standard library's source.
    InstalledSource,
    /// Debian's compiler and the linker of the same LLVM.
    Debian { linker: PathBuf },
}

impl Compiler {
    /// Finds a compiler, or installs one: what is there first, then rustup, then Debian.
    pub(crate) fn ensure(workspace: &Workspace, screen: &Screen, mode: Mode) -> Result<Self> {
        let choice = env::var(CHOICE).unwrap_or_default();
        match choice.as_str() {
            "debian" => return Self::debian_or_install(workspace, screen),
            "rustup" => {
                add_target(workspace, screen)?;
                return Ok(Self::installed(workspace, screen, mode));
            }
            "" => {}
            other => bail!("{CHOICE} is `{other}`; it may be `rustup` or `debian`"),
        }
        if has_target() {
            return Ok(Self::installed(workspace, screen, mode));
        }
        if let Some(debian) = Self::debian() {
            return Ok(debian);
        }
        let Err(refused) = add_target(workspace, screen) else {
            return Ok(Self::installed(workspace, screen, mode));
        };
        screen.say("  rustup cannot add the wasm target here; taking Debian's compiler instead");
        Self::debian_or_install(workspace, screen).with_context(|| {
            format!("no compiler for {TARGET}; install one by hand: rustup target add {TARGET}\n{refused:#}")
        })
    }

    /// What tells two compilers' products apart.
    pub(crate) fn name(&self) -> String {
        let rustc = match self {
            Self::Installed | Self::InstalledSource => "rustc",
            Self::Debian { .. } => DEBIAN_RUSTC,
        };
        let version = command::ask(command::new(rustc).arg("--version")).unwrap_or_default();
        let library =
            if self.builds_library() { "its own library" } else { "the library as shipped" };
        format!("{version}, {library}")
    }

    /// A cargo that compiles for wasm into `target/widget`.
    pub(crate) fn cargo(&self, workspace: &Workspace, mode: Mode) -> Result<Command> {
        let mut command =
            command::new(if matches!(self, Self::Debian { .. }) { DEBIAN_CARGO } else { "cargo" });
        command.current_dir(workspace.root());
        self.configure(&mut command, workspace, mode, &[])?;
        Ok(command)
    }

    /// Sets a command up so that the cargo it finds compiles for wasm, and that it finds `tools` first on its path.
    pub(crate) fn configure(
        &self,
        command: &mut Command,
        workspace: &Workspace,
        mode: Mode,
        tools: &[&Path],
    ) -> Result<()> {
        let mut tools = tools.to_vec();
        // Two compilers in one target folder throw each other's work away.
        command.env("CARGO_TARGET_DIR", workspace.path("target/widget"));
        if let Self::Debian { linker } = self {
            tools.extend([Path::new(DEBIAN_CARGO), Path::new(DEBIAN_RUSTC)]);
            command
                .env("RUSTC", DEBIAN_RUSTC)
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                .env_remove("RUSTUP_TOOLCHAIN")
                // `cargo run` put the stable compiler's libraries there.
                .env_remove("LD_LIBRARY_PATH");
        }
        if self.builds_library() {
            command
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
                .env("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size");
            if mode == Mode::Release {
                command.env("RUSTFLAGS", RELEASE_FLAGS);
            }
        }
        let folder = if matches!(self, Self::Debian { .. }) { "bin-debian" } else { "bin-rustup" };
        command.env("PATH", path_with(&workspace.scratch()?.join(folder), &tools)?);
        Ok(())
    }

    fn builds_library(&self) -> bool {
        !matches!(self, Self::Installed)
    }

    /// A release is worth compiling the standard library for size, where its source can be had.
    fn installed(workspace: &Workspace, screen: &Screen, mode: Mode) -> Self {
        if mode == Mode::Release && (has_source("rustc") || add_source(workspace, screen).is_ok()) {
            Self::InstalledSource
        } else {
            Self::Installed
        }
    }

    fn debian() -> Option<Self> {
        if !Path::new(DEBIAN_CARGO).is_file() || !has_source(DEBIAN_RUSTC) {
            return None;
        }
        let linker = which::which(format!("wasm-ld-{}", llvm_major()?)).ok()?;
        Some(Self::Debian { linker })
    }

    fn debian_or_install(workspace: &Workspace, screen: &Screen) -> Result<Self> {
        if let Some(debian) = Self::debian() {
            return Ok(debian);
        }
        debian::install(workspace, screen, &DEBIAN_PACKAGES, "Debian's Rust compiler, for wasm")?;
        let linker =
            format!("lld-{}", llvm_major().context("/usr/bin/rustc does not name its LLVM")?);
        debian::install(workspace, screen, &[&linker], "the wasm linker")?;
        Self::debian().context("Debian's compiler is installed but not complete")
    }
}

fn add_target(workspace: &Workspace, screen: &Screen) -> Result<()> {
    if has_target() {
        return Ok(());
    }
    if which::which("rustup").is_err() {
        bail!("rustup is not on this machine");
    }
    screen.step("Adding the wasm target with rustup (a download of some 20 MB)", || {
        rustup(workspace, &["target", "add", TARGET])
    })
}

fn add_source(workspace: &Workspace, screen: &Screen) -> Result<()> {
    if which::which("rustup").is_err() {
        bail!("rustup is not on this machine");
    }
    screen.step("Adding the standard library's source with rustup", || {
        rustup(workspace, &["component", "add", "rust-src"])
    })
}

fn rustup(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let mut rustup = command::new("rustup");
    // A mirror that refuses will refuse again: one more try, not three.
    rustup.current_dir(workspace.root()).args(arguments).env("RUSTUP_MAX_RETRIES", "1");
    command::logged(workspace, "rustup", &mut rustup).map(drop)
}

fn has_target() -> bool {
    command::ask(command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]))
        .is_some_and(|folder| {
            fs::read_dir(folder).is_ok_and(|files| {
                files
                    .flatten()
                    .any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
            })
        })
}

fn has_source(rustc: &str) -> bool {
    command::ask(command::new(rustc).args(["--print", "sysroot"])).is_some_and(|sysroot| {
        Path::new(&sysroot).join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file()
    })
}

fn llvm_major() -> Option<String> {
    let answer = command::ask(command::new(DEBIAN_RUSTC).arg("-vV"))?;
    let version = answer.lines().find_map(|line| line.strip_prefix("LLVM version: "))?;
    version.split('.').next().map(str::to_owned)
}

/// `PATH` with a folder of links in front, so that exactly these programs are found whatever else is installed.
fn path_with(folder: &Path, programs: &[&Path]) -> Result<OsString> {
    fs::create_dir_all(folder)?;
    for program in programs {
        let Some(name) = program.file_name() else { continue };
        let place = folder.join(name);
        if fs::canonicalize(&place).ok() != fs::canonicalize(program).ok() {
            fs::remove_file(&place).ok();
            link(program, &place).with_context(|| format!("cannot link {}", program.display()))?;
        }
    }
    let inherited = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths([folder.to_path_buf()].into_iter().chain(env::split_paths(&inherited)))?)
}

#[cfg(unix)]
fn link(program: &Path, place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(program, place)
}

#[cfg(not(unix))]
fn link(program: &Path, place: &Path) -> std::io::Result<()> {
    fs::copy(program, place).map(drop)
}
