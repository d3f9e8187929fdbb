"""Which class of the catalogue a vehicle is priced in: coupe, sedan, suv, truck or van."""

from shared.events import Vehicle

from shared import vehicles

_WORDS = {
    "coupe": ("coupe", "2 door", "2-door", "two door", "convertible", "roadster", "cabriolet"),
    "sedan": ("sedan", "saloon", "hatchback", "4 door", "4-door", "wagon", "car"),
    "suv": ("suv", "crossover", "sport utility", "cuv"),
    "truck": ("truck", "pickup", "pick-up", "crew cab"),
    "van": ("van", "minivan", "cargo van", "passenger van"),
}
_CLASS_OF_WORD = {word: vehicle_class for vehicle_class, words in _WORDS.items() for word in words}


def with_class(vehicle: Vehicle | None) -> Vehicle | None:
    """The class as it was given in words, else that of the model; `None` where neither tells, so that it can be asked."""
    if vehicle is None:
        return None
    found = _of_words(vehicle.vehicle_class) or vehicles.known(vehicle.make, vehicle.model).vehicle_class
    return vehicle.model_copy(update={"vehicle_class": found})


def _of_words(words: str | None) -> str | None:
    return _CLASS_OF_WORD.get((words or "").strip().lower().replace("_", " "))
