//! Decoded pictures into the memory of the port.

use std::ptr::{self, NonNull};

use codecs::{CodecError, PictureFormat, Plane};
use ffmpeg_next::ffi as ff;

use crate::{
    av::{Frame, broke},
    format,
};

/// Bytes beyond the last row that are written by conversions.
pub const MARGIN: usize = 128;

/// Puts pictures into memory as the port wants it.
pub struct Converter {
    format: PictureFormat,
    width: u32,
    height: u32,
    planes: Vec<Plane>,
    bytes: usize,
    scaler: Option<Scaler>,
}

struct Scaler {
    context: NonNull<ff::SwsContext>,
    from: (i32, i32, i32),
}

impl Converter {
    /// To pictures of this format and size.
    pub fn new(format: PictureFormat, width: u32, height: u32) -> Self {
        let (planes, bytes) = format.arranged(width, height);
        Converter { format, width, height, planes, bytes, scaler: None }
    }

    /// Puts a picture into memory.
    pub fn convert(&mut self, frame: &Frame, into: &mut [u8]) -> Result<(), CodecError> {
        let it = frame.get();
        let handed = format::handed(it.format)
            .ok_or_else(|| CodecError::Unsupported(format!("pictures of pixel format {}", it.format)))?;
        if into.len() < self.bytes + MARGIN {
            return Err(broke("the memory for a picture is too small"));
        }
        let same_size = (it.width, it.height) == (self.width as i32, self.height as i32);
        if handed.same && handed.format == self.format && same_size {
            self.copy(frame, into);
            return Ok(());
        }
        self.scale(frame, into, handed.full_range)
    }

    fn copy(&self, frame: &Frame, into: &mut [u8]) {
        let it = frame.get();
        for (plane, placed) in self.planes.iter().enumerate() {
            let (columns, rows) = self.format.plane_size(plane, self.width, self.height);
            let bytes = columns as usize * self.format.sample_bytes();
            let (Some(&data), Some(&stride)) = (it.data.get(plane), it.linesize.get(plane)) else { return };
            for row in 0..rows as usize {
                let at = placed.offset + row * placed.stride;
                let Some(to) = into.get_mut(at..at + bytes) else { return };
                // SAFETY: a frame of this format and size has so many rows of so many bytes, `stride` apart.
                let from =
                    unsafe { std::slice::from_raw_parts(data.offset(row as isize * stride as isize), bytes) };
                to.copy_from_slice(from);
            }
        }
    }

    fn scale(&mut self, frame: &Frame, into: &mut [u8], full_range: bool) -> Result<(), CodecError> {
        let it = frame.get();
        let from = (it.format, it.width, it.height);
        if self.scaler.as_ref().is_none_or(|scaler| scaler.from != from) {
            let range = full_range || it.color_range == ff::AVColorRange::AVCOL_RANGE_JPEG;
            self.scaler = Some(Scaler::new(from, self.format, self.width, self.height, range)?);
        }
        let Some(scaler) = &self.scaler else { return Ok(()) };
        let mut data = [ptr::null_mut::<u8>(); 4];
        let mut strides = [0_i32; 4];
        for (plane, placed) in self.planes.iter().enumerate() {
            let (Some(data), Some(stride)) = (data.get_mut(plane), strides.get_mut(plane)) else { break };
            *data = into.get_mut(placed.offset..).map_or(ptr::null_mut(), |rows| rows.as_mut_ptr());
            *stride = i32::try_from(placed.stride).unwrap_or(0);
        }
        // SAFETY: the scaler was made for frames of this format and size, and the planes in `into` have room for its
        // output and what it writes beyond rows.
        let rows = unsafe {
            ff::sws_scale(
                scaler.context.as_ptr(),
                it.data.as_ptr().cast(),
                it.linesize.as_ptr(),
                0,
                it.height,
                data.as_ptr(),
                strides.as_ptr(),
            )
        };
        crate::av::check(rows, "converting a picture").map(drop)
    }
}

impl Scaler {
    fn new(
        from: (i32, i32, i32),
        to: PictureFormat,
        width: u32,
        height: u32,
        full_range: bool,
    ) -> Result<Self, CodecError> {
        let unsupported = || CodecError::Unsupported(format!("pictures of pixel format {}", from.0));
        let source = format::pixel_format(from.0).ok_or_else(unsupported)?;
        let target = format::target(to).ok_or_else(unsupported)?;
        let flags = ff::SWS_BICUBIC
            | ff::SWS_ACCURATE_RND
            | ff::SWS_BITEXACT
            | ff::SWS_FULL_CHR_H_INT
            | ff::SWS_FULL_CHR_H_INP;
        // SAFETY: takes numbers; null is handled. The tables of coefficients are FFmpeg's own.
        let context = unsafe {
            let context = ff::sws_getContext(
                from.1,
                from.2,
                source,
                width as i32,
                height as i32,
                target,
                flags,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null(),
            );
            if !context.is_null() {
                let table = ff::sws_getCoefficients(ff::SWS_CS_DEFAULT);
                let range = i32::from(full_range);
                ff::sws_setColorspaceDetails(context, table, range, table, range, 0, 1 << 16, 1 << 16);
            }
            context
        };
        NonNull::new(context).map(|context| Scaler { context, from }).ok_or_else(unsupported)
    }
}

impl Drop for Scaler {
    fn drop(&mut self) {
        // SAFETY: made in `new`, freed here alone.
        unsafe { ff::sws_freeContext(self.context.as_ptr()) }
    }
}
