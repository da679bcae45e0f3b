//! The list of capabilities, and kernels put together from them and the ports.

use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use base::{Diagnostic, Limits, ReplicaId};
use codecs::Codecs;
use kernel::{Context, Kernel, Ports, Registry, Settings, ports::Files};
use media_client::MediaWorkers;
use raster_gpu::Accelerator;
use store::{Options, Store};

use crate::{
    cli::Common,
    ports::{
        Fonts, LocalFiles, Log, Pipelines, SystemClock,
        mounts::{self, Mount, Surroundings},
    },
    report::{BAD_INPUT, Failure, tell},
};

/// The folder of a workspace that holds its state.
const STATE_FOLDER: &str = ".metabuilder";

/// Where documents and history are kept.
pub enum Home<'a> {
    /// In memory, for this run; what is made derives from the seed.
    Memory {
        /// Names the run.
        seed: &'a [u8],
    },
    /// In a workspace.
    Workspace {
        /// Its folder.
        folder: &'a Path,
    },
    /// In a workspace that is only read.
    Reading {
        /// Its folder.
        folder: &'a Path,
    },
}

impl Home<'_> {
    /// The folder of the workspace, if there is one.
    fn workspace(&self) -> Option<&Path> {
        match self {
            Home::Memory { .. } => None,
            Home::Workspace { folder } | Home::Reading { folder } => Some(folder),
        }
    }
}

/// Everything that the program can do, in the order in which files are offered to it.
pub fn registry(common: &Common) -> Result<Registry, Failure> {
    registry_on(gpu(common))
}

/// The same, which draws and computes on this GPU.
pub fn registry_on(gpu: gpu::Shared) -> Result<Registry, Failure> {
    let mut registry = Registry::default();
    let graphics = graphics::capability(Accelerator::new(gpu.clone()));
    let media = media::capability(codecs());
    for capability in [kernel::core(), graphics, scene::capability(gpu), media, code::capability()] {
        registry.add(capability).map_err(|error| Failure::new(1, error))?;
    }
    Ok(registry)
}

/// The settings: the defaults, over them what the user's file says, then the workspace's, then the command line.
pub fn settings(registry: &Registry, common: &Common, workspace: Option<&Path>) -> Result<Settings, Failure> {
    let mut settings = Settings::new(registry);
    let files = configuration().into_iter().chain(workspace.map(|folder| folder.join(STATE_FOLDER)));
    for file in files.map(|folder| folder.join("settings.json")) {
        let name = file.display().to_string();
        match fs::read_to_string(&file) {
            Ok(text) => {
                // Others may have written what lies in a workspace.
                let is_own = workspace.is_none_or(|folder| !file.starts_with(folder));
                tell(&settings.set_all(registry, &name, &text, is_own));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => tell(&[Diagnostic::warning(&name, error.to_string())]),
        }
    }
    for (key, value) in &common.settings {
        settings.set_text(registry, key, value).map_err(|error| {
            Failure::new(crate::report::WRONG_USAGE, format!("--setting {key}={value}: {error}"))
        })?;
    }
    Ok(settings)
}

/// The GPU that is asked for, not opened yet. What its driver compiles is kept in the user's cache.
pub fn gpu(common: &Common) -> gpu::Shared {
    let choice = gpu::Choice::from(common.adapter.as_str());
    match cache_folder() {
        Some(folder) => gpu::Shared::with_store(choice, Arc::new(Pipelines::new(folder.join("gpu")))),
        None => gpu::Shared::new(choice),
    }
}

/// What reads and writes video: workers that are started when they are needed, the same for all of the process.
pub fn codecs() -> Arc<dyn Codecs> {
    static WORKERS: OnceLock<MediaWorkers> = OnceLock::new();
    Arc::new(WORKERS.get_or_init(MediaWorkers::beside_program).clone())
}

/// The user's cache folder.
fn cache_folder() -> Option<PathBuf> {
    Some(user_folder("XDG_CACHE_HOME", ".cache")?.join("metabuilder"))
}

/// The folder of the user's settings and secrets.
fn configuration() -> Option<PathBuf> {
    Some(user_folder("XDG_CONFIG_HOME", ".config")?.join("metabuilder"))
}

/// Where secrets are.
pub fn secrets() -> vfs::secrets::Secrets {
    vfs::secrets::Secrets::new(&configuration().unwrap_or_default(), |name| env::var_os(name))
}

/// The mounts that the settings declare, relative paths seen from `folder`; what is wrong with others is told.
pub fn mounts(settings: &Settings, folder: PathBuf) -> Vec<Mount> {
    let surroundings = Surroundings {
        folder,
        configuration: configuration(),
        cache: cache_folder(),
        limits: limits(settings),
    };
    let (mounts, warnings) = mounts::declared(settings, &surroundings);
    tell(&warnings);
    mounts
}

/// One of the user's folders: where the variable says, else in the home folder.
pub fn user_folder(variable: &str, in_home: &str) -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set(variable).filter(|path| path.is_absolute());
    folder.or_else(|| set("HOME").map(|home| home.join(in_home)))
}

