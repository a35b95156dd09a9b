"""Which sound belongs to a rendition, as master playlists say it."""

import pytest

from jikim.fetching.playlists import rendition, sound_rendition

LOW, HIGH = "low.m3u8", "high.m3u8"


def master(*sounds):
    renditions = (
        f'#EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=1920x1080,AUDIO="b"\n{HIGH}\n'
        f'#EXT-X-STREAM-INF:BANDWIDTH=3,RESOLUTION=640x360,AUDIO="a"\n{LOW}\n'
    )
    return "#EXTM3U\n" + "".join(f"#EXT-X-MEDIA:{said}\n" for said in sounds) + renditions


@pytest.mark.parametrize(
    ("sounds", "means"),
    [
        ((), None),
        (('TYPE=AUDIO,GROUP-ID="a",NAME="ko",URI="ko.m3u8"',), "ko.m3u8"),
        (('TYPE=AUDIO,GROUP-ID="b",NAME="ko",URI="ko.m3u8"',), None),
        (('TYPE=SUBTITLES,GROUP-ID="a",NAME="ko",URI="ko.m3u8"',), None),
        (
            ('TYPE=AUDIO,GROUP-ID="a",NAME="en",URI="en.m3u8"', 'TYPE=AUDIO,GROUP-ID="a",NAME="ko",DEFAULT=YES,URI="ko.m3u8"'),
            "ko.m3u8",
        ),
        (('TYPE=AUDIO,GROUP-ID="a",NAME="ko",DEFAULT=YES', 'TYPE=AUDIO,GROUP-ID="a",NAME="en",URI="en.m3u8"'), None),
    ],
)
def test_the_sound_of_a_rendition(sounds, means):
    text = master(*sounds)
    assert rendition(text) == LOW
    assert sound_rendition(text, LOW) == means
