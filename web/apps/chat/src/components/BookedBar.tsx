import { useRef } from "react";

import { clock, isCancelled, shortDay, zoneName } from "../format";
import type { Action, Appointment, Location } from "../types";
import { AppointmentCard } from "./AppointmentCard";
import { CalendarIcon, ChevronIcon } from "./icons";

interface Props {
  appointment: Appointment;
  shop: Location;
  actions: Action[];
  onAction: (action: string, label: string) => void;
}

/** The coming appointment, always in sight below the header; opens to the full card. */
export function BookedBar({ appointment, shop, actions, onAction }: Props) {
  const details = useRef<HTMLDetailsElement>(null);
  const { start, end, timezone, status } = appointment;
  if (isCancelled(status) || Date.parse(end) < Date.now()) return null;
  const act = (action: string, label: string): void => {
    if (details.current) details.current.open = false;
    onAction(action, label);
  };
  return (
    <details className="booked" ref={details}>
      <summary>
        <CalendarIcon />
        <span className="booked-text">
          <strong>{shortDay(start, timezone)}</strong>, {clock(start, timezone)} {zoneName(start, timezone, "short")}
        </span>
        <ChevronIcon />
      </summary>
      <AppointmentCard appointment={appointment} shop={shop} actions={actions} onAction={act} />
    </details>
  );
}
