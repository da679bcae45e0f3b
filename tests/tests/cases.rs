//! Runs every folder under `tests/cases` that holds a `case.json` against the release binary, all at once, each in a
//! folder of its own. The format is that of [`testkit::Case`]; `UPDATE_EXPECT=1` writes expected pictures anew.

use libtest_mimic::{Arguments, Conclusion, Failed, Trial};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use testkit::{Bench, Case};

fn main() -> ExitCode {
    match run(&Arguments::from_args()) {
        Ok(conclusion) => conclusion.exit_code(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Conclusion, Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bench = Arc::new(Bench {
        program: program()?,
        cases: here.join("cases"),
        data: here.join("data"),
        samples: here.join("../assets/samples"),
        update: std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1"),
    });
    let trials = Case::find(&bench.cases)?.into_iter().map(|name| {
        let bench = Arc::clone(&bench);
        Trial::test(name.clone(), move || bench.run(&name).map_err(Failed::from))
    });
    Ok(libtest_mimic::run(arguments, trials.collect()))
}

/// The release binary, beside the folder that this test lies in.
fn program() -> Result<std::path::PathBuf, Box<dyn Error>> {
    let own = std::env::current_exe()?;
    let folder = own.ancestors().nth(2).ok_or("this test lies outside of a target folder")?;
    let program = folder.join("metabuilder");
    if program.is_file() {
        return Ok(program);
    }
    Err(format!("{} is not there: run `cargo build --release --package metabuilder`", program.display())
        .into())
}