/// A kernel whose relative paths are seen from `folders`.
pub fn kernel(common: &Common, home: &Home<'_>, folders: Vec<PathBuf>) -> Result<Kernel, Failure> {
    kernel_over(common, home, |settings| Ok(Arc::new(local_files(folders, settings)?)))
}

/// The files of this machine, with these folders for relative paths, and those of the mounts that the settings declare.
pub fn local_files(folders: Vec<PathBuf>, settings: &Settings) -> Result<LocalFiles, Failure> {
    let mounts = mounts(settings, folders.first().cloned().unwrap_or_default());
    LocalFiles::new(folders, limits(settings), mounts).map_err(|error| Failure::new(1, error))
}

/// A kernel with files of the caller's, which are made under the settings of this run.
pub fn kernel_over(
    common: &Common,
    home: &Home<'_>,
    files: impl FnOnce(&Settings) -> Result<Arc<dyn Files>, Failure>,
) -> Result<Kernel, Failure> {
    let registry = registry(common)?;
    let settings = settings(&registry, common, home.workspace())?;
    let files = files(&settings)?;
    kernel_with(registry, settings, home, files)
}

/// A kernel of these parts.
pub fn kernel_with(
    registry: Registry,
    settings: Settings,
    home: &Home<'_>,
    files: Arc<dyn Files>,
) -> Result<Kernel, Failure> {
    let limits = limits(&settings);
    let (store, read_only) = match home {
        Home::Memory { seed } => {
            let options = Options { replica: Some(replica(seed)), ..Options::default() };
            (Store::in_memory(options)?, None)
        }
        Home::Workspace { folder } => {
            if !folder.is_dir() {
                return Err(Failure::new(
                    BAD_INPUT,
                    format!("{}: there is no such folder", folder.display()),
                ));
            }
            (Store::open(&folder.join(STATE_FOLDER), Options::default())?, None)
        }
        Home::Reading { folder } => (read(folder)?, Some("it was opened for reading".to_owned())),
    };
    let ports = Ports {
        files,
        fonts: Arc::new(Fonts::new(&settings)),
        clock: Arc::new(SystemClock),
        limits,
        settings: settings.into(),
    };
    Ok(Kernel::new(registry, Box::new(Log(store)), ports, read_only))
}

/// Whether a folder is a workspace.
pub fn is_workspace(folder: &Path) -> bool {
    folder.join(STATE_FOLDER).is_dir()
}

/// The store of a workspace, for reading.
pub fn read(folder: &Path) -> Result<Store, Failure> {
    Ok(Store::open_read_only(&folder.join(STATE_FOLDER))?)
}

/// The store of a workspace that may be damaged.
pub fn read_unchecked(folder: &Path) -> Result<Store, Failure> {
    Ok(Store::open_unchecked(&folder.join(STATE_FOLDER))?)
}

/// Who acts on the command line.
pub fn context(settings: &Settings) -> Context {
    Context { actor: settings.text("actor").unwrap_or("local").into(), ..Context::default() }
}

/// The bounds on inputs that the settings ask for.
pub fn limits(settings: &Settings) -> Limits {
    let usual = Limits::default();
    let limit = |name: &str, usual: u64| settings.get(&format!("limits.{name}")).as_u64().unwrap_or(usual);
    Limits {
        file_bytes: limit("fileBytes", usual.file_bytes),
        pixels: limit("pixels", usual.pixels),
        nodes: limit("nodes", usual.nodes),
        nesting: limit("nesting", usual.nesting),
        expanded_bytes: limit("expandedBytes", usual.expanded_bytes),
        expansion: limit("expansion", usual.expansion),
        parse_seconds: limit("parseSeconds", usual.parse_seconds),
        import_bytes: limit("importBytes", usual.import_bytes),
    }
}

/// A replica of its own for a run in memory: the same for the same seed, so that a run repeats exactly.
fn replica(seed: &[u8]) -> ReplicaId {
    let hash = base::BlobHash::of(seed).0;
    let bytes: [u8; 8] = std::array::from_fn(|at| hash[at]);
    // The first few numbers have meanings of their own.
    ReplicaId(u64::from_le_bytes(bytes) | 1 << 62)
}
