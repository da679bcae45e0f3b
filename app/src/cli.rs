//! What can be written on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// One workbench for code, pictures, vector art, 3D, sound and video.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The workspace or the files to open in the window.
    #[arg(value_name = "WORKSPACE|FILE")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    pub batch: Batch,

    #[command(flatten)]
    pub common: Common,
}

/// What every command understands.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// Override a setting for this run.
    #[arg(long = "setting", value_name = "KEY=VALUE", value_parser = assignment, global = true)]
    pub settings: Vec<(String, String)>,

    /// Print one JSON object (or JSON lines) on stdout.
    #[arg(long, global = true)]
    pub json: bool,

    /// What draws: a GPU, or the CPU reference implementations.
    #[arg(long, value_name = "auto|cpu|NAME", default_value = "auto", global = true)]
    pub adapter: String,
}

/// Running a script.
#[derive(Clone, Debug, Default, Args)]
pub struct Batch {
    /// Run a script without a window.
    #[arg(long = "batch", value_name = "SCRIPT.json", conflicts_with = "paths")]
    pub script: Option<PathBuf>,

    /// Keep documents and history in this folder; in memory only when absent.
    #[arg(long, value_name = "DIR", requires = "script")]
    pub workspace: Option<PathBuf>,

    /// Set a variable of the script.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment, requires = "script")]
    pub set: Vec<(String, String)>,

    /// How many steps may run side by side.
    #[arg(long, value_name = "N", requires = "script", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,

    /// Check the script and print its steps in order; run nothing.
    #[arg(long, requires = "script")]
    pub dry_run: bool,

    /// Run every step, also those whose result is known.
    #[arg(long, requires = "script")]
    pub force: bool,

    /// Stay, and run the script again whenever a file changes that it follows from.
    #[arg(long, requires = "script", conflicts_with = "dry_run")]
    pub watch: bool,

    /// Write a statement of provenance (in-toto, SLSA) beside each output; signed when the setting attest.key names a key.
    #[arg(long, requires = "script")]
    pub attest: bool,

    /// How to tell of progress on stderr.
    #[arg(long, value_enum, default_value_t = ProgressMode::Auto, requires = "script")]
    pub progress: ProgressMode,
}

/// How progress is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressMode {
    /// A bar on a terminal, nothing elsewhere.
    #[default]
    Auto,
    /// JSON lines.
    Json,
    /// Nothing.
    None,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Convert a file: import it, set properties, export it.
    Render(Render),
    /// Draw a state machine.
    Chart(Chart),
    /// List the commands with the schemas of their arguments.
    Commands,
    /// List the node kinds with their properties.
    Kinds,
    /// List the file formats that are read and written.
    Formats,
    /// Print the JSON Schema of a file that people write.
    Schema {
        /// Of what.
        of: SchemaOf,
    },
    /// Look at what the program needs from this machine.
    Doctor,
    /// Read the event log of a workspace.
    Log(Log),
    /// List the runs of scripts, or show one: what ran, why, how long, and what came out.
    Runs(Runs),
    /// Ask the documents and the log of a workspace in SQL.
    Query(Query),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Run cases of outside test data against the program's own parts.
    #[command(name = "self-test", hide = true)]
    SelfTest(SelfTest),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SchemaOf {
    /// Of scripts for --batch.
    Script,
}

#[derive(Debug, Args)]
pub struct Render {
    /// The file to read.
    #[arg(value_name = "INPUT")]
    pub input: String,

    /// The file to write. For several frames, a run of # or %04d or %d is replaced by the frame's number.
    #[arg(short, long, value_name = "OUTPUT")]
    pub output: String,

    /// The size in pixels; a side left out follows from the other.
    #[arg(long, value_name = "WxH|Wx|xH", value_parser = size)]
    pub size: Option<Size>,

    /// The frame to write, at the frame rate of the document; at 24 frames a second where it has none.
    #[arg(long, value_name = "N", conflicts_with = "frames", allow_hyphen_values = true)]
    pub frame: Option<u32>,

    /// The frames to write, both ends included.
    #[arg(long, value_name = "A..B", value_parser = frames, allow_hyphen_values = true)]
    pub frames: Option<(u32, u32)>,

    /// Light a scene with a picture: OpenEXR, Radiance HDR or any other, equirectangular.
    #[arg(long, value_name = "FILE")]
    pub environment: Option<String>,

