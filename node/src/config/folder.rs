//! The data folder is for the node's owner alone: history is in it.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Bits of a mode that give others something.
const OTHERS: u32 = 0o077;
/// The bit of folders like `/tmp`, which are there for everybody.
const STICKY: u32 = 0o1000;

/// Closes an existing folder to others, if nothing lies in it but what souk puts there; says so, or why not. Never fails: the
/// files in it are closed to others themselves.
pub(super) fn keep_others_out(folder: &Path) {
    let Ok(mode) = folder.metadata().map(|there| there.permissions().mode()) else { return };
    if mode & OTHERS == 0 {
        return;
    }
    let closed = match is_ours_alone(folder) {
        Ok(true) if mode & STICKY == 0 => fs::set_permissions(folder, Permissions::from_mode(mode & !OTHERS)),
        Ok(_) => Err(io::Error::other("other files are in it, too")),
        Err(error) => Err(error),
    };
    let folder = folder.display();
    match closed {
        Ok(()) => tracing::warn!(%folder, "others could look into the data folder; now only its owner can"),
        Err(why) => tracing::warn!(%folder, %why, "others can look into the data folder: give souk one of its own"),
    }
}

/// Whether everything in the folder has a name that souk gives.
fn is_ours_alone(folder: &Path) -> io::Result<bool> {
    for file in fs::read_dir(folder)? {
        let name = file?.file_name();
        let Some(name) = name.to_str() else { return Ok(false) };
        let ours = name.starts_with("souk.") || name == "events" || name.ends_with(".secret") || name.starts_with('.');
        if !ours {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_souk_alone_is_closed_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let set = |mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let closed = || {
            keep_others_out(path);
            path.metadata().unwrap().permissions().mode() & 0o7777
        };
        for name in ["souk.db", "souk.db-wal", "store.secret", "souk.toml"] {
            fs::write(path.join(name), "").unwrap();
        }
        fs::create_dir(path.join("events")).unwrap();
        set(0o755);
        assert_eq!(closed(), 0o700);
        set(0o1777);
        assert_eq!(closed(), 0o1777, "a folder for everybody");
        fs::write(path.join("letters"), "").unwrap();
        set(0o755);
        assert_eq!(closed(), 0o755, "somebody else's as well");
        keep_others_out(&path.join("none"));
    }
}
