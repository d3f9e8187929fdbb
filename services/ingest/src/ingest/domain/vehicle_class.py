"""Which class of the catalogue a vehicle is priced in: coupe, sedan, suv, truck or van."""

from shared.events import Vehicle

from ingest.domain.text import words_or_none

_WORDS = {
    "coupe": ("coupe", "2 door", "2-door", "two door", "convertible", "roadster", "cabriolet"),
    "sedan": ("sedan", "saloon", "hatchback", "4 door", "4-door", "wagon", "car"),
    "suv": ("suv", "crossover", "sport utility", "cuv"),
    "truck": ("truck", "pickup", "pick-up", "crew cab"),
    "van": ("van", "minivan", "cargo van", "passenger van"),
}
_CLASS_OF_WORD = {word: vehicle_class for vehicle_class, words in _WORDS.items() for word in words}

# Models seen often on US roads, by their maker's body style; one with several styles is left to be asked.
_MODELS = {
    "coupe": "mustang camaro challenger corvette brz gr86 miata mx-5 supra 370z 400z cayman boxster 911",
    "sedan": (
        "civic accord camry corolla altima sentra maxima elantra sonata k5 forte optima jetta passat malibu impala "
        "fusion prius avalon es is a4 a6 c-class e-class 3series 5series s60 model3 models impreza legacy mazda3 charger"
    ),
    "suv": (
        "cr-v rav4 hr-v pilot passport highlander 4runner sequoia rogue pathfinder murano tucson santafe palisade "
        "sportage sorento telluride explorer escape edge expedition bronco equinox traverse tahoe suburban blazer "
        "wrangler cherokee grandcherokee compass durango cx-5 cx-9 outback forester crosstrek tiguan atlas "
        "q5 q7 x3 x5 glc gle rx nx xc60 xc90 modely modelx escalade yukon acadia"
    ),
    "truck": (
        "f-150 f150 f-250 f-350 ranger maverick silverado colorado sierra canyon ram1500 ram2500 1500 2500 tacoma "
        "tundra frontier titan ridgeline gladiator cybertruck"
    ),
    "van": "odyssey sienna pacifica caravan grandcaravan carnival transit promaster sprinter express savana",
}
_CLASS_OF_MODEL = {
    model.replace("-", ""): vehicle_class
    for vehicle_class, models in _MODELS.items()
    for model in models.split()
}


def with_class(vehicle: Vehicle | None) -> Vehicle | None:
    """The class as it was given in words, else by the model; `None` where neither tells, so that it can be asked."""
    if vehicle is None:
        return None
    make, model = words_or_none(vehicle.make), words_or_none(vehicle.model)
    found = _of_words(vehicle.vehicle_class) or _of_model(model)
    return vehicle.model_copy(update={"make": make, "model": model, "vehicle_class": found})


def _of_words(words: str | None) -> str | None:
    return _CLASS_OF_WORD.get((words or "").strip().lower().replace("_", " "))


def _of_model(model: str | None) -> str | None:
    """`F-150 XLT` and `CR-V` are found by their first words: trims follow the model's name."""
    words = (model or "").lower().replace("-", "").split()
    for length in (2, 1):
        found = _CLASS_OF_MODEL.get("".join(words[:length]))
        if found:
            return found
    return None
