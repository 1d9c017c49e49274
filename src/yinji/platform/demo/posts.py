"""What the authors of the demo post, the oldest first, each so many days before the demo begins."""

from __future__ import annotations

import importlib.util
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from yinji.labels.aigc import AigcLabel
from yinji.labels.declaration import Declaration, Declared
from yinji.operations.label import label
from yinji.platform.demo import film, pictures, scene, tune

if TYPE_CHECKING:
    from PIL import Image

PRODUCER: Final = "001191110000MA0TE5T00Q10001"
"""Code of a generation service that does not exist."""

_PARAMETERS: Final = (
    "orange cat in front of a round window, flat illustration\n"
    "Negative prompt: blurry, text\n"
    "Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 20261123, Size: 1200x900, Model hash: 6ce0161689, "
    "Model: v1-5-pruned-emaonly, Version: v1.10.1"
)
"""What a common local tool leaves in the PNG text chunk ``parameters``."""

_DIGEST_TEXT: Final = """本周共读《金石录》，大家谈得最多的是“印”：一枚印章落下，物与人之间就有了一条可以追问的线。

- 第一章讲收藏，也讲离散。
- 讨论集中在“信”字：凭什么相信一件东西的来历。

这份摘要由模型根据共读笔记整理，引文页码请以原书为准。"""

NOT_AI: Final = Declaration(Declared.NOT_AI)
UNSAID: Final = Declaration(Declared.UNDECLARED)
GENERATED: Final = Declaration(Declared.AI_GENERATED)

RECIPE: Final = "外婆的萝卜糕"
MORNING: Final = "湖边的清晨"
NOODLES: Final = "巷口的面"
SOUP: Final = "冬天的第一锅羊汤"
NAP: Final = "掌柜打盹"
NOTES: Final = "共读笔记：序"
ALLEY: Final = "巷子改造前后"


@dataclass(frozen=True, slots=True)
class Post:
    """One post.

    Attributes:
        days: How long before the demo begins.
        make: The file's bytes.
    """

    days: float
    author: str
    title: str
    text: str
    declaration: Declaration
    filename: str = ""
    make: Callable[[], bytes] | None = None


def posts() -> tuple[Post, ...]:
    """Returns them, the oldest first."""
    every = (*_earlier(), *_of_this_week(), *_films())
    return tuple(sorted(every, key=lambda post: -post.days))


def _earlier() -> tuple[Post, ...]:
    edited = Declaration(Declared.AI_EDITED, "由模型起草，人工改定")
    autumn, snow = (lambda: _painted(pictures.AUTUMN, "b81d20")), (lambda: _painted(pictures.SNOW, "41c7e5"))
    return (
        Post(29.2, "yanhe", "十一月书单", "这个月读三本：一本讲纸，一本讲墨，一本讲读书人怎样互相借书。", NOT_AI),
        Post(28.1, "qinghe", "展览手记（一）", "布展第一天。说明牌的初稿请模型写，我删去了一半形容词。", edited),
        Post(26.9, "juyu", "掌柜的名字怎么来的", "它第一次进门就坐在柜台上不肯走，大家只好叫它掌柜。", NOT_AI),
        Post(25.4, "yanhe", "模型试写的三行诗", "雨停在檐下\n茶凉到第二杯\n巷口有人喊名字", GENERATED),
        Post(23.6, "qinghe", "秋山", "赭石和朱磦的练习，文生图，自己调过三遍色。", GENERATED, "秋山.png", autumn),
        Post(22.3, "chengnan", SOUP, "凌晨四点下骨头，七点撇第一遍浮沫。照片等天亮再拍。", NOT_AI),
        Post(20.7, "juyu", "给客人的一封信", "谢谢您今年来过。这封信由模型起草，落款是我们自己写的。", edited),
        Post(18.8, "juyu", NAP, "午后三点，谁来都不醒。", UNSAID, "打盹.png", lambda: _cat(mirrored=True)),
        Post(17.2, "yanhe", NOTES, "序里说，聚之难，散之易。整理时把口语改成了书面语。", NOT_AI),
        Post(15.9, "chengnan", "菜单新增三样", "新菜的名字请模型想了二十个，留下三个。", edited),
        Post(14.1, "chengnan", ALLEY, "左边是十年前的墙，右边是今年的墙，门牌还是原来那块。", NOT_AI),
        Post(12.6, "qinghe", "雪夜山居", "给年历画的一月。画面由文生图模型生成。", GENERATED, "雪夜.png", snow),
        Post(11.3, "juyu", "打烊公告（模型写的）", "本店今日提前打烊，因为掌柜想看雪。", GENERATED),
        Post(9.5, "yanhe", "借书的规矩", "一次一本，一月一还，批注用铅笔。", NOT_AI),
    )


