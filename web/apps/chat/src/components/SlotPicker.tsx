import { useState } from "react";

import { clock, dayKey, groupByDay, longDay, shortDay, zoneName } from "../format";
import type { Slot } from "../types";

const DAYS_AT_FIRST = 4;

interface Props {
  zone: string;
  slots: Slot[];
  /** Only the newest offer can be picked from. */
  open: boolean;
  onAction: (action: string, label: string) => void;
}

export function SlotPicker({ zone, slots, open, onAction }: Props) {
  const [picked, setPicked] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  const days = groupByDay(slots, zone);
  const first = slots[0];
  if (!first) return null;
  const pick = (slot: Slot): void => {
    setPicked(slot.action);
    onAction(slot.action, slot.label);
  };
  return (
    <section className={`card slots${open ? "" : " slots-closed"}`} aria-label="Available times">
      {(all ? days : days.slice(0, DAYS_AT_FIRST)).map(({ day, slots: ofDay }) => (
        <div key={day} className="slot-day" role="group" aria-label={longDay(ofDay[0]?.start ?? first.start, zone)}>
          <h3 aria-hidden="true">{longDay(ofDay[0]?.start ?? first.start, zone)}</h3>
          <div className="slot-grid">
            {ofDay.map((slot) => (
              <SlotButton key={slot.action} slot={slot} zone={zone} open={open} picked={picked === slot.action} onPick={pick} />
            ))}
          </div>
        </div>
      ))}
      {!all && days.length > DAYS_AT_FIRST && (
        <button type="button" className="text-button" onClick={() => setAll(true)}>
          More days
        </button>
      )}
      <p className="card-note">
        {open ? `Times in ${zoneName(first.start, zone, "long")}` : "These times were offered earlier."}
      </p>
    </section>
  );
}

interface ButtonProps {
  slot: Slot;
  zone: string;
  open: boolean;
  picked: boolean;
  onPick: (slot: Slot) => void;
}

function SlotButton({ slot, zone, open, picked, onPick }: ButtonProps) {
  const sameDay = dayKey(slot.start, zone) === dayKey(slot.end, zone);
  return (
    <button
      type="button"
      className={`slot${picked ? " slot-picked" : ""}`}
      disabled={!open}
      aria-pressed={picked}
      aria-label={slot.label}
      onClick={() => onPick(slot)}
    >
      <strong>{clock(slot.start, zone)}</strong>
      <span>until {sameDay ? clock(slot.end, zone) : shortDay(slot.end, zone)}</span>
    </button>
  );
}
