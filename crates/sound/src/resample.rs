//! From one sampling rate to another.
//!
//! Output frame n is the source at n / rate seconds exactly: the filter's delay is taken off. Between rates with a simple
//! ratio the spectrum is cut in blocks (Rubato's synchronous resampler, with a squared Blackman-Harris window); for the
//! others, the sinc of [`crate::varispeed`] is evaluated frame by frame.

use audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use crate::varispeed::Varispeed;
use crate::{Block, Info, SoundError, Source};

/// The fewest frames of a block, at the lower rate: the filter is as long, and flat to 0.97 of the lower Nyquist frequency.
const SHORTEST: usize = 1024;
/// The longest blocks that still gain from being transformed at once.
const LONGEST: usize = 1 << 15;

/// Source and output frames of a block for the ratio `from` : `to`; `None` when the ratio is not simple enough.
fn block_sizes(from: u32, to: u32) -> Option<(usize, usize)> {
    let (mut a, mut b) = (from, to);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let (from, to) = ((from / a.max(1)) as usize, (to / a.max(1)) as usize);
    // Even, so that the filter's delay is a whole number of frames on both sides.
    let times = SHORTEST.div_ceil(from.min(to).max(1)).next_power_of_two().max(2);
    let sizes = (from * times, to * times);
    (sizes.0.max(sizes.1) <= LONGEST).then_some(sizes)
}

/// One channel of a conversion.
struct Line {
    fft: Fft<f32>,
    input: Vec<Vec<f32>>,
    output: Vec<Vec<f32>>,
}

impl Line {
    fn new(from: u32, to: u32, sizes: (usize, usize)) -> Option<Line> {
        let fft = Fft::new_custom(
            from as usize,
            to as usize,
            sizes.0,
            1,
            1,
            WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )
        .ok()?;
        let fits = fft.input_frames_next() == sizes.0 && fft.output_frames_next() == sizes.1;
        fits.then(|| Line { fft, input: vec![vec![0.0; sizes.0]], output: vec![vec![0.0; sizes.1]] })
    }

    /// Converts `input`, one block, and appends to `output`.
    fn convert(&mut self, input: &[f32], output: &mut Vec<f32>) {
        if let Some(line) = self.input.first_mut() {
            line.copy_from_slice(input);
        }
        let (from, to) = (self.input[0].len(), self.output[0].len());
        if let (Ok(input), Ok(mut buffer)) = (
            SequentialSliceOfVecs::new(&self.input, 1, from),
            SequentialSliceOfVecs::new_mut(&mut self.output, 1, to),
        ) && self.fft.process_into_buffer(&input, &mut buffer, None).is_ok()
        {
            output.extend_from_slice(&self.output[0]);
        } else {
            // The sizes are those that the resampler asked for.
            output.resize(output.len() + to, 0.0);
        }
    }
}

/// A conversion of a stream that is fed in whole blocks.
pub(crate) struct Converter {
    lines: Vec<Line>,
    ready: Vec<Vec<f32>>,
    sizes: (usize, usize),
    /// Output frames that are still to be dropped, because of the delay.
    drop: usize,
}

impl Converter {
    /// A conversion of `channels` channels; `None` when the ratio of the rates is not simple enough.
    pub(crate) fn new(from: u32, to: u32, channels: usize) -> Option<Converter> {
        let sizes = block_sizes(from, to)?;
        let lines = (0..channels).map(|_| Line::new(from, to, sizes)).collect::<Option<Vec<_>>>()?;
        Some(Converter { lines, ready: vec![Vec::new(); channels], sizes, drop: sizes.1 + sizes.1 / 2 })
    }

    /// How many source frames before the first output frame the feeding begins.
    pub(crate) fn lead(&self) -> usize {
        self.sizes.0
    }

    /// How many source frames have to be fed before `frames` output frames can be taken.
    pub(crate) fn needs(&self, frames: usize) -> usize {
        let ready = self.ready.first().map_or(0, Vec::len);
        (frames + self.drop).saturating_sub(ready).div_ceil(self.sizes.1) * self.sizes.0
    }

