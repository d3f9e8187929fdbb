import { Alert } from "@mantine/core";
import { type DragEvent, Fragment, type KeyboardEvent, useState } from "react";

import { api } from "../api";
import {
  type Box,
  boxesOn,
  briefDay,
  cut,
  type CalendarDays,
  type Day,
  dayOf,
  type Entry,
  hasBegun,
  hoursDrawn,
  hoursOf,
  hoursText,
  kindWord,
  laterBy,
  minutesOn,
  type Resource,
  shutOn,
  titleOf,
  touches,
  wallClock,
} from "../calendar";
import { useCalendarChange } from "../queries";
import { errorText } from "../words";

interface Props {
  calendar: CalendarDays;
  by: "bay" | "technician";
  onOpen: (entry: Entry) => void;
}

const PIXELS_PER_MINUTE = 1.2;
const SNAP_MINUTES = 15;

/** Bays or technicians, and where something stands in none of the bays, a column for it. */
function columnsOf({ calendar, by }: Props): { id: string | null; name: string }[] {
  const named = (one: Resource) => ({ id: one.id, name: one.active ? one.name : `${one.name} (not in use)` });
  if (by === "technician") return calendar.technicians.map(named);
  const hasOthers = calendar.entries.some((entry) => entry.taken.length === 0);
  return [...calendar.bays.map(named), ...(hasOthers ? [{ id: null, name: "In no bay" }] : [])];
}

/** In order of time, with the columns beside each other. */
export function DayGrid(props: Props & { mayAct: boolean }) {
  const { calendar, onOpen, mayAct } = props;
  const day = calendar.days[0] as Day;
  const standing = columnsOf(props).map((column) => ({ ...column, boxes: boxesOn(day.date, calendar.entries, column.id) }));
  const drawn = hoursDrawn(
    [day],
    standing.flatMap(({ boxes }) => boxes),
  );
  const columns = standing.map((column) => ({ ...column, boxes: cut(column.boxes, drawn) }));
  const hours = Array.from({ length: (drawn.to - drawn.from) / 60 }, (_, n) => drawn.from + n * 60);
  const place = (from: number, to: number) => ({
    top: (from - drawn.from) * PIXELS_PER_MINUTE,
    height: (to - from) * PIXELS_PER_MINUTE,
  });
  const drag = useDrag(calendar);
  const now = dayOf(calendar.now) === day.date ? minutesOn(day.date, calendar.now) : -1;
  return (
    <>
      {drag.refused && (
        <Alert color="red" role="alert" m="sm" withCloseButton closeButtonLabel="Close" onClose={drag.forget}>
          Not moved. {drag.refused}
        </Alert>
      )}
      <div className="day-grid" role="group" aria-label="Calendar of the day" onKeyDown={moveFocus}>
        <div className="day-hours" aria-hidden="true">
          <div className="day-head" />
          <div className="day-body" style={{ height: (drawn.to - drawn.from) * PIXELS_PER_MINUTE }}>
            {hours.map((minute) => (
              <span key={minute} className="day-hour" style={place(minute, minute + 60)}>
                {wallClock(`${String(minute / 60).padStart(2, "0")}:00`)}
              </span>
            ))}
          </div>
        </div>
        {columns.map(({ id, name, boxes }) => (
          <section className="day-column" key={id} aria-label={name}>
            <h3 className="day-head">{name}</h3>
            <div
              className="day-body"
              style={{ height: (drawn.to - drawn.from) * PIXELS_PER_MINUTE }}
              onDragOver={(event) => drag.isOn && event.preventDefault()}
              onDrop={drag.drop}
            >
              {hours.map((minute) => (
                <span key={minute} className="day-line" aria-hidden="true" style={place(minute, minute + 60)} />
              ))}
              {shutOn(day, drawn).map(({ from, to, word }) => (
                <span key={`${word}${from}`} className="shut" style={place(from, to)}>
                  {word}
                </span>
              ))}
              {now >= drawn.from && now < drawn.to && (
                <span className="day-now" aria-hidden="true" style={{ top: (now - drawn.from) * PIXELS_PER_MINUTE }} />
              )}
              {boxes.map((box) => (
                <EntryButton
                  key={box.entry.kind + box.entry.id + box.from}
                  box={box}
                  where={name}
                  onOpen={onOpen}
                  isMoving={drag.moving === box.entry.id}
                  style={{
                    ...place(box.from, box.to),
                    left: `${(100 * box.lane) / box.lanes}%`,
                    width: `${100 / box.lanes}%`,
                  }}
                  onDrag={mayAct && isMovable(box.entry, calendar.now) ? drag.begin : undefined}
                />
              ))}
            </div>
          </section>
        ))}
      </div>
    </>
  );
}

