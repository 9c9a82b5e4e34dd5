//! A disk of a few megabytes, in memory; what lies on disks beside files.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::left_out;

/// A pipe in `folder` that nobody writes to.
pub fn pipe(folder: &Path) -> PathBuf {
    let path = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo is there").success());
    path
}

/// A mounted file system; unmounted when dropped.
pub struct TinyDisk(TempDir);

impl TinyDisk {
    /// Mounts one of this size, as `mount` writes it, for `test`. `None`, loudly, where nobody may.
    pub fn mount(test: &str, size: &str) -> Option<Self> {
        let disk = Self(tempfile::tempdir().expect("there is a folder for temporary files"));
        if mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "souk-test"], disk.path()) {
            return Some(disk);
        }
        left_out::leave_out(test, "the right to mount a tmpfs", "run it as root");
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Gives it this size.
    pub fn resize(&self, size: &str) {
        assert!(mount(&["-o", &format!("remount,size={size}")], self.path()), "a tmpfs takes another size");
    }
}

fn mount(words: &[&str], at: &Path) -> bool {
    Command::new("mount").args(words).arg(at).status().is_ok_and(|status| status.success())
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        // Lazily: whatever still has a file open there keeps it until it ends.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
