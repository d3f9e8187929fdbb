import { useEffect, useState } from "react";

import type { Job } from "../api";
import { clock, groupByDay, longDay, zoneName } from "../format";
import type { OpenTimes, Slot } from "../types";
import { words } from "../words";
import { SlotButton, TimePicker } from "./TimePicker";

interface Props {
  zone: string;
  /** Those that the answer offers. */
  slots: Slot[];
  /** Only the newest offer can be picked from. */
  open: boolean;
  job: Job | null;
  /** The start of the appointment that is moved: nobody moves to where they are. */
  own: string | null;
  timesOf: (job: Job) => Promise<OpenTimes>;
  onAction: (action: string, label: string) => void;
}

/** All open times where they can be had, else those that were offered. */
export function SlotPicker({ zone, slots, open, job, own, timesOf, onAction }: Props) {
  const [picked, setPicked] = useState<string | null>(null);
  const all = useAllTimes(open ? job : null, timesOf);
  const isOther = (slot: Slot): boolean => own === null || Date.parse(slot.start) !== Date.parse(own);
  const offered = slots.filter(isOther);
  const pick = (slot: Slot): void => {
    setPicked(slot.action);
    onAction(slot.action, `${longDay(slot.start, zone)}, ${clock(slot.start, zone)}`);
  };
  if (offered.length === 0 && !all) return null;
  return (
    <section className={`card slots${open ? "" : " slots-closed"}`} aria-label={words().times}>
      {open && all ? (
        <TimePicker zone={zone} slots={all.filter(isOther)} first={offered[0]} onPick={pick} />
      ) : (
        <Offered zone={zone} slots={offered} open={open} picked={picked} onPick={pick} />
      )}
    </section>
  );
}

/** Null until they are here; what was offered stays to choose from if they do not come. */
function useAllTimes(job: Job | null, timesOf: Props["timesOf"]): Slot[] | null {
  const [all, setAll] = useState<Slot[] | null>(null);
  const key = job && JSON.stringify(job);
  useEffect(() => {
    if (key === null) return;
    let stopped = false;
    timesOf(JSON.parse(key) as Job).then(
      ({ slots }) => {
        if (!stopped && slots.length > 0) setAll(slots.map((slot) => ({ ...slot, action: `slot:${slot.start}` })));
      },
      () => undefined,
    );
    return () => {
      stopped = true;
    };
  }, [key, timesOf]);
  return key === null ? null : all;
}

interface OfferedProps {
  zone: string;
  slots: Slot[];
  open: boolean;
  picked: string | null;
  onPick: (slot: Slot) => void;
}

function Offered({ zone, slots, open, picked, onPick }: OfferedProps) {
  const first = slots[0];
  if (!first) return null;
  return (
    <>
      {groupByDay(slots, zone).map(({ day, slots: ofDay }) => (
        <div key={day} className="slot-day" role="group" aria-label={longDay(ofDay[0]?.start ?? first.start, zone)}>
          <h2 aria-hidden="true">{longDay(ofDay[0]?.start ?? first.start, zone)}</h2>
          <div className="slot-grid">
            {ofDay.map((slot) => (
              <SlotButton
                key={slot.start}
                slot={slot}
                zone={zone}
                disabled={!open}
                picked={picked === slot.action}
                onPick={onPick}
              />
            ))}
          </div>
        </div>
      ))}
      <p className="card-note">{open ? words().timesIn(zoneName(first.start, zone, "long")) : words().timesOver}</p>
    </>
  );
}
