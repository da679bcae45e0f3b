//! A stretch of samples.

/// Planar samples: channels of equal length, ±1.0 at full scale.
///
/// A block has a fixed capacity in frames and holds from none to that many.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    channels: usize,
    capacity: usize,
    frames: usize,
    samples: Vec<f32>,
}

impl Block {
    /// An empty block for `channels` channels of up to `capacity` frames.
    pub fn new(channels: usize, capacity: usize) -> Block {
        Block { channels, capacity, frames: 0, samples: vec![0.0; channels * capacity] }
    }

    /// A full block from the samples of each channel; the shortest channel sets its length.
    pub fn from_channels(channels: &[&[f32]]) -> Block {
        let frames = channels.iter().map(|channel| channel.len()).min().unwrap_or(0);
        let mut block = Block::new(channels.len(), frames);
        block.set_frames(frames);
        for (to, from) in block.channels_mut().zip(channels) {
            to.copy_from_slice(&from[..frames]);
        }
        block
    }

    /// The number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The most frames that fit.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The number of frames that it holds.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Whether it holds no frame.
    pub fn is_empty(&self) -> bool {
        self.frames == 0
    }

    /// Gives it another number of channels, and no frames; the capacity stays.
    pub fn reshape(&mut self, channels: usize) {
        if self.channels != channels {
            self.channels = channels;
            self.samples.resize(channels * self.capacity, 0.0);
        }
        self.frames = 0;
    }

    /// Sets how many frames it holds, at most its capacity; frames that come in have any value.
    pub fn set_frames(&mut self, frames: usize) {
        self.frames = frames.min(self.capacity);
    }

    /// The samples of channel `index`; empty when there is no such channel.
    pub fn channel(&self, index: usize) -> &[f32] {
        let start = index.saturating_mul(self.capacity);
        self.samples.get(start..start.saturating_add(self.frames)).unwrap_or_default()
    }

    /// The samples of channel `index` for writing; empty when there is no such channel.
    pub fn channel_mut(&mut self, index: usize) -> &mut [f32] {
        let start = index.saturating_mul(self.capacity);
        self.samples.get_mut(start..start.saturating_add(self.frames)).unwrap_or_default()
    }

    /// The samples of each channel.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.samples
            .chunks_exact(self.capacity.max(1))
            .take(self.channels)
            .map(|channel| &channel[..self.frames])
    }

    /// The samples of each channel, for writing.
    pub fn channels_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [f32]> {
        let frames = self.frames;
        self.samples
            .chunks_exact_mut(self.capacity.max(1))
            .take(self.channels)
            .map(move |channel| &mut channel[..frames])
    }

    /// Sets every sample that it holds to zero.
    pub fn silence(&mut self) {
        self.channels_mut().for_each(|channel| channel.fill(0.0));
    }

    /// Drops the first `count` frames.
    pub fn drop_front(&mut self, count: usize) {
        let count = count.min(self.frames);
        self.channels_mut().for_each(|channel| channel.copy_within(count.., 0));
        self.frames -= count;
    }
}
