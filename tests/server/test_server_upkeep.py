import asyncio
from pathlib import Path

from yinji.platform.errors import Unavailable
from yinji.platform.service import Platform
from yinji.platform.settings import Settings
from yinji.server.upkeep import tidy_for_ever


def test_tidies_again_and_again_whatever_goes_wrong_and_stops_when_told(tmp_path: Path) -> None:
    leftover = tmp_path / "data"
    faults = [ValueError("a fault of ours"), Unavailable("database", reason="it is away for a minute")]

    async def run(platform: Platform) -> int:
        done = 0
        plain = platform.tidy

        def counted(*, thorough: bool = False) -> None:
            nonlocal done
            done += 1
            if faults:
                raise faults.pop()
            plain(thorough=thorough)

        platform.tidy = counted  # type: ignore[method-assign]
        task = asyncio.create_task(tidy_for_ever(platform, every=0.01))
        while done < 3:
            await asyncio.sleep(0.01)
        task.cancel()
        return done

    with Platform.open(Settings(data_dir=leftover)) as platform:
        assert asyncio.run(run(platform)) >= 3
