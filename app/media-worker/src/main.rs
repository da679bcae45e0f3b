//! The media worker: a program that decodes and encodes for another one, so that what a broken or hostile film does to FFmpeg
//! stays outside of that. Its socket is its standard input; it opens no file and no connection.

#![allow(clippy::disallowed_methods)] // It bounds its own work by the clock.

mod av;
mod choose;
mod confine;
mod convert;
mod demux;
mod describe;
mod encode;
mod format;
mod memory;
mod palette;
mod pictures;
mod reader;
mod scan;
mod serve;
mod sound;
mod sound_table;
mod sounds;
mod table;
mod video;

use std::{io, os::fd::AsFd, process::ExitCode};

use codecs::wire::Link;
use rustix::net::{SocketType, sockopt::socket_type};

fn main() -> ExitCode {
    let input = io::stdin();
    if socket_type(&input) != Ok(SocketType::SEQPACKET) {
        eprintln!("metabuilder starts this program itself, to read and write video");
        return ExitCode::from(2);
    }
    // SAFETY: sets a number of FFmpeg's. What goes wrong is said in answers.
    unsafe { ffmpeg_next::ffi::av_log_set_level(ffmpeg_next::ffi::AV_LOG_QUIET) };
    let confined = confine::confine(input.as_fd());
    match confined.and_then(|space| Ok((space, input.as_fd().try_clone_to_owned()?))) {
        Ok((space, link)) => {
            serve::Server::new(Link::new(link), space).run();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("the media worker cannot confine itself: {error}");
            ExitCode::FAILURE
        }
    }
}
