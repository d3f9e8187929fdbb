import { useState } from "react";

import { byPartOfDay, clock, dayKey, groupByDay, longDay, shortDay, zoneName } from "../format";
import type { Slot } from "../types";
import { words } from "../words";

interface Props {
  zone: string;
  slots: Slot[];
  /** The day that is shown first is that of this slot. */
  first: Slot | undefined;
  onPick: (slot: Slot) => void;
}

/** Days in a strip with how many times each has; the times of the chosen one by part of the day. */
export function TimePicker({ zone, slots, first, onPick }: Props) {
  const days = groupByDay(slots, zone);
  const [chosen, setChosen] = useState(() => first && dayKey(first.start, zone));
  const shown = days.find(({ day }) => day === chosen) ?? days[0];
  if (!shown) return <p>{words().noTimes}</p>;
  return (
    <>
      <div className="day-strip" role="group" aria-label={words().days}>
        {days.map(({ day, slots: ofDay }) => (
          <button
            key={day}
            type="button"
            className="day-chip"
            aria-pressed={day === shown.day}
            onClick={() => setChosen(day)}
          >
            <strong>{shortDay(ofDay[0]?.start ?? "", zone)}</strong> <span>{words().openCount(ofDay.length)}</span>
          </button>
        ))}
      </div>
      <h2 className="card-title">{longDay(shown.slots[0]?.start ?? "", zone)}</h2>
      {byPartOfDay(shown.slots, zone).map(({ part, slots: ofPart }) => (
        <div key={part} className="slot-day" role="group" aria-label={words()[part]}>
          <h3 aria-hidden="true">{words()[part]}</h3>
          <div className="slot-grid">
            {ofPart.map((slot) => (
              <SlotButton key={slot.start} slot={slot} zone={zone} onPick={onPick} />
            ))}
          </div>
        </div>
      ))}
      <p className="card-note">{words().timesIn(zoneName(shown.slots[0]?.start ?? "", zone, "long"))}</p>
    </>
  );
}

interface ButtonProps {
  slot: Slot;
  zone: string;
  disabled?: boolean;
  picked?: boolean;
  onPick: (slot: Slot) => void;
}

/** Its name for screen readers begins with the words that are seen on it. */
export function SlotButton({ slot, zone, disabled = false, picked = false, onPick }: ButtonProps) {
  const sameDay = dayKey(slot.start, zone) === dayKey(slot.end, zone);
  return (
    <button
      type="button"
      className={`slot${picked ? " slot-picked" : ""}`}
      disabled={disabled}
      aria-pressed={picked}
      onClick={() => onPick(slot)}
    >
      <strong>{clock(slot.start, zone)}</strong>{" "}
      <span>{words().until(sameDay ? clock(slot.end, zone) : shortDay(slot.end, zone))}</span>
      <span className="visually-hidden">, {longDay(slot.start, zone)}</span>
    </button>
  );
}
