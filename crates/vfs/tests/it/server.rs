//! A server that answers as a test says, well or badly.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use vfs::Patience;

/// What a client asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// By names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// First and last byte of the range that was asked for.
    pub fn range(&self) -> Option<(usize, usize)> {
        let (first, last) = self.header("range").strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    }
}

/// Answers until the test ends; each connection has one request.
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// A server whose `answer` is told the request, how many there were before, and where to write.
    pub fn start(answer: impl Fn(&Request, usize, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let (log, answer) = (requests.clone(), Arc::new(answer));
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (log, answer) = (log.clone(), answer.clone());
                thread::spawn(move || {
                    let Some(request) = read(&mut stream) else { return };
                    let before = {
                        let mut log = log.lock().unwrap();
                        log.push(request.clone());
                        log.len() - 1
                    };
                    answer(&request, before, &mut stream);
                });
            }
        });
        Server { url, requests }
    }

    /// The requests since the last call.
    pub fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let mut request =
        Request { method: words.next()?.into(), target: words.next()?.into(), ..Request::default() };
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        request.headers.insert(name.to_lowercase(), value.to_owned());
    }
    let len = request.header("content-length").parse().unwrap_or(0);
    request.body.resize(len, 0);
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

/// Writes a head without its end; a client that has gone is no matter.
pub fn head(stream: &mut TcpStream, status: &str, headers: &str) {
    let _ = write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n");
}

/// Writes a whole answer; each of the headers ends in a line break.
pub fn answer(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    head(stream, status, &format!("{headers}Content-Length: {}\r\n", body.len()));
    let _ = stream.write_all(body);
}

/// Answers as a server that knows ranges, with an entity tag.
pub fn file(request: &Request, stream: &mut TcpStream, tag: &str, content: &[u8]) {
    let tag = format!("ETag: {tag}\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    match request.range() {
        _ if request.method == "HEAD" => {
            head(stream, "200 OK", &format!("{tag}Content-Length: {}\r\n", content.len()));
        }
        Some((first, last)) if first < content.len() => {
            let last = last.min(content.len() - 1);
            let range = format!("{tag}Content-Range: bytes {first}-{last}/{}\r\n", content.len());
            answer(stream, "206 Partial Content", &range, &content[first..=last]);
        }
        Some(_) => answer(stream, "416 Range Not Satisfiable", "", b""),
        None => answer(stream, "200 OK", &tag, content),
    }
}

/// Waits until the client has gone.
pub fn stall(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let _ = stream.read(&mut [0]);
}

/// Sends for as long as the client takes it.
pub fn endless(stream: &mut TcpStream, piece: &[u8]) {
    while stream.write_all(piece).is_ok() {}
}

/// Short enough for a test, long enough for a busy machine.
pub fn patience() -> Patience {
    Patience {
        connect: Duration::from_secs(2),
        idle: Duration::from_millis(400),
        whole: Duration::from_secs(4),
        least_rate: 10_000,
        attempts: 3,
        pause: Duration::from_millis(1),
    }
}
