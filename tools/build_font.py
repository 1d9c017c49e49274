"""Builds the label font: a small subset of Noto Sans CJK SC Bold that the wheel carries.

The same input gives the same bytes. Run it after adding words to ``WORDS``::

    python tools/build_font.py /usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc

Noto Sans CJK is under the SIL Open Font License 1.1; a changed version may not bear its reserved name, so the
subset has a family name of its own. The licence text lies beside the font.
"""

from __future__ import annotations

import argparse
import io
import string
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FAMILY = "Yinji Sans Label"
OUTPUT = Path(__file__).parents[1] / "src/yinji/marks/fonts/YinjiSansLabel-Bold.otf"

WORDS = (
    "AI生成 人工智能生成合成 本图片由 本图像 本视频 本音频 本文 本文章 本文本 本作品 本内容 "
    "本虚拟场景 本界面 本文件 部分内容 "
    "内容由AI生成，请注意甄别 请仔细甄别 仅供参考 疑似 可能 含有 包含 为 已 经 使用 辅助 "
    "创作 制作 编辑 修改 声明 作者 用户 "
    "平台 标识 服务 提供 模型 算法 数字人 换脸 声音 克隆 翻译 字幕 配音 图示 虚构 演绎 深度 不代表 真实 "
    "该内容属于 可能为 疑似为人工智能生成合成内容 作者声明 请谨慎甄别 印记 "
    "人工智慧生成內容 圖片 影片 聲音 請注意 "
    "生成AIによるコンテンツ "
    "인공지능으로 생성된 콘텐츠 이미지 영상 음성 만든 "
    "Được tạo bởi AI Nội dung do trí tuệ nhân "
    "Généré Créé par l’IA KI-generiert künstlich erzeugt Gerado Conteúdo inteligência Generado "
)
PUNCTUATION = "，。、：；！？（）《》“”‘’—…·｜【】　"
LATIN_1 = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ©®«»"


def characters() -> set[str]:
    """Returns every character the font must draw."""
    printable = string.ascii_letters + string.digits + string.punctuation + " "
    return set(WORDS + PUNCTUATION + LATIN_1 + printable)


def build(source: Path, number: int) -> bytes:
    """Returns the bytes of the subset.

    Args:
        source: A Noto Sans CJK collection.
        number: Which font of the collection.
    """
    options = subset.Options()
    options.layout_features = ["kern", "palt", "calt"]
    options.name_IDs = [0, 13, 14]
    options.name_languages = [0x409]
    options.notdef_outline = True
    options.hinting = False
    options.desubroutinize = True
    options.drop_tables += ["VORG", "vhea", "vmtx", "BASE", "STAT"]
    options.recalc_timestamp = False
    font = TTFont(source, fontNumber=number, recalcTimestamp=False)
    have = font.getBestCmap()
    absent = {c for c in characters() if ord(c) not in have}
    if absent:
        raise SystemExit(f"not in {source.name}: {''.join(sorted(absent))}")
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(c) for c in characters()])
    subsetter.subset(font)
    rename(font)
    shrink(font)
    font["head"].created = font["head"].modified = 3_786_825_600
    output = io.BytesIO()
    font.save(output, reorderTables=True)
    return output.getvalue()


def rename(font: TTFont) -> None:
    """Gives the subset names of its own in every place that holds one (OFL 1.1, clause 3)."""
    postscript = FAMILY.replace(" ", "") + "-Bold"
    names = font["name"]
    for identifier, text in ((1, FAMILY), (2, "Bold"), (3, postscript), (4, f"{FAMILY} Bold"), (6, postscript)):
        names.setName(text, identifier, 3, 1, 0x409)
    names.setName("Version 1.0", 5, 3, 1, 0x409)
    top = font["CFF "].cff
    top.fontNames = [postscript]
    top[0].FullName = f"{FAMILY} Bold"
    top[0].FamilyName = FAMILY


def shrink(font: TTFont) -> None:
    """Drops the glyph hints that unhinted outlines leave unused and shares what charstrings have in common."""
    font["CFF "].cff.remove_unused_subroutines()


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the label font.")
    parser.add_argument("source", type=Path, help="NotoSansCJK-Bold.ttc")
    parser.add_argument("--number", type=int, default=2, help="font of the collection (2 is SC)")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    data = build(arguments.source, arguments.number)
    arguments.output.write_bytes(data)
    listed = "".join(sorted(characters() - {" ", "\u3000"}))
    arguments.output.with_name("characters.txt").write_text(listed + "\n", "utf-8")
    print(f"{arguments.output}: {len(data)} bytes, {len(characters())} characters")


if __name__ == "__main__":
    main()
