//! What drivers compiled, in the user's cache folder.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use vfs::{Fault, LocalProvider, Provider, VfsPath};

/// The largest file that is read: caches of drivers are far smaller.
const LARGEST: u64 = 256 << 20;

/// Compiled pipelines, a file for each adapter.
pub struct Pipelines {
    folder: PathBuf,
}

impl Pipelines {
    /// Those in a folder, which is made when something is saved first.
    pub fn new(folder: PathBuf) -> Self {
        Pipelines { folder }
    }
}

impl gpu::PipelineStore for Pipelines {
    fn load(&self, name: &str) -> Option<Vec<u8>> {
        let provider = LocalProvider::new(&self.folder).ok()?;
        provider.read(&VfsPath::parse(name).ok()?, LARGEST).ok()
    }

    fn save(&self, name: &str, bytes: &[u8]) {
        // A cache that cannot be written costs the time that it would have saved.
        let _ = save(&self.folder, name, bytes);
    }
}

fn save(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Fault> {
    fs::create_dir_all(folder)?;
    let provider = LocalProvider::new(folder).map_err(|error| Fault::Unmountable(error.to_string()))?;
    let path = VfsPath::parse(name).map_err(|error| Fault::Unmountable(error.to_string()))?;
    let mut file = provider.write_atomic(&path)?;
    file.write_all(bytes)?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use gpu::PipelineStore;

    use super::*;

    #[test]
    fn what_is_saved_is_loaded_and_a_folder_that_cannot_be_is_no_failure() {
        let place = tempfile::tempdir().unwrap();
        let pipelines = Pipelines::new(place.path().join("new/gpu"));
        assert_eq!(pipelines.load("card"), None);
        pipelines.save("card", b"one");
        pipelines.save("card", b"two");
        assert_eq!(pipelines.load("card"), Some(b"two".to_vec()));
        assert_eq!(fs::read_dir(place.path().join("new/gpu")).unwrap().count(), 1);
        fs::write(place.path().join("file"), []).unwrap();
        let nowhere = Pipelines::new(place.path().join("file"));
        nowhere.save("card", b"one");
        assert_eq!(nowhere.load("card"), None);
    }
}
