//! A disk of a few megabytes, in memory.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]
#![allow(clippy::print_stderr, reason = "what is left out is said loudly")]
#![allow(unreachable_pub, reason = "a module of a test program is reached by that program alone")]

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A mounted file system; unmounted when dropped.
pub struct TinyDisk {
    folder: TempDir,
}

impl TinyDisk {
    /// Mounts one of this size, as `mount` writes it. `None`, loudly, where nobody may.
    pub fn mount(size: &str) -> Option<Self> {
        let disk = Self { folder: tempfile::tempdir().unwrap() };
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "souk-test"])
            .arg(disk.folder.path())
            .output();
        if mounted.as_ref().is_ok_and(|mounted| mounted.status.success()) {
            return Some(disk);
        }
        assert!(std::env::var("SOUK_REQUIRE").as_deref() != Ok("all"), "a tmpfs cannot be mounted: {mounted:?}");
        eprintln!("LEFT OUT: a test on a full disk, because this user may not mount a tmpfs");
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives it this size.
    pub fn grow(&self, size: &str) {
        let grown =
            Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(self.folder.path()).status();
        assert!(grown.unwrap().success());
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        // Lazily: whatever still has a file open there keeps it until it ends.
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}