const isMovable = (entry: Entry, now: string): boolean =>
  entry.kind === "appointment" && entry.status === "booked" && !hasBegun(entry, now);

/** A drop asks the server for the same day at the hour where it fell; until it has answered the entry is shown as on its way. */
function useDrag(calendar: CalendarDays) {
  const [dragged, setDragged] = useState<{ entry: Entry; y: number } | null>(null);
  const move = useCalendarChange(
    ({ entry, start }: { entry: Entry; start: string }) => api.move(entry.id, start),
    () => undefined,
  );
  return {
    isOn: dragged !== null,
    moving: move.isPending ? move.variables.entry.id : null,
    refused: move.isError ? `${errorText(move.error)} ${alternativesText(move.error)}`.trim() : null,
    forget: () => move.reset(),
    begin: (event: DragEvent, entry: Entry) => {
      event.dataTransfer.setData("text/plain", entry.id);
      setDragged({ entry, y: event.clientY });
    },
    drop: (event: DragEvent) => {
      event.preventDefault();
      if (!dragged) return;
      const minutes = Math.round((event.clientY - dragged.y) / PIXELS_PER_MINUTE / SNAP_MINUTES) * SNAP_MINUTES;
      const entry = calendar.entries.find(({ id }) => id === dragged.entry.id);
      if (entry && minutes !== 0) move.mutate({ entry, start: laterBy(entry.start, minutes) });
      setDragged(null);
    },
  };
}

function alternativesText(error: unknown): string {
  const free = (error as { alternatives?: { label: string }[] }).alternatives ?? [];
  return free.length ? `Free: ${free.map(({ label }) => label).join("; ")}.` : "";
}

interface ButtonProps {
  box: Box;
  where: string;
  onOpen: (entry: Entry) => void;
  isMoving?: boolean;
  style?: { top: number; height: number; left: string; width: string };
  onDrag?: ((event: DragEvent, entry: Entry) => void) | undefined;
}

function EntryButton({ box, where, onOpen, isMoving, style, onDrag }: ButtonProps) {
  const { entry, curesFrom, from, to } = box;
  return (
    <button
      type="button"
      className={`entry-box entry-${look(entry)}`}
      aria-busy={isMoving}
      style={style}
      draggable={onDrag !== undefined}
      onDragStart={(event) => onDrag?.(event, entry)}
      onClick={() => onOpen(entry)}
    >
      <EntryWords entry={entry} />
      <span className="visually-hidden">{where}</span>
      {curesFrom !== undefined && curesFrom < to && style && (
        <span className="curing" style={{ height: (to - Math.max(curesFrom, from)) * PIXELS_PER_MINUTE }}>
          Curing
        </span>
      )}
    </button>
  );
}

const look = ({ kind, status, overbooked }: Entry): string =>
  status === "no_show" ? "no-show" : overbooked ? "overbooked" : kind;

function EntryWords({ entry }: { entry: Entry }) {
  const kind = kindWord(entry);
  return (
    <>
      {kind && <span className="entry-kind">{kind}</span>}
      <span className="entry-title">{titleOf(entry)}</span>
      <span className="entry-time">{hoursOf(entry)}</span>
      {entry.service && <span className="entry-what">{[entry.service, entry.vehicle].filter(Boolean).join(" · ")}</span>}
    </>
  );
}

