import { Alert, Button, Loader, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ApiError, api } from "../api";
import { briefDay, byDay, type Slot, wallClock } from "../calendar";
import { errorText } from "../words";

const DAYS = 7;

interface Props {
  /** For a lead's quote, or for moving an appointment. */
  of: { lead_id: string; quote_id: string } | { appointment_id: string };
  first: string;
  /** "Book" or "Move". */
  verb: string;
  onTake: (start: string) => void;
  isTaking: boolean;
  error: unknown;
}

/** The times that the server says are free, a week of them; what it refuses is said in its words, with others. */
export function TimePicker({ of, first, verb, onTake, isTaking, error }: Props) {
  const [from, setFrom] = useState(first);
  const [chosen, setChosen] = useState<Slot | null>(null);
  const free = useQuery({
    queryKey: ["calendar", "free", of, from],
    queryFn: () => api.freeTimes(of, from, DAYS),
    refetchInterval: 15_000,
  });
  const others = error instanceof ApiError ? error.alternatives : [];
  const days = byDay(free.data?.slots ?? []);
  const isFree = chosen !== null && [...(free.data?.slots ?? []), ...others].some(({ start }) => start === chosen.start);
  return (
    <div className="picker">
      <TextInput
        type="date"
        label="Free times from"
        size="md"
        value={from}
        onChange={(event) => event.currentTarget.value && setFrom(event.currentTarget.value)}
      />
      {error != null && (
        <Alert color="red" role="alert">
          <p>{errorText(error)}</p>
          {others.length > 0 && <Times title="Free instead" slots={others} chosen={chosen} onChoose={setChosen} withDay />}
        </Alert>
      )}
      {free.isPending && <Loader aria-label="Loading free times" />}
      {free.isError && (
        <Alert color="red" role="alert">
          {errorText(free.error)}
        </Alert>
      )}
      {free.isSuccess && days.length === 0 && (
        <p role="status">
          No free time in these {DAYS} days. Choose a later day; bookings go up to {briefDay(free.data.last_day)}.
        </p>
      )}
      <div className="picker-days">
        {days.map(([day, slots]) => (
          <Times key={day} title={briefDay(day)} slots={slots} chosen={chosen} onChoose={setChosen} />
        ))}
      </div>
      <Button size="md" disabled={!chosen || !isFree} loading={isTaking} onClick={() => chosen && onTake(chosen.start)}>
        {chosen && isFree ? `${verb} ${chosen.label}` : `${verb}: choose a time`}
      </Button>
    </div>
  );
}

interface TimesProps {
  title: string;
  slots: Slot[];
  chosen: Slot | null;
  onChoose: (slot: Slot) => void;
  withDay?: boolean;
}

function Times({ title, slots, chosen, onChoose, withDay }: TimesProps) {
  return (
    <section aria-label={title}>
      <h3 className="small">{title}</h3>
      <div className="times">
        {slots.map((slot) => (
          <Button
            key={slot.start}
            variant={chosen?.start === slot.start ? "filled" : "default"}
            size="compact-md"
            aria-pressed={chosen?.start === slot.start}
            aria-label={slot.label}
            onClick={() => onChoose(slot)}
          >
            {withDay ? slot.label : wallClock(slot.start)}
          </Button>
        ))}
      </div>
    </section>
  );
}