    /// Feeds `input`, whole blocks of as many channels as the conversion has; `parallel` when there is nothing else to do.
    pub(crate) fn feed(&mut self, input: &Block, parallel: bool) {
        let size = self.sizes.0;
        let work = |((line, ready), input): ((&mut Line, &mut Vec<f32>), &[f32])| {
            input.chunks_exact(size).for_each(|block| line.convert(block, ready));
        };
        let lines = self.lines.iter_mut().zip(&mut self.ready).zip(input.iter());
        if parallel {
            rayon::scope(|scope| lines.for_each(|line| scope.spawn(move |_| work(line))));
        } else {
            lines.for_each(work);
        }
        let ready = self.ready.first().map_or(0, Vec::len);
        let gone = self.drop.min(ready);
        self.ready.iter_mut().for_each(|ready| drop(ready.drain(..gone)));
        self.drop -= gone;
    }

    /// Takes `frames` output frames of channel `index`; [`Converter::advance`] drops them.
    pub(crate) fn peek(&self, index: usize, frames: usize) -> &[f32] {
        self.ready.get(index).and_then(|ready| ready.get(..frames)).unwrap_or_default()
    }

    /// Drops `frames` output frames.
    pub(crate) fn advance(&mut self, frames: usize) {
        self.ready.iter_mut().for_each(|ready| drop(ready.drain(..frames.min(ready.len()))));
    }
}

/// A source and the frame it reads next, which may lie before its first; silent outside of it.
pub(crate) struct Feed {
    source: Box<dyn Source>,
    next: i64,
    sought: bool,
    end: Option<u64>,
}

impl Feed {
    /// Reads `source` from frame `next` on.
    pub(crate) fn new(source: Box<dyn Source>, next: i64) -> Feed {
        Feed { source, next, sought: false, end: None }
    }

    /// The source.
    pub(crate) fn source(&self) -> &dyn Source {
        self.source.as_ref()
    }

    /// Fills `block` to its capacity.
    pub(crate) fn read(&mut self, block: &mut Block) -> Result<(), SoundError> {
        let wanted = block.capacity();
        let lead = usize::try_from(-self.next.min(0)).unwrap_or(usize::MAX).min(wanted);
        if !self.sought && lead < wanted {
            self.source.seek(self.next.max(0) as u64)?;
            self.sought = true;
        }
        let mut done = lead;
        if lead == 0 {
            done = self.source.read(block)?;
        } else {
            block.reshape(usize::from(self.source.info().channels));
            block.set_frames(wanted);
            block.channels_mut().for_each(|channel| channel[..lead].fill(0.0));
            let mut rest = Block::new(block.channels(), wanted - lead);
            if lead < wanted {
                done += self.source.read(&mut rest)?;
            }
            for (to, from) in block.channels_mut().zip(rest.iter()) {
                to[lead..done].copy_from_slice(from);
            }
        }
        if done < wanted && self.end.is_none() {
            self.end = Some((self.next + done as i64).max(0).unsigned_abs());
        }
        block.set_frames(wanted);
        block.channels_mut().for_each(|channel| channel[done..].fill(0.0));
        self.next += wanted as i64;
        Ok(())
    }
}

/// How a source comes to another rate.
enum Way {
    Same(Feed),
    Blocks { feed: Feed, converter: Box<Converter>, input: Block },
    Sinc(Box<Varispeed>),
}

/// A source at another rate and speed, from any of its frames on, without end.
pub(crate) struct Player {
    way: Way,
}

impl Player {
    /// Plays `source` at `rate` from its frame `first`, at `speed` times its own speed.
    pub(crate) fn new(
        source: Box<dyn Source>,
        rate: u32,
        first: f64,
        speed: f64,
    ) -> Result<Player, SoundError> {
        let (from, channels) = (source.info().rate, usize::from(source.info().channels));
        let whole = speed == 1.0 && first.fract() == 0.0 && first.abs() < 1e15;
        if whole && from == rate {
            return Ok(Player { way: Way::Same(Feed::new(source, first as i64)) });
        }
        if whole && let Some(converter) = Converter::new(from, rate, channels) {
            let feed = Feed::new(source, first as i64 - converter.lead() as i64);
            let input = Block::new(channels, converter.sizes.0);
            return Ok(Player { way: Way::Blocks { feed, converter: Box::new(converter), input } });
        }
        Ok(Player { way: Way::Sinc(Box::new(Varispeed::new(source, rate, first, speed)?)) })
    }

    /// Frames that are silent because the file is damaged.
    pub(crate) fn damaged(&self) -> u64 {
        match &self.way {
            Way::Same(feed) | Way::Blocks { feed, .. } => feed.source().damaged(),
            Way::Sinc(varispeed) => varispeed.damaged(),
        }
    }

