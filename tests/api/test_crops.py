"""Single, pre-cut cells are classified at once, in the order they were sent."""

import cv2
import numpy as np

from api.upload import MAX_FILES


def _cell(width: int, height: int) -> bytes:
    return cv2.imencode(".png", np.full((height, width, 3), 200, np.uint8))[1].tobytes()


def _post(service, *cells: tuple[str, bytes]):
    return service.post("/v1/crops", files=[("pictures", cell) for cell in cells])


def test_each_cell_has_its_answer_in_the_order_sent(service):
    answer = _post(service, ("b.png", _cell(60, 20)), ("a.png", _cell(20, 60)))
    assert answer.status_code == 200
    assert answer.json() == {
        "crops": [
            {
                "crop": "b.png",
                "p_infected": 0.75,
                "infected": True,
                "model": "classifier-1",
                "notice": "",
                "reason": "",
            },
            {
                "crop": "a.png",
                "p_infected": 0.25,
                "infected": False,
                "model": "classifier-1",
                "notice": "",
                "reason": "",
            },
        ]
    }


def test_cells_of_one_name_are_kept_apart(service):
    crops = _post(service, ("cell.png", _cell(60, 20)), ("cell.png", _cell(20, 60))).json()["crops"]
    assert [(crop["crop"], crop["infected"]) for crop in crops] == [("cell.png", True), ("cell.png", False)]


def test_one_cell_may_be_the_body_itself(service):
    answer = service.post("/v1/crops", content=_cell(60, 20), headers={"Content-Type": "image/png"})
    assert [crop["p_infected"] for crop in answer.json()["crops"]] == [0.75]


def test_one_bad_cell_is_named_in_the_problem(service, tmp_path):
    answer = _post(service, ("good.png", _cell(60, 20)), ("bad.png", b"no picture"))
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "bad.png is no picture; hand in a JPEG or PNG"


def test_no_cell_at_all_is_a_problem(service):
    assert service.post("/v1/crops", files={"nothing": (None, "")}).status_code == 422


def test_more_cells_than_allowed_are_refused(service):
    answer = _post(service, *[(f"{number}.png", b"x") for number in range(MAX_FILES + 1)])
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:smearcount:problem:too-large")


def test_no_cell_is_kept(service, tmp_path):
    _post(service, ("cell.png", _cell(60, 20)))
    _post(service, ("bad.png", b"no picture"))
    assert list((tmp_path / "data" / "incoming").iterdir()) == []
