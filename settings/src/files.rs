//! Reading files that people name: configuration, words, keys, secrets, scenarios.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Largest of them, in bytes.
const FILE_BYTES: u64 = 1024 * 1024;

/// What the file holds. Never waits for another program: what is no regular file (a pipe, a device, a folder) is not read. Errors: those of
/// the system, [`io::ErrorKind::InvalidInput`] for no regular file, [`io::ErrorKind::FileTooLarge`].
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    // It may grow while it is read.
    file.take(FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES { Err(too_large()) } else { Ok(bytes) }
}

/// The same for a text. Errors: as there, and [`io::ErrorKind::InvalidData`] for what is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

fn open(path: &Path) -> io::Result<File> {
    // A pipe that nobody writes to would hold who opens it, without this.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    if metadata.len() > FILE_BYTES { Err(too_large()) } else { Ok(file) }
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_testkit::disk::pipe;

    #[test]
    fn only_regular_files_of_a_bounded_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::write(&path, "é").unwrap();
        assert_eq!(read_text(&path).unwrap(), "é");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(read_text(&link).unwrap(), "é", "secrets are often mounted as links");
        std::fs::write(&path, [0xff]).unwrap();
        assert_eq!(read_text(&path).unwrap_err().to_string(), "it is not UTF-8");
        std::fs::write(&path, vec![b'a'; 1024 * 1024]).unwrap();
        assert_eq!(read(&path).unwrap().len(), 1024 * 1024);
        std::fs::write(&path, vec![b'a'; 1024 * 1024 + 1]).unwrap();
        assert_eq!(read(&path).unwrap_err().to_string(), "it is larger than 1 MiB");
        let nowhere = pipe(folder.path());
        for odd in [&nowhere, folder.path(), Path::new("/dev/zero")] {
            assert_eq!(read(odd).unwrap_err().to_string(), "it is not a regular file", "{}", odd.display());
        }
    }
}
