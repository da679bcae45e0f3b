//! Puts shaders together from files of WGSL when a crate is built, and checks them.
//!
//! For build scripts: a shader that would be refused when it is first drawn with ends the build instead, with the place in it.

// Build scripts have no ports.
#![allow(clippy::disallowed_methods)]

use std::{fs, io, path::Path};

use naga::{
    front::wgsl,
    valid::{Capabilities, ValidationFlags, Validator},
};

/// A shader that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ShaderError {
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// What the files make up is no WGSL, or is not valid.
    #[error("shader '{name}': {problem}")]
    Source {
        /// The name of the shader.
        name: String,
        /// What is wrong, and where in all files one after the other.
        problem: String,
    },
}

/// Writes each shader, a name and the files in `folder` that follow one another in it, to `out` as `NAME.wgsl`. Tells Cargo of
/// the files, and of what is wrong.
///
/// # Errors
/// The first shader that is not valid, or the first file that cannot be read or written.
pub fn build(folder: &Path, out: &Path, shaders: &[(&str, &[&str])]) -> Result<(), ShaderError> {
    for (name, files) in shaders {
        let mut source = String::new();
        for file in *files {
            let path = folder.join(file);
            println!("cargo::rerun-if-changed={}", path.display());
            let failed = |error| ShaderError::File { path: path.display().to_string(), error };
            source += &fs::read_to_string(&path).map_err(failed)?;
        }
        check(name, &source).inspect_err(|error| {
            error.to_string().lines().for_each(|line| println!("cargo::error={line}"));
        })?;
        let path = out.join(format!("{name}.wgsl"));
        let failed = |error| ShaderError::File { path: path.display().to_string(), error };
        fs::write(&path, source).map_err(failed)?;
    }
    Ok(())
}

/// Checks a shader.
///
/// # Errors
/// It is no WGSL, or not valid.
pub fn check(name: &str, source: &str) -> Result<(), ShaderError> {
    let failed = |problem| ShaderError::Source { name: name.to_owned(), problem };
    let module = wgsl::parse_str(source).map_err(|error| failed(error.emit_to_string(source)))?;
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
    validator.validate(&module).map(drop).map_err(|error| failed(error.emit_to_string(source)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_device_would_take_is_refused_with_its_place() {
        let entry = |body: &str| format!("@fragment fn shade() -> @location(0) vec4<f32> {{\n    {body}\n}}");
        assert!(check("whole", &entry("return vec4(1.0);")).is_ok());
        for (body, said) in [
            ("return vec4(1.0", "expected"),
            ("return missing;", "missing"),
            ("let x = vec3(1.0); return x;", "2"),
        ] {
            let error = check("broken", &entry(body)).unwrap_err().to_string();
            assert!(error.contains("'broken'") && error.contains(said), "{error}");
        }
    }
}
