//! A display of its own for a window, with keys, a pointer and pictures of what is on it.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use testkit::{Format, Image};

/// How long the window may take for what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// An X server without hardware, and what runs on it. Dropping it ends both.
pub struct Display {
    server: Child,
    name: String,
    frames: tempfile::TempDir,
    window: Option<Child>,
    /// Where pictures of the window are kept for people to look at.
    pictures: PathBuf,
}

impl Display {
    /// Starts a server on the first number that is free. Pictures go to a folder of this name beside the build's output.
    pub fn new(scenario: &str) -> Self {
        let frames = tempfile::tempdir().unwrap();
        let mut server = Command::new("Xvfb");
        server.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-fbdir"]);
        let mut server = server
            .arg(frames.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb, of the package xvfb");
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let pictures = super::program().with_file_name("window-tests").join(scenario);
        fs::create_dir_all(&pictures).unwrap();
        Display { server, name: format!(":{}", number.trim()), frames, window: None, pictures }
    }

    /// Opens the window on a workspace and waits until it is there.
    pub fn open(&mut self, workspace: &Path) {
        let mut command = Command::new(super::program());
        command.arg(workspace).env("DISPLAY", &self.name).env_remove("WAYLAND_DISPLAY");
        // Pictures are to be the same everywhere.
        command.env("QT_QPA_PLATFORM", "xcb").env("QT_QUICK_BACKEND", "software").env("QT_SCALE_FACTOR", "1");
        command.env("LC_ALL", "C.UTF-8");
        self.window = Some(command.spawn().unwrap());
        let started = Instant::now();
        while !self.xdotool(&["search", "--onlyvisible", "--name", "MetaBuilder"]) {
            let ended = self.window.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "the window ended: {ended:?} (was it built with --features shell?)");
            assert!(started.elapsed() < PATIENCE, "there is no window");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the window's process on the spot.
    pub fn kill(&mut self) {
        let mut window = self.window.take().unwrap();
        window.kill().unwrap();
        window.wait().unwrap();
    }

    /// Waits until the window's process has ended by itself.
    pub fn closed(&mut self) {
        let mut window = self.window.take().unwrap();
        let started = Instant::now();
        loop {
            if let Some(status) = window.try_wait().unwrap() {
                return assert!(status.success(), "the window ended: {status}");
            }
            assert!(started.elapsed() < PATIENCE, "the window does not close");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn xdotool(&self, arguments: &[&str]) -> bool {
        let mut command = Command::new("xdotool");
        command.env("DISPLAY", &self.name).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().expect("xdotool, of the package of that name").success()
    }

    /// Presses keys, each as `ctrl+shift+p`.
    pub fn keys(&self, keys: &[&str]) {
        for key in keys {
            assert!(self.xdotool(&["key", key]), "{key}");
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Presses keys as fast as they go.
    pub fn keys_at_once(&self, keys: &[&str]) {
        let arguments: Vec<&str> = ["key", "--delay", "0"].into_iter().chain(keys.iter().copied()).collect();
        assert!(self.xdotool(&arguments), "{keys:?}");
    }

    /// Types a text.
    pub fn write(&self, text: &str) {
        assert!(self.xdotool(&["type", "--delay", "10", text]), "{text}");
        thread::sleep(Duration::from_millis(50));
    }

    /// Clicks with the left button.
    pub fn click(&self, (x, y): (u32, u32)) {
        assert!(self.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"]));
        thread::sleep(Duration::from_millis(50));
    }

    /// Moves the pointer to a place, on the way through two others.
    pub fn glide(&self, (x, y): (u32, u32), (to_x, to_y): (u32, u32)) {
        for third in 1..=3 {
            let between = |from: u32, to: u32| (from * (3 - third) + to * third) / 3;
            let (x, y) = (between(x, to_x).to_string(), between(y, to_y).to_string());
            assert!(self.xdotool(&["mousemove", &x, &y]));
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Presses the left button at a place and moves to another one with it held.
    pub fn drag(&self, from: (u32, u32), to: (u32, u32)) {
        assert!(self.xdotool(&["mousemove", &from.0.to_string(), &from.1.to_string(), "mousedown", "1"]));
        self.glide(from, to);
    }

    /// Lets the left button go.
    pub fn drop(&self) {
        assert!(self.xdotool(&["mouseup", "1"]));
        thread::sleep(Duration::from_millis(50));
    }

    /// Holds a key down, or lets it go.
    pub fn hold(&self, key: &str, down: bool) {
        assert!(self.xdotool(&[if down { "keydown" } else { "keyup" }, key]));
        thread::sleep(Duration::from_millis(50));
    }

    /// What is on the screen.
    pub fn picture(&self) -> Image {
        let bytes = fs::read(self.frames.path().join("Xvfb_screen0")).unwrap();
        decode(&bytes).expect("the server's frame, in XWD")
    }

    /// Waits until what is on the screen is as it is to be, and keeps a picture of it under a name.
    pub fn wait(&self, name: &str, as_it_is_to_be: impl Fn(&Image) -> bool) {
        let started = Instant::now();
        loop {
            let picture = self.picture();
            let good = as_it_is_to_be(&picture);
            if good || started.elapsed() > PATIENCE {
                let path = self.pictures.join(format!("{name}.png"));
                fs::write(&path, picture.encode(Format::Png, 100).unwrap()).unwrap();
                return assert!(good, "not what was waited for: {}", path.display());
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        for process in self.window.iter_mut().chain([&mut self.server]) {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A picture in the format of `xwd`: a header of big-endian words, a colour map, and rows of BGRX.
fn decode(bytes: &[u8]) -> Option<Image> {
    let word = |at: usize| {
        let bytes: [u8; 4] = bytes.get(4 * at..4 * at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes) as usize)
    };
    let (header, width, height, stride, colors) = (word(0)?, word(4)?, word(5)?, word(12)?, word(19)?);
    let mut image = Image::solid(width as u32, height as u32, [0, 0, 0, 255]);
    let rows = bytes.get(header + colors * 12..)?.chunks(stride).take(height);
    for (row, out) in rows.zip(image.pixels.chunks_mut(width * 4)) {
        for (pixel, out) in row.chunks_exact(4).zip(out.chunks_exact_mut(4)) {
            out[..3].copy_from_slice(&[pixel[2], pixel[1], pixel[0]]);
        }
    }
    Some(image)
}
