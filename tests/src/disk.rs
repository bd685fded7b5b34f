//! A disk that is small enough to be filled.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A file system of its own in a temporary folder, gone when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Makes one of so many KiB.
    ///
    /// # Panics
    /// Says what is missing when nothing may be mounted here.
    pub fn of_kib(size: u32) -> Self {
        let folder = tempfile::Builder::new().prefix("doorstep-disk-").tempdir().expect("a folder");
        let owner =
            std::os::unix::fs::MetadataExt::uid(&folder.path().metadata().expect("it is there"));
        let options = format!("size={size}k,mode=700,uid={owner}");
        let mounted = as_root("mount")
            .args(["-t", "tmpfs", "-o", &options, "doorstep-test"])
            .arg(folder.path())
            .output()
            .expect("mount is a program");
        assert!(
            mounted.status.success(),
            "a tmpfs is needed to be filled: run the tests as root or let sudo mount without asking\n{}",
            String::from_utf8_lossy(&mounted.stderr)
        );
        Self { folder }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the room that is left.
    pub fn fill(&self) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.ballast());
        let file: &mut File = file.as_mut().expect("a file");
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    /// Gives it back.
    pub fn make_room(&self) {
        std::fs::remove_file(self.ballast()).expect("it was filled");
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that a failing test left may still have its files.
        let _ = as_root("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}

fn as_root(program: &str) -> Command {
    let is_root = std::fs::metadata("/proc/self")
        .is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    if is_root {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["--non-interactive", program]);
    command
}
