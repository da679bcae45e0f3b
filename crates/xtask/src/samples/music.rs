//! Music that no one has played: chords with an arpeggio, a rhythm, and the sound of a sunrise.

use std::f32::consts::TAU;

/// Seconds of a beat, at 120 beats a minute.
const BEAT: f32 = 0.5;
/// Four chords of a bar each, as semitones from A2 (110 Hz).
const CHORDS: [[i32; 5]; 4] =
    [[0, 7, 12, 15, 19], [-4, 8, 12, 15, 20], [3, 10, 15, 19, 22], [-2, 5, 14, 17, 22]];

/// Sound in samples from −1 to 1, channel by channel.
pub struct Sound {
    /// Samples a second.
    pub rate: u32,
    /// The samples of each channel.
    pub channels: Vec<Vec<f32>>,
}

impl Sound {
    fn silence(seconds: f32, rate: u32, channels: usize) -> Self {
        let samples = (seconds * rate as f32) as usize;
        Sound { rate, channels: vec![vec![0.0; samples]; channels] }
    }

    /// Adds a tone that begins at a time: its wave by phase and by seconds since then, left and right.
    fn tone(&mut self, start: f32, seconds: f32, gains: &[f32], wave: impl Fn(f32) -> f32) {
        let rate = self.rate as f32;
        let (first, count) = ((start * rate) as usize, (seconds * rate) as usize);
        for at in 0..count {
            let value = wave(at as f32 / rate);
            for (channel, gain) in self.channels.iter_mut().zip(gains) {
                let length = channel.len().max(1);
                // What sounds on after the end is heard at the beginning, so that it can be played in a loop.
                channel[(first + at) % length] += value * gain;
            }
        }
    }

    /// The file: WAV with 16 bits a sample, as loud as it can be but for `headroom`.
    pub fn wav(&self, headroom: f32) -> Vec<u8> {
        let peak = self.channels.iter().flatten().fold(1e-9, |peak: f32, sample| peak.max(sample.abs()));
        let factor = 32767.0 * headroom / peak;
        let (channels, frames) = (self.channels.len(), self.channels.first().map_or(0, Vec::len));
        let bytes = (frames * channels * 2) as u32;
        let mut file = Vec::with_capacity(44 + bytes as usize);
        file.extend(b"RIFF");
        file.extend((36 + bytes).to_le_bytes());
        file.extend(b"WAVEfmt ");
        file.extend(16_u32.to_le_bytes());
        file.extend(1_u16.to_le_bytes());
        file.extend((channels as u16).to_le_bytes());
        file.extend(self.rate.to_le_bytes());
        file.extend((self.rate * channels as u32 * 2).to_le_bytes());
        file.extend((channels as u16 * 2).to_le_bytes());
        file.extend(16_u16.to_le_bytes());
        file.extend(b"data");
        file.extend(bytes.to_le_bytes());
        for frame in 0..frames {
            for channel in &self.channels {
                file.extend(((channel[frame] * factor).round() as i16).to_le_bytes());
            }
        }
        file
    }
}

fn hertz(semitones: i32) -> f32 {
    110.0 * 2.0_f32.powf(semitones as f32 / 12.0)
}

/// Rises and falls within some seconds.
fn swell(time: f32, seconds: f32, attack: f32, release: f32) -> f32 {
    let rise = (time / attack).min(1.0);
    let fall = ((seconds - time) / release).clamp(0.0, 1.0);
    (rise * fall).powi(2) * (3.0 - 2.0 * (rise * fall))
}

