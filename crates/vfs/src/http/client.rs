//! Requests whose answers end in bounded time and size.

use std::{
    io::{self, Read},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use base::Limits;
use ureq::{
    Agent, AsSendBody,
    config::Config,
    http::{HeaderMap, Method, Request, header},
    tls::{RootCerts, TlsConfig},
    unversioned::transport::DefaultConnector,
};
use url::Url;

use super::{
    address::PublicResolver,
    fault::{RemoteFault, from_io, remote},
};
use crate::Fault;

/// Most redirections that are followed.
const REDIRECTS: usize = 5;

/// How long a server may take, and how often it is asked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Longest time to find the host and to connect.
    pub connect: Duration,
    /// Longest time in which nothing comes or goes, and for the head of an answer.
    pub idle: Duration,
    /// Longest time for one request with its whole answer.
    pub whole: Duration,
    /// Least rate of a body in bytes per second, held against it when it has taken longer than `idle`.
    pub least_rate: u64,
    /// How often a request that changes nothing, or the same when it is repeated, is tried in all; at least 1.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles with each.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(20),
            whole: Duration::from_secs(1800),
            least_rate: 1024,
            attempts: 3,
            pause: Duration::from_millis(250),
        }
    }
}

/// Speaks to the servers of one mount.
pub(crate) struct Client {
    agent: Agent,
    patience: Patience,
}

/// What a server answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

/// A request without its body.
pub(crate) struct Question<'q> {
    pub(crate) method: Method,
    pub(crate) url: &'q Url,
    pub(crate) headers: &'q [(&'q str, &'q str)],
}

impl Client {
    /// A client of public servers and, with `allow_private`, of the mount's own host wherever it is. Proxies and credentials
    /// that the environment names are not used. Certificates are checked against the authorities of the system.
    pub(crate) fn new(mount: &Url, allow_private: bool, patience: Patience) -> Self {
        let private_host = mount.host_str().filter(|_| allow_private).map(str::to_lowercase);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
        let tls = tls.unversioned_rustls_crypto_provider(provider).build();
        let config = Config::builder()
            .tls_config(tls)
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("metabuilder/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_recv_response(Some(patience.idle))
            .timeout_per_read(Some(patience.idle))
            .timeout_per_write(Some(patience.idle))
            .timeout_global(Some(patience.whole))
            .build();
        let resolver = PublicResolver::new(private_host);
        Client { agent: Agent::with_parts(config, DefaultConnector::new(), resolver), patience }
    }

    /// The answer to a GET or HEAD, redirections followed.
    pub(crate) fn follow(&self, question: &Question<'_>) -> Result<Answer, RemoteFault> {
        let mut url = question.url.clone();
        for _ in 0..=REDIRECTS {
            let answer =
                self.ask(&Question { url: &url, method: question.method.clone(), ..*question }, ())?;
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(answer);
            }
            url = redirected(&url, answer.header("location").unwrap_or_default())?;
        }
        Err(RemoteFault::TooManyRedirects(REDIRECTS))
    }

    /// The answer to one request; a redirection is an answer, too.
    pub(crate) fn ask(&self, question: &Question<'_>, body: impl AsSendBody) -> Result<Answer, RemoteFault> {
        let host = question.url.host_str().unwrap_or_default();
        let mut request = Request::builder().method(question.method.clone()).uri(question.url.as_str());
        for (name, value) in question.headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).map_err(|error| RemoteFault::Protocol(error.to_string()))?;
        let started = Instant::now();
        let (head, body) = self.agent.run(request).map_err(|error| remote(error, host))?.into_parts();
        let encoding = head.headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?"));
        if let Some(encoding) = encoding.filter(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            return Err(RemoteFault::Encoded(encoding.to_owned()));
        }
        let expected = body.content_length().filter(|_| question.method != Method::HEAD);
        // The library's own bound is off: what is read is bounded by whoever reads.
        let reader = body.into_with_config().limit(u64::MAX).reader();
        let body =
            Body { reader: Box::new(reader), expected, found: 0, started, patience: self.patience.clone() };
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// Tries anew what failed for a reason that may pass. Only for requests that may be repeated.
    pub(crate) fn retrying<T>(&self, mut attempt: impl FnMut() -> Result<T, Fault>) -> Result<T, Fault> {
        let mut pause = self.patience.pause;
        for _ in 1..self.patience.attempts {
            match attempt() {
                Err(Fault::Remote(fault)) if fault.is_transient() => thread::sleep(pause),
                outcome => return outcome,
            }
            pause = pause.saturating_mul(2);
        }
        attempt()
    }
}

