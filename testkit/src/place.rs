//! Where things are: the program under test, the folder for what the tests make, one test process at a time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

/// The checkout.
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is a folder of the checkout")
}

/// The folder with everything that the tests make, shared by all test processes.
pub fn work_dir() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = profile_dir().join("souk-tests");
        fs::create_dir_all(&dir).expect("the target folder can be written");
        dir
    })
}

/// A new folder in it, deleted when dropped.
pub fn folder(name: &str) -> TempDir {
    let folder = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(work_dir());
    folder.expect("the target folder can be written")
}

/// `target/<profile>`: this program is in its folder `deps`.
fn profile_dir() -> PathBuf {
    let me = std::env::current_exe().expect("a running program has a path");
    me.ancestors().nth(2).expect("test programs are in target/<profile>/deps").to_owned()
}

/// Does `work` while no other test process does anything under the same name.
pub fn alone<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let lock = File::create(work_dir().join(format!("{name}.lock"))).expect("the target folder can be written");
    lock.lock().expect("a local file can be locked");
    work()
}

/// The program under test: `SOUK_BIN`, or built now, in the profile of this program.
pub fn souk() -> &'static Path {
    static SOUK: OnceLock<PathBuf> = OnceLock::new();
    SOUK.get_or_init(|| match std::env::var_os("SOUK_BIN") {
        Some(given) => PathBuf::from(given),
        None => alone("build", build),
    })
}

fn build() -> PathBuf {
    let profile = profile_dir();
    let target = profile.parent().expect("a profile is a folder of the target folder");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--quiet", "--package", "souk-node", "--bin", "souk", "--target-dir"]).arg(target);
    if profile.file_name().is_some_and(|name| name == "release") {
        cargo.arg("--release");
    }
    let status = cargo.current_dir(checkout()).status().expect("cargo can be run");
    assert!(status.success(), "souk does not build");
    profile.join("souk")
}