/// Chords and an arpeggio over them: eight seconds, in stereo.
pub fn chords(rate: u32) -> Sound {
    let mut sound = Sound::silence(16.0 * BEAT, rate, 2);
    for (bar, chord) in CHORDS.iter().enumerate() {
        let start = bar as f32 * 4.0 * BEAT;
        for (voice, note) in chord.iter().enumerate() {
            let seconds = 4.6 * BEAT;
            for (side, cents) in [(0.3, -4.0), (0.7, 4.0)] {
                let tone = hertz(*note) * 2.0_f32.powf(cents / 1200.0);
                let gains = [0.16 * side, 0.16 * (1.0 - side)];
                sound.tone(start, seconds, &gains, |time| {
                    let bright = 0.5 + 0.5 * (TAU * 0.25 * (time + start)).sin();
                    let harmonics = (1..=6).map(|number| {
                        let number = number as f32;
                        (TAU * tone * number * time).sin() * (0.35 + 0.3 * bright).powf(number - 1.0) / number
                    });
                    harmonics.sum::<f32>() * swell(time, seconds, 0.25, 0.5)
                });
            }
            if voice == 0 {
                sound.tone(start, seconds, &[0.3, 0.3], |time| {
                    (TAU * hertz(*note) / 2.0 * time).sin() * swell(time, seconds, 0.02, 0.4)
                });
            }
        }
        for step in 0..16 {
            let note = chord[[1, 3, 2, 4, 3, 2, 4, 3][step % 8]] + 12 + 12 * i32::from(step % 5 == 4);
            let at = start + step as f32 * BEAT / 4.0;
            let side = 0.5 + 0.35 * (step as f32 * 1.1).sin();
            // An echo a dotted eighth later, on the other side.
            for (late, gain, side) in [(0.0, 0.17, side), (0.75 * BEAT, 0.07, 1.0 - side)] {
                sound.tone(at + late, 0.7, &[gain * side, gain * (1.0 - side)], |time| {
                    let tone = hertz(note);
                    let pluck = (TAU * tone * time).sin()
                        + 0.4 * (TAU * 2.0 * tone * time).sin() * (-time * 14.0).exp();
                    pluck * (-time * 7.0).exp() * (time * 400.0).min(1.0)
                });
            }
        }
    }
    sound
}

/// Drums: eight seconds in mono.
pub fn rhythm(rate: u32) -> Sound {
    let mut sound = Sound::silence(16.0 * BEAT, rate, 1);
    for beat in 0..16 {
        let start = beat as f32 * BEAT;
        sound.tone(start, 0.35, &[0.9], |time| {
            let phase = 48.0 * time + 3.4 * (1.0 - (-time * 32.0).exp());
            (TAU * phase).sin() * (-time * 9.0).exp()
        });
        if beat % 2 == 1 {
            let noise = noise(17);
            sound.tone(start, 0.22, &[0.34], |time| {
                let late = if time < 0.012 { 0.5 } else { 1.0 };
                noise((time * 16_000.0) as u32) * late * (-time * 24.0).exp()
            });
        }
        for (step, loud) in [(0, 0.05), (1, 0.09), (2, 0.16), (3, 0.07)] {
            let noise = noise(100 + step);
            sound.tone(start + step as f32 * BEAT / 4.0, 0.06, &[loud], |time| {
                let at = (time * 40_000.0) as u32;
                (noise(at) - noise(at + 1)) * (-time * 90.0).exp()
            });
        }
    }
    sound
}

/// A bell over a rising fifth: three seconds in mono.
pub fn sunrise(rate: u32) -> Sound {
    let mut sound = Sound::silence(3.0, rate, 1);
    for (note, gain) in [(0, 0.3), (7, 0.3), (12, 0.22), (19, 0.14)] {
        sound.tone(0.0, 3.0, &[gain], |time| {
            (TAU * hertz(note + 12) * time).sin() * swell(time, 3.0, 1.6, 1.0)
        });
    }
    for (part, gain) in [(1.0, 0.5), (2.76, 0.28), (5.4, 0.12)] {
        sound.tone(1.0, 2.0, &[gain], |time| {
            (TAU * hertz(31) * part * time).sin()
                * (-time * (2.2 + part)).exp()
                * swell(time, 2.0, 0.004, 0.2)
        });
    }
    sound
}

/// Noise from −1 to 1: the same number for the same place.
fn noise(seed: u32) -> impl Fn(u32) -> f32 {
    move |at| {
        let mut bits = at.wrapping_mul(0x9E37_79B9) ^ seed.wrapping_mul(0x85EB_CA6B);
        for _ in 0..2 {
            bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
        }
        (bits ^ (bits >> 16)) as f32 / u32::MAX as f32 * 2.0 - 1.0
    }
}
