//! `souk-loadtest`: see the library.

use std::process::ExitCode;

/// Thousands of clients come and go: memory is given back soon.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    souk_loadtest::cli::main()
}