/** Rows are bays or technicians, so that a week of many of them still fits. */
export function WeekTable(props: Props) {
  const { calendar, by, onOpen } = props;
  return (
    <div className="week-scroll">
      <table className="week" onKeyDown={moveFocus}>
        <caption className="visually-hidden">Calendar of the week</caption>
        <thead>
          <tr>
            <th scope="col">{by === "bay" ? "Bay" : "Technician"}</th>
            {calendar.days.map((day) => (
              <th key={day.date} scope="col" aria-current={day.date === dayOf(calendar.now) ? "date" : undefined}>
                {briefDay(day.date)}
                <span className="dimmed week-hours">{hoursText(day)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {columnsOf(props).map(({ id, name }) => (
            <tr key={id}>
              <th scope="row">{name}</th>
              {calendar.days.map(({ date, spans }) => (
                <td key={date} className={spans.length ? "" : "shut-day"}>
                  {boxesOn(date, calendar.entries, id).map((box) => (
                    <EntryButton key={box.entry.kind + box.entry.id + box.from} box={box} where={name} onOpen={onOpen} />
                  ))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** One column: every day with what stands on it, in order of time. */
export function DayList({ calendar, by, onOpen }: Props) {
  const named = new Map([...calendar.bays, ...calendar.technicians].map(({ id, name }) => [id, name]));
  const wanted = new Set((by === "bay" ? calendar.bays : calendar.technicians).map(({ id }) => id));
  const where = (entry: Entry): string => {
    const names = entry.taken.filter((one) => wanted.has(one.resource_id)).map((one) => named.get(one.resource_id) ?? "");
    if (names.length) return [...new Set(names)].join(", ");
    return entry.taken.length ? [...new Set(entry.taken.map((one) => named.get(one.resource_id) ?? ""))].join(", ") : "In no bay";
  };
  return (
    <div className="day-list" onKeyDown={moveFocus}>
      {calendar.days.map((day) => (
        <Fragment key={day.date}>
          {calendar.days.length > 1 && (
            <h3>
              {briefDay(day.date)} <span className="dimmed small">{hoursText(day)}</span>
            </h3>
          )}
          <ul aria-label={briefDay(day.date)}>
            {calendar.entries
              .filter((entry) => touches(day.date, entry))
              .map((entry) => (
                <li key={entry.kind + entry.id + entry.start}>
                  <button
                    type="button"
                    className={`entry-box entry-${look(entry)}`}
                    onClick={() => onOpen(entry)}
                  >
                    <EntryWords entry={entry} />
                    <span className="entry-what dimmed">{where(entry)}</span>
                  </button>
                </li>
              ))}
          </ul>
        </Fragment>
      ))}
    </div>
  );
}

/** Arrows go to the nearest entry in their direction. */
function moveFocus(event: KeyboardEvent<HTMLElement>) {
  const ways: Record<string, [number, number]> = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const way = ways[event.key];
  const from = document.activeElement;
  if (!way || !from?.classList.contains("entry-box")) return;
  event.preventDefault();
  const middle = (element: Element) => {
    const { left, top, width } = element.getBoundingClientRect();
    return { x: left + width / 2, y: top };
  };
  const here = middle(from);
  const ahead = [...event.currentTarget.querySelectorAll<HTMLElement>(".entry-box")]
    .map((element) => {
      const { x, y } = middle(element);
      const [along, aside] = way[0] ? [(x - here.x) * way[0], y - here.y] : [(y - here.y) * way[1], x - here.x];
      return { element, along, far: along + 3 * Math.abs(aside) };
    })
    .filter(({ along }) => along > 1)
    .sort((one, other) => one.far - other.far);
  ahead[0]?.element.focus();
}
