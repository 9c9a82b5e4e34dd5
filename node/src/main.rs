//! The program `souk`: the commands of [`souk_node::cli`], with the node and the store behind them.

use std::process::ExitCode;

use souk_node::cli::{self, Actions, Streams};
use souk_node::config::Surroundings;
use souk_node::serve;

/// jemalloc gives freed pages back ten seconds after they were last used, from threads of its own (the crate's feature
/// `background_threads`): a storm of connections leaves no high-water mark, and no request pays for it. `MALLOC_CONF` in the
/// environment changes that.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const ACTIONS: Actions = Actions {
    serve: |config| Box::pin(async { Ok(serve::run(config).await?) }),
    migrate: |config| {
        Box::pin(async move {
            souk_store::migrate(config.store.url.expose(), &souk_store::Settings::default()).await?;
            tracing::info!(store = %config.store.url, "the store is up to date");
            Ok(())
        })
    },
    new_epoch: |config| {
        Box::pin(async move {
            let epoch = souk_store::begin_epoch(config.store.url.expose(), &souk_store::Settings::default()).await?;
            tracing::info!(store = %config.store.url, epoch, "the store is in a new epoch: older cursors are void");
            Ok(())
        })
    },
    backup: |config, file| {
        Box::pin(async move {
            let bytes = souk_store::backup(config.store.url.expose(), &file).await?;
            tracing::info!(store = %config.store.url, file = %file.display(), bytes, "the store was copied");
            Ok(())
        })
    },
    accept_secrets: |config| Box::pin(async { Ok(serve::accept_secrets(config).await?) }),
};

fn main() -> ExitCode {
    // A word that is not UTF-8 is none of ours: it is shown as what it resembles and refused.
    let args = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let surroundings = Surroundings::of_this_process();
    let (mut input, mut out, mut err) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let mut streams = Streams { input: &mut input, out: &mut out, err: &mut err };
    ExitCode::from(cli::run(args, &surroundings, &ACTIONS, &mut streams))
}
