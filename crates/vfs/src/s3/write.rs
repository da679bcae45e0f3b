//! Objects that appear as a whole: one request for a small one, several parts for a large one.

use std::{
    io::{self, Seek, SeekFrom, Write},
    sync::Arc,
};

use ureq::http::Method;

use super::{
    listing::element,
    request::{Connection, checksum, good, text},
};
use crate::{AtomicWrite, Fault};

/// Most parts of one object, a limit of S3.
const PARTS: usize = 10_000;

/// An object being written. What does not fit into one part is sent while it is written; then only what was not sent can be
/// written over.
pub(super) struct S3Writer {
    connection: Arc<Connection>,
    key: String,
    part_bytes: usize,
    /// What was not sent.
    rest: Vec<u8>,
    /// How many bytes were sent.
    sent: u64,
    /// Where the next byte goes.
    at: u64,
    upload: Option<Upload>,
}

/// An upload in parts that was begun.
struct Upload {
    id: String,
    /// Entity tag and checksum of each part.
    parts: Vec<(String, String)>,
}

impl S3Writer {
    pub(super) fn new(connection: Arc<Connection>, key: String, part_bytes: usize) -> Self {
        S3Writer { connection, key, part_bytes, rest: Vec::new(), sent: 0, at: 0, upload: None }
    }

    /// Sends the first `len` bytes of the rest as the next part.
    fn send_part(&mut self, len: usize) -> Result<(), Fault> {
        if self.upload.is_none() {
            let headers = &[("x-amz-checksum-algorithm", "SHA256")];
            let begun =
                self.connection.ask(Method::POST, Some(&self.key), &[("uploads", "")], headers, &[])?;
            let id = element(&text(good(begun)?)?, "InitiateMultipartUploadResult", "UploadId")?;
            self.upload = Some(Upload { id, parts: Vec::new() });
        }
        let Some(upload) = &mut self.upload else { return Err(Fault::Incomplete) };
        if upload.parts.len() == PARTS {
            return Err(Fault::Full);
        }
        let number = (upload.parts.len() + 1).to_string();
        let query = [("partNumber", &number[..]), ("uploadId", &upload.id)];
        let part = &self.rest[..len];
        let sum = checksum(part);
        let headers = [("x-amz-checksum-sha256", &sum[..])];
        let answer = self.connection.repeat(&Method::PUT, Some(&self.key), &query, &headers, part)?;
        let tag = answer.header("etag").ok_or(Fault::Incomplete)?.to_owned();
        upload.parts.push((tag, sum));
        self.sent += len as u64;
        self.rest.drain(..len);
        Ok(())
    }

    fn complete(&mut self) -> Result<(), Fault> {
        if !self.rest.is_empty() {
            self.send_part(self.rest.len())?;
        }
        let Some(upload) = &self.upload else { return Err(Fault::Incomplete) };
        let mut body = "<CompleteMultipartUpload>".to_owned();
        for (number, (tag, sum)) in upload.parts.iter().enumerate() {
            let tag = tag.replace('&', "&amp;").replace('<', "&lt;");
            body += &format!(
                "<Part><PartNumber>{}</PartNumber><ETag>{tag}</ETag><ChecksumSHA256>{sum}</ChecksumSHA256></Part>",
                number + 1
            );
        }
        body += "</CompleteMultipartUpload>";
        let query = &[("uploadId", &upload.id[..])];
        let answer = self.connection.ask(Method::POST, Some(&self.key), query, &[], body.as_bytes())?;
        // It may fail after a status of success has been sent.
        element(&text(good(answer)?)?, "CompleteMultipartUploadResult", "ETag")?;
        self.upload = None;
        Ok(())
    }

    fn put(&self) -> Result<(), Fault> {
        let sum = checksum(&self.rest);
        let headers = [("x-amz-checksum-sha256", &sum[..])];
        self.connection.repeat(&Method::PUT, Some(&self.key), &[], &headers, &self.rest).map(drop)
    }
}

impl Write for S3Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let start = usize::try_from(self.at - self.sent).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let count = bytes.len().min(self.part_bytes);
        let end = start + count;
        if end > self.rest.len() {
            let more = end - self.rest.len();
            self.rest.try_reserve(more).map_err(|_| io::ErrorKind::OutOfMemory)?;
            self.rest.resize(end, 0);
        }
        self.rest[start..end].copy_from_slice(&bytes[..count]);
        self.at += count as u64;
        while self.rest.len() > self.part_bytes && self.at >= self.sent + self.part_bytes as u64 {
            self.send_part(self.part_bytes)?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for S3Writer {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let target = match position {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::End(by) => (self.sent + self.rest.len() as u64).checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let target = target.ok_or(io::ErrorKind::InvalidInput)?;
        if target < self.sent {
            let message = "the beginning of this file was sent already and cannot be written over";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        self.at = target;
        Ok(target)
    }
}

impl AtomicWrite for S3Writer {
    fn commit(mut self: Box<Self>) -> Result<(), Fault> {
        if self.upload.is_some() { self.complete() } else { self.put() }
    }
}

impl Drop for S3Writer {
    fn drop(&mut self) {
        if let Some(upload) = &self.upload {
            let query = &[("uploadId", &upload.id[..])];
            // Parts that stay are never seen as an object; the bucket's own rules remove them.
            let _ = self.connection.repeat(&Method::DELETE, Some(&self.key), query, &[], &[]);
        }
    }
}
