"""Films by their scenes and moments, sound by its samples."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import media_samples as samples
import numpy as np
import pytest

from jikim.media.opening import OpenMedia
from jikim.types import Frame, MediaKind

Open = Callable[[bytes], OpenMedia]


def colour_of(frame: Frame) -> int:
    """0 red, 1 green, 2 blue."""
    height, width = frame.pixels.shape[:2]
    return int(frame.pixels[height // 2, width * 3 // 4].argmax())


@pytest.mark.parametrize("mime", samples.FILMS)
def test_each_container_shows_every_scene(opened: Open, mime: str) -> None:
    media = opened(samples.FILMS[mime]())
    assert (media.media.kind, media.media.mime) == (MediaKind.VIDEO, mime)
    assert (media.media.width_px, media.media.height_px) == (samples.WIDTH, samples.HEIGHT)
    frames = media.first_look()
    assert {colour_of(frame) for frame in frames} >= ({0, 1, 2} if mime != "video/x-h264" else {0, 1})
    assert [frame.at_s for frame in frames] == sorted(frame.at_s or 0.0 for frame in frames)
    if mime != "video/x-h264":  # which has no times, and no length
        assert media.media.duration_s == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize("mime", [mime for mime in samples.FILMS if mime != "video/x-h264"])
def test_each_container_gives_the_frame_at_a_time(opened: Open, mime: str) -> None:
    media = opened(samples.FILMS[mime]())
    frames = media.frames_at([2.5, 0.5, 1.5, 1.52])
    assert [colour_of(frame) for frame in frames][:1] == [0]
    assert {colour_of(frame) for frame in frames} == {0, 1, 2}
    for wanted in (0.5, 1.5, 2.5):
        assert min(abs((frame.at_s or 0.0) - wanted) for frame in frames) <= 0.21


def test_what_shows_the_same_again_is_looked_at_and_not_given(opened: Open) -> None:
    options = {"g": "10", "sc_threshold": "0"}
    media = opened(samples.video([samples.GREY] * 4, codec="mpeg4", container="avi", options=options, has_motion=False))
    frames = media.first_look()
    assert len(frames) < len(media.looked_s)
    assert media.looked_s[-1] >= 3.0
    assert {frame.at_s for frame in frames} <= set(media.looked_s)


def test_times_outside_the_film_give_its_ends(opened: Open) -> None:
    frames = opened(samples.video()).frames_at([-5.0, 1e7, float("nan")])
    assert [colour_of(frame) for frame in frames] == [0, 2]


def test_a_scene_change_between_keyframes_is_found(opened: Open) -> None:
    options = {"g": "1000", "sc_threshold": "0", "bf": "2"}
    colours = (samples.RED, samples.GREEN, samples.BLUE, samples.RED, samples.GREY)
    content = samples.video(colours, seconds_each=5.0, width=320, height=240, options=options)
    frames = opened(content).first_look()
    assert {colour_of(frame) for frame in frames} == {0, 1, 2}
    assert len(frames) <= 12


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_film_stored_sideways_comes_upright(opened: Open, rotation: int) -> None:
    media = opened(samples.video([samples.RED], rotation=rotation))
    frame = media.first_look()[0]
    assert (media.media.height_px, media.media.width_px) == frame.pixels.shape[:2]
    unturned = np.rot90(frame.pixels, -(rotation // 90))
    assert unturned.shape[:2] == (samples.HEIGHT, samples.WIDTH)
    assert unturned[10, 15].min() > 200


def test_pixels_that_are_not_square(opened: Open) -> None:
    frame = opened(samples.video([samples.RED], aspect=Fraction(2, 1))).first_look()[0]
    assert frame.pixels.shape == (samples.HEIGHT, 2 * samples.WIDTH, 3)


def test_large_films_are_scaled_to_the_bound(opened: Open) -> None:
    media = opened(samples.video([samples.RED], width=1280, height=720, seconds_each=0.3))
    assert (media.media.width_px, media.media.height_px) == (1280, 720)
    assert max(media.first_look()[0].pixels.shape) == 640


@pytest.mark.parametrize("mime", samples.SOUNDS)
def test_sound_alone(opened: Open, mime: str) -> None:
    media = opened(samples.SOUNDS[mime]())
    assert (media.media.kind, media.media.mime, media.media.width_px) == (MediaKind.AUDIO, mime, None)
    assert media.first_look() == ()
    sound = media.audio(0.5, 1.0)
    assert sound is not None
    assert (sound.rate_hz, sound.samples.dtype, len(sound.samples)) == (16_000, np.float32, 16_000)
    spectrum = np.abs(np.fft.rfft(sound.samples))
    assert spectrum.argmax() == pytest.approx(440, abs=2)
    assert np.abs(sound.samples).max() == pytest.approx(0.5, abs=0.1)


def test_sound_of_a_film(opened: Open) -> None:
    media = opened(samples.video(sound_codec="aac"))
    assert media.has_audio
    sound = media.audio(0.0, 60.0)
    assert sound is not None
    assert len(sound.samples) == pytest.approx(3 * 16_000, abs=2_000)
    assert media.audio(50.0, 1.0) is None
    assert not opened(samples.video()).has_audio
    assert opened(samples.video()).audio(0, 1) is None
