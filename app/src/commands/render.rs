//! `render`: imports a file, sets properties, and exports it.

use base::{Diagnostic, Flicks, FrameRate};
use kernel::{Context, Kernel, Request};
use serde_json::{Value as Json, json};

use super::{current_folder, files};
use crate::{
    assembly::{self, Home},
    cli::{Common, Render, Size},
    report::{Failure, WRONG_USAGE, print, tell},
};

/// Converts a file.
pub fn run(render: &Render, common: &Common) -> Result<(), Failure> {
    let folder = current_folder()?;
    let kernel = assembly::kernel(common, &Home::Memory { seed: b"render" }, vec![folder])?;
    let mut session = Session::new(kernel);
    let imported = session.execute("document.import", json!({ "path": render.input }))?;
    let document = imported["document"].clone();
    if let Some(path) = &render.environment {
        session.execute("scene.environment.add", json!({ "document": document, "path": path }))?;
    }
    for (property, value) in &render.set {
        let value: Json = serde_json::from_str(value).unwrap_or_else(|_| value.as_str().into());
        let args = json!({ "document": document, "property": property, "value": value });
        let set = session.execute("node.set", args);
        set.map_err(|failure| Failure::new(WRONG_USAGE, format!("--set {property}: {failure}")))?;
    }
    for (command, args) in &render.run {
        let mut args = args.clone();
        args.insert("document".to_owned(), document.clone());
        session.execute(command, args.into())?;
    }
    let inspected = session.execute("document.inspect", json!({ "document": document }))?;
    let rate = frame_rate(&inspected["properties"]);
    let mut outputs = Vec::new();
    for (frame, path) in frames(render) {
        let time = Flicks::from_frame(frame.into(), rate).seconds();
        let mut args = json!({ "document": document, "path": path, "time": time });
        add_size(&mut args, render.size);
        outputs.extend(files(&session.execute("document.export", args)?));
    }
    session.finish(&outputs, common)
}

/// The frame rate that a document says it has among the properties of its root; that of films otherwise.
fn frame_rate(properties: &Json) -> FrameRate {
    properties["frameRate"].as_str().and_then(|rate| rate.parse().ok()).unwrap_or(FrameRate::FILM)
}

/// Says the size of a picture in the arguments of an export.
pub(super) fn add_size(args: &mut Json, size: Option<Size>) {
    let Some(Size { width, height }) = size else { return };
    if let Some(width) = width {
        args["width"] = width.into();
    }
    if let Some(height) = height {
        args["height"] = height.into();
    }
}

/// Commands in a kernel that keeps nothing.
pub(super) struct Session {
    kernel: Kernel,
    context: Context,
    commands: u32,
    diagnostics: Vec<Diagnostic>,
}

impl Session {
    pub(super) fn new(kernel: Kernel) -> Self {
        Session { kernel, context: Context::default(), commands: 0, diagnostics: Vec::new() }
    }

    /// Tells of what was written.
    pub(super) fn finish(&self, outputs: &[Json], common: &Common) -> Result<(), Failure> {
        tell(&self.diagnostics);
        match common.json {
            true => print(json!({ "outputs": outputs, "warnings": self.diagnostics })),
            false => Ok(()),
        }
    }

    /// The result of a command.
    pub(super) fn execute(&mut self, command: &str, arguments: Json) -> Result<Json, Failure> {
        self.commands += 1;
        let seed = format!("render {}", self.commands).into_bytes();
        let context = Context { seed, ..self.context.clone() };
        let request =
            Request { command: command.to_owned(), arguments, context, timeout_s: None, traced: false };
        let response = self.kernel.execute(request)?;
        self.diagnostics.extend(response.diagnostics);
        Ok(response.result)
    }
}

/// The frames to write and the file of each.
fn frames(render: &Render) -> Vec<(u32, String)> {
    match render.frames {
        None => vec![(render.frame.unwrap_or(0), render.output.clone())],
        Some((first, last)) => (first..=last).map(|frame| (frame, numbered(&render.output, frame))).collect(),
    }
}

/// The path of a frame: its number stands for a run of `#` or for `%04d`, else before the extension.
fn numbered(path: &str, frame: u32) -> String {
    if let Some(start) = path.find('#') {
        let width = path[start..].bytes().take_while(|byte| *byte == b'#').count();
        return format!("{}{frame:0width$}{}", &path[..start], &path[start + width..]);
    }
    if let Some(start) = path.find('%')
        && let Some(length) = path[start..].find('d')
        && let digits = &path[start + 1..start + length]
        && let Ok(width @ 0..=20) = format!("0{digits}").parse::<usize>()
    {
        return format!("{}{frame:0width$}{}", &path[..start], &path[start + length + 1..]);
    }
    match path.rsplit_once('.') {
        Some((stem, extension)) if !extension.contains('/') => format!("{stem}-{frame:04}.{extension}"),
        _ => format!("{path}-{frame:04}"),
    }
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn frames_get_files_of_their_own() {
        for (path, expected) in [
            ("out/f-####.png", "out/f-0007.png"),
            ("f-%03d.png", "f-007.png"),
            ("f-%d.png", "f-7.png"),
            ("100%/f.png", "100%/f-0007.png"),
            ("f.png", "f-0007.png"),
            ("a.b/f", "a.b/f-0007"),
        ] {
            assert_eq!(numbered(path, 7), expected);
        }
    }
}
