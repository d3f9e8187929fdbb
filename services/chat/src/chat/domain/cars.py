"""Which car is spoken of: as said in free words or to a tool, beside those that are known already."""

from collections.abc import Collection

from shared.events import Vehicle

from shared import vehicles


def cars_in(text: str) -> tuple[Vehicle, ...]:
    """In order, each once."""
    said = (
        Vehicle(
            year=mention.year,
            make=mention.car.make,
            model=mention.car.model,
            vehicle_class=mention.car.vehicle_class,
        )
        for mention in vehicles.mentioned(text)
    )
    return tuple(dict.fromkeys(said))


def may_mean(said: Vehicle, car: Vehicle) -> bool:
    """Whether the words contradict nothing that is known of the car, and name something of it."""
    years, classes = {said.year, car.year} - {None}, {said.vehicle_class, car.vehicle_class} - {None}
    if len(years) > 1 or len(classes) > 1:
        return False
    if not (said.make or said.model):
        return bool(car.typed or car.vehicle_class)
    words = vehicles.known(said.make, said.model)
    if words.make or words.model:
        return vehicles.may_be(vehicles.known(car.make, car.model), words)
    return _typed(said) == _typed(car)


def _typed(car: Vehicle) -> str:
    return " ".join(filter(None, (car.make, car.model))).casefold()


def refined(car: Vehicle, said: Vehicle, classes: Collection[str]) -> Vehicle:
    """The car with what was said of it. Its class is that of its model, where that has one, and one of the catalogue's."""
    whole = Vehicle(year=car.year or said.year, make=car.make or said.make, model=car.model or said.model)
    of_model = vehicles.known(whole.make, whole.model).vehicle_class
    known = car.vehicle_class or of_model or said.vehicle_class
    return whole.model_copy(update={"vehicle_class": known if known in classes else None})


def known_words(car: Vehicle | None) -> dict[str, object] | None:
    """Only what there is of makes and models: what was typed stays out of whatever proves words."""
    if car is None:
        return None
    named = vehicles.known(car.make, car.model)
    return {"year": car.year, "make": named.make, "model": named.model, "vehicle_class": car.vehicle_class}