def _of_this_week() -> tuple[Post, ...]:
    return (
        Post(7.4, "chengnan", RECIPE, "萝卜擦丝，米浆要用陈米，蒸足一个钟头。照片没有拍，味道都在字里。", NOT_AI),
        Post(
            5.2,
            "yanhe",
            MORNING,
            "湖面像一张还没有落墨的纸，雾从对岸慢慢写过来。我在长椅上坐了一个钟头，只记下这一句。",
            NOT_AI,
        ),
        Post(
            1.6,
            "chengnan",
            NOODLES,
            "巷口这家面馆开了二十年，汤还是那个味道。",
            NOT_AI,
            "巷口的面.jpg",
            lambda: _encoded(pictures.noodles(), "JPEG"),
        ),
        Post(0.9, "juyu", "掌柜今日当值", "掌柜今日当值，茶已泡好。", UNSAID, "掌柜.png", _cat),
        Post(
            0.7,
            "yanhe",
            "寿山石印章三维稿",
            "印面的字还没有刻，先把石料和印纽的比例定下来。形体由模型生成，我改了印纽。",
            Declaration(Declared.AI_EDITED, "形体由模型生成"),
            "印章.glb",
            scene.seal,
        ),
        Post(0.5, "juyu", "雨夜琴", "昨晚下雨，在窗边弹的一小段，没有修音。", NOT_AI, "雨夜琴.wav", tune.strings),
        Post(
            0.25,
            "yanhe",
            "本周共读摘要：印与信",
            _DIGEST_TEXT,
            Declaration(Declared.AI_EDITED, "由模型整理，人工校对"),
        ),
        Post(
            0.1,
            "qinghe",
            "青绿山水：新展海报底图",
            "想给新展做一张石青石绿的海报底图，用文生图试了十几版，这一张的山势最舒服。",
            GENERATED,
            "青绿山水.png",
            lambda: _painted(pictures.SPRING, "7f3a9c"),
        ),
    )


def _films() -> tuple[Post, ...]:
    if importlib.util.find_spec("av") is None:  # the platform runs without PyAV; then it shows no film
        return ()
    words = "一镜走过整幅长卷，五秒。画面由文生视频模型生成。"
    return (Post(0.35, "qinghe", "山水长卷（短片）", words, GENERATED, "长卷.mp4", _labelled_film),)


def _painted(view: pictures.View, number: str) -> bytes:
    return _labelled(_encoded(pictures.mountains(view), "PNG"), f"demo-20261122-{number}", "mountains.png")


def _labelled_film() -> bytes:
    return _labelled(film.pan(), "demo-20261124-c0ffee", "mountains.mp4", "top-right")  # clear of a player's controls


def _labelled(data: bytes, produce_id: str, filename: str, place: str = "") -> bytes:
    """Labels what was generated as its producer must: first what people see, then the metadata."""
    with tempfile.TemporaryDirectory(prefix="yinji-demo-") as folder:
        output = Path(folder) / filename
        first = AigcLabel.first(PRODUCER, produce_id)
        label(data, first, output=output, filename=filename, place=place, durable=False)
        return output.read_bytes()


def _cat(*, mirrored: bool = False) -> bytes:
    """Returns a picture as a common local tool leaves it: without a label, with its parameters."""
    from PIL import ImageOps
    from PIL.PngImagePlugin import PngInfo

    traces = PngInfo()
    traces.add_text("parameters", _PARAMETERS)
    file = io.BytesIO()
    picture = pictures.cat()
    (ImageOps.mirror(picture) if mirrored else picture).save(file, "PNG", pnginfo=traces)
    return file.getvalue()


def _encoded(picture: Image.Image, format: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, quality=90)
    return file.getvalue()