/// Where a redirection from `url` leads, if it is one to follow. No credentials go along, since none are ever sent.
fn redirected(url: &Url, location: &str) -> Result<Url, RemoteFault> {
    let refused = |why| RemoteFault::Redirect { location: location.chars().take(200).collect(), why };
    let target = url.join(location).map_err(|_| refused("it is no address"))?;
    match (url.scheme(), target.scheme()) {
        _ if location.is_empty() => Err(refused("it is no address")),
        (_, "https") | ("http", "http") if target.username().is_empty() && target.password().is_none() => {
            Ok(target)
        }
        ("https", "http") => Err(refused("it leads from https to http")),
        (_, "http" | "https") => Err(refused("it names a user")),
        _ => Err(refused("it leads to something other than http")),
    }
}

impl Answer {
    /// The value of a header, if it is there and text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The fault that a status of failure means.
    pub(crate) fn fault(&self) -> Fault {
        match self.status {
            404 | 410 => Fault::NotFound,
            401 | 403 => RemoteFault::Refused(self.status).into(),
            412 => RemoteFault::Changed.into(),
            status => RemoteFault::Status(status).into(),
        }
    }

    /// Copies the whole body, of at most `limit` bytes whatever the head announces; gives its length in bytes.
    pub(crate) fn copy(
        &mut self,
        limit: u64,
        setting: &'static str,
        to: &mut impl io::Write,
    ) -> Result<u64, Fault> {
        let check = |len| Limits::check("the file's size in bytes", len, limit, setting);
        check(self.body.expected.unwrap_or(0))?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.body.read(&mut buffer)? {
                0 => return Ok(self.body.found),
                count => {
                    check(self.body.found)?;
                    to.write_all(&buffer[..count])?;
                }
            }
        }
    }
}

/// The body of an answer. Its errors are [`RemoteFault`]s: it never ends early without one.
pub(crate) struct Body {
    reader: Box<dyn Read + Send>,
    /// The announced length in bytes.
    expected: Option<u64>,
    /// What came so far, in bytes.
    found: u64,
    started: Instant,
    patience: Patience,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let short = |found| self.expected.filter(|expected| found < *expected);
        let count = match self.reader.read(buffer) {
            Ok(count) => count,
            Err(error) => {
                let fault = match (from_io(&error), short(self.found)) {
                    (RemoteFault::Connection(_) | RemoteFault::Protocol(_), Some(expected)) => {
                        RemoteFault::Short { expected, found: self.found }
                    }
                    (fault, _) => fault,
                };
                return Err(fault.into());
            }
        };
        if let Some(expected) = short(self.found).filter(|_| count == 0 && !buffer.is_empty()) {
            return Err(RemoteFault::Short { expected, found: self.found }.into());
        }
        self.found += count as u64;
        let time = self.started.elapsed();
        let least = (self.patience.least_rate as f64 * time.as_secs_f64()) as u64;
        if count > 0 && time > self.patience.idle && self.found < least {
            return Err(RemoteFault::TooSlow { bytes: self.found, time }.into());
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirections_never_leave_https_and_carry_no_credentials() {
        let refused = |why: &str| Err(why.to_owned());
        for (from, location, expected) in [
            ("https://a/x/y", "z", Ok("https://a/x/z")),
            ("http://a/x", "https://b/y", Ok("https://b/y")),
            ("http://a/x", "//b/y", Ok("http://b/y")),
            ("https://a/x", "http://a/x", refused("it leads from https to http")),
            ("https://a/x", "https://u:p@b/", refused("it names a user")),
            ("http://a/x", "file:///etc/passwd", refused("it leads to something other than http")),
            ("http://a/x", "", refused("it is no address")),
            ("http://a/x", "http://[", refused("it is no address")),
        ] {
            let found = redirected(&from.parse().unwrap(), location);
            let found = found.map(|url| url.to_string()).map_err(|fault| match fault {
                RemoteFault::Redirect { why, .. } => why.to_owned(),
                other => other.to_string(),
            });
            assert_eq!(found, expected.map(str::to_owned), "{from} → {location}");
        }
    }
}
