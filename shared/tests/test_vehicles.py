"""Cars in a text: named as their makers write them, and nothing that only sounds like one."""

import pytest
from shared.vehicles import Known, Mention, known, may_be, mentioned

WRANGLER = Known("Jeep", "Wrangler", "suv")


@pytest.mark.parametrize(
    ("text", "cars"),
    [
        ("how much for my 2014 jeep wrangler?", [Mention(WRANGLER, 2014)]),
        ("a Wrangler, '14", [Mention(Known(None, "Wrangler", "suv"), 2014)]),
        ("tengo un Civic del 2019", [Mention(Known(None, "Civic", "sedan"), 2019)]),
        (
            "a 2021 Honda Civic and a Ford F 150 2020",
            [Mention(Known("Honda", "Civic", "sedan"), 2021), Mention(Known("Ford", "F-150", "truck"), 2020)],
        ),
        ("it's a bmw 328i", [Mention(Known("BMW", "328i"))]),
        ("my tesla", [Mention(Known("Tesla"))]),
        ("model 3", [Mention(Known(None, "Model 3", "sedan"))]),
        ("I drive a Ford. Focus on the price please", [Mention(Known("Ford"))]),
        ("the mini van, is it fit for the edge of the window? a smart idea for this journey", []),
        ("este verano", []),
        ("", []),
    ],
)
def test_the_cars_that_a_text_names(text: str, cars: list[Mention]) -> None:
    assert mentioned(text) == cars


@pytest.mark.parametrize(
    ("car", "said", "same"),
    [
        (known("Jeep", "Wrangler"), known("jeep", None), True),
        (known("Chevrolet", "Tahoe"), known("Chevy", "Tahoe LT"), True),
        (known("Honda", "Civic EX"), known(None, "civic"), True),
        (known("Honda", "Civic"), known("Honda", "Accord"), False),
        (known("Honda", "Civic"), known("Jeep", None), False),
        (known("Some", "Thing"), known("Jeep", None), False),
    ],
)
def test_words_may_mean_a_car_that_is_known(car: Known, said: Known, same: bool) -> None:
    assert may_be(car, said) is same
