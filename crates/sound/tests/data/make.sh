#!/bin/sh -e
# Makes the sound files in this folder, with ffmpeg 5.1 and lame 3.100.
cd "$(dirname "$0")"
python3 - <<'PYTHON'
# A chirp of triangles, in whole numbers alone: `tests/common/mod.rs` makes the same.
import struct, wave
def chirp(count):
    phase, step, samples = 0, 3 << 20, []
    for _ in range(count):
        phase = (phase + step) & 0xffffffff
        step += 2300
        samples.append((abs((phase >> 16) - 32768) - 16384) // 2)
    return samples
left = chirp(70001)
frames = b"".join(struct.pack("<hh", a, -(b // 2)) for a, b in zip(left, [0] * 100 + left))
with wave.open("/tmp/chirp.wav", "wb") as file:
    file.setparams((2, 2, 44100, 0, "NONE", ""))
    file.writeframes(frames)
PYTHON
convert() { ffmpeg -v error -y -i /tmp/chirp.wav -map_metadata -1 -fflags +bitexact -flags:a +bitexact "$@"; }
convert -ac 1 -af atrim=end_sample=20001 -compression_level 8 chirp.flac
convert -c:a libvorbis -q:a 2 chirp.ogg
convert -c:a libvorbis -q:a 2 chirp.mka
convert -c:a aac -b:a 96k chirp.m4a
convert -c:a aac -b:a 96k chirp.aac
lame --quiet --resample 44.1 -b 64 /tmp/chirp.wav chirp.mp3
lame --quiet -V 6 /tmp/chirp.wav chirp-vbr.mp3
lame --quiet --resample 44.1 -b 64 -t /tmp/chirp.wav chirp-untagged.mp3