    /// The source's frames, once its end has been reached.
    fn end(&self) -> Option<u64> {
        match &self.way {
            Way::Same(feed) | Way::Blocks { feed, .. } => feed.end,
            Way::Sinc(varispeed) => varispeed.end(),
        }
    }

    /// Fills `block` to its capacity with the next frames, in the source's channels.
    pub(crate) fn read(&mut self, block: &mut Block) -> Result<(), SoundError> {
        match &mut self.way {
            Way::Same(feed) => feed.read(block),
            Way::Sinc(varispeed) => varispeed.read(block),
            Way::Blocks { feed, converter, input } => {
                let frames = block.capacity();
                while converter.needs(frames) > 0 {
                    feed.read(input)?;
                    converter.feed(input, false);
                }
                block.reshape(input.channels());
                block.set_frames(frames);
                for (index, plane) in block.channels_mut().enumerate() {
                    plane.copy_from_slice(converter.peek(index, frames));
                }
                converter.advance(frames);
                Ok(())
            }
        }
    }
}

/// `frames` of the rate `from`, as frames of the rate `to`, rounded up.
fn scaled(frames: u64, from: u32, to: u32) -> u64 {
    let scaled = (u128::from(frames) * u128::from(to)).div_ceil(u128::from(from.max(1)));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// Opens the source anew.
type Open = Box<dyn Fn() -> Result<Box<dyn Source>, SoundError> + Send>;

/// A source at another rate.
pub struct Resampled {
    info: Info,
    from: u32,
    open: Open,
    player: Player,
    next: u64,
    damaged: u64,
}

impl Resampled {
    /// The source that `open` gives, at `rate` frames per second. A seek opens it anew.
    ///
    /// # Errors
    ///
    /// Those of `open`, and a rate of zero.
    pub fn new(
        open: impl Fn() -> Result<Box<dyn Source>, SoundError> + Send + 'static,
        rate: u32,
    ) -> Result<Resampled, SoundError> {
        if rate == 0 {
            return Err(SoundError::parameter("the sampling rate", rate, "above 0"));
        }
        let source = open()?;
        let from = source.info().rate;
        let frames = source.info().frames.map(|frames| scaled(frames, from, rate));
        let info = Info { rate, frames, ..source.info().clone() };
        let player = Player::new(source, rate, 0.0, 1.0)?;
        Ok(Resampled { info, from, open: Box::new(open), player, next: 0, damaged: 0 })
    }
}

impl Source for Resampled {
    fn info(&self) -> &Info {
        &self.info
    }

    fn seek(&mut self, frame: u64) -> Result<(), SoundError> {
        if frame == self.next {
            return Ok(());
        }
        self.damaged += self.player.damaged();
        // From the last frame before that falls on one of the source's, so that the blocks' grid stays exact.
        let (rate, from) = (u64::from(self.info.rate), u64::from(self.from.max(1)));
        let (mut a, mut b) = (rate, from);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let period = rate / a;
        let base = frame - frame % period;
        let first = (u128::from(base) * u128::from(from) / u128::from(rate)) as f64;
        self.player = Player::new((self.open)()?, self.info.rate, first, 1.0)?;
        let mut left = frame - base;
        while left > 0 {
            let mut skipped = Block::new(usize::from(self.info.channels), left.min(4096) as usize);
            self.player.read(&mut skipped)?;
            left -= skipped.frames() as u64;
        }
        self.next = frame;
        Ok(())
    }

    fn read(&mut self, block: &mut Block) -> Result<usize, SoundError> {
        let room = |frames: Option<u64>, next: u64| {
            let left = frames.map_or(u64::MAX, |frames| frames.saturating_sub(next));
            block.capacity().min(usize::try_from(left).unwrap_or(usize::MAX))
        };
        let mut count = room(self.info.frames, self.next);
        let mut piece = Block::new(usize::from(self.info.channels), count);
        if count > 0 {
            self.player.read(&mut piece)?;
            if self.info.frames.is_none() {
                count = room(self.player.end().map(|end| scaled(end, self.from, self.info.rate)), self.next);
                piece.set_frames(count);
            }
        }
        block.reshape(usize::from(self.info.channels));
        if count > 0 {
            block.set_frames(count);
            for (to, from) in block.channels_mut().zip(piece.iter()) {
                to.copy_from_slice(from);
            }
        }
        self.next += count as u64;
        Ok(count)
    }

    fn damaged(&self) -> u64 {
        self.damaged + self.player.damaged()
    }
}
