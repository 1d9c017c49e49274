from __future__ import annotations

from live import Site

from yinji.platform.model import Role


def test_publish_in_the_words_of_one_platform_and_read_in_those_of_another(site: Site) -> None:
    with site.client(Role.CREATOR) as client:
        posted = client.post("/v1/items", data={"vocabulary": "douyin", "declaration": "1", "text": "由模型写成"})
        assert posted.status_code == 201, posted.text
        item = posted.json()
        assert item["declaration"]["choice"] == "ai_generated"
        address = f"/v1/items/{item['id']}/declaration"
        answers = {
            name: client.get(address, params={"vocabulary": name}).json() for name in ("youtube", "tiktok", "weibo")
        }
        assert answers["youtube"]["field"] == "status.containsSyntheticMedia"
        assert answers["youtube"]["value"] is True and answers["tiktok"]["value"] is True
        assert answers["weibo"]["text"] == "内容由AI生成"
        changed = client.patch(address, json={"choice": "ai_generated", "statement": "marketing"})
        assert changed.json()["declaration"]["statement"] == "marketing"


def test_the_vocabularies_are_listed_for_everybody(site: Site) -> None:
    with site.client() as client:
        listed = client.get("/v1/vocabularies").json()
        assert {"douyin", "rednote", "youtube"} <= {v["id"] for v in listed["vocabularies"]}
        assert client.get("/v1/vocabularies/douyin").json() in listed["vocabularies"]
        assert client.get("/v1/vocabularies/nowhere").status_code == 404


def test_an_option_that_is_not_there_is_refused_in_words(site: Site) -> None:
    with site.client(Role.CREATOR) as client:
        for form in ({"vocabulary": "douyin", "declaration": "99"}, {"declaration": "not_ai", "statement": "nonsense"}):
            answer = client.post("/v1/items", data={"text": "x", **form})
            assert answer.status_code in (400, 422)
            assert answer.json()["zh"]["next"]