    /// Set a property of the document.
    #[arg(long = "set", value_name = "PROP=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,

    /// Run a command on the document before it is written, such as scene.turntable.add={"frames":48}.
    #[arg(long, value_name = "COMMAND[=ARGS]", value_parser = step)]
    pub run: Vec<(String, serde_json::Map<String, serde_json::Value>)>,
}

#[derive(Debug, Args)]
pub struct Chart {
    /// The chart to read, in JSON or SCXML.
    #[arg(value_name = "FILE.json|FILE.scxml")]
    pub input: String,

    /// The picture to write.
    #[arg(short, long, value_name = "OUTPUT")]
    pub output: String,

    /// The size in pixels; a side left out follows from the other.
    #[arg(long, value_name = "WxH|Wx|xH", value_parser = size)]
    pub size: Option<Size>,
}

/// A size in pixels; at least one side is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub width: Option<u32>,
    pub height: Option<u32>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Log {
    #[command(subcommand)]
    pub action: Option<LogAction>,

    #[command(flatten)]
    pub place: WorkspaceFolder,

    /// Only events that change this document.
    #[arg(long, value_name = "ID")]
    pub document: Option<base::DocumentId>,

    /// Only what made this output file.
    #[arg(long, value_name = "FILE", conflicts_with = "document")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum LogAction {
    /// Check that nothing in the log, the blobs or the checkpoints has changed.
    Verify {
        /// Checkpoints that were exported earlier and kept elsewhere.
        #[arg(long, value_name = "FILE")]
        checkpoints: Option<PathBuf>,
        #[command(flatten)]
        place: WorkspaceFolder,
    },
    /// Write checkpoints to a file to keep elsewhere.
    ExportCheckpoints {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        place: WorkspaceFolder,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Runs {
    #[command(subcommand)]
    pub action: Option<RunsAction>,

    /// How many of them, the newest first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
}

#[derive(Debug, Subcommand)]
pub enum RunsAction {
    /// Show a run.
    Show {
        /// Its number.
        id: u64,
    },
}

/// The workspace to read.
#[derive(Clone, Debug, Args)]
pub struct WorkspaceFolder {
    /// The workspace's folder; the current one when absent.
    #[arg(long = "workspace", value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
}

#[derive(Debug, Args)]
pub struct Query {
    /// A SELECT over documents, nodes, one view per node kind (graphics_path), events and runs.
    pub sql: String,
    #[command(flatten)]
    pub place: WorkspaceFolder,
}

#[derive(Debug, Args)]
pub struct SelfTest {
    /// Which part.
    pub suite: SelfTestSuite,
    /// The file of cases.
    pub file: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SelfTestSuite {
    WhenClauses,
    EditingTraces,
    Scxml,
    Gltf,
    Mesh,
    /// A timeline of OpenTimelineIO.
    Otio,
    /// Times of single steps, measured in a folder.
    Measure,
    /// The import that `measure` starts with, in a process of its own.
    MeasureImport,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("'{text}' is not NAME=VALUE")),
    }
}

/// A command, and its arguments if there are some.
fn step(text: &str) -> Result<(String, serde_json::Map<String, serde_json::Value>), String> {
    let (command, args) = text.split_once('=').unwrap_or((text, "{}"));
    match serde_json::from_str(args) {
        Ok(args) => Ok((command.to_owned(), args)),
        Err(error) => Err(format!("the arguments of '{command}' are no JSON object: {error}")),
    }
}

fn size(text: &str) -> Result<Size, String> {
    let error =
        || format!("'{text}' is not a size: write WxH, Wx or xH with whole numbers from 1 to 1000000");
    let (width, height) = text.split_once(['x', '×']).ok_or_else(error)?;
    let side = |text: &str| match text {
        "" => Ok(None),
        digits => match digits.parse::<u32>() {
            Ok(n @ 1..=1_000_000) => Ok(Some(n)),
            _ => Err(error()),
        },
    };
    match (side(width)?, side(height)?) {
        (None, None) => Err(error()),
        (width, height) => Ok(Size { width, height }),
    }
}

fn frames(text: &str) -> Result<(u32, u32), String> {
    let error = || format!("'{text}' is no range of frames: write A..B with A not above B");
    let (first, last) = text.split_once("..").ok_or_else(error)?;
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok((first, last)),
        _ => Err(error()),
    }
}
