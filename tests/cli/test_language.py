from yinji.cli.language import detect


def test_option_wins_over_environment() -> None:
    assert detect(["read", "--lang", "en", "x"], {"LANG": "zh_CN.UTF-8"}) == "en"
    assert detect(["--lang=zh-CN"], {"LANG": "en_US.UTF-8"}) == "zh-CN"


def test_environment_in_order_of_weight() -> None:
    assert detect([], {"YINJI_LANG": "en", "LANG": "zh_CN.UTF-8"}) == "en"
    assert detect([], {"LANG": "zh_CN.UTF-8"}) == "zh-CN"
    assert detect([], {"LANG": "C"}) == "en"
    assert detect([], {}) == "en"


def test_arguments_behind_the_double_dash_are_files() -> None:
    assert detect(["read", "--", "--lang=zh-CN"], {}) == "en"
