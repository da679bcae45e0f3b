//! Moving pictures, and the sounds beside them, out of files and into files, as a port: what a program that links codecs is
//! asked for, and what it gives.
//!
//! Owns the words of that port. Decodes nothing itself, starts no process, touches no files.

mod error;
mod info;
mod picture;
mod port;
pub mod wire;

pub use error::CodecError;
pub use info::{MediaInfo, SoundInfo, VideoInfo};
pub use picture::{Color, Layout, Matrix, Picture, PictureFormat, PictureMut, Plane, Primaries, Transfer};
pub use port::{
    Codec, Codecs, Container, Encode, EncodeSound, EncodeVideo, Encoder, NoCodecs, Quality, SoundReader,
    Support, VideoReader,
};
