import asyncio
from pathlib import Path

from yinji.platform.service import Platform
from yinji.platform.settings import Settings
from yinji.server.upkeep import tidy_for_ever


def test_tidies_again_and_again_and_stops_when_told(tmp_path: Path) -> None:
    leftover = tmp_path / "data"

    async def run(platform: Platform) -> int:
        done = 0
        plain = platform.tidy

        def counted(*, thorough: bool = False) -> None:
            nonlocal done
            plain(thorough=thorough)
            done += 1

        platform.tidy = counted  # type: ignore[method-assign]
        task = asyncio.create_task(tidy_for_ever(platform, every=0.01))
        while done < 3:
            await asyncio.sleep(0.01)
        task.cancel()
        return done

    with Platform.open(Settings(data_dir=leftover)) as platform:
        assert asyncio.run(run(platform)) >= 3
