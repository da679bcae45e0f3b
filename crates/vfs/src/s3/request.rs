//! Signed requests to one bucket.

use std::ops::Range;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use rusty_s3::{Bucket, signing::sign};
use sha2::{Digest, Sha256};
use ureq::http::Method;
use url::Url;

use crate::{
    Fault, RemoteFault,
    http::{Answer, Client, Question},
    secrets::Secret,
};

/// For how many seconds a signature holds.
const SIGNED_FOR: u64 = 900;
/// Largest answer that is no content of a file, in bytes.
pub(super) const ANSWER: u64 = 8 << 20;

/// Names, each with its value.
pub(super) type Pairs<'p> = &'p [(&'p str, &'p str)];

/// A bucket and how to speak to it.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) bucket: Bucket,
    /// Access key and secret key; none where everybody may read.
    pub(super) credentials: Option<(Secret, Secret)>,
}

impl Connection {
    /// The answer to a request, which may be one of failure. Query and headers are sorted by name.
    pub(super) fn ask(
        &self,
        method: Method,
        key: Option<&str>,
        query: Pairs<'_>,
        headers: Pairs<'_>,
        body: &[u8],
    ) -> Result<Answer, Fault> {
        let url = match key {
            Some(key) => self.bucket.object_url(key),
            None => self.bucket.base_url().clone(),
        };
        let url = self.signed(&method, url, query, headers);
        let bodyless = matches!(method, Method::GET | Method::HEAD | Method::DELETE);
        let question = Question { method, url: &url, headers };
        let answer = match bodyless {
            true => self.client.ask(&question, ())?,
            false => self.client.ask(&question, body)?,
        };
        if (300..400).contains(&answer.status) {
            let region = answer.header("x-amz-bucket-region").or_else(|| answer.header("location"));
            let location = region.unwrap_or("?").chars().take(200).collect();
            let why = "look at the endpoint and the region of the mount";
            return Err(RemoteFault::Redirect { location, why }.into());
        }
        Ok(answer)
    }

    /// The answer to a request that may be repeated, if it is one of success.
    pub(super) fn repeat(
        &self,
        method: &Method,
        key: Option<&str>,
        query: Pairs<'_>,
        headers: Pairs<'_>,
        body: &[u8],
    ) -> Result<Answer, Fault> {
        self.client.retrying(|| good(self.ask(method.clone(), key, query, headers, body)?))
    }

    /// A whole object of at most `limit` bytes, held against the hash that the server knows of it.
    pub(super) fn read(&self, key: &str, limit: u64) -> Result<Vec<u8>, Fault> {
        self.client.retrying(|| {
            let headers = &[("x-amz-checksum-mode", "ENABLED")];
            let mut answer = good(self.ask(Method::GET, Some(key), &[], headers, &[])?)?;
            let mut bytes = Vec::new();
            answer.copy(limit, "fileBytes", &mut bytes)?;
            match answer.header("x-amz-checksum-sha256") {
                // One that ends in a number is of the hashes of the parts.
                Some(sum) if !sum.contains('-') && sum != checksum(&bytes) => {
                    Err(RemoteFault::Checksum.into())
                }
                _ => Ok(bytes),
            }
        })
    }

    /// The answer with a range of an object that is still in the state of this tag.
    pub(super) fn range(&self, key: &str, range: &Range<u64>, tag: &str) -> Result<Answer, Fault> {
        let range = format!("bytes={}", crate::http::asked(range));
        self.ask(Method::GET, Some(key), &[], &[("if-match", tag), ("range", &range)], &[])
    }

    fn signed(&self, method: &Method, mut url: Url, query: Pairs<'_>, headers: Pairs<'_>) -> Url {
        use rusty_s3::Method as Signed;
        let Some((access, secret)) = &self.credentials else {
            if !query.is_empty() {
                url.query_pairs_mut().extend_pairs(query);
            }
            return url;
        };
        let method = match *method {
            Method::HEAD => Signed::Head,
            Method::PUT => Signed::Put,
            Method::POST => Signed::Post,
            Method::DELETE => Signed::Delete,
            _ => Signed::Get,
        };

        sign(
            &Timestamp::now(),
            method,
            url,
            access.expose(),
            secret.expose(),
            None,
            self.bucket.region(),
            SIGNED_FOR,
            query.iter().copied(),
            headers.iter().copied(),
        )
    }
}

/// The answer, if it is one of success.
pub(super) fn good(answer: Answer) -> Result<Answer, Fault> {
    match (answer.status, answer.fault()) {
        (200..300, _) => Ok(answer),
        (status @ 400..500, Fault::Remote(RemoteFault::Status(_))) if status != 429 => {
            let reason = super::listing::reason(&text(answer)?);
            Err(RemoteFault::Rejected { status, reason }.into())
        }
        (_, fault) => Err(fault),
    }
}

/// The text of an answer that is XML.
pub(super) fn text(mut answer: Answer) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    answer.copy(ANSWER, "fileBytes", &mut bytes)?;
    String::from_utf8(bytes).map_err(|_| RemoteFault::Protocol("its XML is no text".to_owned()).into())
}

/// The SHA-256 of some bytes as S3 writes it.
pub(super) fn checksum(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(Sha256::digest(bytes))
}
