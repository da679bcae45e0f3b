//! Requests, one after the other.

use std::{
    collections::VecDeque,
    os::fd::OwnedFd,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use base::Limits;
use codecs::{
    CodecError, Encode,
    wire::{Ended, Link, Reply, Request, SLOT_SAMPLES, SoundOpened, TIMES, VideoOpened},
};
use memmap2::Mmap;

use crate::{
    av::broke,
    choose,
    confine::AddressSpace,
    describe,
    encode::{Film, SharedSlot},
    memory::{self, Deadline},
    sound::SoundSource,
    video::VideoSource,
};

/// How often the program hears that something long is being worked on.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// What encoders may take beside the file.
const ENCODER_BYTES: u64 = 16 << 30;

/// What is being read or written.
enum Job {
    None,
    Video(Box<VideoSource>),
    Sound(Box<SoundSource>),
    Film(Box<Film>),
}

/// A worker at work.
pub struct Server {
    link: Link,
    space: AddressSpace,
    allowed: u64,
    inbox: VecDeque<(Request, Option<OwnedFd>)>,
    job: Job,
    slots: Vec<SharedSlot>,
    deadline: Deadline,
    beat: Instant,
}

/// What a request came to: none where nothing is answered.
type Answer = Result<Option<Reply>, CodecError>;

impl Server {
    /// At the end of a socket.
    pub fn new(link: Link, space: AddressSpace) -> Self {
        Server {
            link,
            space,
            allowed: 0,
            inbox: VecDeque::new(),
            job: Job::None,
            slots: Vec::new(),
            deadline: Deadline::default(),
            beat: Instant::now(),
        }
    }

    /// Works until the program is gone.
    pub fn run(&mut self) {
        loop {
            let next = match self.inbox.pop_front() {
                Some(next) => Ok(next),
                None => self.link.receive(None),
            };
            let Ok((request, file)) = next else { return };
            self.beat = Instant::now();
            let reply = match self.answer(request, file) {
                Ok(None) => continue,
                Ok(Some(reply)) => reply,
                Err(error) => Reply::Failed(error.into()),
            };
            let sent = match self.link.send(&reply, None) {
                Err(Ended::Broken(error)) => self.link.send(&Reply::Failed(error.into()), None),
                other => other,
            };
            if sent.is_err() {
                return;
            }
        }
    }

    fn answer(&mut self, request: Request, file: Option<OwnedFd>) -> Answer {
        match request {
            Request::Support => Ok(Some(Reply::Support(choose::support()))),
            Request::Probe { limits } => {
                let file = self.file(file, &limits)?;
                let described = describe::describe(&file, &limits, &self.deadline, Instant::now());
                let info = described.map(|described| described.info);
                self.close();
                Ok(Some(Reply::Info(info?)))
            }
            Request::Video { stream, limits } => {
                let file = self.file(file, &limits)?;
                let source = VideoSource::open(file, stream, &limits, &self.deadline, Instant::now())?;
                self.let_run();
                let info = source.info.clone();
                let half_unit = source.half_unit();
                self.job = Job::Video(Box::new(source));
                Ok(Some(Reply::Video(VideoOpened { info, half_unit })))
            }
            Request::Sound { stream, limits } => {
                let file = self.file(file, &limits)?;
                let source = SoundSource::open(file, stream, &limits, &self.deadline, Instant::now())?;
                self.let_run();
                let info = source.info.clone();
                self.job = Job::Sound(Box::new(source));
                Ok(Some(Reply::Sound(SoundOpened { info })))
            }
            Request::Encode(request) => self.encode(&request, file),
            Request::Slot { slot, bytes } => self.slot(slot, bytes, file),
            Request::Times { from } => {
                let Job::Video(source) = &self.job else { return Err(no_job("pictures")) };
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                let until = from.saturating_add(TIMES).min(source.table.shown.len());
                Ok(Some(Reply::Times((from..until).map(|number| source.time(number)).collect())))
            }
            Request::Picture { number, slot } => self.picture(number, slot),
            Request::Forget => Ok(None),
            Request::Seek { sample } => {
                let Job::Sound(source) = &mut self.job else { return Err(no_job("sound")) };
                source.seek(sample)?;
                Ok(Some(Reply::Ready))
            }
            Request::Samples { slot } => {
                let Job::Sound(source) = &mut self.job else { return Err(no_job("sound")) };
                let memory = self.slots.get_mut(slot as usize).and_then(Arc::get_mut);
                let memory = memory.ok_or_else(|| broke("there is no such slot"))?;
                let samples = source.read(memory, SLOT_SAMPLES)?;
                Ok(Some(Reply::Samples { samples: samples as u32, damaged: source.damaged }))
            }
            Request::Frame { slot } => self.film(|film, memory| film.picture(slot, memory), slot),
            Request::Sounds { slot, samples } => {
                self.film(|film, memory| film.sound(slot, memory, samples), slot)
            }
            Request::Finish => {
                let Job::Film(film) = &mut self.job else { return Err(no_job("film")) };
                let (link, beat) = (&self.link, &mut self.beat);
                let bytes = film.finish(&mut || working(link, beat))?;
                Ok(Some(Reply::Finished { bytes }))
            }
            Request::Close => {
                self.close();
                Ok(Some(Reply::Closed))
            }
        }
    }

    /// The file that came along, and the bounds on working with it.
    fn file(&mut self, file: Option<OwnedFd>, limits: &Limits) -> Result<Arc<Mmap>, CodecError> {
        self.close();
        let file = memory::input(&file.ok_or_else(|| broke("no file came along"))?)?;
        Limits::check("the size of the file in bytes", file.len() as u64, limits.file_bytes, "fileBytes")?;
        self.allow(limits.import_bytes);
        let until = Instant::now().checked_add(limits.parse_time().mul_f64(0.8));
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = until;
        Ok(file)
    }

    /// From here on the program's patience is the bound.
    fn let_run(&self) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn allow(&mut self, bytes: u64) {
        self.allowed = self.allowed.saturating_add(bytes);
        self.space.allow(self.allowed);
    }

    fn encode(&mut self, request: &Encode, file: Option<OwnedFd>) -> Answer {
        self.close();
        self.allow(request.most_bytes.saturating_add(ENCODER_BYTES));
        let file = file.ok_or_else(|| broke("no file came along"))?;
        self.job = Job::Film(Box::new(Film::open(request, &file)?));
        Ok(Some(Reply::Ready))
    }

    fn slot(&mut self, slot: u32, bytes: u64, file: Option<OwnedFd>) -> Answer {
        // The slots are bounded by what the program asks for, not by the file.
        self.allow(bytes);
        let mapped = file.and_then(|file| memory::writable(&file).ok());
        if let Some(mapped) = mapped.filter(|_| slot as usize == self.slots.len()) {
            self.slots.push(Arc::new(mapped));
        }
        Ok(None)
    }

    fn picture(&mut self, number: u64, slot: u32) -> Answer {
        while let Ok(next) = self.link.receive(Some(Duration::ZERO)) {
            self.inbox.push_back(next);
        }
        if self.inbox.iter().any(|(request, _)| *request == Request::Forget) {
            return Ok(Some(Reply::Forgotten { slot }));
        }
        let Job::Video(source) = &mut self.job else { return Err(no_job("pictures")) };
        let memory = self.slots.get_mut(slot as usize).and_then(Arc::get_mut);
        let memory = memory.ok_or_else(|| broke("there is no such slot"))?;
        let (link, beat) = (&self.link, &mut self.beat);
        let head = source.picture(number, slot, memory, &mut || working(link, beat))?;
        Ok(Some(Reply::Picture(head)))
    }

    fn film(
        &mut self,
        act: impl FnOnce(&mut Film, &SharedSlot) -> Result<(), CodecError>,
        slot: u32,
    ) -> Answer {
        let Job::Film(film) = &mut self.job else { return Err(no_job("film")) };
        let memory = self.slots.get(slot as usize).ok_or_else(|| broke("there is no such slot"))?;
        act(film, memory)?;
        Ok(Some(Reply::Free { slots: film.freed() }))
    }

    fn close(&mut self) {
        self.job = Job::None;
        self.slots.clear();
        self.allowed = 0;
    }
}

fn no_job(what: &str) -> CodecError {
    broke(format!("no {what} are open"))
}

/// Lets the program know, now and then.
fn working(link: &Link, beat: &mut Instant) {
    if beat.elapsed() > HEARTBEAT {
        *beat = Instant::now();
        // Where the program is gone, the next answer finds out.
        let _ = link.send(&Reply::Working, None);
    }
}
