//! Where the program `souk` is.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use souk_testkit::failure::{Failure, LogEnd};

use super::{TargetError, Tell};

/// The checkout that this program was built from. It may be gone by now.
pub(super) fn checkout() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    folder.join("node/Cargo.toml").is_file().then(|| folder.to_owned())
}

/// The program `souk`: the given one; otherwise the one beside this program; otherwise, in a checkout, it is built, which takes
/// minutes the first time.
pub async fn find_souk(given: Option<&Path>, tell: Tell<'_>) -> Result<PathBuf, TargetError> {
    if let Some(path) = given {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        return match path.is_file() {
            true => Ok(path),
            false => Err(TargetError::NoProgram(format!("{} is not there; --souk must name it", path.display()))),
        };
    }
    let beside = std::env::current_exe().ok().and_then(|me| Some(me.parent()?.join("souk")));
    match (beside.filter(|path| path.is_file()), checkout()) {
        (Some(path), _) => Ok(path),
        (None, Some(checkout)) => build(&checkout, tell).await,
        (None, None) => Err(TargetError::NoProgram(
            "it is not beside this program, and there is no checkout to build it from: name it with --souk PATH"
                .to_owned(),
        )),
    }
}

async fn build(checkout: &Path, tell: Tell<'_>) -> Result<PathBuf, TargetError> {
    const COMMAND: [&str; 6] = ["build", "--release", "-p", "souk-node", "--message-format", "json-render-diagnostics"];
    tell("building souk first: cargo build --release -p souk-node (some minutes the first time)");
    let mut command = tokio::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(COMMAND).current_dir(checkout).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(Failure::system("running cargo"))?;
    if !output.status.success() {
        let log = LogEnd::of(&String::from_utf8_lossy(&output.stderr));
        let command = format!("cargo {}", COMMAND[..4].join(" "));
        return Err(Failure::Command { command, status: output.status.to_string(), log }.into());
    }
    let built = built_program(&String::from_utf8_lossy(&output.stdout));
    built.ok_or_else(|| TargetError::NoProgram("cargo built none".to_owned()))
}

/// What cargo's messages say was built: the target folder can be anywhere.
fn built_program(messages: &str) -> Option<PathBuf> {
    let mut programs = messages.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        (message["reason"] == "compiler-artifact" && message["target"]["name"] == "souk").then_some(())?;
        message["executable"].as_str().map(PathBuf::from)
    });
    programs.next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_program_is_found_in_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"souk_chat"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"souk"},"executable":"/t/release/souk"}
not a message
{"reason":"build-finished","success":true}"#;
        assert_eq!(built_program(messages), Some(PathBuf::from("/t/release/souk")));
        assert_eq!(built_program(""), None);
    }

    #[tokio::test]
    async fn a_given_program_must_be_there() {
        let error = find_souk(Some(Path::new("/nowhere/souk")), &|_| {}).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no souk program: /nowhere/souk is not there; --souk must name it");
        let me = std::env::current_exe().unwrap();
        assert_eq!(find_souk(Some(&me), &|_| {}).await.unwrap(), me);
    }
}
