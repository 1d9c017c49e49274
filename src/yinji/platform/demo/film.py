"""The film of the demo: a slow pan over the painted mountains."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Final

from yinji.platform.demo import pictures

if TYPE_CHECKING:
    from av.video.stream import VideoStream

SIZE: Final = (640, 360)
RATE: Final = 20
SECONDS: Final = 5


def pan() -> bytes:
    """Returns an MP4 (H.264) of 5 s: the view moves across the picture and slows down at both ends.

    Raises:
        ModuleNotFoundError: PyAV is not installed.
    """
    import av
    import numpy as np

    painting = pictures.mountains()
    width = round(painting.width * 0.72)
    height = round(width * SIZE[1] / SIZE[0])
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream: VideoStream = container.add_stream("libx264", rate=RATE, options={"crf": "26", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        frames = SECONDS * RATE
        for number in range(frames):
            eased = (1 - math.cos(math.pi * number / (frames - 1))) / 2
            left = (painting.width - width) * eased
            top = (painting.height - height) * (0.35 + 0.6 * eased)
            view = painting.resize(SIZE, box=(left, top, left + width, top + height))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(view), format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()
